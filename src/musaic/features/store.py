"""Everything that was ever measured with one configuration, by content id.

A finished track is first one small file (`staging`); 256 of them are packed into a shard (`shards`). Both are
written whole under their final names, and a staged file goes only after its shard is there: whatever is killed, and
however many processes add tracks at once, a reader finds each track complete or not at all. A track that was added
twice is there twice with the same values.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from musaic.config import digest
from musaic.errors import MusaicError
from musaic.features.analysis import STRETCH, Measured
from musaic.features.config import FeatureConfig
from musaic.features.places import Places
from musaic.features.shards import Shard, write_shard
from musaic.features.staging import read_staged
from musaic.files import remove, write_json

VERSION = 2  # of what the features mean; a new one lets nothing be taken from before
TRACKS_PER_SHARD = 256
BYTES_PER_SHARD = 1 << 30  # hours-long tracks are packed earlier
_FORGOTTEN = 24 * 3600.0  # seconds after which a half-written file has no writer any more


@dataclass(frozen=True)
class Entry:
    """One track in the store.

    Parameters
    ----------
    measured : Measured
        Facts and vectors.
    n_frames : int
        Rows of each frame feature, which stay on the disk (`Store.frames`).
    """

    measured: Measured
    n_frames: int


class Store:
    """The tracks measured with one configuration.

    Parameters
    ----------
    cache : Path
        The cache folder.
    config : FeatureConfig
        What is measured.
    """

    def __init__(self, cache: Path, config: FeatureConfig) -> None:
        self.config = config
        key = {"version": VERSION, "stretch": STRETCH, "config": config.plain()}
        self.folder = Path(cache) / "features" / digest(key, 16)
        self.config_file = self.folder / "config.json"
        self._staged, self._shards = self.folder / "staged", self.folder / "shards"
        self._packed: set[str] = set()
        self._places: Places | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Travel light to another process, which finds for itself where things lie."""
        return {**vars(self), "_packed": set(), "_places": None}

    def prepare(self) -> None:
        """Make the folder, and sweep what a killed process left half written."""
        if not self.config_file.exists():
            write_json(self.config_file, self.config.plain())
        for parent in (self.folder, self._staged, self._shards):
            for path in parent.glob(".writing-*"):
                try:
                    if time.time() - path.stat().st_mtime > _FORGOTTEN:
                        remove(path)
                except FileNotFoundError:  # another process was faster
                    continue

    def staged_path(self, content_id: str) -> Path:
        """Return where a worker puts a track."""
        return self._staged / f"{content_id}.npz"

    def read(self) -> dict[str, Entry]:
        """Return every track of the store, by content id, as it is now; later additions win."""
        # Staged files first: one that is packed meanwhile is then found in its shard.
        staged = [track for path in self._waiting() if (track := read_staged(path)) is not None]
        entries: dict[str, Entry] = {}
        for folder in self._folders():
            try:
                tracks = list(Shard(folder).tracks(self.config))
            except (OSError, ValueError, KeyError, TypeError):  # damaged by the disk: its songs are measured again
                continue
            for content_id, measured, (start, stop) in tracks:
                entries[content_id] = Entry(measured, stop - start)
        self._packed = set(entries).difference(track.path.stem for track in staged)
        for track in staged:
            entries[track.path.stem] = Entry(track.measured, track.n_frames)
        self._places = None
        return entries

    def packed(self) -> set[str]:
        """Return the content ids of the tracks that `read` found in shards alone."""
        return self._packed

    def frames(self, content_id: str, name: str, start: int, stop: int) -> np.ndarray:
        """Return rows of a frame feature of one track, float16.

        Raises
        ------
        MusaicError
            Where they are gone, or damaged by the disk.
        """
        try:
            if self._places is None:
                self._places = self._look()
            try:
                return self._places.frames(content_id, name, start, stop)
            except FileNotFoundError:  # packed by another process since it was found
                self._places = self._look()
                return self._places.frames(content_id, name, start, stop)
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise MusaicError(
                f"features kept in {self.folder} are gone or damaged; run the same command with --force to measure "
                "them again."
            ) from error

    def _look(self) -> Places:
        staged = list(self._waiting())  # before the shards: one that is packed meanwhile is then found there
        return Places(self._folders(), staged)

    def pack(self) -> None:
        """Pack staged tracks into shards, as long as there are enough of them."""
        group: list[Path] = []
        size = 0
        for path in self._waiting():
            try:
                size += path.stat().st_size
            except FileNotFoundError:
                continue
            group.append(path)
            if len(group) >= TRACKS_PER_SHARD or size >= BYTES_PER_SHARD:
                self._pack(group)
                group, size = [], 0

    def _pack(self, paths: list[Path]) -> None:
        tracks = [track for path in paths if (track := read_staged(path, whole=True)) is not None]
        if not tracks:
            return
        number = 1 + max((int(folder.name[:6]) for folder in self._shards.glob("[0-9]*")), default=0)
        folder = self._shards / f"{number:06d}-{digest([track.path.stem for track in tracks])}"
        try:
            write_shard(folder, tracks, self.config)
        except MusaicError:
            if all(track.path.exists() for track in tracks):
                raise
            return  # another process packs the same tracks and was faster
        for path in paths:
            path.unlink(missing_ok=True)

    def _folders(self) -> list[Path]:
        return sorted(self._shards.glob("[0-9]*"))

    def _waiting(self) -> Iterator[Path]:
        return iter(sorted(self._staged.glob("*.npz")))
