"""The graph of nearest neighbours: exact for few songs, by nearest-neighbour descent for many.

The descent is that of Dong, Moses and Li, "Efficient k-nearest neighbor graph construction for generic similarity
measures", WWW 2011 (pynndescent). How many of the true neighbours it finds is measured on a sample.

Letters: N songs, D dimensions, k neighbours, a song itself counted.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError

EXACT = 20_000
"""Up to so many songs the graph is exact."""
WIDTH = 20
"""Neighbours of a song that are found, itself counted, where nobody asks for more."""
CHECKED = 500
"""Songs whose true neighbours are found too, to know how many of them the graph has."""
AT_ONCE = 8_000_000
"""Numbers that are held at once, which bounds the memory."""


@dataclass(frozen=True, eq=False)
class Graph:
    """The nearest neighbours of every song.

    Attributes
    ----------
    rows : ndarray of int32, shape (N, k)
        Rows of the nearest songs, nearest first; the first is the song itself.
    distances : ndarray of float32, shape (N, k)
        Euclidean distances to them; the first is 0.
    recall : float, 0 to 1
        Share of the true neighbours that are among those found; of a sample of 500 songs, 1 where all were compared.
    """

    rows: NDArray[np.int32]
    distances: NDArray[np.float32]
    recall: float = 1.0

    @property
    def width(self) -> int:
        """How many neighbours a song has, k."""
        return int(self.rows.shape[1])

    def take(self, order: NDArray[np.intp]) -> Graph:
        """Return the graph of the same songs in another order: a permutation, shape (N,)."""
        place = np.empty(len(order), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        return Graph(place[self.rows[order]], self.distances[order], self.recall)

    def cut(self, k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows of the k nearest and their distances, as the libraries of maps take them."""
        return self.rows[:, :k].astype(np.int64), np.ascontiguousarray(self.distances[:, :k])

    def edges(self, k: int | None = None) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return every pair of songs, rows i < j, of which one is among the k nearest of the other; and distances."""
        own = np.repeat(np.arange(len(self.rows), dtype=np.int64), self.rows[:, 1:k].shape[1])
        other = self.rows[:, 1:k].astype(np.int64).reshape(-1)
        code = np.minimum(own, other) * len(self.rows) + np.maximum(own, other)
        code, first = np.unique(code, return_index=True)
        distances = self.distances[:, 1:k].reshape(-1)[first].astype(np.float64)
        return code // len(self.rows), code % len(self.rows), distances


def neighbour_graph(Z: ArrayLike, k: int = WIDTH, *, seed: int = 0, exact: int = EXACT) -> Graph:
    """Return the nearest neighbours of every song.

    Parameters
    ----------
    Z : array_like, shape (N, D)
        Finite values.
    k : int >= 1
        Neighbours of a song, itself counted; all songs where there are fewer.
    seed : int
        Where the search begins, above ``exact`` songs: same seed, same bytes on the same machine, whatever the order
        of the songs.
    exact : int >= 1
        Up to so many different songs are all compared with all.

    Raises
    ------
    UsageError
        Where the array has another shape or holds values that are not finite, or k is below 1.

    Notes
    -----
    Songs that are alike are searched for once, and stand first among each other's neighbours. Distances are taken
    anew in double precision, and of equally near songs the first in order of their coordinates stands first.
    """
    values = np.asarray(Z, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape or not np.isfinite(values).all():
        raise UsageError(f"a graph is made of finite values of shape (songs, dimensions), not of {values.shape}.")
    if k < 1:
        raise UsageError(f"{k} neighbours were asked for; ask for at least 1.")
    values = values + 0.0  # zero has no sign
    order = np.lexsort(values.T[::-1])
    ordered = values[order]
    fresh = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])
    points, alike = ordered[fresh], fresh.cumsum() - 1
    wanted = min(k, len(points))
    if len(points) <= max(exact, wanted):
        rows, recall = _exactly(points, points, wanted), 1.0
    else:
        rows = _descended(points, wanted, seed)
        recall = _recall(points, rows, seed)
    rows, distances = _sorted(points, rows)
    if len(points) < len(values):
        rows, distances = _everyone(rows, distances, alike, min(k, len(values)))
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return Graph(order.astype(np.int32)[rows[back]], distances[back].astype(np.float32), recall)


def without_copies(graph: Graph, first: NDArray[np.bool_], points: NDArray[np.float64], k: int) -> Graph:
    """Return the graph of the different ones among songs, of k neighbours, a song itself counted.

    Parameters
    ----------
    graph : Graph
        Of all songs, those that are alike one after the other.
    first : ndarray of bool, shape (N,)
        Which of them are the first of those alike.
    points : ndarray, shape (first.sum(), D)
        Where these lie.
    k : int >= 1
        As many as ``points`` at most.

    Notes
    -----
    A song with so many copies that fewer than k others are among its neighbours is compared with all.
    """
    if first.all():
        return graph
    rows = (first.cumsum() - 1)[graph.rows[first]]
    order = np.argsort(rows, axis=1, kind="stable")
    ranked = np.take_along_axis(rows, order, axis=1)
    again = np.zeros(rows.shape, dtype=bool)
    np.put_along_axis(again, order[:, 1:], ranked[:, 1:] == ranked[:, :-1], axis=1)
    kept = np.argsort(again, axis=1, kind="stable")[:, :k]
    found = np.take_along_axis(rows, kept, axis=1).astype(np.int64)
    lacking = (~again).sum(axis=1) < k
    if lacking.any():
        found[lacking] = _exactly(points[lacking], points, k)
    found, distances = _sorted(points, found)
    return Graph(found.astype(np.int32), distances.astype(np.float32), graph.recall)


def _exactly(values: NDArray[np.float64], points: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Return the k nearest points of every value, in no order."""
    from sklearn.neighbors import NearestNeighbors
    from threadpoolctl import threadpool_limits

    # scikit-learn's distances lose digits far from the origin
    centre = points.mean(axis=0)
    with threadpool_limits(1):
        index = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points - centre)
        return np.asarray(index.kneighbors(values - centre, return_distance=False), dtype=np.int64)


