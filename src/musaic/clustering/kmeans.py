"""K-Means, remembered as its centroids.

Letters: N tracks, D dimensions, K clusters.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.clustering.base import Clusterer, Clustering, ClusterInputError, State, canonical_order, read_latents


class KMeans(Clusterer):
    """Lloyd's K-Means from several k-means++ starts (scikit-learn's).

    Parameters
    ----------
    n_clusters : int >= 1
        How many; fewer are found where there are fewer distinct points.
    n_init : int >= 1
        Starts, of which the one with the least inertia is kept.
    random_state : int
        Same seed, same labels, whatever the order of the songs.

    Attributes
    ----------
    centroids_ : ndarray, shape (K, D)
        The largest cluster first; clusters of one size by their centroids' coordinates.

    Notes
    -----
    The confidence of a track is 1 - d1 / d2, with d1 and d2 its distances to the nearest and second nearest centroid:
    0 on the border, 1 at a centroid; 1 where there is but one cluster.
    """

    name = "kmeans"

    def __init__(self, n_clusters: int, *, n_init: int = 10, random_state: int = 0) -> None:
        if n_clusters < 1:
            raise ClusterInputError(f"n_clusters must be a whole number from 1, not {n_clusters}.")
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, Z: ArrayLike) -> Clustering:
        """Cluster latents of shape (N, D)."""
        values = read_latents(Z)
        ordered = values[canonical_order(values)]
        distinct = 1 + int((ordered[1:] != ordered[:-1]).any(axis=1).sum())
        centroids = self._centroids(ordered, min(self.n_clusters, distinct))
        nearest = _distances(values, centroids).argmin(axis=1)
        sizes = np.bincount(nearest, minlength=len(centroids))
        order = np.lexsort((*centroids.T[::-1], -sizes))
        self.centroids_ = centroids[order[sizes[order] > 0]]
        return self.assign(values)

    def assign(self, Z: ArrayLike) -> Clustering:
        """Return the cluster of the nearest centroid for latents of shape (M, D)."""
        if not hasattr(self, "centroids_"):
            raise ClusterInputError("no clusters found yet; call fit first.")
        distances = _distances(read_latents(Z, n_dims=self.centroids_.shape[1]), self.centroids_)
        labels = distances.argmin(axis=1)
        if len(self.centroids_) == 1:
            confidence = np.ones(len(labels))
        else:
            first, second = np.partition(distances, 1, axis=1)[:, :2].T
            confidence = 1.0 - np.divide(first, second, out=np.ones_like(first), where=second > 0)
        return Clustering(labels.astype(np.int64), confidence, len(self.centroids_))

    def get_state(self) -> State:
        """Return what was learned: a JSON-ready dict, and the centroids."""
        head = {
            "algorithm": self.name,
            "n_clusters": self.n_clusters,
            "n_init": self.n_init,
            "random_state": self.random_state,
        }
        return head, {"centroids": self.centroids_}

    @classmethod
    def from_state(cls, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the clusterer that `get_state` was called on."""
        clusterer = cls(head["n_clusters"], n_init=head["n_init"], random_state=head["random_state"])
        clusterer.centroids_ = np.asarray(arrays["centroids"], dtype=np.float64)
        return clusterer

    def _centroids(self, ordered: NDArray[np.float64], n_clusters: int) -> NDArray[np.float64]:
        from sklearn import cluster
        from sklearn.exceptions import ConvergenceWarning
        from threadpoolctl import threadpool_limits

        # one thread: with several the sums behind the centroids end in an order, and a last bit, of their own
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = cluster.KMeans(n_clusters, n_init=self.n_init, random_state=self.random_state).fit(ordered)
        return np.asarray(fitted.cluster_centers_, dtype=np.float64)


def _distances(values: NDArray[np.float64], centroids: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Euclidean distances, shape (N, K), each row by itself: the same bits whatever its neighbours."""
    distances = np.empty((len(values), len(centroids)))
    for position, centroid in enumerate(centroids):
        distances[:, position] = np.sqrt(((values - centroid) ** 2).sum(axis=1))
    return distances
