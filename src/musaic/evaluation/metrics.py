"""The scores of a clustering, by name: a new one joins by being registered.

Internal scores look at where the tracks lie, external ones at labels that no model saw. A score that is not defined
(one cluster, nothing but clusters of one, one label) is NaN, also where scikit-learn says 1 (labels and clusters that
are both nothing but ones of a kind).

Letters: N tracks, D dimensions, R labels, K clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError, unknown

NOISE = -1
"""The cluster label of a track that belongs nowhere."""

SAMPLE = 20_000
"""Above this many tracks the silhouette is that of a sample of so many."""

NoisePolicy = Literal["keep", "nearest"]
Tables = NDArray[np.int64]


@dataclass(frozen=True)
class Metric:
    """One score.

    Attributes
    ----------
    name : str
        Its column.
    kind : {'internal', 'external'}
        An internal one is called with latents (N, D) and clusters (N,) 0 … K-1, 2 <= K < N. An external one is
        called with contingency tables of shape (..., R, K), labels by clusters, that all have the same margins, and
        returns the shape of the stack.
    function : callable
        What computes it.
    best : {'high', 'low'}
        Which end is good.
    """

    name: str
    kind: Literal["internal", "external"]
    function: Callable[..., Any]
    best: Literal["high", "low"] = "high"


def contingency(truth: ArrayLike, clusters: ArrayLike) -> Tables:
    """Return how many tracks have which label in which cluster, shape (R, K)."""
    _, rows = np.unique(np.asarray(truth), return_inverse=True)
    _, columns = np.unique(np.asarray(clusters), return_inverse=True)
    n_rows, n_columns = rows.max(initial=-1) + 1, columns.max(initial=-1) + 1
    flat = np.bincount(rows * n_columns + columns, minlength=n_rows * n_columns)
    return flat.reshape(n_rows, n_columns).astype(np.int64)


def ari(tables: Tables) -> NDArray[np.float64]:
    """Return the adjusted Rand index: agreement over pairs of tracks, 0 by chance."""
    pairs = _pairs(tables).sum(axis=(-2, -1))
    rows, columns = (_pairs(tables.sum(axis=axis)).sum(axis=-1) for axis in (-1, -2))
    expected = rows * columns / _pairs(tables.sum(axis=(-2, -1)))
    return _ratio(pairs - expected, 0.5 * (rows + columns) - expected)


def nmi(tables: Tables) -> NDArray[np.float64]:
    """Return the normalised mutual information 2I / (H + H)."""
    return _ratio(2 * mutual_information(tables), np.asarray(sum(_entropies(tables))))


def ami(tables: Tables) -> NDArray[np.float64]:
    """Return the mutual information adjusted for chance, over the mean of the entropies."""
    first = tables.reshape(-1, *tables.shape[-2:])[0]
    expected = expected_information(first.sum(axis=1).tolist(), first.sum(axis=0).tolist())
    return _ratio(mutual_information(tables) - expected, np.asarray(0.5 * sum(_entropies(tables)) - expected))


def purity(tables: Tables) -> NDArray[np.float64]:
    """Return the share of tracks that have the commonest label of their cluster."""
    return np.asarray(tables.max(axis=-2).sum(axis=-1) / tables.sum(axis=(-2, -1)))


def mutual_information(tables: Tables) -> NDArray[np.float64]:
    """Return the mutual information of labels and clusters, in nats."""
    total = tables.sum(axis=(-2, -1), keepdims=True)
    outer = tables.sum(axis=-1, keepdims=True) * tables.sum(axis=-2, keepdims=True)
    ratio = np.divide(tables * total, outer, out=np.ones(tables.shape), where=tables > 0)
    return np.asarray((tables / total * np.log(ratio)).sum(axis=(-2, -1)))


def expected_information(rows: Sequence[int], columns: Sequence[int]) -> float:
    """Return the mutual information that tables with these margins have on average, in nats.

    Eq. 24a of "Information Theoretic Measures for Clusterings Comparison" (JMLR 11, 2010). The sum over cells needs
    one term for each pair of margins, and pairs come back, from cell to cell and from one resampling to the next.
    """
    n = int(sum(rows))
    sizes = [np.unique(np.asarray(margin, dtype=np.int64), return_counts=True) for margin in (rows, columns)]
    pairs = [list(zip(values.tolist(), counts.tolist(), strict=True)) for values, counts in sizes]
    return float(sum(k * m * _expected_term(min(a, b), max(a, b), n) for a, k in pairs[0] for b, m in pairs[1]))


@lru_cache(maxsize=200_000)
def _expected_term(a: int, b: int, n: int) -> float:
    """Return what a cell with margins ``a`` and ``b`` adds on average: its count is hypergeometric."""
    from scipy.special import gammaln

    count = np.arange(max(1, a + b - n), a + 1, dtype=np.float64)
    fixed = gammaln(a + 1) + gammaln(b + 1) + gammaln(n - a + 1) + gammaln(n - b + 1) - gammaln(n + 1)
    cells = (count, a - count, b - count, n - a - b + count)
    log_probability = fixed - np.sum([gammaln(cell + 1) for cell in cells], axis=0)
    return float((count / n * np.log(n * count / (a * b)) * np.exp(log_probability)).sum())


def silhouette(Z: NDArray[np.float64], clusters: NDArray[np.int64], *, random_state: int = 0) -> float:
    """Return how much nearer tracks are to their own cluster than to the next, on average; sampled above 20,000."""
    from sklearn.metrics import silhouette_score

    if len(Z) > SAMPLE:
        rows = np.sort(np.random.default_rng(random_state).permutation(len(Z))[:SAMPLE])
        Z, clusters = Z[rows], clusters[rows]
    return float(silhouette_score(Z, clusters)) if 2 <= len(np.unique(clusters)) < len(Z) else np.nan


def calinski_harabasz(Z: NDArray[np.float64], clusters: NDArray[np.int64], *, random_state: int = 0) -> float:
    """Return the spread between clusters over that within; not defined where no cluster has any spread."""
    from sklearn.metrics import calinski_harabasz_score

    within = sum(float(np.ptp(Z[clusters == cluster], axis=0).max()) for cluster in np.unique(clusters))
    return float(calinski_harabasz_score(Z, clusters)) if within > 0 else np.nan


def davies_bouldin(Z: NDArray[np.float64], clusters: NDArray[np.int64], *, random_state: int = 0) -> float:
    """Return how alike each cluster is to the one most like it; not defined where centroids coincide."""
    from sklearn.metrics import davies_bouldin_score

    centroids = np.stack([Z[clusters == cluster].mean(axis=0) for cluster in np.unique(clusters)])
    if len(np.unique(centroids, axis=0)) < len(centroids):
        return np.nan
    return float(davies_bouldin_score(Z, clusters))


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("silhouette", "internal", silhouette),
        Metric("calinski_harabasz", "internal", calinski_harabasz),
        Metric("davies_bouldin", "internal", davies_bouldin, best="low"),
        Metric("ari", "external", ari),
        Metric("ami", "external", ami),
        Metric("nmi", "external", nmi),
        Metric("purity", "external", purity),
    )
}


def internal_scores(Z: ArrayLike, clusters: ArrayLike, *, random_state: int = 0) -> dict[str, float]:
    """Return every internal score of a clustering.

    Parameters
    ----------
    Z : array_like, shape (N, D)
        Where the tracks lie. Tracks with a value that is not finite have no place and leave the scores.
    clusters : array_like of int, shape (N,)
        Noise (-1) is no cluster and leaves the scores.
    random_state : int
        For the sample above 20,000 tracks.

    Returns
    -------
    scores : dict of str to float
        The same to the last bit whatever the order of the tracks and the names of the clusters.
    """
    from threadpoolctl import threadpool_limits

    values, labels = np.asarray(Z, dtype=np.float64), np.asarray(clusters, dtype=np.int64)
    if values.ndim != 2 or len(values) != len(labels):
        raise UsageError(f"latents of shape {values.shape} and {len(labels)} cluster labels do not belong together.")
    kept = (labels != NOISE) & np.isfinite(values).all(axis=1)
    values, labels = values[kept], labels[kept]
    names = [name for name, metric in METRICS.items() if metric.kind == "internal"]
    order = np.lexsort(values.T[::-1])
    values, labels = values[order], _by_appearance(labels[order])
    if not 2 <= len(np.unique(labels)) < len(labels):
        return dict.fromkeys(names, np.nan)
    with threadpool_limits(1):
        return {name: float(METRICS[name].function(values, labels, random_state=random_state)) for name in names}


def external_scores(truth: ArrayLike, clusters: ArrayLike) -> dict[str, float]:
    """Return every external score of a clustering against labels, none of which may be missing.

    Noise (-1) counts as a cluster of its own, so that leaving tracks out earns nothing.
    """
    return table_scores(contingency(truth, clusters))


def table_scores(table: Tables) -> dict[str, float]:
    """Return every external score of one contingency table; NaN where it has fewer than two labels."""
    names = [name for name, metric in METRICS.items() if metric.kind == "external"]
    if table.shape[0] < 2:
        return dict.fromkeys(names, np.nan)
    # the order of rows and columns must not show, not even in the last bit
    table = table[np.lexsort(table.T)][:, np.lexsort(table)]
    return {name: float(METRICS[name].function(table)) for name in names}


def apply_noise(Z: ArrayLike, clusters: ArrayLike, policy: NoisePolicy) -> tuple[NDArray[np.int64], float]:
    """Return clusters under a noise policy, and the share of tracks that were clustered before it.

    Parameters
    ----------
    Z : array_like, shape (N, D)
        The space that was clustered.
    clusters : array_like of int, shape (N,)
        -1 is noise.
    policy : {'keep', 'nearest'}
        ``keep``: noise stays noise. ``nearest``: a noise track goes to the cluster of the nearest clustered track.
    """
    labels = np.asarray(clusters, dtype=np.int64).copy()
    noise = labels == NOISE
    coverage = float(1.0 - noise.mean()) if len(labels) else np.nan
    if policy not in ("keep", "nearest"):
        raise unknown("noise policy", policy, ("keep", "nearest"))
    if policy == "nearest" and noise.any() and not noise.all():
        from sklearn.neighbors import NearestNeighbors

        values = np.asarray(Z, dtype=np.float64)
        index = NearestNeighbors(n_neighbors=1).fit(values[~noise])
        labels[noise] = labels[~noise][index.kneighbors(values[noise], return_distance=False)[:, 0]]
    return labels, coverage


def _by_appearance(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rename clusters by their first track, so that names leave no trace in a sum."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int64)


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a quotient, NaN where the divisor is nothing but rounding."""
    above, below = np.asarray(above), np.asarray(below)
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=np.abs(below) > 1e-12))


def _pairs(counts: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(0.5 * counts * (counts - 1.0))


def _entropies(tables: Tables) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = (_entropy(tables.sum(axis=axis)) for axis in (-1, -2))
    return first, second


def _entropy(counts: NDArray[Any]) -> NDArray[np.float64]:
    share = counts / counts.sum(axis=-1, keepdims=True)
    logs = np.log(share, out=np.zeros(share.shape), where=share > 0)
    return np.asarray(-(share * logs).sum(axis=-1))


def score_names(kind: Literal["internal", "external"]) -> list[str]:
    """Return the registered scores of one kind, in order."""
    return [name for name, metric in METRICS.items() if metric.kind == kind]
