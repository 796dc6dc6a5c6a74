"""Posteriors of the crops of tracks, and what they say of the tracks.

Letters: N tracks, S crops, L labels, Z latent dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Encoded:
    """Posteriors of all crops, under every supposition of what unseen labels are.

    Attributes
    ----------
    n_tracks : int
        N.
    rows : ndarray of int, shape (S,)
        The track of each crop.
    where : ndarray, shape (S,)
        Its place in the track, from 0 to 1.
    weights : ndarray, shape (S,)
        How much it counts; those of a track sum to 1.
    codes : ndarray of int, shape (S, L)
        The labels supposed.
    mean, log_variance : ndarray, shape (S, Z)
        Of the posteriors.
    """

    n_tracks: int
    rows: NDArray[np.intp]
    where: NDArray[np.float64]
    weights: NDArray[np.float64]
    codes: NDArray[np.int64]
    mean: NDArray[np.float32]
    log_variance: NDArray[np.float32]

    def pool(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return the average over each track's crops of what every crop has, shape (N, …)."""
        pooled = np.zeros((self.n_tracks, *values.shape[1:]))
        np.add.at(pooled, self.rows, self.weights.reshape(-1, *[1] * (values.ndim - 1)) * values)
        return pooled

    def pooled(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the average mean and variance of every track's posteriors, shape (N, Z) each."""
        mean, variance = self.pool(self.mean), self.pool(np.exp(self.log_variance))
        return mean.astype(np.float32), variance.astype(np.float32)

    def deviation(self) -> NDArray[np.float32]:
        """Return how far the posterior means of a track's crops spread: their standard deviations, shape (N, Z)."""
        spread = (self.mean - self.pool(self.mean)[self.rows]) ** 2
        return np.sqrt(self.pool(spread)).astype(np.float32)
