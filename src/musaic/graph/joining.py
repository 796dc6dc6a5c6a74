"""A graph of neighbours falls into pieces where groups lie far apart; here the pieces are joined.

Letters: N songs, D dimensions, C pieces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from musaic.graph.neighbours import Graph

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ROUNDS = 3
"""How often the nearest song is sought from one side of a gap and then from the other."""


def connected(graph: Graph, points: NDArray[np.float64], k: int | None = None) -> csr_array:
    """Return the distances along a graph in one piece, shape (N, N), symmetric, without a diagonal.

    Parameters
    ----------
    graph : Graph
        Who is near to whom.
    points : ndarray, shape (N, D)
        Where the songs lie.
    k : int >= 2, optional
        Neighbours, itself counted, that are taken of each song; all that the graph has by default.

    Notes
    -----
    Pieces are joined along the minimum spanning tree of their centres, each pair by one edge between two songs that
    are near to each other across the gap. A distance of 0, which a sparse matrix does not hold, is the smallest there
    is instead.
    """
    from scipy.sparse import csr_array

    i, j, distances = graph.edges(k)
    bridges = _bridges(points, i, j)
    if len(bridges):
        i, j = np.append(i, bridges[:, 0]), np.append(j, bridges[:, 1])
        distances = np.append(distances, np.sqrt(((points[bridges[:, 0]] - points[bridges[:, 1]]) ** 2).sum(axis=1)))
    apart = distances[distances > 0]
    distances = np.where(distances > 0, distances, (apart.min() if len(apart) else 1.0) * 1e-6)
    pairs = (np.append(i, j), np.append(j, i))
    return csr_array((np.append(distances, distances), pairs), shape=(len(points), len(points)))


def _bridges(points: NDArray[np.float64], i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return pairs of songs that join the pieces of a graph, shape (C - 1, 2)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(points)
    _, piece = connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(n, n)), directed=False)
    members = np.split(np.argsort(piece, kind="stable"), np.bincount(piece).cumsum()[:-1])
    centres = np.array([points[rows].mean(axis=0) for rows in members])
    pairs = [_nearest_pair(points, members[a], members[b], centres[b]) for a, b in _tree(centres)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _tree(centres: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the minimum spanning tree of points (Prim 1957): the pairs that it joins, in memory that grows with C."""
    joined = np.zeros(len(centres), dtype=bool)
    gap, via, newest = np.full(len(centres), np.inf), np.zeros(len(centres), dtype=np.int64), 0
    pairs = []
    for _ in range(len(centres) - 1):
        joined[newest] = True
        away = ((centres - centres[newest]) ** 2).sum(axis=1)
        nearer = away < gap
        gap[nearer], via[nearer] = away[nearer], newest
        newest = int(np.where(joined, np.inf, gap).argmin())
        pairs.append((int(via[newest]), newest))
    return pairs


def _nearest_pair(
    points: NDArray[np.float64], first: NDArray[np.intp], second: NDArray[np.intp], centre: NDArray[np.float64]
) -> tuple[int, int]:
    """Return a song of each piece near to the other, found from one side and the other in turn."""
    one = other = first[_nearest(points[first], centre)]
    for _ in range(ROUNDS):
        other = second[_nearest(points[second], points[one])]
        one = first[_nearest(points[first], points[other])]
    return int(min(one, other)), int(max(one, other))


def _nearest(points: NDArray[np.float64], to: NDArray[np.float64]) -> int:
    return int(((points - to) ** 2).sum(axis=1).argmin())
