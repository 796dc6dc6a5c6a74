"""Frames that lie elsewhere, read a stretch at a time.

Letters: N tracks, T frames of a track, F features of a frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TrackRows:
    """The frames of tracks, end to end, as an array that is read where it is asked for.

    Parameters
    ----------
    read : callable
        From a track's number, a first frame and the one after the last to frames of shape (T, F), of one type.
    offsets : ndarray of int, shape (N + 1,)
        Where every track begins and ends.
    width : int
        F.
    """

    read: Callable[[int, int, int], NDArray[Any]]
    offsets: NDArray[np.int64]
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """Frames of all tracks, and their features."""
        return int(self.offsets[-1]), self.width

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        first, last, _ = rows.indices(self.shape[0])
        found, at = None, first
        row = int(np.searchsorted(self.offsets, first, side="right")) - 1
        while at < last:
            begin, end = int(self.offsets[row]), int(self.offsets[row + 1])
            if end > at:
                part = self.read(row, at - begin, min(last, end) - begin)
                if found is None:  # in one piece from the start: parts to be joined would take twice the memory
                    found = np.empty((last - first, self.width), part.dtype)
                found[at - first : at - first + len(part)] = part
                at = min(last, end)
            row += 1
        return np.zeros((0, self.width), np.float32) if found is None else found

    def take(self, tracks: NDArray[np.intp]) -> TrackRows:
        """Return some of the tracks, in the order given; nothing is read."""
        lengths = np.diff(self.offsets)[tracks]
        return TrackRows(_Chosen(self.read, tracks), np.concatenate(([0], np.cumsum(lengths))), self.width)


@dataclass(frozen=True)
class _Chosen:
    """Reads a track by its number among those chosen."""

    read: Callable[[int, int, int], NDArray[Any]]
    tracks: NDArray[np.intp]

    def __call__(self, row: int, start: int, stop: int) -> NDArray[Any]:
        return self.read(int(self.tracks[row]), start, stop)
