"""Between which bounds a score lies: bootstrap intervals over tracks, and over seeds.

A bootstrap of tracks draws N of them with replacement. The scores see nothing but the contingency table, so what is
drawn is where each of the N lands in it, for all samples at once.

Letters: N tracks, R labels, K clusters, B bootstrap samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError
from musaic.evaluation.internal import SAMPLE
from musaic.evaluation.labels import known_labels
from musaic.evaluation.metrics import METRICS
from musaic.evaluation.tables import Counts, Tables, canonical, contingency

SCORES = ("ami", "nmi", "ari")
INTERVALS = tuple(f"{score}_{end}" for score in SCORES for end in ("low", "high"))
"""The columns that `seed_intervals` fills."""

AT_ONCE = 4_000_000
"""Drawn tracks, or cells, that are held at once."""


def seed_intervals(
    truth: Sequence[Any],
    labelings: Sequence[ArrayLike],
    *,
    level: float = 0.95,
    n_bootstrap: int = 500,
    random_state: int = 0,
) -> dict[str, float]:
    """Return between which bounds AMI, NMI and ARI lie, for tracks and seeds that could as well have been drawn.

    Parameters
    ----------
    truth : sequence, shape (N,)
        A label column; None, NaN and '' are missing and leave the scores.
    labelings : sequence of array_like of int, each of shape (N,)
        The clusters that each seed found, noise as the policy leaves it (see `musaic.evaluation.settle_noise`).
    level : float, between 0 and 1
        Share of the drawn scores within the bounds.
    n_bootstrap : int >= 1
        Samples in all, the same number for each seed, at least 100 a seed.
    random_state : int
        Same seed, same numbers, whatever the order of tracks and seeds, and the names of labels and clusters.

    Returns
    -------
    bounds : dict of str to float
        ``ami_low``, ``ami_high``, ``nmi_low``, … NaN where the score is not defined for a seed.

    Raises
    ------
    UsageError
        Where there is no labeling, lengths differ or a parameter is out of range.

    Notes
    -----
    The bootstrap is hierarchical: a seed is drawn, then tracks, so that the bounds are those of one run with one seed.
    Drawing with replacement makes copies of tracks, and a copy agrees with its original: drawn scores stand too high,
    far too high where labels and clusters are many (AMI takes N tracks for N different ones). The drawn scores of
    each seed are therefore moved so that their mean is the score that the seed has. What is bounded is the score that
    as many tracks have on average. For ARI that is also the score of very many; NMI falls with the number of tracks,
    and so does AMI a little where clusters are small, because what it takes off is what chance gives to
    labels that have nothing to do with the clusters. In simulations with 1,119 tracks and 200 samples that score was
    inside for 94 to 96 % of corpora with 10 labels and 10 or 50 clusters, and for 89 % (AMI) to 97 % (ARI) with 45
    labels and 30 clusters; with six tracks a cluster, for 86 % (AMI).
    """
    values, known = known_labels(truth)
    if not labelings or any(len(np.asarray(labels)) != len(values) for labels in labelings):
        raise UsageError(f"{len(values)} labels need one or more labelings of as many tracks; give one a seed.")
    if not 0 < level < 1 or n_bootstrap < 1:
        raise UsageError(
            f"level is {level} and n_bootstrap {n_bootstrap}; give a level between 0 and 1, samples from 1."
        )
    tables = [contingency(values[known], np.asarray(labels)[known]) for labels in labelings]
    if tables[0].shape[0] < 2:
        return dict.fromkeys(INTERVALS, float("nan"))
    each = max(-(-n_bootstrap // len(tables)), 100)
    drawn = [_moved(table, each, random_state) for table in tables]
    ends = (50 * (1 - level), 50 * (1 + level))
    bounds: dict[str, float] = {}
    for score in SCORES:
        found = np.concatenate([scores[score] for scores in drawn])
        low, high = np.percentile(found, ends).tolist() if np.isfinite(found).all() else (np.nan, np.nan)
        bounds |= {f"{score}_low": float(low), f"{score}_high": float(min(high, 1.0))}
    return bounds


def _moved(table: Tables, n_samples: int, random_state: int) -> dict[str, NDArray[np.float64]]:
    """Return the scores of drawn tables, their mean put on the score of the table itself, each of shape (B,)."""
    table = canonical(table)
    drawn: dict[str, list[NDArray[np.float64]]] = {score: [] for score in SCORES}
    for tables in draw_tables(table, n_samples, random_state):
        counts = Counts(tables)
        for score in SCORES:
            drawn[score].append(METRICS[score].function(counts))
    moved, whole = {}, Counts(table)
    for score, parts in drawn.items():
        scores, observed = np.concatenate(parts), float(METRICS[score].function(whole))
        # a sample in which all tracks have one label has no score
        scores = scores[np.isfinite(scores)]
        moved[score] = scores + (observed - scores.mean()) if len(scores) else np.full(1, np.nan)
    return moved


def draw_tables(table: Tables, n_samples: int, random_state: int) -> list[Tables]:
    """Return bootstrap samples of a contingency table, in parts of shape (at most B, R, K).

    How many tracks drawn with replacement land in each cell is multinomial. Above 20,000 tracks that is drawn at once,
    and not track by track: the same distribution, in time that does not grow with N.
    """
    n, cells = int(table.sum()), table.size
    if n > SAMPLE:
        rng, at_once = np.random.default_rng(random_state), max(AT_ONCE // cells, 1)
        sizes = [min(at_once, n_samples - start) for start in range(0, n_samples, at_once)]
        shares = table.reshape(-1) / n
        return [rng.multinomial(n, shares, size=size).reshape(size, *table.shape).astype(np.int64) for size in sizes]
    at_once = max(AT_ONCE // max(n, cells), 1)
    parts = []
    for start in range(0, n_samples, at_once):
        size = min(at_once, n_samples - start)
        # tracks cell by cell: which of a cell's is drawn makes no difference
        where = np.repeat(np.arange(cells), table.reshape(-1))[_positions(n, size, random_state, start)]
        flat = np.bincount((where + cells * np.arange(size)[:, None]).reshape(-1), minlength=size * cells)
        parts.append(flat.reshape(size, *table.shape).astype(np.int64))
    return parts


@lru_cache(maxsize=16)
def _positions(n: int, n_samples: int, random_state: int, start: int) -> NDArray[np.int32]:
    """Return which tracks are drawn, shape (B, N); the same for all clusterings of as many."""
    return np.random.default_rng([random_state, start]).integers(n, size=(n_samples, n), dtype=np.int32)
