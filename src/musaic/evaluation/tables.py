"""What is counted from a contingency table of labels and clusters, for one table or for a stack of them.

Letters: N tracks, R labels, K clusters.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.evaluation.expected import expected_information

Tables = NDArray[np.int64]


def contingency(truth: ArrayLike, clusters: ArrayLike) -> Tables:
    """Return how many tracks have which label in which cluster, shape (R, K)."""
    _, rows = np.unique(np.asarray(truth), return_inverse=True)
    _, columns = np.unique(np.asarray(clusters), return_inverse=True)
    n_rows, n_columns = rows.max(initial=-1) + 1, columns.max(initial=-1) + 1
    flat = np.bincount(rows * n_columns + columns, minlength=n_rows * n_columns)
    return flat.reshape(n_rows, n_columns).astype(np.int64)


def canonical(table: Tables) -> Tables:
    """Return a table with rows and columns in an order that their names have no part in.

    Each line is told from the others by its counts, then by which lines those counts cross (colour refinement); lines
    that are still alike after three rounds are in their old order.
    """
    colours = [np.zeros(size, dtype=np.int64) for size in table.shape]
    for _ in range(3):
        for axis, counts in enumerate((table, table.T)):
            seen = np.sort(counts * (counts.shape[1] + 1) + colours[1 - axis], axis=1)
            order = np.lexsort([*seen.T, colours[axis]])
            fresh = (seen[order][1:] != seen[order][:-1]).any(axis=1)
            fresh |= colours[axis][order][1:] != colours[axis][order][:-1]
            named = np.empty_like(colours[axis])
            named[order] = np.concatenate([[0], np.cumsum(fresh)])
            colours[axis] = named
    return np.ascontiguousarray(table[np.argsort(colours[0], kind="stable")][:, np.argsort(colours[1], kind="stable")])


class Counts:
    """Contingency tables and what several scores need of them, each found once.

    Parameters
    ----------
    tables : ndarray of int, shape (..., R, K)
        One table or a stack, labels by clusters, all of the same number of tracks.

    Attributes
    ----------
    tables : ndarray of int, shape (..., R, K)
    rows, columns : ndarray of int, shapes (..., R) and (..., K)
        Margins.
    total : int
        N.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.rows, self.columns = tables.sum(axis=-1), tables.sum(axis=-2)
        self.total = int(self.rows.reshape(-1, self.rows.shape[-1])[0].sum())

    @cached_property
    def filled(self) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Of all cells that are not empty: in which table of the stack, and how many tracks. Most cells are empty."""
        flat = self.tables.reshape(-1)
        where = np.flatnonzero(flat)
        return where // (self.tables.shape[-2] * self.tables.shape[-1]), flat[where]

    def over_cells(self, function: Callable[[NDArray[np.int64]], NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the sum of a function of the counts, which is 0 at 0, over the cells of each table."""
        which, counts = self.filled
        shape = self.tables.shape[:-2]
        sums = np.bincount(which, weights=function(counts), minlength=int(np.prod(shape)))
        return sums.astype(np.float64).reshape(shape)

    @cached_property
    def entropies(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of labels and of clusters, in nats."""
        first, second = (
            np.maximum(np.log(self.total) - _n_log_n(margin).sum(axis=-1) / self.total, 0.0)
            for margin in (self.rows, self.columns)
        )
        return first, second

    @cached_property
    def information(self) -> NDArray[np.float64]:
        """The mutual information of labels and clusters, in nats."""
        joint = np.log(self.total) - self.over_cells(_n_log_n) / self.total
        return np.asarray(np.maximum(sum(self.entropies) - joint, 0.0))


def ari(counts: Counts) -> NDArray[np.float64]:
    """Return the adjusted Rand index: agreement over pairs of tracks, 0 by chance."""
    pairs = counts.over_cells(_pairs)
    rows, columns = (_pairs(margin).sum(axis=-1) for margin in (counts.rows, counts.columns))
    expected = rows * columns / max(0.5 * counts.total * (counts.total - 1.0), 1.0)
    return _ratio(pairs - expected, 0.5 * (rows + columns) - expected)


def nmi(counts: Counts) -> NDArray[np.float64]:
    """Return the normalised mutual information 2I / (H + H)."""
    return _ratio(2 * counts.information, np.asarray(sum(counts.entropies)))


def ami(counts: Counts) -> NDArray[np.float64]:
    """Return the mutual information adjusted for chance, over the mean of the entropies."""
    first = [margin.reshape(-1, margin.shape[-1])[0] for margin in (counts.rows, counts.columns)]
    # shuffled labels leave the margins as they are: then one expectation is that of all
    same = (counts.rows == first[0]).all() and (counts.columns == first[1]).all()
    expected = expected_information(*first) if same else expected_information(counts.rows, counts.columns)
    return _ratio(counts.information - expected, np.asarray(0.5 * sum(counts.entropies) - expected))


def purity(counts: Counts) -> NDArray[np.float64]:
    """Return the share of tracks that have the commonest label of their cluster."""
    return np.asarray(counts.tables.max(axis=-2).sum(axis=-1) / counts.total)


def homogeneity(counts: Counts) -> NDArray[np.float64]:
    """Return the share of the labels' entropy that the clusters explain, I / H(labels); 1 where each has one label."""
    return _ratio(counts.information, counts.entropies[0])


def completeness(counts: Counts) -> NDArray[np.float64]:
    """Return I / H(clusters): 1 where each label lies in one cluster, so also where there is but one cluster."""
    share = _ratio(counts.information, counts.entropies[1])
    return np.where(np.isnan(share), 1.0, share)


def v_measure(counts: Counts) -> NDArray[np.float64]:
    """Return the harmonic mean of homogeneity and completeness (beta 1), which is the NMI by another name."""
    return nmi(counts)


def accuracy(counts: Counts) -> NDArray[np.float64]:
    """Return the share of tracks on the best one-to-one match of clusters and labels (Hungarian).

    Where there are more clusters than labels, some are matched with none and count as wrong, and the other way round.
    """
    from scipy.optimize import linear_sum_assignment

    stack = counts.tables.reshape(-1, *counts.tables.shape[-2:])
    hits = [table[linear_sum_assignment(table, maximize=True)].sum() for table in stack]
    return np.reshape(np.array(hits, dtype=np.float64), counts.tables.shape[:-2]) / counts.total


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a quotient, NaN where the divisor is nothing but rounding."""
    above, below = np.asarray(above), np.asarray(below)
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=np.abs(below) > 1e-12))


def _pairs(counts: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(0.5 * counts * (counts - 1.0))


def _n_log_n(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return n log n of counts; looked up, because a stack of tables repeats few numbers many times."""
    return np.asarray(_looked_up(int(counts.max(initial=1)).bit_length())[counts])


@lru_cache(maxsize=8)
def _looked_up(bits: int) -> NDArray[np.float64]:
    counts = np.arange(1 << bits, dtype=np.float64)
    return np.asarray(counts * np.log(np.maximum(counts, 1)))
