"""DBSCAN: clusters are where songs lie close together, and the rest is noise (scikit-learn's)."""

from __future__ import annotations

from copy import copy
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from musaic.clustering.asked import ClusteringConfig
from musaic.clustering.base import NOISE, ClusterInputError
from musaic.clustering.centres import Centres
from musaic.clustering.grid import Counts, Positive, several
from musaic.clustering.neighbours import NeighbourClusterer, Placed, nearest_songs
from musaic.graph.neighbours import Graph

KNEE = "knee"
"""``eps: knee`` takes the knee of the k-distance curve."""

Radius = Positive | Literal["knee"]


class DbscanConfig(ClusteringConfig):
    """DBSCAN.

    Attributes
    ----------
    eps : float > 0, 'knee', or a list of these
        How near songs are neighbours; ``knee`` takes the knee of the sorted distances to the min_samples-th neighbour.
    min_samples : int >= 1, or a list
        Neighbours, itself counted, that make a song a core of a cluster.
    """

    always_told: ClassVar[tuple[str, ...]] = ("eps", "min_samples")

    algorithm: Literal["dbscan"] = "dbscan"
    eps: Annotated[Radius | tuple[Radius, ...], several("a number above 0, 'knee'")] = "knee"
    min_samples: Counts = 5


class Dbscan(NeighbourClusterer):
    """Density-based clustering (Ester, Kriegel, Sander and Xu, KDD 1996).

    A new song belongs to the cluster of the nearest core song where that is within eps, and is noise elsewhere.

    Where centres of micro-clusters stand in for songs, each counts for as many as it has.

    Parameters
    ----------
    eps : float > 0
        How near songs are neighbours.
    min_samples : int >= 1
        Neighbours, itself counted, that make a song a core of a cluster.

    Attributes
    ----------
    core_ : ndarray of bool, shape (N,)
        Which songs are cores.

    Notes
    -----
    The confidence of a core song is 1; of any other in a cluster 1 - d / eps, with d the distance to the nearest core
    song of its cluster; of noise 0.
    """

    name = "dbscan"
    settings = ("eps", "min_samples")

    core_: NDArray[np.bool_]
    _weights: NDArray[np.int64] | None = None
    """Songs that each point stands for; one each where None."""

    def __init__(self, eps: float, *, min_samples: int = 5) -> None:
        if not eps > 0:
            raise ClusterInputError(f"eps must be a number above 0, not {eps}.")
        self.eps = eps
        self.min_samples = min_samples

    @classmethod
    def _learned(cls) -> tuple[str, ...]:
        return (*super()._learned(), "core")

    def _cluster(
        self, ordered: NDArray[np.float64], n_distinct: int, graph: Graph | None
    ) -> tuple[Any, dict[str, NDArray[Any]]]:
        from scipy.sparse import csr_array, csr_matrix
        from sklearn.cluster import DBSCAN
        from sklearn.neighbors import sort_graph_by_row_values

        algorithm = DBSCAN(eps=self.eps, min_samples=self.min_samples)
        if graph is None:
            fitted = algorithm.fit(ordered, sample_weight=self._weights)
        else:
            i, j, distances = graph.edges()
            own, n = np.arange(len(ordered)), len(ordered)
            near = (np.concatenate([i, j, own]), np.concatenate([j, i, own]))
            apart = csr_matrix(csr_array((np.concatenate([distances, distances, np.zeros(n)]), near), shape=(n, n)))
            fitted = algorithm.set_params(metric="precomputed").fit(
                sort_graph_by_row_values(apart, warn_when_not_sorted=False)
            )
        core = np.zeros(len(ordered), dtype=bool)
        core[fitted.core_sample_indices_] = True
        return fitted.labels_, {"core": core}

    @property
    def _width(self) -> int:
        return self.min_samples

    def _of_centres(self, centres: Centres) -> tuple[Self, NDArray[np.float64]]:
        centres.check_resolves("eps", self.eps)
        alike = copy(self)
        alike._weights = centres.sizes
        return alike, centres.points

    def _confidence(self, extra: dict[str, NDArray[Any]], graph: Graph | None) -> NDArray[np.float64]:
        self.core_ = extra["core"]
        confidence = np.where(self.core_, 1.0, 0.0)
        if graph is not None:
            nearest = np.full(len(self.points_), np.inf)
            i, j, distances = graph.edges()
            for song, core in ((i, j), (j, i)):
                kept = self.core_[core] & (self.labels_[song] == self.labels_[core])
                np.minimum.at(nearest, song[kept], distances[kept])
            border = (self.labels_ >= 0) & ~self.core_
            confidence[border] = self._closeness(nearest[border])
            return confidence
        for label in range(self.labels_.max() + 1):
            border = (self.labels_ == label) & ~self.core_
            if border.any():
                cores = self.points_[(self.labels_ == label) & self.core_]
                confidence[border] = self._closeness(nearest_songs(self.points_[border], cores, 1)[0][:, 0])
        return confidence

    def _place(self, values: NDArray[np.float64]) -> Placed:
        if not self.core_.any():
            return np.full(len(values), NOISE), np.zeros(len(values))
        distances, rows = nearest_songs(values, self.points_[self.core_], 1)
        labels = np.where(distances[:, 0] <= self.eps, self.labels_[self.core_][rows[:, 0]], NOISE)
        return labels, np.where(labels == NOISE, 0.0, self._closeness(distances[:, 0]))

    def _closeness(self, distances: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.clip(1.0 - distances / self.eps, 0.0, 1.0)
