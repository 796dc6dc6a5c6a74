"""Whether another seed finds the same clusters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from musaic.evaluation.metrics import ari, contingency


def seed_stability(labelings: Sequence[ArrayLike], ids: Sequence[Sequence[str]] | None = None) -> float:
    """Return the mean adjusted Rand index over pairs of labelings of the same tracks.

    Parameters
    ----------
    labelings : sequence of array_like of int
        One labeling a seed; noise (-1) counts as a cluster of its own.
    ids : sequence of sequence of str, optional
        The tracks of each labeling; only those common to a pair are compared. Without it all labelings have the
        same tracks in the same order.

    Returns
    -------
    stability : float
        1 where every seed says the same; NaN with fewer than two labelings, and for a pair in which one says nothing
        (one cluster only, or nothing but clusters of one).
    """
    arrays = [np.asarray(labels) for labels in labelings]
    scores = []
    for first, second in combinations(range(len(arrays)), 2):
        one, other = arrays[first], arrays[second]
        if ids is not None:
            _, left, right = np.intersect1d(
                np.asarray(ids[first]), np.asarray(ids[second]), assume_unique=True, return_indices=True
            )
            one, other = one[left], other[right]
        sizes = [len(np.unique(labels)) for labels in (one, other)]
        says = all(1 < size < len(one) for size in sizes)
        scores.append(float(ari(contingency(one, other))) if says else np.nan)
    return float(np.mean(scores)) if scores else float("nan")
