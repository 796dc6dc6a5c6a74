"""Spectral clustering of the graph of nearest neighbours (scikit-learn's)."""

from __future__ import annotations

from copy import copy
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from musaic.clustering.asked import CountedConfig
from musaic.clustering.base import check_count
from musaic.clustering.centres import Centres
from musaic.clustering.grid import Counts
from musaic.clustering.neighbours import NeighbourClusterer
from musaic.graph.joining import connected
from musaic.graph.neighbours import Graph

STARTS = 3
"""Of K-Means on the eigenvectors of a large graph."""


class SpectralConfig(CountedConfig):
    """Spectral clustering.

    Attributes
    ----------
    n_clusters, choose_by, most
        As in `CountedConfig`.
    n_neighbors : int >= 1, or a list
        Of each song in the graph, itself counted.
    """

    algorithm: Literal["spectral"] = "spectral"
    n_neighbors: Counts = 10


class Spectral(NeighbourClusterer):
    """K-Means on the leading eigenvectors of the neighbour graph's normalised Laplacian.

    After Ng, Jordan and Weiss, "On spectral clustering", NIPS 2001, and von Luxburg, "A tutorial on spectral
    clustering", 2007 (arXiv:0711.0189). New songs are placed by the vote of the 5 nearest.

    Parameters
    ----------
    n_clusters : int >= 1
        How many; fewer are found where there are fewer distinct points.
    n_neighbors : int >= 1
        Of each song in the graph, itself counted; all songs where there are fewer.
    random_state : int
        Same seed, same labels, whatever the order of the songs.
    """

    name = "spectral"
    settings = ("n_clusters", "n_neighbors", "random_state")

    def __init__(self, n_clusters: int, *, n_neighbors: int = 10, random_state: int = 0) -> None:
        self.n_clusters = check_count(n_clusters)
        self.n_neighbors = n_neighbors
        self.random_state = random_state

    def _cluster(
        self, ordered: NDArray[np.float64], n_distinct: int, graph: Graph | None
    ) -> tuple[Any, dict[str, NDArray[Any]]]:
        from sklearn.cluster import SpectralClustering

        n_clusters = min(self.n_clusters, n_distinct)
        if n_clusters == 1:
            return np.zeros(len(ordered), dtype=np.int64), {}
        if n_clusters == len(ordered):
            return np.arange(len(ordered)), {}
        if graph is not None:
            return self._of_graph(ordered, n_clusters, graph), {}
        algorithm = SpectralClustering(
            n_clusters,
            affinity="nearest_neighbors",
            n_neighbors=min(self.n_neighbors, len(ordered)),
            random_state=self.random_state,
        )
        return algorithm.fit(ordered).labels_, {}

    def _of_graph(self, ordered: NDArray[np.float64], n_clusters: int, graph: Graph) -> NDArray[np.int64]:
        """Return the labels of a graph in one piece; a factorisation of its Laplacian would not fit into memory."""
        from scipy.sparse import csr_matrix
        from sklearn.cluster import SpectralClustering

        affinity = csr_matrix(connected(graph, ordered, self._width))
        affinity.data[:] = 1.0
        algorithm = SpectralClustering(
            n_clusters,
            affinity="precomputed",
            eigen_solver="lobpcg",
            n_init=STARTS,
            random_state=self.random_state,
        )
        return np.asarray(algorithm.fit(affinity).labels_, dtype=np.int64)

    @property
    def _width(self) -> int:
        return max(self.n_neighbors, 2)

    def _of_centres(self, centres: Centres) -> tuple[Self, NDArray[np.float64]]:
        # a centre that is repeated would be a neighbour of itself alone
        return copy(self), centres.points
