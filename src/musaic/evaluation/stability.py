"""Whether another seed finds the same clusters, for the whole and for every song.

Letters: N tracks, S seeds, A and B clusters of two seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError
from musaic.evaluation.noise import NOISE
from musaic.evaluation.tables import Counts, ari, contingency


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
        scores.append(float(ari(Counts(contingency(one, other)))) if says else np.nan)
    return float(np.mean(scores)) if scores else float("nan")


def company_kept(labelings: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """Return, for every track, how much of its company stays from seed to seed.

    Parameters
    ----------
    labelings : sequence of array_like of int, each of shape (N,)
        One labeling a seed, the same tracks in the same order. A track that is noise (-1) is alone.

    Returns
    -------
    confidence : ndarray, shape (N,)
        Mean, over pairs of seeds, of the Jaccard index of the two sets of tracks that share its cluster (itself not
        counted): 0 to 1. A track that is alone in both keeps its company, 1; alone in one, it loses it, 0. NaN with
        fewer than two labelings.

    Raises
    ------
    UsageError
        Where the labelings are of different lengths.

    Notes
    -----
    The tracks of one cell of the contingency table of two seeds have the same company in both, so that it takes time
    in N and not in its square.
    """
    arrays = [np.asarray(labels, dtype=np.int64) for labels in labelings]
    if len({len(labels) for labels in arrays}) > 1:
        sizes = ", ".join(str(len(labels)) for labels in arrays)
        raise UsageError(f"labelings have {sizes} tracks; give every seed's clusters for the same tracks.")
    if len(arrays) < 2:
        return np.full(len(arrays[0]) if arrays else 0, np.nan)
    codes = [np.unique(_alone(labels), return_inverse=True)[1] for labels in arrays]
    kept = [_jaccard(one, other) for one, other in combinations(codes, 2)]
    # not a running sum: the order of seeds must not show
    return np.asarray(np.sort(kept, axis=0).mean(axis=0))


def _alone(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give every noise track a cluster of its own."""
    return np.where(labels == NOISE, labels.max(initial=0) + 1 + np.arange(len(labels)), labels)


def _jaccard(one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.float64]:
    _, cell, both = np.unique(one * (other.max(initial=0) + 1) + other, return_inverse=True, return_counts=True)
    common = both[cell] - 1
    either = np.bincount(one)[one] - 1 + np.bincount(other)[other] - 1 - common
    return np.asarray(np.divide(common, either, out=np.ones(len(one)), where=either > 0))