def _descended(points: NDArray[np.float64], k: int, seed: int) -> NDArray[np.int64]:
    """Return k near points of every point, itself among them, by nearest-neighbour descent."""
    from threadpoolctl import threadpool_limits

    centred = points - points.mean(axis=0)
    reach = np.abs(centred).max()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pynndescent import NNDescent

        # one thread: several write to one heap in an order of their own
        found = NNDescent(
            np.ascontiguousarray(centred / reach, dtype=np.float32), n_neighbors=k, random_state=seed, n_jobs=1
        )
    rows = np.asarray(found.neighbor_graph[0], dtype=np.int64)
    own = np.arange(len(points))
    # points that single precision cannot tell apart crowd each other out
    lost = (rows < 0).any(axis=1)
    if lost.any():
        rows[lost] = _exactly(points[lost], points, k)
    absent = ~(rows == own[:, None]).any(axis=1)
    rows[absent, -1] = own[absent]
    return rows


def _recall(points: NDArray[np.float64], rows: NDArray[np.int64], seed: int) -> float:
    """Return the share of true neighbours found, of a sample; equally near ones are as true."""
    if rows.shape[1] < 2:
        return 1.0
    checked = np.sort(np.random.default_rng(seed).permutation(len(points))[:CHECKED])
    true = _between(points, checked, _exactly(points[checked], points, rows.shape[1]))
    found = _between(points, checked, rows[checked])
    near = (found <= true.max(axis=1, keepdims=True) * (1 + 1e-9)).sum(axis=1) - 1
    return float(np.mean(near / (rows.shape[1] - 1)))


def _between(points: NDArray[np.float64], own: NDArray[np.intp], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the distances of some points to others, shape of ``rows``."""
    distances = np.empty(rows.shape)
    step = max(AT_ONCE // (rows.shape[1] * points.shape[1]), 1)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        apart = points[rows[part]] - points[own[part], None]
        distances[part] = np.sqrt((apart**2).sum(axis=2))
    return distances


def _sorted(points: NDArray[np.float64], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return neighbours by distance, then by row, and their distances; a point itself comes first."""
    own = np.arange(len(points))
    rows = np.sort(rows, axis=1)
    distances = _between(points, own, rows)
    distances[rows == own[:, None]] = -1.0
    order = np.argsort(distances, axis=1, kind="stable")
    distances = np.take_along_axis(distances, order, axis=1)
    distances[:, 0] = 0.0
    return np.take_along_axis(rows, order, axis=1), distances


def _everyone(
    rows: NDArray[np.int64], distances: NDArray[np.float64], alike: NDArray[np.intp], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the neighbours of all songs from those of the different ones; ``alike`` says which each song is of."""
    starts = np.flatnonzero(np.diff(alike, prepend=-1))
    # of songs that are alike no more than k can stand in one list
    counts = np.minimum(np.diff([*starts, len(alike)]), k)[rows]  # (different songs, neighbours)
    upto = counts.cumsum(axis=1)
    lists, near = np.empty((len(rows), k), dtype=np.int64), np.empty((len(rows), k))
    for column in range(k):
        at = (upto <= column).sum(axis=1)
        which = np.take_along_axis(rows, at[:, None], axis=1)[:, 0]
        before = np.where(at > 0, np.take_along_axis(upto, np.maximum(at - 1, 0)[:, None], axis=1)[:, 0], 0)
        lists[:, column] = starts[which] + column - before
        near[:, column] = np.take_along_axis(distances, at[:, None], axis=1)[:, 0]
    lists, near = lists[alike], near[alike]
    # a song is the first of its own neighbours; who stood there takes its place
    own = np.arange(len(alike))
    lists = np.where(lists == own[:, None], lists[:, :1], lists)
    lists[:, 0] = own
    return lists, near
