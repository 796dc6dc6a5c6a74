"""Clusters of one clustering told in the numbers of another, and the songs that moved.

Letters: N tracks, K clusters on the first side, L on the second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from musaic.errors import UsageError
from musaic.evaluation.noise import NOISE


@dataclass(frozen=True)
class Alignment:
    """Two clusterings of the same tracks, the second in the numbers of the first.

    Attributes
    ----------
    matching : dict of int to int
        Second side's cluster -> its number here: that of the first side's cluster it was matched with, else a number
        above all of the first side. Noise (-1) is noise.
    matched : frozenset of int
        Numbers that both sides have.
    clusters : DataFrame, shape (N, 3)
        By ``track_id``, in order of it: ``first``, ``second`` (in the numbers of the first) and ``second_own``.
    contingency : DataFrame, shape (K, L) and noise
        Tracks by cluster of the first side (rows) and number of the second's (columns), noise last.
    ari, ami : float
        Agreement, 1 where the two are the same; noise counts as a cluster of its own.
    stayed : float
        Share of the tracks whose cluster has the same number on both sides.
    """

    matching: dict[int, int]
    matched: frozenset[int]
    clusters: pd.DataFrame
    contingency: pd.DataFrame
    ari: float
    ami: float
    stayed: float

    @property
    def by_cluster(self) -> pd.DataFrame:
        """One row a cluster: its number on the second side, songs on either, those that stayed, left and came."""
        own = {number: name for name, number in self.matching.items()}
        table = self.contingency
        rows = []
        for number in sorted({*table.index, *table.columns}, key=_noise_last):
            before = int(table.loc[number].sum()) if number in table.index else 0
            after = int(table[number].sum()) if number in table.columns else 0
            stayed = int(table.loc[number, number].sum()) if number in self.matched else 0
            rows.append((number, own.get(number), before, after, stayed, before - stayed, after - stayed))
        result = pd.DataFrame(rows, columns=["cluster", "second_own", "first", "second", "stayed", "left", "came"])
        return result.astype({"second_own": "Int64"})


def align(first: pd.Series[int], second: pd.Series[int]) -> Alignment:
    """Match the clusters of two clusterings so that as many tracks as can be keep their number.

    Parameters
    ----------
    first, second : Series of int
        Clusters by ``track_id``, of the same tracks in any order; -1 is noise and is matched with noise alone.

    Raises
    ------
    UsageError
        Where the two do not hold the same tracks.

    Notes
    -----
    The Hungarian method on the contingency table. Clusters that share no track are not matched.
    """
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    if first.index.has_duplicates or not first.sort_index().index.equals(second.sort_index().index):
        raise UsageError("the two clusterings to align do not hold the same tracks, each of them once.")
    ids = first.sort_index().index
    a, b = (side.reindex(ids).to_numpy(np.int64) for side in (first, second))
    rows, columns = (np.unique(side[side != NOISE]) for side in (a, b))
    counts = _counts(a, b, rows.tolist(), columns.tolist())
    pairs = [(i, j) for i, j in zip(*linear_sum_assignment(-counts), strict=True) if counts[i, j] > 0]
    matching = {int(columns[j]): int(rows[i]) for i, j in pairs}
    free = int(rows.max(initial=-1)) + 1
    unmatched = [own for own in columns.tolist() if own not in matching]
    matching |= {own: free + place for place, own in enumerate(unmatched)}
    if NOISE in b:
        matching[NOISE] = NOISE
    told = np.array([matching[own] for own in b.tolist()], dtype=np.int64)
    index, names = ([*map(int, np.unique(side))] for side in (a, told))
    index, names = sorted(index, key=_noise_last), sorted(names, key=_noise_last)
    return Alignment(
        matching=dict(sorted(matching.items(), key=lambda pair: _noise_last(pair[1]))),
        matched=frozenset(index) & frozenset(names),
        clusters=pd.DataFrame({"first": a, "second": told, "second_own": b}, index=ids),
        contingency=pd.DataFrame(_counts(a, told, index, names), index=index, columns=names),
        ari=float(adjusted_rand_score(a, b)),
        ami=float(adjusted_mutual_info_score(a, b)),
        stayed=float((a == told).mean()),
    )


def _counts(a: np.ndarray, b: np.ndarray, rows: list[int], columns: list[int]) -> np.ndarray:
    i, j = pd.Index(rows).get_indexer(pd.Index(a)), pd.Index(columns).get_indexer(pd.Index(b))
    kept = (i >= 0) & (j >= 0)
    flat = np.bincount(i[kept] * len(columns) + j[kept], minlength=len(rows) * len(columns))
    return flat.reshape(len(rows), len(columns))


def _noise_last(cluster: int) -> tuple[bool, int]:
    return cluster == NOISE, cluster
