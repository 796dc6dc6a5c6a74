"""Scores that look at where the tracks lie and at no label.

Letters: N tracks, D dimensions, K clusters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from musaic.evaluation.space import Space

SAMPLE = 20_000
"""Above this many tracks a score that compares all pairs is that of a sample of so many."""


def silhouette(space: Space, clusters: NDArray[np.int64], *, random_state: int = 0) -> float:
    """Return how much nearer tracks are to their own cluster than to the next, on average; sampled above 20,000."""
    from sklearn.metrics import silhouette_score

    Z = space.values
    if len(Z) > SAMPLE:
        rows = np.sort(np.random.default_rng(random_state).permutation(len(Z))[:SAMPLE])
        Z, clusters = Z[rows], clusters[rows]
        return float(silhouette_score(Z, clusters)) if 2 <= len(np.unique(clusters)) < len(Z) else np.nan
    if space.distances is not None:
        return float(silhouette_score(space.distances, clusters, metric="precomputed"))
    return float(silhouette_score(Z, clusters))


def calinski_harabasz(space: Space, clusters: NDArray[np.int64], *, random_state: int = 0) -> float:
    """Return the spread between clusters over that within; not defined where no cluster has any spread."""
    from sklearn.metrics import calinski_harabasz_score

    Z, starts = _by_cluster(space.values, clusters)
    within = np.maximum.reduceat(Z, starts) - np.minimum.reduceat(Z, starts)
    return float(calinski_harabasz_score(space.values, clusters)) if within.any() else np.nan


def davies_bouldin(space: Space, clusters: NDArray[np.int64], *, random_state: int = 0) -> float:
    """Return how alike each cluster is to the one most like it; not defined where centroids coincide.

    Clusters are gone through at once; scikit-learn's takes them one by one, and fifty of them thirty times as long.
    """
    from scipy.spatial.distance import cdist

    Z, starts = _by_cluster(space.values, clusters)
    sizes = np.diff([*starts, len(Z)])
    centroids = np.add.reduceat(Z, starts) / sizes[:, None]
    if len(np.unique(centroids, axis=0)) < len(centroids):
        return np.nan
    scatter = np.add.reduceat(np.linalg.norm(Z - np.repeat(centroids, sizes, axis=0), axis=1), starts) / sizes
    apart = cdist(centroids, centroids)
    np.fill_diagonal(apart, np.inf)
    return float(((scatter[:, None] + scatter) / apart).max(axis=1).mean())


def _by_cluster(Z: NDArray[np.float64], clusters: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return tracks cluster by cluster, and where each cluster starts."""
    order = np.argsort(clusters, kind="stable")
    return Z[order], np.flatnonzero(np.diff(clusters[order], prepend=-1))
