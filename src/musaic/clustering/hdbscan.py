"""HDBSCAN: clusters of whatever density, and the rest is noise (scikit-learn's)."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from musaic.clustering.asked import ClusteringConfig
from musaic.clustering.base import NOISE, ClusterInputError, State
from musaic.clustering.centres import Centres
from musaic.clustering.grid import Count, several
from musaic.clustering.neighbours import NeighbourClusterer, Placed, nearest_songs
from musaic.graph.joining import connected
from musaic.graph.neighbours import Graph

FARTHEST = 50
"""The neighbour, itself counted, that core distances are taken to at most where a graph stands in for all distances."""
CHUNK = 1024
"""Songs whose distances to all others are held at once."""

Size = Annotated[int, Field(strict=True, ge=2)]
Selection = Literal["eom", "leaf"]


class HdbscanConfig(ClusteringConfig):
    """HDBSCAN.

    Attributes
    ----------
    min_cluster_size : int >= 2, or a list
        Fewer songs are no cluster.
    min_samples : int >= 1, or a list
        Which neighbour, itself counted, says how dense it is around a song; ``min_cluster_size`` by default.
    selection : {'eom', 'leaf'}, or a list
        Which clusters of the tree are taken: the most persistent ones, or the smallest.
    """

    always_told: ClassVar[tuple[str, ...]] = ("min_cluster_size",)

    algorithm: Literal["hdbscan"] = "hdbscan"
    min_cluster_size: Annotated[Size | tuple[Size, ...], several("a whole number from 2")] = 5
    min_samples: Annotated[Count | tuple[Count, ...] | None, several("a whole number from 1")] = None
    selection: Annotated[Selection | tuple[Selection, ...], several("'eom', 'leaf'")] = "eom"


class Hdbscan(NeighbourClusterer):
    """Hierarchical density-based clustering (Campello, Moulavi and Sander, PAKDD 2013).

    A new song goes to the clustered song that is nearest by mutual reachability: the largest of their distance and of
    the two core distances (that of a song to its ``min_samples``-th neighbour, itself counted). It belongs to that
    song's cluster where it is no farther than the cluster's reach, the farthest that any song of the cluster is from
    its nearest in it; else it is noise.

    On a graph of nearest neighbours core distances are to the 50th at most. Where centres of micro-clusters stand in
    for songs, both numbers of songs are scaled to the number of centres, to 2 and 1 at least.

    Parameters
    ----------
    min_cluster_size : int >= 2
        Fewer songs are no cluster.
    min_samples : int >= 1, optional
        Which neighbour says how dense it is around a song; ``min_cluster_size`` by default.
    selection : {'eom', 'leaf'}
        Which clusters of the tree are taken: the most persistent ones, or the smallest.

    Attributes
    ----------
    which_ : int
        The neighbour that core distances were taken to: ``min_samples``, or 50 where that is less and there is a graph.
    core_distance_ : ndarray, shape (N,)
    reach_, tightest_ : ndarray, shape (K,)
        Of each cluster, the largest and smallest mutual reachability of a song and its nearest in the cluster.

    Notes
    -----
    The confidence of a song of the fit is scikit-learn's membership probability, the density at which it joins its
    cluster over the largest in the cluster; of a new one the same ratio, ``tightest_`` over its mutual reachability;
    of noise 0.
    """

    name = "hdbscan"
    settings = ("min_cluster_size", "min_samples", "selection")

    which_: int
    core_distance_: NDArray[np.float64]
    reach_: NDArray[np.float64]
    tightest_: NDArray[np.float64]

    def __init__(self, min_cluster_size: int = 5, *, min_samples: int | None = None, selection: str = "eom") -> None:
        if min_cluster_size < 2:
            raise ClusterInputError(f"min_cluster_size must be a whole number from 2, not {min_cluster_size}.")
        self.min_cluster_size = min_cluster_size
        self.min_samples = min_samples
        self.selection = selection

    @property
    def _which(self) -> int:
        return self.min_samples or self.min_cluster_size

    @property
    def fewest(self) -> int:  # type: ignore[override]
        """Songs that a cluster has at least."""
        return self.min_cluster_size

    def get_state(self) -> State:
        """Return what was learned: a JSON-ready dict, and arrays by name."""
        head, arrays = super().get_state()
        return head | {"which": self.which_}, arrays

    @classmethod
    def from_state(cls, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the clusterer that `get_state` was called on."""
        clusterer = super().from_state(head, arrays)
        clusterer.which_ = int(head.get("which", clusterer._which))
        return clusterer

    @classmethod
    def _learned(cls) -> tuple[str, ...]:
        return (*super()._learned(), "core_distance", "reach", "tightest")

    def _cluster(
        self, ordered: NDArray[np.float64], n_distinct: int, graph: Graph | None
    ) -> tuple[Any, dict[str, NDArray[Any]]]:
        from scipy.sparse import csr_matrix, diags_array
        from sklearn.cluster import HDBSCAN

        self.which_ = self._which if graph is None else self._width
        # so few songs are no cluster, or have no such neighbour
        if len(ordered) < max(self.min_cluster_size, self._which):
            return np.full(len(ordered), NOISE), {"probability": np.zeros(len(ordered))}
        algorithm = HDBSCAN(
            min_cluster_size=self.min_cluster_size,
            min_samples=self.which_,
            cluster_selection_method=self.selection,
            copy=True,
        )
        if graph is None:
            fitted = algorithm.fit(ordered)
        else:
            apart = connected(graph, ordered)
            # a song is the first of its own neighbours, at a distance that a sparse matrix holds
            itself = diags_array(np.full(len(ordered), 1e-3 * apart.data.min()))
            fitted = algorithm.set_params(metric="precomputed").fit(csr_matrix(apart + itself))
        return fitted.labels_, {"probability": fitted.probabilities_}

    def _confidence(self, extra: dict[str, NDArray[Any]], graph: Graph | None) -> NDArray[np.float64]:
        if graph is not None:
            self._learn_reaches(graph)
            return np.where(self.labels_ == NOISE, 0.0, np.clip(np.nan_to_num(extra["probability"]), 0.0, 1.0))
        self.core_distance_ = nearest_songs(self.points_, self.points_, self.which_)[0][:, -1]
        clusters = [np.flatnonzero(self.labels_ == label) for label in range(self.labels_.max() + 1)]
        reaches = [
            _mutual(self.points_[rows], self.core_distance_[rows], self.points_[rows], self.core_distance_[rows], True)
            for rows in clusters
        ]
        self.reach_ = np.array([distances.max() for distances, _ in reaches])
        self.tightest_ = np.array([distances.min() for distances, _ in reaches])
        return np.where(self.labels_ == NOISE, 0.0, np.clip(np.nan_to_num(extra["probability"]), 0.0, 1.0))

    def _learn_reaches(self, graph: Graph) -> None:
        """Learn core distances and reaches from the edges of a graph."""
        self.core_distance_ = graph.distances[:, self.which_ - 1].astype(np.float64)
        i, j, distances = graph.edges()
        mutual = np.maximum(distances, np.maximum(self.core_distance_[i], self.core_distance_[j]))
        together = (self.labels_[i] == self.labels_[j]) & (self.labels_[i] != NOISE)
        nearest = np.full(len(self.points_), np.inf)
        for song in (i, j):
            np.minimum.at(nearest, song[together], mutual[together])
        n_clusters = self.labels_.max(initial=-1) + 1
        self.reach_, self.tightest_ = np.zeros(n_clusters), np.full(n_clusters, np.inf)
        known = np.isfinite(nearest)
        np.maximum.at(self.reach_, self.labels_[known], nearest[known])
        np.minimum.at(self.tightest_, self.labels_[known], nearest[known])

    @property
    def _width(self) -> int:
        return min(self._which, FARTHEST)

    def _note(self, graph: Graph) -> str:
        capped = f"; core distances are to neighbour {FARTHEST}, not {self._which}" if self._which > FARTHEST else ""
        return super()._note(graph) + capped

    def _of_centres(self, centres: Centres) -> tuple[Self, NDArray[np.float64]]:
        # a pile of copies has no density but an infinite one, which only songs that are alike may have
        alike, points = copy(self), centres.repeated if centres.true else centres.points
        alike.min_cluster_size = centres.scaled(self.min_cluster_size, len(points), 2)
        alike.min_samples = None if self.min_samples is None else centres.scaled(self.min_samples, len(points), 1)
        self.which_ = alike._which
        return alike, points

    def _aside(self, alike: Self, n_points: int) -> str:
        sizes = [f"min_cluster_size {self.min_cluster_size} is {alike.min_cluster_size}"]
        sizes += [f"min_samples {self.min_samples} is {alike.min_samples}"] if self.min_samples is not None else []
        return f": {' and '.join(sizes)} of {n_points:,} points"

    def _place(self, values: NDArray[np.float64]) -> Placed:
        clustered = np.flatnonzero(self.labels_ != NOISE)
        if not len(clustered):
            return np.full(len(values), NOISE), np.zeros(len(values))
        # a new song is the first of its own neighbours
        if self.which_ > 1:
            core = nearest_songs(values, self.points_, self.which_ - 1)[0][:, -1]
        else:
            core = np.zeros(len(values))
        distances, rows = _mutual(values, core, self.points_[clustered], self.core_distance_[clustered])
        labels = self.labels_[clustered][rows]
        tightest = self.tightest_[labels]
        confidence = np.divide(tightest, distances, out=np.ones_like(distances), where=distances > tightest)
        within = distances <= self.reach_[labels]
        return np.where(within, labels, NOISE), np.where(within, confidence, 0.0)


def _mutual(
    values: NDArray[np.float64],
    value_cores: NDArray[np.float64],
    points: NDArray[np.float64],
    point_cores: NDArray[np.float64],
    themselves: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the smallest mutual reachability of each value to a point (but itself), and that point's row."""
    from scipy.spatial.distance import cdist

    smallest, rows = np.empty(len(values)), np.empty(len(values), dtype=np.intp)
    for start in range(0, len(values), CHUNK):
        part = slice(start, start + CHUNK)
        distances = np.maximum(cdist(values[part], points), np.maximum.outer(value_cores[part], point_cores))
        if themselves:
            here = np.arange(len(distances))
            distances[here, start + here] = np.inf
        rows[part] = distances.argmin(axis=1)
        smallest[part] = distances.min(axis=1)
    return smallest, rows
