"""Where the frames of a store's tracks lie, and nothing else of them: what a process that only reads frames needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from musaic.features.shards import Shard
from musaic.features.staging import read_blocks


class Places:
    """The places of tracks, by content id; 44 bytes a track.

    Parameters
    ----------
    shards : sequence of Path
        Shards, those that were added later last.
    staged : sequence of Path
        Staged tracks, which win over shards.
    """

    def __init__(self, shards: list[Path], staged: list[Path]) -> None:
        self._shards = [Shard(folder) for folder in shards]
        self._staged = {path.stem: path for path in staged}
        ids: list[NDArray[np.bytes_]] = [np.array([], "S32")]
        starts: list[NDArray[np.int64]] = [np.array([], np.int64)]
        of: list[NDArray[np.int32]] = [np.array([], np.int32)]
        for number, shard in enumerate(self._shards):
            try:
                names, first = shard.places()
            except (OSError, ValueError, KeyError, TypeError):  # damaged by the disk: its songs are measured again
                continue
            ids.append(names)
            starts.append(first)
            of.append(np.full(len(names), number, np.int32))
        order = np.argsort(found := np.concatenate(ids), kind="stable")
        self._ids, self._starts, self._of = found[order], np.concatenate(starts)[order], np.concatenate(of)[order]

    def frames(self, content_id: str, name: str, start: int, stop: int) -> NDArray[np.float16]:
        """Return rows of a frame feature of one track, shape (stop - start, D).

        Raises
        ------
        KeyError
            For a track that is not there.
        OSError, ValueError, BadZipFile
            Where the disk lost some, or they have been moved since.
        """
        if content_id in self._staged:
            return _staged_frames(self._staged[content_id], name, start, stop)
        key = content_id.encode()
        at = int(np.searchsorted(self._ids, key, side="right")) - 1  # of those added twice the later
        if at < 0 or self._ids[at] != key:
            raise KeyError(content_id)
        first = int(self._starts[at])
        found: NDArray[np.float16] = self._shards[self._of[at]].frames(name, first + start, first + stop)
        return found


def _staged_frames(path: Path, name: str, start: int, stop: int) -> NDArray[np.float16]:
    parts, at = [], 0
    for block in read_blocks(path, name):
        parts.append(block[max(0, start - at) : max(0, stop - at)])
        at += len(block)
    return np.concatenate(parts)
