"""The scores of a clustering, by name: a new one joins by being registered.

Internal scores look at where the tracks lie, external ones at labels that no model saw. A score that is not defined
(one cluster, nothing but clusters of one, one label) is NaN, also where scikit-learn says 1 (labels and clusters that
are both nothing but ones of a kind).

What noise (-1) does: internal scores leave it out. External scores take it for one more cluster, a mixed one as a
rule: it lowers purity and homogeneity by the labels that are mixed in it, so that leaving tracks out earns nothing;
completeness, which likes few and large clusters, may gain by it; under accuracy it may be matched with a label once.

Letters: N tracks, D dimensions, R labels, K clusters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError
from musaic.evaluation import internal, tables
from musaic.evaluation.noise import NOISE
from musaic.evaluation.space import Space
from musaic.evaluation.tables import Counts, Tables, canonical, contingency


@dataclass(frozen=True)
class Metric:
    """One score.

    Attributes
    ----------
    name : str
        Its column.
    kind : {'internal', 'external'}
        An internal one is called with a `Space` and the clusters (N,) 0 … K-1 of its rows, 2 <= K < N. An external
        one is called with the `Counts` of a stack of contingency tables (..., R, K), labels by clusters, all of the
        same number of tracks, and returns the shape of the stack.
    function : callable
        What computes it.
    best : {'high', 'low'}
        Which end is good.
    """

    name: str
    kind: Literal["internal", "external"]
    function: Callable[..., Any]
    best: Literal["high", "low"] = "high"


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("silhouette", "internal", internal.silhouette),
        Metric("calinski_harabasz", "internal", internal.calinski_harabasz),
        Metric("davies_bouldin", "internal", internal.davies_bouldin, best="low"),
        Metric("ari", "external", tables.ari),
        Metric("ami", "external", tables.ami),
        Metric("nmi", "external", tables.nmi),
        Metric("purity", "external", tables.purity),
        Metric("homogeneity", "external", tables.homogeneity),
        Metric("completeness", "external", tables.completeness),
        Metric("v_measure", "external", tables.v_measure),
        Metric("accuracy", "external", tables.accuracy),
    )
}


def internal_scores(Z: ArrayLike | Space, clusters: ArrayLike, *, random_state: int = 0) -> dict[str, float]:
    """Return every internal score of a clustering.

    Parameters
    ----------
    Z : array_like, shape (N, D), or Space
        Where the tracks lie. Tracks with a value that is not finite have no place and leave the scores. A `Space`
        keeps what does not depend on the clusters, and is quicker where there are many clusterings of it.
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

    space, labels = Z if isinstance(Z, Space) else Space(Z), np.asarray(clusters, dtype=np.int64)
    if space.n_tracks != len(labels):
        raise UsageError(
            f"{space.n_tracks} rows of latents and {len(labels)} cluster labels do not belong together; give one "
            "label a row."
        )
    labels = labels[space.rows]
    kept = labels != NOISE
    space, labels = space.part(kept), _by_appearance(labels[kept])
    names = score_names("internal")
    if not 2 <= len(np.unique(labels)) < len(labels):
        return dict.fromkeys(names, np.nan)
    with threadpool_limits(1):
        return {name: float(METRICS[name].function(space, labels, random_state=random_state)) for name in names}


def external_scores(truth: ArrayLike, clusters: ArrayLike) -> dict[str, float]:
    """Return every external score of a clustering against labels, none of which may be missing.

    Noise (-1) counts as a cluster of its own, so that leaving tracks out earns nothing.
    """
    return table_scores(contingency(truth, clusters))


def table_scores(table: Tables) -> dict[str, float]:
    """Return every external score of one contingency table; NaN where it has fewer than two labels."""
    names = score_names("external")
    if table.shape[0] < 2:
        return dict.fromkeys(names, np.nan)
    # the order of rows and columns must not show, not even in the last bit
    counts = Counts(canonical(table))
    return {name: float(METRICS[name].function(counts)) for name in names}


def score_names(kind: Literal["internal", "external"]) -> list[str]:
    """Return the registered scores of one kind, in order."""
    return [name for name, metric in METRICS.items() if metric.kind == kind]


def _by_appearance(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rename clusters by their first track, so that names leave no trace in a sum."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int64)
