"""Scaling of one modality: fitted once on the tracks that have it, saved with the model, applied everywhere."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from musaic.models.config import Scaling

ROBUST = 1.3489795
"""Interquartile range of a standard normal: robust and standard scaling agree on normal data."""


class Scaler:
    """Puts the features of one modality on a common scale.

    Parameters
    ----------
    method : {'none', 'standard', 'robust', 'per-track'}
        ``standard``: mean 0, standard deviation 1 a feature. ``robust``: median 0, interquartile range that of a
        standard normal. ``per-track``: mean 0, standard deviation 1 over the features of each track.

    Attributes
    ----------
    center_, scale_ : ndarray, shape (D,)
        What is taken away and what is divided by. A feature that does not vary is only centred. For ``per-track``
        they are the average of the tracks' own, used only to come back from the scaled values of a track that has
        none.
    """

    def __init__(self, method: Scaling = "standard") -> None:
        self.method: Scaling = method

    def fit(self, values: NDArray[Any]) -> Self:
        """Learn from the rows of tracks that have the modality, shape (N, D) with N >= 1."""
        width = values.shape[1]
        self.center_, self.scale_ = np.zeros(width), np.ones(width)
        if self.method == "standard":
            self.center_ = values.mean(axis=0, dtype=np.float64)
            self.scale_ = _safe(values.std(axis=0, dtype=np.float64), self.center_)
        elif self.method == "robust":
            low, middle, high = np.percentile(values.astype(np.float64), (25, 50, 75), axis=0)
            spread = (high - low) / ROBUST
            # a feature that is the same for most tracks has no interquartile range, though it varies
            spread = np.where(spread > _negligible(middle), spread, values.std(axis=0, dtype=np.float64))
            self.center_, self.scale_ = middle, _safe(spread, middle)
        elif self.method == "per-track":
            center, scale = per_track(values)
            self.center_, self.scale_ = np.full(width, center.mean()), np.full(width, scale.mean())
        return self

    def transform(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return scaled values, shape (N, D)."""
        if self.method == "none":
            return values.astype(np.float32)
        center, scale = per_track(values) if self.method == "per-track" else (self.center_, self.scale_)
        return np.asarray((values - center) / scale, dtype=np.float32)

    def inverse(self, scaled: NDArray[Any], like: NDArray[Any] | None = None) -> NDArray[np.float32]:
        """Return values in the units of the features; ``like`` are the tracks' own values where they have them."""
        if self.method == "per-track" and like is not None:
            center, scale = per_track(like)
        else:
            center, scale = self.center_, self.scale_
        return np.asarray(scaled * scale + center, dtype=np.float32)


def per_track(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of every row, shape (N, 1) each; 1 where a row does not vary."""
    center = values.mean(axis=1, keepdims=True, dtype=np.float64)
    return center, _safe(values.std(axis=1, keepdims=True, dtype=np.float64), center)


def _safe(scale: NDArray[np.float64], center: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace by 1 what is only rounding error of single precision."""
    return np.where(scale > _negligible(center), scale, 1.0)


def _negligible(center: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1e-6 * np.abs(center) + 1e-12
