"""How many clusters there are, found without any label: by silhouette, by likelihood, or by stability.

Letters: N tracks, D dimensions, K clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.clustering.base import Clusterer, canonical_order, read_latents, steady

SAMPLE = 3000
"""Tracks that silhouette and stability are taken of (all, up to this many)."""
SUBSAMPLES = 8
SHARE = 0.8
"""Of the tracks, in each subsample."""

Row = dict[str, Any]
"""One point of a curve: ``parameter``, ``value``, ``score_name``, ``score``."""

Make = Callable[[int], Clusterer]
"""Return an unfitted clusterer for a number of clusters."""


def choose_k(
    Z: ArrayLike,
    make: Make,
    *,
    choose_by: str = "silhouette",
    most: int = 20,
    candidates: Sequence[int] | None = None,
    random_state: int = 0,
) -> tuple[int, list[Row]]:
    """Return a number of clusters, and the score of every number tried.

    Parameters
    ----------
    Z : array_like, shape (N, D)
        Latents.
    make : callable
        Returns an unfitted clusterer for a number of clusters.
    choose_by : {'silhouette', 'bic', 'stability'}
        ``silhouette`` takes the number with the largest mean silhouette (Rousseeuw 1987). ``bic`` takes the least
        Bayesian information criterion (Schwarz 1978) of mixtures. ``stability`` clusters 8 subsamples of 80 % of the
        tracks; a number's stability is the mean adjusted Rand index between pairs of them, on the tracks that both
        have (Ben-Hur, Elisseeff and Guyon, "A stability based method for discovering structure in clustered data",
        PSB 2002). As there, the largest number that is still stable is taken: within one standard error of the best.
        That a number is stable does not prove it right (von Luxburg, "Clustering stability: an overview", 2010,
        arXiv:1007.1075).
    most : int >= 2
        The largest number tried; never more than 2 sqrt(N).
    candidates : sequence of int, optional
        Numbers to try in place of 2 (``bic``: 1) up to ``most``.
    random_state : int
        For the subsamples, and for the sample of 3,000 tracks where there are more (not for ``bic``).

    Returns
    -------
    n_clusters : int
        1 where no number of clusters can be scored (fewer than 3 distinct points).
    curve : list of dict
        ``parameter``, ``value``, ``score_name``, ``score`` of each number that could be scored.
    """
    values = read_latents(Z)
    values = values[canonical_order(values)]
    if candidates is None:
        fewest = 1 if choose_by == "bic" else 2
        candidates = range(fewest, min(most, int(2 * np.sqrt(len(values)))) + 1)
    tried = sorted({int(k) for k in candidates if 1 <= k < len(values)})
    rng = np.random.default_rng(random_state)
    if choose_by != "bic":
        values = values[np.sort(rng.permutation(len(values))[:SAMPLE])]
        tried = [k for k in tried if k > 1]
    if choose_by == "stability":
        subsamples = [np.sort(rng.permutation(len(values))[: int(SHARE * len(values))]) for _ in range(SUBSAMPLES)]
        found = {k: _stability(values, subsamples, make, k) for k in tried}
        means = {k: mean for k, (mean, _) in found.items() if np.isfinite(mean)}
        best = max(means, key=lambda k: (means[k], -k), default=1)
        stable = [k for k, mean in means.items() if mean >= means[best] - found[best][1]]
        return max(stable, default=1), _curve(choose_by, means)
    score = _bic if choose_by == "bic" else _silhouette
    scores = {k: value for k in tried if np.isfinite(value := score(values, make(k)))}
    sign = -1.0 if choose_by == "bic" else 1.0
    return max(scores, key=lambda k: (sign * scores[k], -k), default=1), _curve(choose_by, scores)


def _curve(name: str, scores: dict[int, float]) -> list[Row]:
    return [{"parameter": "n_clusters", "value": k, "score_name": name, "score": score} for k, score in scores.items()]


def _silhouette(values: NDArray[np.float64], clusterer: Clusterer) -> float:
    from sklearn.metrics import silhouette_score

    labels = clusterer.fit(values).labels
    if not 1 < len(np.unique(labels)) < len(values):
        return float("nan")
    with steady():
        return float(silhouette_score(values, labels))


def _bic(values: NDArray[np.float64], clusterer: Any) -> float:
    clusterer.fit(values)
    return float(clusterer.bic_)


def _stability(
    values: NDArray[np.float64], subsamples: Sequence[NDArray[np.intp]], make: Make, k: int
) -> tuple[float, float]:
    """Return the mean ARI between subsamples and its standard error; NaN where a clustering says nothing.

    Pairs are not independent, so that the error is that of as many values as there are subsamples.
    """
    from sklearn.metrics import adjusted_rand_score

    if min(map(len, subsamples)) <= k:
        return float("nan"), float("nan")
    labels = np.full((len(subsamples), len(values)), -1)
    for row, subsample in zip(labels, subsamples, strict=True):
        row[subsample] = make(k).fit(values[subsample]).labels
    if any(len(np.unique(row[row >= 0])) < 2 for row in labels):
        return float("nan"), float("nan")
    scores = []
    for one, other in combinations(labels, 2):
        both = (one >= 0) & (other >= 0)
        scores.append(float(adjusted_rand_score(one[both], other[both])))
    return float(np.mean(scores)), float(np.std(scores) / np.sqrt(len(subsamples)))
