"""Agglomerative clustering: the two nearest clusters are joined again and again (scikit-learn's)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import model_validator

from musaic.clustering.asked import CountedConfig
from musaic.clustering.base import ClusterInputError, canonical_order, check_count, read_latents
from musaic.clustering.centres import Centres
from musaic.clustering.grid import Positive, several
from musaic.clustering.neighbours import NeighbourClusterer
from musaic.graph.joining import connected
from musaic.graph.neighbours import Graph

NEIGHBOURS = 10
"""Of a song, itself counted, that it may be joined with where a graph stands in for all distances."""

Linkage = Literal["ward", "complete", "average", "single"]


class AgglomerativeConfig(CountedConfig):
    """Agglomerative clustering.

    Attributes
    ----------
    linkage : {'ward', 'complete', 'average', 'single'}, or a list of these
        How far two clusters are: by the growth of the variance within, or by their farthest, mean, or nearest songs.
    n_clusters, choose_by, most
        As in `CountedConfig`.
    distance_threshold : float > 0, or a list
        In place of ``n_clusters``: clusters at least this far from each other stay apart.
    """

    always_told: ClassVar[tuple[str, ...]] = ("linkage", "n_clusters", "distance_threshold")

    algorithm: Literal["agglomerative"] = "agglomerative"
    linkage: Annotated[Linkage | tuple[Linkage, ...], several("'ward', 'complete', 'average', 'single'")] = "ward"
    distance_threshold: Annotated[Positive | tuple[Positive, ...] | None, several("a number above 0")] = None

    @model_validator(mode="before")
    @classmethod
    def _one_decides(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or data.get("distance_threshold") is None:
            return data
        if data.get("n_clusters") is not None:
            raise ValueError("n_clusters and distance_threshold are both given, and one of them decides; leave one out")
        return {**data, "n_clusters": None}

    @model_validator(mode="after")
    def _decided(self) -> Self:
        if self.n_clusters is None and self.distance_threshold is None:
            raise ValueError("n_clusters is null; give a number, 'auto' or 'labels:<column>', or a distance_threshold")
        return self


class Agglomerative(NeighbourClusterer):
    """Clusters joined from single songs up; new songs are placed by the vote of the 5 nearest.

    On a graph of nearest neighbours only clusters that it joins are joined, its pieces last. Complete and average
    linkage need the distances of all pairs: there the centres of micro-clusters stand in for the songs. Ward's
    distances grow with the number of songs, so that of centres it takes no threshold.

    Parameters
    ----------
    n_clusters : int >= 1, optional
        How many; fewer are found where there are fewer distinct points.
    distance_threshold : float > 0, optional
        Clusters at least this far from each other stay apart. Exactly one of the two is given.
    linkage : {'ward', 'complete', 'average', 'single'}
        Ward's distance of two single songs is the Euclidean one.
    """

    name = "agglomerative"
    settings = ("n_clusters", "distance_threshold", "linkage")

    def __init__(
        self, n_clusters: int | None = None, *, distance_threshold: float | None = None, linkage: str = "ward"
    ) -> None:
        if (n_clusters is None) == (distance_threshold is None):
            raise ClusterInputError("exactly one of n_clusters and distance_threshold decides; give one of them.")
        self.n_clusters = None if n_clusters is None else check_count(n_clusters)
        self.distance_threshold = distance_threshold
        self.linkage = linkage

    @property
    def by_pairs(self) -> bool:  # type: ignore[override]
        """Whether the distances of all pairs are needed, which no graph has."""
        return self.linkage in ("complete", "average")

    @property
    def _width(self) -> int:
        return NEIGHBOURS

    def _of_centres(self, centres: Centres) -> tuple[Self, NDArray[np.float64]]:
        if self.distance_threshold is not None and self.linkage == "ward":
            raise ClusterInputError(
                f"Ward's distances grow with the songs of a cluster, and {len(centres.points):,} micro-clusters stand "
                f"in for {len(centres.members):,} songs; give n_clusters in place of distance_threshold, or raise "
                "micro_above."
            )
        if self.distance_threshold is not None and self.linkage == "single":
            centres.check_resolves("distance_threshold", self.distance_threshold)
        return super()._of_centres(centres)

    def _cluster(
        self, ordered: NDArray[np.float64], n_distinct: int, graph: Graph | None
    ) -> tuple[Any, dict[str, NDArray[Any]]]:
        from scipy.sparse import csr_matrix
        from sklearn.cluster import AgglomerativeClustering

        if n_distinct == 1:
            return np.zeros(len(ordered), dtype=np.int64), {}
        algorithm = AgglomerativeClustering(
            # songs that are alike must not be parted to make up the number
            n_clusters=None if self.n_clusters is None else min(self.n_clusters, n_distinct),
            distance_threshold=self.distance_threshold,
            linkage=self.linkage,
            connectivity=None if graph is None else csr_matrix(connected(graph, ordered, NEIGHBOURS)),
        )
        return algorithm.fit(ordered).labels_, {}


def linkage_tree(Z: ArrayLike, linkage: Linkage = "ward") -> NDArray[np.float64]:
    """Return the tree that agglomerative clustering cuts, as SciPy's linkage matrix.

    Parameters
    ----------
    Z : array_like, shape (N, D)
        Latents of at least 2 tracks.
    linkage : {'ward', 'complete', 'average', 'single'}
        How far two clusters are.

    Returns
    -------
    tree : ndarray, shape (N - 1, 4)
        A row a merge: the two clusters joined, their distance, and how many tracks they hold together. Numbers below N
        are tracks in the order of Z. `scipy.cluster.hierarchy.dendrogram` draws it, truncated where N is large.

    Raises
    ------
    ClusterInputError
        Where there are fewer than 2 tracks.
    """
    from scipy.cluster import hierarchy

    values = read_latents(Z)
    if len(values) < 2:
        raise ClusterInputError("a tree of 1 track has no branches; give at least 2.")
    order = canonical_order(values)
    tree = hierarchy.linkage(values[order], method=linkage)
    leaves = np.append(order, np.arange(len(values), 2 * len(values) - 1))
    tree[:, :2] = np.sort(leaves[tree[:, :2].astype(np.int64)], axis=1)
    return tree
