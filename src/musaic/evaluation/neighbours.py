"""Whether the nearest songs are alike: of one genre or theme, within a language and across languages.

Letters: N tracks, D dimensions, Q queries that can be asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError
from musaic.evaluation.table import known_labels

AT_ONCE = 2048
"""Queries whose distances are held at once, which bounds the memory."""


@dataclass(frozen=True)
class Retrieval:
    """What the nearest neighbours have in common with a track.

    Attributes
    ----------
    precision : float
        Mean share of the k nearest candidates that have the query's label; NaN where nothing could be asked.
    chance : float
        Its expectation if the candidates were in random order: the mean share of candidates with the query's label.
    n_queries : int
        Q: tracks with at least one candidate of their label.
    """

    precision: float
    chance: float
    n_queries: int


def neighbour_precision(
    Z: ArrayLike,
    labels: Sequence[Any],
    *,
    k: int = 10,
    domains: Sequence[Any] | None = None,
    where: Literal["anywhere", "within", "across"] = "anywhere",
    groups: Sequence[Any] | None = None,
    metric: Literal["euclidean", "cosine"] = "euclidean",
) -> Retrieval:
    """Return how many of the nearest neighbours share a label (precision at k).

    Parameters
    ----------
    Z : array_like, shape (N, D)
        Representation.
    labels : sequence, length N
        What neighbours should share; None, NaN and '' are missing and leave the track out.
    k : int >= 1
        Neighbours that are looked at; fewer where there are fewer candidates.
    domains : sequence, length N, optional
        Such as the language; a track without one is left out where ``where`` needs it.
    where : {'anywhere', 'within', 'across'}
        Candidates: all other tracks, those of the query's own domain, or those of other domains.
    groups : sequence, length N, optional
        Tracks of the query's own group (its artist) are no candidates; a track without one is alone.
    metric : {'euclidean', 'cosine'}
        What near means.

    Raises
    ------
    UsageError
        Where ``domains`` are needed and not given.

    Notes
    -----
    Queries without any candidate of their label are not asked: nobody could answer them. Ties are in track order.
    """
    Z = np.asarray(Z, dtype=np.float64)
    if where != "anywhere" and domains is None:
        raise UsageError(f"where={where!r} needs domains; give one for every track, such as its language.")
    named, known = known_labels(labels)
    places, placed = known_labels(domains) if where != "anywhere" and domains is not None else (named, known)
    rows = np.flatnonzero(known & placed)
    X = Z[rows]
    if metric == "cosine":
        X = X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-12)
    label, domain = named[rows], places[rows]
    group = np.arange(len(rows)) if groups is None else _groups(groups)[rows]
    squares = (X**2).sum(axis=1)
    found, expected = [], []
    for start in range(0, len(rows), AT_ONCE):
        ask = slice(start, min(start + AT_ONCE, len(rows)))
        distance = squares[ask, None] + squares - 2 * X[ask] @ X.T
        candidate = group[ask, None] != group
        if where != "anywhere":
            candidate &= (domain[ask, None] == domain) == (where == "within")
        alike = label[ask, None] == label
        order = np.argsort(np.where(candidate, distance, np.inf), axis=1, kind="stable")[:, :k]
        there = np.take_along_axis(candidate, order, axis=1)
        hits = (np.take_along_axis(alike, order, axis=1) & there).sum(axis=1)
        askable = (alike & candidate).any(axis=1)
        found.append(hits[askable] / there[askable].sum(axis=1))
        expected.append((alike & candidate)[askable].sum(axis=1) / candidate[askable].sum(axis=1))
    precision, chance = np.concatenate([*found, []]), np.concatenate([*expected, []])
    if not len(precision):
        return Retrieval(float("nan"), float("nan"), 0)
    return Retrieval(float(precision.mean()), float(chance.mean()), len(precision))


def _groups(groups: Sequence[Any]) -> NDArray[np.int64]:
    """Return a number for every track, the same within a group; missing groups are groups of one."""
    named, known = known_labels(groups)
    numbers = np.unique(named, return_inverse=True)[1].reshape(-1)
    return np.where(known, numbers, -1 - np.arange(len(known)))
