"""What extraction gives: named features of the same tracks, joined on ``track_id``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from musaic.errors import unknown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Feature:
    """One feature of N tracks.

    Parameters
    ----------
    name : str
        Its name.
    track_ids : tuple of str, length N
        The tracks, in order.
    dims : tuple of str, length D
        What the columns are.
    present : ndarray of bool, shape (N,)
        Which tracks have it.
    offsets : ndarray of int, shape (N + 1,), or None
        For frame features: the rows of track ``i`` are ``offsets[i]`` to ``offsets[i + 1]``. None for vectors.
    """

    name: str
    track_ids: tuple[str, ...]
    dims: tuple[str, ...]
    present: np.ndarray
    offsets: np.ndarray | None
    _read: Callable[[int, int, int], np.ndarray] | None = None
    _vectors: np.ndarray | None = None

    @cached_property
    def values(self) -> np.ndarray:
        """All values.

        Vectors: shape (N, D), float32, NaN for tracks without. Frames: shape (sum T, D), float16, read from the store
        here, in one piece.
        """
        if self._vectors is not None:
            return self._vectors
        assert self.offsets is not None
        out = np.empty((int(self.offsets[-1]), len(self.dims)), np.float16)
        for row in np.flatnonzero(self.present):
            out[self.offsets[row] : self.offsets[row + 1]] = self.track(int(row))
        return out

    def track(self, row: int, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return one track's vector, shape (D,), or its frames from ``start`` to ``stop``, shape (T, D).

        Frames come straight from the store: nothing else is read.
        """
        if self._vectors is not None:
            return np.asarray(self._vectors[row])
        assert self.offsets is not None
        assert self._read is not None
        length = int(self.offsets[row + 1] - self.offsets[row])
        stop = length if stop is None else min(stop, length)
        if not start < stop:
            return np.empty((0, len(self.dims)), np.float16)
        return self._read(row, start, stop)


@dataclass(frozen=True)
class FeatureSet:
    """Features of all tracks of a corpus, in its order.

    Parameters
    ----------
    track_ids : tuple of str, length N
        All tracks, those without usable audio too.
    status : DataFrame
        One row a track: ``track_id, status, reason, content_id, duration`` (s, of the file), ``start, seconds`` (the
        part that was measured), ``sample_rate, channels, format, codec``.
    descriptors : DataFrame
        One row a track: ``track_id, tempo, key, mode, …``; no other columns where descriptors were not asked for.
    features : dict of str to Feature
        By name.
    pretrained : dict of str to dict
        By the name of a feature that a pretrained network made: which model that was, its revision, licence and the
        hash of its files.
    """

    track_ids: tuple[str, ...]
    status: pd.DataFrame
    descriptors: pd.DataFrame
    features: dict[str, Feature]
    pretrained: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all features."""
        return tuple(self.features)

    def __len__(self) -> int:
        return len(self.track_ids)

    def get(self, name: str) -> Feature:
        """Return a feature.

        Raises
        ------
        UsageError
            Where it was not extracted, with the nearest name.
        """
        if name not in self.features:
            raise unknown("feature", name, self.features)
        return self.features[name]

    def is_vector(self, name: str) -> bool:
        """Return whether a feature is one vector a track (or else frames)."""
        return self.get(name).offsets is None
