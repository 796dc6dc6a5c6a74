"""Whether a song's nearest songs in other languages are of its genre.

Letters: N tracks, D dimensions, L languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError
from musaic.evaluation.labels import group_numbers, known_labels
from musaic.evaluation.neighbours import candidates, nearest, sampled_rows

NEIGHBOURS = (1, 5, 10)


def crosslingual_neighbours(
    Z: ArrayLike,
    *,
    language: Sequence[Any],
    genre: Sequence[Any],
    groups: Sequence[Any] | None = None,
    ks: Sequence[int] = NEIGHBOURS,
    n_permutations: int = 200,
    random_state: int = 0,
) -> dict[str, Any]:
    """Return how many of a song's nearest songs in other languages have its genre, beside what chance gives.

    Parameters
    ----------
    Z : array_like, shape (N, D)
        The embedding; tracks with a value that is not finite leave.
    language, genre : sequence, length N
        None, NaN and '' are missing and leave the track out.
    groups : sequence, length N, optional
        A track of the query's own group (its artist) is no neighbour; a track without one is alone.
    ks : sequence of int >= 1
        Numbers of neighbours.
    n_permutations : int >= 1
        Shuffles of genre within each language, which leave the genres of every language as they are.
    random_state : int
        Same seed, same numbers, whatever the order of tracks.

    Returns
    -------
    record : dict
        ``across_queries``, the songs that are asked: their genre exists in another language. ``across_sampled``,
        whether only a sample of the songs was. For each k, ``across_<k>``, the mean share of the k nearest songs of
        other languages that have the song's genre; ``across_<k>_chance``, its mean over shuffles; ``across_<k>_p``, the
        share of shuffles, the observed counted as one, that reach it. NaN where nobody can be asked.

    Raises
    ------
    UsageError
        Where lengths differ, or a k or ``n_permutations`` is below 1.
    """
    Z = np.asarray(Z, dtype=np.float64)
    if Z.ndim != 2 or any(len(c) != len(Z) for c in (language, genre, groups) if c is not None):
        raise UsageError(f"an embedding of shape {Z.shape} and its labels differ in length; give one for every track.")
    if n_permutations < 1 or any(k < 1 for k in ks):
        raise UsageError(f"n_permutations is {n_permutations} and ks {tuple(ks)}; give whole numbers from 1.")
    tongue, known = known_labels(language)
    style, labelled = known_labels(genre)
    rows = np.flatnonzero(known & labelled & np.isfinite(Z).all(axis=1))
    if Z.shape[1]:
        # an order of their own for the tracks: the shuffles, too, must not depend on the given one
        rows = rows[np.lexsort([style[rows], tongue[rows], *Z[rows].T[::-1]])]
    place = np.unique(tongue[rows], return_inverse=True)[1]
    kind = np.unique(style[rows], return_inverse=True)[1]
    group = group_numbers(groups, len(Z))[rows]
    queries = sampled_rows(len(rows), random_state)
    pairs: dict[int, list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]]] = {k: [] for k in ks}
    for ask, distance in candidates(Z[rows], queries, group, place, "across"):
        for k in ks:
            weights = nearest(distance, k)
            query, candidate = np.nonzero(weights)
            share = weights[query, candidate] / weights.sum(axis=1)[query]
            pairs[k].append((ask[query], candidate, share))
    elsewhere = _elsewhere(kind, place)
    asked = int(elsewhere[kind, place][queries].sum())
    record: dict[str, Any] = {"across_queries": asked, "across_sampled": len(queries) < len(rows)}
    if not asked:
        return record | {f"across_{k}{end}": np.nan for k in ks for end in ("", "_chance", "_p")}
    joined = {k: tuple(np.concatenate(parts) for parts in zip(*found, strict=True)) for k, found in pairs.items()}
    shares: dict[int, list[float]] = {k: [] for k in ks}
    for labels in chain([kind], _shuffles(kind, place, n_permutations, random_state)):
        askable = elsewhere[labels, place][queries].sum()
        for k, (query, candidate, share) in joined.items():
            shares[k].append(float(share[labels[query] == labels[candidate]].sum() / askable))
    for k, (observed, *null) in shares.items():
        p_value = (1 + sum(value >= observed - 1e-12 for value in null)) / (1 + n_permutations)
        record |= {f"across_{k}": observed, f"across_{k}_chance": float(np.mean(null)), f"across_{k}_p": p_value}
    return record


def _elsewhere(kind: NDArray[np.intp], place: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return whether a genre exists in a language other than this one, shape (genres, L)."""
    counts = np.zeros((kind.max(initial=-1) + 1, place.max(initial=-1) + 1), dtype=np.int64)
    np.add.at(counts, (kind, place), 1)
    return np.asarray(counts.sum(axis=1, keepdims=True) > counts)


def _shuffles(
    kind: NDArray[np.intp], place: NDArray[np.intp], n_permutations: int, random_state: int
) -> Iterator[NDArray[np.intp]]:
    """Yield genres shuffled within each language."""
    rng = np.random.default_rng(random_state)
    by_place = np.argsort(place, kind="stable")
    languages = np.split(by_place, np.bincount(place).cumsum()[:-1])
    for _ in range(n_permutations):
        labels = np.empty_like(kind)
        for rows in languages:  # without a sort, which two hundred times of a million tracks takes minutes
            labels[rows] = rng.permutation(kind[rows])
        yield labels
