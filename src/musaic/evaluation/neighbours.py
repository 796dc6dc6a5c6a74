"""Whether the nearest songs are alike: of one genre or theme, within a language and across languages.

Letters: N tracks, D dimensions, Q queries that can be asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError
from musaic.evaluation.internal import SAMPLE
from musaic.evaluation.labels import group_numbers, known_labels

FEWEST = 1000
"""Tracks that are asked at least, where a sample is."""

AT_ONCE = 8_000_000
"""Distances that are held at once, which bounds the memory."""


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
    sampled : bool
        Whether only a sample of the tracks was asked (all others are still candidates).
    """

    precision: float
    chance: float
    n_queries: int
    sampled: bool = False


def neighbour_precision(
    Z: ArrayLike,
    labels: Sequence[Any],
    *,
    k: int = 10,
    domains: Sequence[Any] | None = None,
    where: Literal["anywhere", "within", "across"] = "anywhere",
    groups: Sequence[Any] | None = None,
    metric: Literal["euclidean", "cosine"] = "euclidean",
    random_state: int = 0,
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
    random_state : int
        For the sample of queries above 20,000 tracks.

    Raises
    ------
    UsageError
        Where ``domains`` are needed and not given.

    Notes
    -----
    Queries without any candidate of their label are not asked: nobody could answer them. Where the k-th
    distance is that of several candidates, each of them counts in part, so that the order of tracks does not show.
    """
    if where != "anywhere" and domains is None:
        raise UsageError(f"where={where!r} needs domains; give one for every track, such as its language.")
    named, known = known_labels(labels)
    places, placed = known_labels(domains) if where != "anywhere" and domains is not None else (named, known)
    rows = np.flatnonzero(known & placed)
    # numbers, which are compared a hundred times as fast as names
    label, domain = (np.unique(names[rows], return_inverse=True)[1] for names in (named, places))
    group = group_numbers(groups, len(named))[rows]
    X, back = _directions(np.asarray(Z, dtype=np.float64)[rows], metric)
    label, domain, group = label[back], domain[back], group[back]
    found, expected = [], []
    queries = sampled_rows(len(rows), random_state)
    for ask, distance in candidates(X, queries, group, domain, where):
        candidate = np.isfinite(distance)
        alike = (label[ask, None] == label) & candidate
        weights = nearest(distance, k)
        askable = alike.any(axis=1)
        found.append((weights * alike)[askable].sum(axis=1) / weights[askable].sum(axis=1))
        expected.append(alike[askable].sum(axis=1) / candidate[askable].sum(axis=1))
    precision, chance = np.concatenate([*found, []]), np.concatenate([*expected, []])
    sampled = len(queries) < len(rows)
    if not len(precision):
        return Retrieval(float("nan"), float("nan"), 0, sampled)
    return Retrieval(float(precision.mean()), float(chance.mean()), len(precision), sampled)


def sampled_rows(n: int, random_state: int = 0) -> NDArray[np.intp]:
    """Return the rows that are asked: all up to 20,000; of more as many as take no longer than those, or 1,000."""
    if n <= SAMPLE:
        return np.arange(n)
    return np.sort(np.random.default_rng(random_state).permutation(n)[: max(SAMPLE**2 // n, min(FEWEST, SAMPLE))])


def candidates(
    X: NDArray[np.float64],
    queries: NDArray[np.intp],
    group: NDArray[np.int64],
    domain: NDArray[Any],
    where: Literal["anywhere", "within", "across"],
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Yield queries, a part at a time, and their squared distances to all tracks; infinite where no candidate."""
    if not len(X):
        return
    X = X - X.mean(axis=0)
    scale = np.sqrt((X**2).sum(axis=1).mean())
    X = X / scale if scale > 0 else X
    squares = (X**2).sum(axis=1)
    step = max(AT_ONCE // max(len(X), 1), 1)
    for start in range(0, len(queries), step):
        ask = queries[start : start + step]
        # equal distances must be so after rounding too, or ties would be decided by it
        distance = np.round(squares[ask, None] + squares - 2 * X[ask] @ X.T, 9)
        candidate = group[ask, None] != group
        if where != "anywhere":
            candidate &= (domain[ask, None] == domain) == (where == "within")
        yield ask, np.where(candidate, distance, np.inf)


def nearest(distance: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Return the weight of every candidate among the k nearest of a query, shape of ``distance``.

    1 for the nearest, 0 for the others; candidates at the k-th distance share what is left of k. A query with fewer
    than k candidates has them all.
    """
    if k >= distance.shape[1]:
        return np.isfinite(distance).astype(np.float64)
    farthest = np.partition(distance, k - 1, axis=1)[:, k - 1 : k]
    nearer, tied = distance < farthest, (distance == farthest) & np.isfinite(farthest)
    left = k - nearer.sum(axis=1, keepdims=True)
    return np.asarray(nearer + tied * (left / np.maximum(tied.sum(axis=1, keepdims=True), 1)))


def _directions(
    Z: NDArray[np.float64], metric: Literal["euclidean", "cosine"]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return tracks, of length 1 where only their direction counts, in an order of their own, and that order."""
    X = Z / np.maximum(np.linalg.norm(Z, axis=1, keepdims=True), 1e-12) if metric == "cosine" else Z
    order = np.lexsort(X.T[::-1]) if X.shape[1] else np.arange(len(X))
    return X[order], order
