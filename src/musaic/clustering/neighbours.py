"""What is shared by clusterings that have no parameters: they keep their songs, and place new ones beside them.

Letters: N songs of the fit, M songs to place, D dimensions, k neighbours.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.clustering.base import (
    Clusterer,
    Clustering,
    ClusterInputError,
    canonical_order,
    firsts,
    largest_first,
    read_latents,
    steady,
)

VOTERS = 5
"""Nearest songs that are asked where a new one belongs."""

Placed = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Labels and confidences."""


class NeighbourClusterer(Clusterer):
    """A clustering remembered as its songs.

    A song of the fit is assigned its label and confidence again. By default any other song is placed by a vote of the
    5 nearest songs of the fit, each weighted by the inverse of its distance; its confidence is its cluster's share of
    the vote. The confidence of a song of the fit is the share of its 5 nearest other songs that its cluster has.

    Attributes
    ----------
    points_ : ndarray, shape (N, D)
        The songs, in an order of their own.
    labels_ : ndarray of int64, shape (N,)
        Their clusters.
    confidence_ : ndarray, shape (N,)
    """

    points_: NDArray[np.float64]
    labels_: NDArray[np.int64]
    confidence_: NDArray[np.float64]

    def fit(self, Z: ArrayLike) -> Clustering:
        """Cluster latents of shape (N, D); songs that are alike share a cluster."""
        values = read_latents(Z)
        self.points_ = values[canonical_order(values)]
        first = firsts(self.points_)
        alike = first.cumsum() - 1
        with steady():
            labels, extra = self._cluster(self.points_, int(first.sum()))
            self.labels_ = largest_first(np.asarray(labels, dtype=np.int64)[first][alike])
            self.confidence_ = self._confidence({name: array[first][alike] for name, array in extra.items()})
        return self.assign(values)

    def assign(self, Z: ArrayLike) -> Clustering:
        """Return the clusters that latents of shape (M, D) belong to; songs of the fit get the label they had."""
        self._check_fitted()
        values = read_latents(Z, n_dims=self.points_.shape[1])
        labels, confidence = _recalled(values, self.points_, self.labels_, self.confidence_)
        new = np.flatnonzero(np.isnan(confidence))
        if len(new):
            labels[new], confidence[new] = self._place(values[new])
        return Clustering(labels, confidence, int(self.labels_.max(initial=-1)) + 1)

    @classmethod
    def _learned(cls) -> tuple[str, ...]:
        return ("points", "labels", "confidence")

    @abstractmethod
    def _cluster(self, ordered: NDArray[np.float64], n_distinct: int) -> tuple[Any, dict[str, NDArray[Any]]]:
        """Return labels, -1 for noise, and whatever else is known of each song, by name."""

    def _confidence(self, extra: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
        """Learn from what `_cluster` told besides labels, and return how clearly songs belong where they are."""
        return vote_share(self.points_, self.labels_)

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

    def _cluster(self, ordered: NDArray[np.float64], n_distinct: int) -> tuple[Any, dict[str, NDArray[Any]]]:
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


def vote_share(points: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of the vote of its 5 nearest other points that each point's own label gets."""
    if len(points) == 1:
        return np.ones(1)
    distances, rows = nearest_songs(points, points, VOTERS + 1)
    # the nearest is the point itself, or one just like it
    shares = _shares(distances[:, 1:], labels[rows[:, 1:]], int(labels.max(initial=-1)) + 1)
    return shares[np.arange(len(points)), labels]


def _shares(distances: NDArray[np.float64], voices: NDArray[np.int64], n_clusters: int) -> NDArray[np.float64]:
    """Return each label's share of votes weighted by 1 / distance, shape (M, K + 1): the last is noise."""
    nearest = distances[:, :1]
    weights = np.divide(nearest, distances, out=np.ones_like(distances), where=distances > 0)
    shares = np.zeros((len(distances), n_clusters + 1))
    for weight, voice in zip(weights.T, voices.T, strict=True):
        shares[np.arange(len(shares)), voice] += weight
    return np.asarray(np.minimum(shares / weights.sum(axis=1, keepdims=True), 1.0))


def _recalled(
    values: NDArray[np.float64],
    points: NDArray[np.float64],
    labels: NDArray[np.int64],
    confidence: NDArray[np.float64],
) -> Placed:
    """Return labels and confidences of the values that are points, and NaN for the confidence of any other."""
    rows = {point.tobytes(): row for row, point in reversed(list(enumerate(points)))}
    found = np.array([rows.get(value.tobytes(), -1) for value in np.ascontiguousarray(values)])
    return np.where(found < 0, -1, labels[found]), np.where(found < 0, np.nan, confidence[found])
