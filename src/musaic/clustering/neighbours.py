"""What is shared by clusterings that have no parameters: they keep their songs, and place new ones beside them.

Letters: N songs of the fit, M songs to place, D dimensions, k neighbours.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from copy import copy
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.clustering.base import (
    NOISE,
    Clusterer,
    Clustering,
    ClusterInputError,
    State,
    canonical_order,
    firsts,
    largest_first,
    read_latents,
    steady,
)
from musaic.clustering.centres import Centres
from musaic.graph.crowd import Crowd, Limits
from musaic.graph.micro import nearest_centres
from musaic.graph.neighbours import Graph

VOTERS = 5
"""Nearest songs that are asked where a new one belongs."""

Placed = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Labels and confidences."""


class NeighbourClusterer(Clusterer):
    """A clustering remembered as its songs.

    A song of the fit is assigned its label and confidence again. By default any other song is placed by a vote of the
    5 nearest songs of the fit, each weighted by the inverse of its distance; its confidence is its cluster's share of
    the vote. The confidence of a song of the fit is the share of its 5 nearest other songs that its cluster has.

    Where there are so many songs that all cannot be compared with all (see `musaic.graph`), the graph of their nearest
    neighbours is clustered; where there are more still, the centres of micro-clusters are, each as often as its songs
    weigh. Then it is the centres that are remembered, and any song has the label and the confidence of the nearest.

    Attributes
    ----------
    points_ : ndarray, shape (N, D)
        The songs, or the centres, in an order of their own.
    labels_ : ndarray of int64, shape (N,)
        Their clusters.
    confidence_ : ndarray, shape (N,)
    micro_ : bool
        Whether they are centres.
    """

    by_pairs: ClassVar[bool] = False
    """Whether the distances of all pairs are needed, which no graph has."""
    fewest: int = 1
    """Songs that a cluster has at least."""

    points_: NDArray[np.float64]
    labels_: NDArray[np.int64]
    confidence_: NDArray[np.float64]
    micro_: bool = False

    def fit(self, Z: ArrayLike, crowd: Crowd | None = None) -> Clustering:
        """Cluster latents of shape (N, D); songs that are alike share a cluster."""
        values = read_latents(Z)
        crowd = Crowd(values, seed=getattr(self, "random_state", 0)) if crowd is None else crowd
        if crowd.many or (self.by_pairs and not crowd.few):
            return self._fit_centres(values, crowd)
        order = canonical_order(values)
        self.points_ = values[order]
        self.micro_ = False
        graph = None if crowd.few else crowd.graph(max(self._width, VOTERS + 1)).take(order)
        first = firsts(self.points_)
        alike = first.cumsum() - 1
        with steady():
            labels, extra = self._cluster(self.points_, int(first.sum()), graph)
            self.labels_ = largest_first(np.asarray(labels, dtype=np.int64)[first][alike])
            self.confidence_ = self._confidence({name: array[first][alike] for name, array in extra.items()}, graph)
        back = np.empty_like(order)
        back[order] = np.flatnonzero(first)[alike]
        note = "" if graph is None else self._note(graph)
        return Clustering(self.labels_[back], self.confidence_[back], int(self.labels_.max(initial=-1)) + 1, note)

    def _fit_centres(self, values: NDArray[np.float64], crowd: Crowd) -> Clustering:
        """Cluster centres, and number the clusters by the songs in them."""
        centres = Centres.of(values, crowd)
        alike, points = self._of_centres(centres)
        alike.fit(points, Crowd(points, limits=Limits(exact=len(points), micro_above=len(points))))
        first = firsts(points)
        for name in self._learned():  # what is learned of points is as long as they are, and of clusters never
            array = getattr(alike, f"{name}_")
            setattr(self, f"{name}_", array[first] if len(array) == len(points) else array)
        self.micro_ = True
        songs = np.bincount(self.labels_ + 1, weights=centres.sizes)[1:]
        few = np.append(songs < self.fewest, False)[self.labels_]
        self.labels_, self.confidence_ = np.where(few, NOISE, self.labels_), np.where(few, 0.0, self.confidence_)
        labels = self.labels_[centres.members][canonical_order(values)]
        rank = np.full(int(self.labels_.max(initial=-1)) + 2, NOISE)  # noise is the last, by which -1 counts
        rank[labels] = largest_first(labels)
        self.labels_ = rank[self.labels_]
        note = f"{len(centres.points):,} micro-clusters stand in for the songs{self._aside(alike, len(points))}"
        found, confidence = self.labels_[centres.members], self.confidence_[centres.members]
        return Clustering(found, confidence, int(rank.max()) + 1, note)

    def _of_centres(self, centres: Centres) -> tuple[Self, NDArray[np.float64]]:
        """Return what clusters centres as this one does songs, and in order the points that it is fitted to."""
        return copy(self), centres.repeated

    def _aside(self, alike: Self, n_points: int) -> str:
        """Return what else is to be said of a clustering of centres by ``alike``."""
        return ""

    def _note(self, graph: Graph) -> str:
        """Return what is to be said of a clustering of a graph."""
        return f"found on a graph of {graph.width - 1} neighbours (recall {graph.recall:.3f})"

    def assign(self, Z: ArrayLike) -> Clustering:
        """Return the clusters that latents of shape (M, D) belong to; songs of the fit get the label they had."""
        self._check_fitted()
        values = read_latents(Z, n_dims=self.points_.shape[1])
        n_clusters = int(self.labels_.max(initial=-1)) + 1
        if self.micro_:
            rows = nearest_centres(values, self.points_)
            return Clustering(self.labels_[rows], self.confidence_[rows], n_clusters)
        labels, confidence = _recalled(values, self.points_, self.labels_, self.confidence_)
        new = np.flatnonzero(np.isnan(confidence))
        if len(new):
            labels[new], confidence[new] = self._place(values[new])
        return Clustering(labels, confidence, n_clusters)

    def get_state(self) -> State:
        """Return what was learned: a JSON-ready dict, and arrays by name."""
        head, arrays = super().get_state()
        return (head | {"micro": True} if self.micro_ else head), arrays

    @classmethod
    def from_state(cls, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the clusterer that `get_state` was called on."""
        clusterer = super().from_state(head, arrays)
        clusterer.micro_ = bool(head.get("micro", False))
        return clusterer

    @property
    def _width(self) -> int:
        """Neighbours, itself counted, that a song must have in a graph."""
        return VOTERS + 1

    @classmethod
    def _learned(cls) -> tuple[str, ...]:
        return ("points", "labels", "confidence")

    @abstractmethod
    def _cluster(
        self, ordered: NDArray[np.float64], n_distinct: int, graph: Graph | None
    ) -> tuple[Any, dict[str, NDArray[Any]]]:
        """Return labels, -1 for noise, and whatever else is known of each song, by name.

        Where there is a graph, no more is compared than what it joins.
        """

    def _confidence(self, extra: dict[str, NDArray[Any]], graph: Graph | None) -> NDArray[np.float64]:
        """Learn from what `_cluster` told besides labels, and return how clearly songs belong where they are."""
        return vote_share(self.points_, self.labels_, graph)

    def _place(self, values: NDArray[np.float64]) -> Placed:
        """Return labels and confidences of songs that are not of the fit."""
        return vote(values, self.points_, self.labels_)


class Songs(NeighbourClusterer):
    """Songs whose clusters were found elsewhere, to place new ones by.

    Parameters
    ----------
    points : ndarray, shape (N, D)
        Songs in the space in which new ones come.
    found : Clustering
        Theirs, in the same order. Where songs are alike, the first one's holds.
    """

    name = "songs"
    settings = ()

    @classmethod
    def of(cls, points: NDArray[np.float64], found: Clustering) -> Songs:
        """Return songs with the clusters that were found."""
        order, songs = canonical_order(points), cls()
        songs.points_, songs.labels_, songs.confidence_ = points[order], found.labels[order], found.confidence[order]
        return songs

    def _cluster(
        self, ordered: NDArray[np.float64], n_distinct: int, graph: Graph | None
    ) -> tuple[Any, dict[str, NDArray[Any]]]:
        raise ClusterInputError("the clusters of these songs were found elsewhere; hand them to Songs.of.")


def nearest_songs(
    values: NDArray[np.float64], points: NDArray[np.float64], k: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the distances to the k nearest points (all where there are fewer) and their rows, nearest first."""
    from scipy.spatial import cKDTree

    distances, rows = cKDTree(points).query(values, k=np.arange(1, min(k, len(points)) + 1))
    return np.asarray(distances), np.asarray(rows, dtype=np.intp)


def vote(values: NDArray[np.float64], points: NDArray[np.float64], labels: NDArray[np.int64]) -> Placed:
    """Return the label that the nearest 5 points give each value, and its share of the vote."""
    distances, rows = nearest_songs(values, points, VOTERS)
    shares = _shares(distances, labels[rows], int(labels.max(initial=-1)) + 1)
    # noise stands last, so that of equal shares a cluster wins
    winners = shares.argmax(axis=1)
    names = np.append(np.arange(shares.shape[1] - 1), -1)
    return names[winners], shares[np.arange(len(values)), winners]


def vote_share(
    points: NDArray[np.float64], labels: NDArray[np.int64], graph: Graph | None = None
) -> NDArray[np.float64]:
    """Return the share of the vote of its 5 nearest other points, or of those in a graph, that a point's label gets."""
    if len(points) == 1:
        return np.ones(1)
    if graph is None:
        distances, rows = nearest_songs(points, points, VOTERS + 1)
    else:
        distances, rows = (
            graph.distances[:, : VOTERS + 1].astype(np.float64),
            graph.rows[:, : VOTERS + 1].astype(np.intp),
        )
    # the nearest is the point itself, or one just like it
    weights, voices = _weights(distances[:, 1:]), labels[rows[:, 1:]]
    own = np.zeros(len(points))
    for weight, voice in zip(weights.T, voices.T, strict=True):
        own += weight * (voice == labels)
    return np.asarray(np.minimum(own / weights.sum(axis=1), 1.0))


def _shares(distances: NDArray[np.float64], voices: NDArray[np.int64], n_clusters: int) -> NDArray[np.float64]:
    """Return each label's share of votes weighted by 1 / distance, shape (M, K + 1): the last is noise."""
    weights = _weights(distances)
    shares = np.zeros((len(distances), n_clusters + 1))
    for weight, voice in zip(weights.T, voices.T, strict=True):
        shares[np.arange(len(shares)), voice] += weight
    return np.asarray(np.minimum(shares / weights.sum(axis=1, keepdims=True), 1.0))


def _weights(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / distance, in units of the nearest one's."""
    return np.divide(distances[:, :1], distances, out=np.ones_like(distances), where=distances > 0)


def _recalled(
    values: NDArray[np.float64],
    points: NDArray[np.float64],
    labels: NDArray[np.int64],
    confidence: NDArray[np.float64],
) -> Placed:
    """Return labels and confidences of the values that are points, and NaN for the confidence of any other."""
    found = np.full(len(values), -1)
    codes, asked = _codes(points), _codes(values)
    order = np.argsort(codes, kind="stable")
    at = np.minimum(np.searchsorted(codes[order], asked), len(points) - 1)
    rows = order[at]
    alike = (points[rows] == values).all(axis=1)
    found[alike] = rows[alike]
    # two different songs of one code, which hardly ever are: then the song is looked for among all
    for value in np.flatnonzero(~alike & (codes[rows] == asked)):
        found[value] = next(iter(np.flatnonzero((points == values[value]).all(axis=1))), -1)
    return np.where(found < 0, -1, labels[found]), np.where(found < 0, np.nan, confidence[found])


def _codes(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return a number for every row, the same for rows that are alike and hardly ever for others."""
    odd = np.random.default_rng(0).integers(1 << 63, size=values.shape[1], dtype=np.uint64) * 2 + 1
    mixed = np.ascontiguousarray(values).view(np.uint64)
    # upper digits count too: plain sums of products leave them out of the lower ones
    return np.asarray(((mixed ^ (mixed >> np.uint64(32))) * odd).sum(axis=1, dtype=np.uint64))
