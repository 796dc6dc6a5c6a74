"""What every latent dimension goes with, and where reconstruction is worse.

Letters: N tracks, Z latent dimensions, K values of a label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError
from musaic.evaluation.labels import known_labels

LEAST = 10
"""Tracks from which an association is given; below, its p-value would be a fiction."""

COLUMNS = ("dim", "name", "kind", "association", "p_value", "q_value", "n")


def associations(
    codes: ArrayLike,
    *,
    descriptors: Mapping[str, ArrayLike] | None = None,
    labels: Mapping[str, Sequence[Any]] | None = None,
) -> pd.DataFrame:
    """Return how closely every latent dimension goes with every descriptor and label.

    Parameters
    ----------
    codes : array_like, shape (N, Z)
        Latents.
    descriptors : mapping of str to array_like, shape (N,), optional
        Numbers such as the tempo; None and NaN are missing and leave the track out of that descriptor.
    labels : mapping of str to sequence, length N, optional
        Names such as the genre; None, NaN and '' are missing.

    Returns
    -------
    table : DataFrame
        One row a pair, in the order given: ``dim``; ``name``; ``kind`` ('descriptor' or 'label'); ``association``;
        ``p_value``; ``q_value``; ``n``, the tracks it rests on. An association is NaN where there is none to speak
        of: fewer than 10 tracks, or a dimension, descriptor or label that never changes (a label also where no value
        comes twice).

    Raises
    ------
    UsageError
        Where lengths differ or a value is not a finite number.

    Notes
    -----
    Both kinds look at ranks, so that no outlier and no stretching of a dimension counts. For a descriptor it is
    Spearman's rho, -1 to 1, with the p-value of Student's t. For a label it is the correlation ratio η² of the ranks
    (the share of their variance between the values of the label), less what chance gives it, (K - 1) / (N - 1), and
    scaled so that 1 stays 1: 0 is chance, and a little below is possible. Its p-value is that of Kruskal and Wallis,
    whose statistic is (N - 1) η². The q-values are Benjamini and Hochberg's over all pairs: the rows with q up to 0.05
    hold about 5 % false ones.
    """
    from scipy.stats import false_discovery_control

    Z = read_codes(codes)
    rows: list[tuple[int, str, str, float, float, float, int]] = []
    for name, numbers in (descriptors or {}).items():
        values = read_numbers(name, numbers, len(Z))
        known = np.isfinite(values)
        found = _spearman(Z[known], values[known])
        rows += _rows(name, "descriptor", found, int(known.sum()))
    for name, column in (labels or {}).items():
        check_length(name, column, len(Z))
        text, known = known_labels(column)
        found = _correlation_ratio(Z[known], text[known])
        rows += _rows(name, "label", found, int(known.sum()))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    there = table["p_value"].notna().to_numpy()
    if there.any():
        table.loc[there, "q_value"] = false_discovery_control(table.loc[there, "p_value"].to_numpy(), method="bh")
    return table


def error_by_label(
    errors: ArrayLike,
    labels: Sequence[Any],
    *,
    level: float = 0.95,
    n_bootstrap: int = 1000,
    random_state: int = 0,
) -> pd.DataFrame:
    """Return the mean reconstruction error of the tracks of every label.

    Parameters
    ----------
    errors : array_like, shape (N,)
        One number a track; a track whose error is None or NaN is left out.
    labels : sequence, length N
        None, NaN and '' are missing and leave the track out.
    level : float, between 0 and 1
        Share of bootstrap means within the interval.
    n_bootstrap : int >= 1
        Samples of tracks, with replacement, within a label.
    random_state : int
        Same seed, same numbers, whatever the order of tracks and whatever other labels there are.

    Returns
    -------
    table : DataFrame
        One row a value: ``label``, ``n``, ``mean``, ``sd`` (NaN for one track), ``low``, ``high`` (percentiles of the
        bootstrap means; NaN for one track).

    Raises
    ------
    UsageError
        Where lengths differ, an error is not a finite number, or a parameter is out of range.
    """
    if not 0 < level < 1 or n_bootstrap < 1:
        raise UsageError(
            f"level is {level} and n_bootstrap {n_bootstrap}; give a level between 0 and 1, samples from 1."
        )
    check_length("labels", labels, len(np.atleast_1d(np.asarray(errors, dtype=object))))
    values = read_numbers("errors", errors, len(labels))
    text, known = known_labels(labels)
    known &= np.isfinite(values)
    rows = []
    for label in np.unique(text[known]).tolist():
        own = np.sort(values[known & (text == label)])
        n, sd, low, high = len(own), np.nan, np.nan, np.nan
        if n > 1:
            rng = np.random.default_rng(random_state)
            means = [own[rng.integers(n, size=n)].mean() for _ in range(n_bootstrap)]
            sd = float(own.std(ddof=1))
            low, high = np.percentile(means, (50 * (1 - level), 50 * (1 + level))).tolist()
        rows.append((label, n, float(own.mean()), sd, low, high))
    return pd.DataFrame(rows, columns=["label", "n", "mean", "sd", "low", "high"])


def read_codes(codes: ArrayLike) -> NDArray[np.float64]:
    """Check latents: shape (N, Z), finite, not empty; raise `UsageError` otherwise."""
    try:
        Z = np.asarray(codes, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError("codes hold values that are not numbers; give an array (tracks, dimensions).") from None
    if Z.ndim != 2 or 0 in Z.shape:
        raise UsageError(f"codes have shape {Z.shape}; they must be (tracks, dimensions), not empty.")
    bad = np.flatnonzero(~np.isfinite(Z).all(axis=1))
    if len(bad):
        raise UsageError(f"codes of row {bad[0]} are not finite; leave out tracks that have no embedding.")
    return Z


def read_numbers(name: str, values: ArrayLike, n_tracks: int) -> NDArray[np.float64]:
    """Check a column of numbers, one a track, None and NaN missing (both NaN here); raise `UsageError` otherwise."""
    try:
        column = pd.Series(np.asarray(values).tolist(), dtype=object)
        numbers = column.where(column.notna(), np.nan).to_numpy(dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{name!r} holds values that are not numbers; give it as a label, or in numbers.") from None
    check_length(name, numbers, n_tracks)
    bad = np.flatnonzero(np.isinf(numbers))
    if len(bad):
        raise UsageError(f"{name!r} is infinite in row {bad[0]}; give a number, or NaN where it is missing.")
    return numbers


def check_length(name: str, values: Sequence[Any] | NDArray[Any], n_tracks: int) -> None:
    """Raise `UsageError` where a column has not one value a track."""
    if len(values) != n_tracks:
        raise UsageError(f"{name!r} has {len(values)} values for {n_tracks} tracks; give one for every track.")


def _rows(
    name: str, kind: str, found: tuple[NDArray[np.float64], NDArray[np.float64]], n: int
) -> list[tuple[int, str, str, float, float, float, int]]:
    pairs = enumerate(zip(*(part.tolist() for part in found), strict=True))
    return [(dim, name, kind, association, p, float("nan"), n) for dim, (association, p) in pairs]


def _ranks(Z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return mean ranks of every column, centred and of length 1; NaN where a column never changes."""
    from scipy.stats import rankdata

    ranks = rankdata(Z, axis=0)
    ranks -= ranks.mean(axis=0)
    length = np.linalg.norm(ranks, axis=0)
    return np.asarray(ranks / np.where(length > 0, length, np.nan))


def _spearman(Z: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from scipy.stats import t

    n = len(Z)
    if n < LEAST:
        return _nothing(Z)
    rho = np.clip(_ranks(values[:, None])[:, 0] @ _ranks(Z), -1, 1)
    with np.errstate(divide="ignore"):
        statistic = np.abs(rho) * np.sqrt((n - 2) / (1 - rho**2))
    return rho, np.asarray(2 * t.sf(statistic, n - 2))


def _correlation_ratio(
    Z: NDArray[np.float64], labels: NDArray[np.str_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from scipy.stats import chi2

    n = len(Z)
    _, group, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    K = len(sizes)
    if n < LEAST or not 1 < K < n:
        return _nothing(Z)
    totals = np.eye(K)[group].T @ _ranks(Z)  # (K, Z)
    ratio = np.minimum((totals**2 / sizes[:, None]).sum(axis=0), 1)
    chance = (K - 1) / (n - 1)
    return (ratio - chance) / (1 - chance), np.asarray(chi2.sf((n - 1) * ratio, K - 1))


def _nothing(Z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.full(Z.shape[1], np.nan), np.full(Z.shape[1], np.nan)
