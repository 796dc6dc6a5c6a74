"""Which row stands first, and which rows may not stand in the ranking at all."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LEAST_COVERAGE = 0.5
"""A clustering that leaves more than half of the tracks out is not ranked."""

_Key = tuple[str, str, str]


def remarks(row: Mapping[Any, Any]) -> list[str]:
    """Return why a row may not be ranked: ``leaked``, ``collapsed``, ``low coverage``; nothing for an honest row."""
    reasons = {
        "leaked": bool(row["leaked"]),
        "collapsed": bool(row["collapsed"]),
        "low coverage": not row["coverage"] >= LEAST_COVERAGE,
    }
    return [reason for reason, holds in reasons.items() if holds]


def honest(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows may be ranked: the label was not seen, the posterior says something, half is clustered."""
    return np.array([not remarks(row) for row in rows.to_dict("records")], dtype=bool)


def rank(rows: pd.DataFrame, rank_by: Sequence[str] = ("genre", "language")) -> pd.DataFrame:
    """Return the rows of a leaderboard, the best honest one first, with ``rank`` and ``remarks`` filled in.

    Parameters
    ----------
    rows : DataFrame
        As `musaic.evaluation.table.summarise` returns them.
    rank_by : sequence of str
        Label columns: clusterings are ordered by their mean AMI over seeds on the first, ties by the second, and so
        on. Where none of them has a score, by stability, then by silhouette in the reference space.

    Returns
    -------
    rows : DataFrame
        ``rank`` counts clusterings (a cell × clustering) from 1 and stands on each of their honest rows; leaked,
        collapsed and low-coverage rows come after all honest ones, have none, and ``remarks`` says why.
    """
    if rows.empty:
        return rows.copy()
    good = honest(rows)
    entries = rows.to_dict("records")
    keys = [(str(entry["cell"]), str(entry["clustering_id"]), str(entry["noise_policy"])) for entry in entries]
    fair: dict[_Key, list[dict[Hashable, Any]]] = {key: [] for key in keys}
    for entry, key, fine in zip(entries, keys, good, strict=True):
        if fine:
            fair[key].append(entry)
    scored = {entry["label"] for found in fair.values() for entry in found if np.isfinite(entry["ami"])}
    by = [label for label in rank_by if label in scored]
    merits = {key: _merit(found, by) for key, found in fair.items()}
    order = sorted(merits, key=lambda key: (tuple(-value for value in merits[key]), key))
    place = {key: position for position, key in enumerate(order)}
    ranked = {key for key in order if np.isfinite(merits[key][0])}
    labels = {label: position for position, label in enumerate(rank_by)}

    def position(row: int) -> tuple[bool, int, int, str]:
        label = str(entries[row]["label"])
        return not good[row], place[keys[row]], labels.get(label, len(labels)), label

    sequence = sorted(range(len(rows)), key=position)
    result = rows.iloc[sequence].reset_index(drop=True)
    ranks = [place[keys[row]] + 1 if good[row] and keys[row] in ranked else None for row in sequence]
    result["rank"] = pd.array(ranks, dtype="Int64")
    result["remarks"] = ["; ".join(remarks(row)) for row in result.to_dict("records")]
    return result


def _merit(rows: Sequence[Mapping[Hashable, Any]], by: Sequence[str]) -> tuple[float, ...]:
    """Return what one clustering is ordered by, greatest first; what it lacks is minus infinity."""
    if by:
        found = {row["label"]: float(row["ami"]) for row in rows}
        values = [found.get(label, np.nan) for label in by]
    else:
        values = [float(rows[0][name]) if rows else np.nan for name in ("stability", "silhouette_ref", "silhouette")]
        # one seed has no stability; it is then the silhouette that counts
        if np.isnan(values[0]) and np.isfinite(values[1:]).any():
            values[0] = -1.0
    return tuple(value if np.isfinite(value) else -np.inf for value in values)
