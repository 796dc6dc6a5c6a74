"""How many clusters: from what was asked for to a number, before a clusterer is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from musaic.clustering.base import ClusterInputError, canonical_order, read_latents
from musaic.clustering.config import LABELS, OneK
from musaic.errors import nearest

SAMPLE = 3000
"""Tracks that the silhouette is taken of when choosing (all, up to this many)."""


@dataclass(frozen=True)
class Choice:
    """A number of clusters and where it comes from.

    Attributes
    ----------
    n_clusters : int
        The number.
    source : str
        'given', 'auto', or 'labels:<column>'.
    scores : dict of int to float
        For 'auto', the silhouette of every number tried.
    """

    n_clusters: int
    source: str = "given"
    scores: dict[int, float] = field(default_factory=dict)


def choose_k(Z: ArrayLike, candidates: Sequence[int] | None = None, random_state: int = 0) -> Choice:
    """Return the number of K-Means clusters with the best silhouette; no label is seen.

    Parameters
    ----------
    Z : array_like, shape (N, D)
        Latents.
    candidates : sequence of int >= 2, optional
        Numbers to try; 2 to min(20, 2 sqrt(N)) by default. Numbers that leave no cluster of two are passed over.
    random_state : int
        For the starts, and for the sample of 3,000 tracks that the silhouette is taken of where there are more.

    Returns
    -------
    choice : Choice
        With 1 cluster where no number of clusters can be scored (fewer than 3 distinct points).
    """
    from sklearn.metrics import silhouette_score

    from musaic.clustering.kmeans import KMeans

    values = read_latents(Z)
    values = values[canonical_order(values)]
    tried = range(2, min(20, int(2 * np.sqrt(len(values)))) + 1) if candidates is None else sorted(set(candidates))
    rows = np.random.default_rng(random_state).permutation(len(values))[:SAMPLE]
    scores = {}
    for k in tried:
        if k < 2 or k >= len(values):
            continue
        labels = KMeans(k, n_init=4, random_state=random_state).fit(values).labels[rows]
        if 2 <= len(np.unique(labels)) < len(rows):
            scores[int(k)] = float(silhouette_score(values[rows], labels))
    best = max(scores, key=lambda k: (scores[k], -k)) if scores else 1
    return Choice(best, "auto", scores)


def resolve_k(
    asked: OneK, Z: ArrayLike, *, labels: Mapping[str, Sequence[Any]] | None = None, random_state: int = 0
) -> Choice:
    """Return the number of clusters that ``asked`` stands for.

    Parameters
    ----------
    asked : int, 'auto' or 'labels:<column>'
        One entry of a configuration.
    Z : array_like, shape (N, D)
        Latents, read for 'auto'.
    labels : mapping of str to sequence, optional
        Label columns; None is a missing label.
    random_state : int
        For 'auto'.

    Raises
    ------
    ClusterInputError
        Where the column is not there or holds no label.
    """
    if isinstance(asked, int):
        return Choice(asked)
    if asked == "auto":
        return choose_k(Z, random_state=random_state)
    column = asked.removeprefix(LABELS)
    columns = {name: {value for value in column if value is not None} for name, column in (labels or {}).items()}
    if not columns.get(column):
        there = sorted(name for name, values in columns.items() if values)
        raise ClusterInputError(
            f"n_clusters asks for {asked!r}, and there is no label {column!r}{nearest(column, there) or '.'} "
            f"Give a number or 'auto'{', or one of ' + ', '.join(LABELS + name for name in there) if there else ''}."
        )
    return Choice(len(columns[column]), asked)
