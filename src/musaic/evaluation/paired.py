"""Two clusterings on the same resampled tracks: how far their difference can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musaic.errors import UsageError
from musaic.evaluation.contenders import Contender, ami_of, codes_of, numbered, seen_by
from musaic.evaluation.internal import SAMPLE
from musaic.evaluation.intervals import AT_ONCE
from musaic.evaluation.tables import Counts, ami


def paired_bootstrap(
    first: Contender,
    second: Contender,
    truth: Sequence[Any],
    *,
    level: float = 0.95,
    n_bootstrap: int = 500,
    random_state: int = 0,
) -> tuple[float, float, float]:
    """Return the difference in AMI (mean over seeds) and its interval over resampled tracks and seeds.

    Both contenders are scored on the same resampled tracks each time. Seeds are drawn anew on either side, so that a
    lucky handful of them does not pass for a better model. A resampled track agrees with its copies, which lifts the
    AMI of many small cells more than that of few large ones; the drawn differences are moved so that their mean is
    the difference that was observed.

    Raises
    ------
    UsageError
        Where no labelled track is common to both.
    """
    return bootstrap(first, second, codes_of(truth), level=level, n_bootstrap=n_bootstrap, random_state=random_state)


def bootstrap(
    first: Contender, second: Contender, codes: NDArray[np.int64], *, level: float, n_bootstrap: int, random_state: int
) -> tuple[float, float, float]:
    """Return what `paired_bootstrap` does, for labels that are numbers already, -1 where one is missing."""
    known = seen_by(first, codes) & seen_by(second, codes)
    if not known.any():
        raise UsageError(f"{first.cell} and {second.cell} have no labelled track in common; nothing can be compared.")
    labels = numbered(codes[known])
    sides = [[numbered(np.asarray(c.labelings[seed])[known]) for seed in sorted(c.labelings)] for c in (first, second)]
    # songs in an order of their own, so that the given one has no part in what is drawn
    order = np.lexsort([clusters for side in reversed(sides) for clusters in reversed(side)] + [labels])
    labels, sides = labels[order], [[clusters[order] for clusters in side] for side in sides]
    drawn_at_once = len(labels) > SAMPLE
    counts = np.ones(len(labels), dtype=np.int64)
    if drawn_at_once:
        # songs that nobody tells apart are drawn together: how many of each kind come is multinomial
        table, counts = np.unique(np.stack([labels, *sides[0], *sides[1]], axis=1), axis=0, return_counts=True)
        labels, middle = table[:, 0], len(sides[0]) + 1
        sides = [list(table[:, 1:middle].T), list(table[:, middle:].T)]
    n = int(counts.sum())
    rng = np.random.default_rng(random_state)
    seeds = [rng.integers(len(side), size=(n_bootstrap, len(side))) for side in sides]
    scores = [np.empty((n_bootstrap, len(side))) for side in sides]
    widest = max(len(labels), (labels.max() + 1) * (max(clusters.max() for side in sides for clusters in side) + 1))
    at_once = max(AT_ONCE // int(widest), 1)
    for start in range(0, n_bootstrap, at_once):
        part = slice(start, min(start + at_once, n_bootstrap))
        size = part.stop - part.start
        if drawn_at_once:
            weights, sample = rng.multinomial(n, counts / n, size=size), np.tile(np.arange(len(labels)), (size, 1))
        else:
            weights, sample = None, rng.integers(len(labels), size=(size, len(labels)))
        for side, found in zip(sides, scores, strict=True):
            for seed, clusters in enumerate(side):
                found[part, seed] = _drawn_amis(labels, clusters, sample, weights)
    means = [np.take_along_axis(*pair, axis=1).mean(axis=1) for pair in zip(scores, seeds, strict=True)]
    drawn = means[0] - means[1]
    drawn = drawn[np.isfinite(drawn)]
    observed = [
        np.mean([ami_of(np.repeat(labels, counts), np.repeat(clusters, counts)) for clusters in side]) for side in sides
    ]
    difference = float(observed[0] - observed[1])
    if not len(drawn):
        return difference, float("nan"), float("nan")
    low, high = np.percentile(drawn + (difference - drawn.mean()), (50 * (1 - level), 50 * (1 + level)))
    return difference, float(low), float(high)


def _drawn_amis(
    labels: NDArray[np.intp],
    clusters: NDArray[np.intp],
    sample: NDArray[np.int64],
    weights: NDArray[np.int64] | None,
) -> NDArray[np.float64]:
    """Return the AMI of resampled tracks, each as often as its weight says, one for every row of ``sample``."""
    R, K = int(labels.max()) + 1, int(clusters.max()) + 1
    where = (labels * K + clusters)[sample] + R * K * np.arange(len(sample))[:, None]
    often = None if weights is None else weights.reshape(-1)
    tables = np.bincount(where.reshape(-1), weights=often, minlength=len(sample) * R * K).reshape(-1, R, K)
    return ami(Counts(tables.astype(np.int64)))
