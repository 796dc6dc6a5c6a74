"""In which descriptors clusters differ from the rest.

Letters: N songs, P descriptors, K clusters.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from musaic.experiment.cards.adjectives import adjective, unit
from musaic.experiment.cards.card import Descriptor

LEVEL = 0.05
"""Share of false finds among those that are called clear (Benjamini and Hochberg's q)."""


def differences(values: pd.DataFrame, clusters: NDArray[np.int64]) -> dict[int, tuple[Descriptor, ...]]:
    """Return how each cluster differs from all other songs, greatest difference first.

    Parameters
    ----------
    values : DataFrame, shape (N, P)
        Numbers; NaN where one is not known, which leaves that song out of that descriptor.
    clusters : ndarray, shape (N,)
        The cluster of each song.

    Returns
    -------
    dict of int to tuple of Descriptor
        Without descriptors that nothing is known of inside or outside, or that never change.

    Notes
    -----
    The test is Mann and Whitney's with its normal approximation and correction for ties: it looks at ranks, so that
    no outlier makes a character, and it lets a cluster of one or two songs have none. The q-values are Benjamini and
    Hochberg's over all clusters and descriptors.
    """
    from scipy.stats import false_discovery_control, norm, rankdata

    labels, member = np.unique(clusters, return_inverse=True)
    found: list[tuple[int, str, float, float, float]] = []
    p_values: list[NDArray[np.float64]] = []
    for name in values:
        numbers = values[name].to_numpy(np.float64)
        known = np.isfinite(numbers)
        own, of = numbers[known], member[known]
        n = len(own)
        if n == 0 or own.min() == own.max():
            continue
        ranks = rankdata(own)
        n_in = np.bincount(of, minlength=len(labels)).astype(np.float64)
        n_out = n - n_in
        sums = np.bincount(of, own - own[0], minlength=len(labels))
        _, ties = np.unique(ranks, return_counts=True)
        variance = n_in * n_out / 12 * (n + 1 - float((ties**3 - ties).sum()) / (n * (n - 1)))
        there = np.flatnonzero((n_in > 0) & (n_out > 0))
        rank_sums = np.bincount(of, ranks, minlength=len(labels))
        z = (rank_sums - n_in * (n + 1) / 2)[there] / np.sqrt(variance[there])
        p_values.append(2 * norm.sf(np.abs(z)))
        inside = own[0] + sums[there] / n_in[there]
        outside = own[0] + (sums.sum() - sums[there]) / n_out[there]
        spread = float(own.std())
        found += [
            (int(labels[k]), str(name), float(a), float(b), float(a - b) / spread)
            for k, a, b in zip(there, inside, outside, strict=True)
        ]
    out: dict[int, list[Descriptor]] = {int(label): [] for label in labels}
    if found:
        q_values = false_discovery_control(np.concatenate(p_values), method="bh")
        for (label, name, mean, elsewhere, difference), q in zip(found, q_values.tolist(), strict=True):
            word = adjective(name, mean, elsewhere, difference) if q <= LEVEL else ""
            out[label].append(Descriptor(name, unit(name), mean, elsewhere, difference, q, word))
    # the sort is stable: equal differences stay in the order of the columns
    return {label: tuple(sorted(rows, key=lambda row: -abs(row.difference))) for label, rows in out.items()}
