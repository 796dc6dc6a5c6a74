"""Where tracks lie, put in order once and scored as often as there are clusterings of it.

Letters: N tracks, D dimensions.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError

KEPT = 4000
"""Up to so many tracks the distances of all pairs are kept (128 MB)."""


class Space:
    """A representation whose clusterings are scored.

    Parameters
    ----------
    Z : array_like, shape (N, D)
        Tracks with a value that is not finite have no place and leave all scores.

    Attributes
    ----------
    given : ndarray, shape (N, D)
        ``Z`` as it was.
    rows : ndarray of int
        Tracks that have a place, in an order that depends on nothing but their values.
    values : ndarray, shape (len(rows), D)
        Where they lie, in that order.

    Raises
    ------
    UsageError
        Where ``Z`` is not of two dimensions.
    """

    def __init__(self, Z: ArrayLike) -> None:
        values = np.asarray(Z, dtype=np.float64)
        if values.ndim != 2:
            raise UsageError(f"latents have shape {values.shape}; they must be (tracks, dimensions).")
        self.given, self.n_tracks = values, len(values)
        there = np.flatnonzero(np.isfinite(values).all(axis=1))
        self.rows: NDArray[np.intp] = there[np.lexsort(values[there].T[::-1])] if values.shape[1] else there
        self.values: NDArray[np.float64] = np.ascontiguousarray(values[self.rows])
        self._whole: tuple[Space, NDArray[np.bool_]] | None = None

    def part(self, kept: NDArray[np.bool_]) -> Space:
        """Return the space of some of ``rows``; distances come from the whole."""
        if kept.all():
            return self
        part = Space.__new__(Space)
        part.given, part.n_tracks = self.given, self.n_tracks
        part.rows, part.values = self.rows[kept], self.values[kept]
        part._whole = (self, kept)
        return part

    @cached_property
    def distances(self) -> NDArray[np.float64] | None:
        """Euclidean distances of all pairs of ``rows``; None above 4,000 tracks, where they are not kept."""
        from sklearn.metrics import pairwise_distances

        if self._whole is not None:
            whole, kept = self._whole
            return None if whole.distances is None else whole.distances[np.ix_(kept, kept)]
        return pairwise_distances(self.values) if len(self.values) <= KEPT else None
