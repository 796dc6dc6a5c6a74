"""Which row stands first, and which rows may not stand in the ranking at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LEAST_COVERAGE = 0.5
"""A clustering that leaves more than half of the tracks out is not ranked."""


def honest(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows may be ranked: the label was not seen, the posterior says something, half is clustered."""
    bad = rows["leaked"].astype(bool) | rows["collapsed"].astype(bool) | ~(rows["coverage"] >= LEAST_COVERAGE)
    return np.asarray(~bad, dtype=bool)


def rank(rows: pd.DataFrame, rank_by: Sequence[str] = ("genre", "language")) -> pd.DataFrame:
    """Return the rows of a leaderboard, the best honest one first, with the column ``rank`` filled in.

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
        collapsed and low-coverage rows come after all honest ones and have none.
    """
    if rows.empty:
        return rows.copy()
    table = rows.reset_index(drop=True)
    good = honest(table)
    fair = table[good]
    by = [label for label in rank_by if fair.loc[fair["label"] == label, "ami"].notna().any()]
    identity = list(zip(table["cell"], table["clustering_id"], table["noise_policy"], strict=True))
    merits = {key: _merit(fair[[identity[row] == key for row in fair.index]], by) for key in dict.fromkeys(identity)}
    order = sorted(merits, key=lambda key: (tuple(-value for value in merits[key]), key))
    ranked = [key for key in order if np.isfinite(merits[key][0])]
    place = {key: position for position, key in enumerate(order)}
    label_place = {label: position for position, label in enumerate(rank_by)}
    sorting = sorted(
        range(len(table)),
        key=lambda row: (
            not good[row],
            place[identity[row]],
            label_place.get(str(table["label"][row]), len(label_place)),
            str(table["label"][row]),
        ),
    )
    table["rank"] = [
        ranked.index(key) + 1 if fine and key in ranked else None for key, fine in zip(identity, good, strict=True)
    ]
    table["rank"] = table["rank"].astype("Int64")
    return table.iloc[sorting].reset_index(drop=True)


def _merit(rows: pd.DataFrame, by: Sequence[str]) -> tuple[float, ...]:
    """Return what one clustering is ordered by, greatest first; what it lacks is minus infinity."""
    if by:
        values = [rows.loc[rows["label"] == label, "ami"].mean() for label in by]
    else:
        values = [rows[name].astype(float).mean() for name in ("stability", "silhouette_ref", "silhouette")]
        # one seed has no stability; it is then the silhouette that counts
        if len(rows) and np.isnan(values[0]) and np.isfinite(values[1:]).any():
            values[0] = -1.0
    return tuple(float(value) if np.isfinite(value) else -np.inf for value in values)
