"""K-Means, remembered as its centroids.

Letters: N tracks, D dimensions, K clusters.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.clustering.asked import CountedConfig
from musaic.clustering.base import (
    Clusterer,
    Clustering,
    canonical_order,
    check_count,
    firsts,
    read_latents,
    steady,
)
from musaic.clustering.grid import Counts
from musaic.graph.crowd import Crowd

START = 20_000
"""Songs that mini-batches start from: starts judged on one batch alone end in poor optima."""


class KMeansConfig(CountedConfig):
    """K-Means.

    Attributes
    ----------
    n_clusters, choose_by, most
        As in `CountedConfig`.
    n_init : int >= 1, or a list
        Starts, of which the one with the least inertia is kept.
    minibatch_above : int >= 1, or a list
        With more tracks than this, mini-batches are used.
    """

    algorithm: Literal["kmeans"] = "kmeans"
    n_init: Counts = 10
    minibatch_above: Counts = 20_000


class KMeans(Clusterer):
    """Lloyd's K-Means from several k-means++ starts (scikit-learn's); mini-batches where there are many tracks.

    Parameters
    ----------
    n_clusters : int >= 1
        How many; fewer are found where there are fewer distinct points.
    n_init : int >= 1
        Starts, of which the one with the least inertia is kept.
    minibatch_above : int >= 1
        With more tracks, mini-batch K-Means (Sculley, WWW 2010) goes on from the best of ``n_init`` starts on 20,000
        songs drawn at random.
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
    settings: ClassVar[tuple[str, ...]] = ("n_clusters", "n_init", "minibatch_above", "random_state")

    centroids_: NDArray[np.float64]

    def __init__(
        self, n_clusters: int, *, n_init: int = 10, minibatch_above: int = 20_000, random_state: int = 0
    ) -> None:
        self.n_clusters = check_count(n_clusters)
        self.n_init = n_init
        self.minibatch_above = minibatch_above
        self.random_state = random_state

    def fit(self, Z: ArrayLike, crowd: Crowd | None = None) -> Clustering:
        """Cluster latents of shape (N, D)."""
        values = read_latents(Z)
        ordered = values[canonical_order(values)]
        centroids = self._centroids(ordered, min(self.n_clusters, int(firsts(ordered).sum())))
        sizes = np.bincount(_nearest(_distances(values, centroids), centroids), minlength=len(centroids))
        order = np.lexsort((*centroids.T[::-1], -sizes))
        self.centroids_ = centroids[order[sizes[order] > 0]]
        note = "K-Means by mini-batches" if len(values) > self.minibatch_above else ""
        return replace(self.assign(values), note=note)

    def assign(self, Z: ArrayLike) -> Clustering:
        """Return the cluster of the nearest centroid for latents of shape (M, D)."""
        self._check_fitted()
        distances = _distances(read_latents(Z, n_dims=self.centroids_.shape[1]), self.centroids_)
        labels = _nearest(distances, self.centroids_)
        if len(self.centroids_) == 1:
            confidence = np.ones(len(labels))
        else:
            first, second = np.partition(distances, 1, axis=1)[:, :2].T
            confidence = 1.0 - np.divide(first, second, out=np.ones_like(first), where=second > 0)
        return Clustering(labels.astype(np.int64), confidence, len(self.centroids_))

    @classmethod
    def _learned(cls) -> tuple[str, ...]:
        return ("centroids",)

    def _centroids(self, ordered: NDArray[np.float64], n_clusters: int) -> NDArray[np.float64]:
        from sklearn import cluster

        whole = cluster.KMeans(n_clusters, n_init=self.n_init, random_state=self.random_state)
        with steady():
            if len(ordered) <= self.minibatch_above:
                return np.asarray(whole.fit(ordered).cluster_centers_, dtype=np.float64)
            rng = np.random.default_rng(self.random_state)
            drawn = np.sort(rng.choice(len(ordered), size=min(START, len(ordered)), replace=False))
            batches = cluster.MiniBatchKMeans(
                n_clusters,
                init=whole.fit(ordered[drawn]).cluster_centers_,
                n_init=1,
                reassignment_ratio=0.0,  # no cluster of the start is given up for being small
                compute_labels=False,
                random_state=self.random_state,
            )
            return np.asarray(batches.fit(ordered).cluster_centers_, dtype=np.float64)


def _distances(values: NDArray[np.float64], centroids: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Euclidean distances, shape (N, K), each row by itself: the same bits whatever its neighbours."""
    distances = np.empty((len(values), len(centroids)))
    for position, centroid in enumerate(centroids):
        distances[:, position] = np.sqrt(((values - centroid) ** 2).sum(axis=1))
    return distances


def _nearest(distances: NDArray[np.float64], centroids: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the nearest centroid; of several, the first by coordinates, however they are numbered."""
    order = canonical_order(centroids)
    return np.asarray(order[distances[:, order].argmin(axis=1)])
