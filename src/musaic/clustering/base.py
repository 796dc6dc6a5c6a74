"""The one interface of all clusterers.

Letters: N tracks, D dimensions, K clusters.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError

NOISE = -1
"""The label of a track that belongs to no cluster."""

State = tuple[dict[str, Any], dict[str, NDArray[Any]]]


class ClusterInputError(UsageError, ValueError):
    """An array that cannot be clustered."""


@dataclass(frozen=True)
class Clustering:
    """Which cluster every track belongs to.

    Attributes
    ----------
    labels : ndarray of int64, shape (N,)
        0 … K-1, the largest cluster first; -1 is noise.
    confidence : ndarray of float64, shape (N,), in [0, 1]
        How clearly the track belongs there; what it is made of is the clusterer's to say.
    n_clusters : int
        K: clusters found, which may be fewer than were asked for.
    """

    labels: NDArray[np.int64]
    confidence: NDArray[np.float64]
    n_clusters: int


class Clusterer(ABC):
    """A way to cluster latents, which remembers where its clusters are.

    Songs are put in an order of their own before anything is drawn at random, so that the order in which they come
    changes nothing.
    """

    name: ClassVar[str]

    @abstractmethod
    def fit(self, Z: ArrayLike) -> Clustering:
        """Cluster latents of shape (N, D)."""

    @abstractmethod
    def assign(self, Z: ArrayLike) -> Clustering:
        """Return the clusters that latents of shape (M, D) belong to; those of the fit get the label they had."""

    @abstractmethod
    def get_state(self) -> State:
        """Return what was learned: a JSON-ready dict, and arrays by name."""

    @classmethod
    @abstractmethod
    def from_state(cls, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the clusterer that `get_state` was called on."""


def read_latents(Z: ArrayLike, *, n_dims: int | None = None) -> NDArray[np.float64]:
    """Check latents.

    Raises
    ------
    ClusterInputError
        Where they have the wrong shape or hold values that are not finite; the row is named.
    """
    values = np.asarray(Z, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape:
        raise ClusterInputError(f"latents have shape {values.shape}; they must be (tracks, dimensions), not empty.")
    if n_dims not in (None, values.shape[1]):
        raise ClusterInputError(f"latents have {values.shape[1]} dimensions; the clusters were found in {n_dims}.")
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise ClusterInputError(f"latents of row {bad[0]} are not finite; leave out tracks that have no embedding.")
    return values


def canonical_order(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the rows in an order that does not depend on how they came: by first dimension, then second."""
    return np.lexsort(values.T[::-1])
