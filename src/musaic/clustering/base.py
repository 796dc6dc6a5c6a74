"""The one interface of all clusterers.

Letters: N tracks, D dimensions, K clusters.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError
from musaic.graph.crowd import Crowd

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
    note : str
        What was approximated, in words; empty where nothing was, and where songs were only assigned.
    """

    labels: NDArray[np.int64]
    confidence: NDArray[np.float64]
    n_clusters: int
    note: str = ""


class Clusterer(ABC):
    """A way to cluster latents, which remembers where its clusters are.

    Its constructor stores ``settings`` under their names. Songs are put in an order of their own before anything is
    drawn at random, so that the order in which they come changes nothing.
    """

    name: ClassVar[str]
    settings: ClassVar[tuple[str, ...]]
    """The names of the constructor's arguments: keys of the configuration, or ``random_state``."""

    @abstractmethod
    def fit(self, Z: ArrayLike, crowd: Crowd | None = None) -> Clustering:
        """Cluster latents of shape (N, D); ``crowd`` is what stands in for their distances where they are many."""

    @abstractmethod
    def assign(self, Z: ArrayLike) -> Clustering:
        """Return the clusters that latents of shape (M, D) belong to; those of the fit get the label they had."""

    def get_state(self) -> State:
        """Return what was learned: a JSON-ready dict, and arrays by name."""
        self._check_fitted()
        head = {"algorithm": self.name, **{setting: getattr(self, setting) for setting in self.settings}}
        return head, {name: getattr(self, f"{name}_") for name in self._learned()}

    @classmethod
    def from_state(cls, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the clusterer that `get_state` was called on."""
        clusterer = cls(**{setting: head[setting] for setting in cls.settings})
        for name in cls._learned():
            setattr(clusterer, f"{name}_", np.asarray(arrays[name]))
        return clusterer

    @classmethod
    @abstractmethod
    def _learned(cls) -> tuple[str, ...]:
        """Return the names of the arrays that a fit learns, less the underscore that ends the attribute."""

    def _check_fitted(self) -> None:
        if not all(hasattr(self, f"{name}_") for name in self._learned()):
            raise ClusterInputError("no clusters found yet; call fit first.")


def check_count(n_clusters: int) -> int:
    """Return a number of clusters, or raise `ClusterInputError` where it is none."""
    if n_clusters < 1:
        raise ClusterInputError(f"n_clusters must be a whole number from 1, not {n_clusters}.")
    return n_clusters


def read_latents(Z: ArrayLike, *, n_dims: int | None = None) -> NDArray[np.float64]:
    """Return checked latents, in which zero has no sign.

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
    return values + 0.0


def canonical_order(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the rows in an order that does not depend on how they came: by first dimension, then second."""
    return np.lexsort(values.T[::-1])


def firsts(ordered: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which rows, in canonical order, are the first of those alike."""
    return np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])


def largest_first(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels numbered from the largest cluster; of one size, from the one that comes first.

    The songs are in canonical order.
    """
    found, first, inverse, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -sizes, found < 0))
    rank = np.empty(len(found), dtype=np.int64)
    rank[order] = np.arange(len(found))
    rank[found < 0] = NOISE
    return rank[inverse]


@contextmanager
def steady() -> Iterator[None]:
    """Hold linear algebra to one thread, and silence what libraries warn of.

    With several threads sums end in an order, and a last bit, of their own. What is warned of (few distinct points,
    a graph in pieces, a start that did not converge) is what clusterers answer for.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
