"""The scores of two runs side by side, with the interval of their difference where it can be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from musaic.evaluation.contenders import Contender
from musaic.evaluation.noise import NOISE
from musaic.evaluation.paired import paired_bootstrap
from musaic.experiment.annotations import known_apart, label_values
from musaic.experiment.compare.sides import Side
from musaic.experiment.modalities import LYRICS
from musaic.progress import Reporter
from musaic.runs import Run

MOST_INTERVALS = 8
"""Rows whose difference gets an interval: those that are compared, then the best; each takes a second or more."""

WITHOUT_SD = ("silhouette_ref", "calinski_harabasz_ref", "davies_bouldin_ref", "stability", "coverage")
"""Scores of a clustering that have no standard deviation beside them."""

_SAME = (
    ("cell", "clustering_id"),
    ("slug", "clustering_id"),
    ("slug", "clustering", "space", "params"),
)
"""What makes two rows one and the same, strictest first; each counts only where it names one row on either side."""


def side_by_side(
    first: Side,
    second: Side,
    tracks: tuple[pd.DataFrame, pd.DataFrame],
    common: pd.Index[str],
    *,
    n_bootstrap: int,
    random_state: int,
    reporter: Reporter,
) -> pd.DataFrame:
    """Return one row a pair of leaderboard rows and score: the clusterings that are compared first, then the best.

    Parameters
    ----------
    first, second : Side
        What is compared; every row that both leaderboards have comes after it.
    tracks : pair of DataFrame
        The corpora, indexed by ``track_id``.
    common : Index
        Tracks of both, in order.
    n_bootstrap : int >= 0
        Samples for the interval of a difference in AMI; 0 for none.

    Returns
    -------
    scores : DataFrame
        ``cell_first, cell_second, clustering_first, clustering_second, label, compared, remarks, score, first,
        first_sd, first_low, first_high, second, …, difference`` (second − first) and, for AMI, ``on_common, low,
        high``: the difference on the tracks that both have, with its 95 % interval from a paired bootstrap over tracks
        and seeds.
    """
    boards = tuple(_rows(side.run) for side in (first, second))
    pairs = _pairs(first, second, boards)
    names = [str(name) for name in boards[0] if f"{name}_sd" in boards[0]]
    names = [name for name in dict.fromkeys((*names, *WITHOUT_SD)) if all(name in board for board in boards)]
    known = [set(board.index[board["ami"].notna()]) for board in boards]
    scored = [pair for pair in pairs if pair[0] in known[0] and pair[1] in known[1]]
    asked = scored[:MOST_INTERVALS] if n_bootstrap else []
    records: list[dict[str, Any]] = []
    with reporter.bar("intervals", len(asked)) as advance:
        for pair in pairs:
            rows = boards[0].loc[pair[0]], boards[1].loc[pair[1]]
            interval: Mapping[str, float] = {}
            if pair in asked:
                interval = _interval((first.run, second.run), rows, tracks, common, n_bootstrap, random_state)
                advance(1)
            records += _records(rows, names, pair[2], interval)
    return pd.DataFrame(records, columns=_COLUMNS)


_COLUMNS = [
    *("cell_first", "cell_second", "clustering_first", "clustering_second", "label", "compared", "remarks", "score"),
    *(f"{side}{end}" for side in ("first", "second") for end in ("", "_sd", "_low", "_high")),
    *("difference", "on_common", "low", "high"),
]


def _rows(run: Run) -> pd.DataFrame:
    board = run.leaderboard.copy()
    board["slug"] = [str(cell).rpartition("-")[0] for cell in board["cell"]]
    for name in ("label", "remarks"):
        board[name] = [value if isinstance(value, str) else "" for value in board[name]]
    return board


def _pairs(first: Side, second: Side, boards: tuple[pd.DataFrame, ...]) -> list[tuple[Any, Any, bool]]:
    """Return which row goes with which, and whether they are those of the clusterings that are compared."""
    chosen = [
        board[(board["cell"] == side.cell) & (board["clustering_id"] == side.clustering)]
        for side, board in zip((first, second), boards, strict=True)
    ]
    pairs = dict(_join(chosen[0], chosen[1], ["label", "noise_policy"]))
    compared = set(pairs)
    left, right = (board.drop(index=rows.index) for board, rows in zip(boards, chosen, strict=True))
    for keys in _SAME:
        found = _join(left, right, [*keys, "label", "noise_policy"])
        pairs |= found
        left, right = left.drop(index=list(found)), right.drop(index=list(found.values()))
    ahead = sorted(pairs, key=lambda i: (i not in compared, bool(boards[0].at[i, "remarks"]), i))
    return [(i, pairs[i], i in compared) for i in ahead]


def _join(left: pd.DataFrame, right: pd.DataFrame, keys: list[str]) -> dict[Any, Any]:
    """Return row of the left -> row of the right, where keys are equal and name one row on either side."""
    sides = [
        {key: rows for key, rows in board.groupby(keys).groups.items() if len(rows) == 1} for board in (left, right)
    ]
    return {rows[0]: sides[1][key][0] for key, rows in sides[0].items() if key in sides[1]}


def _records(
    rows: tuple[pd.Series[Any], ...], names: Sequence[str], compared: bool, interval: Mapping[str, float]
) -> list[dict[str, Any]]:
    first, second = rows
    remarks = "; ".join(dict.fromkeys(part for row in rows for part in row["remarks"].split("; ") if part))
    common = {
        "cell_first": first["cell"],
        "cell_second": second["cell"],
        "clustering_first": first["clustering_id"],
        "clustering_second": second["clustering_id"],
        "label": first["label"],
        "compared": compared,
        "remarks": remarks,
    }
    records = []
    for name in names:
        values = {
            f"{side}{end}": _number(row.get(f"{name}{end}"))
            for side, row in (("first", first), ("second", second))
            for end in ("", "_sd", "_low", "_high")
        }
        if np.isfinite([values["first"], values["second"]]).any():
            more = interval if name == "ami" else {}
            difference = values["second"] - values["first"]
            records.append({**common, "score": name, **values, "difference": difference, **more})
    return records


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float | np.number) else float("nan")


def _interval(
    runs: tuple[Run, Run],
    rows: tuple[pd.Series[Any], ...],
    tracks: tuple[pd.DataFrame, pd.DataFrame],
    common: pd.Index[str],
    n_bootstrap: int,
    random_state: int,
) -> dict[str, float]:
    """Return the difference in AMI on common tracks and its interval; nothing where it cannot be had.

    Two sides with the same clusters differ by nothing in any sample.
    """
    sides = [_contender(run, row, common) for run, row in zip(runs, rows, strict=True)]
    for row, side in zip(rows, sides, strict=True):
        noisy = any((clusters == NOISE).any() for clusters in side.labelings.values())
        if noisy and row["noise_policy"] != "keep":
            return {}  # which cluster noise was counted with is not on disk
    label = str(rows[0]["label"])
    judged = [_truth(row, table, label, common) for row, table in zip(rows, tracks, strict=True)]
    # a track that the two runs label differently can judge neither
    truth = [a if a == b else None for a, b in zip(*judged, strict=True)]
    masks = [side.present for side in sides if side.present is not None]
    present = np.logical_and.reduce(masks).tolist()
    if len({value for value, here in zip(truth, present, strict=True) if here} - {None}) < 2:
        return {}
    if _same_clusters(*sides):
        return {"on_common": 0.0, "low": 0.0, "high": 0.0}
    difference, low, high = paired_bootstrap(
        sides[1], sides[0], truth, n_bootstrap=n_bootstrap, random_state=random_state
    )
    return {"on_common": difference, "low": low, "high": high}


def _same_clusters(first: Contender, second: Contender) -> bool:
    a, b = first.labelings, second.labelings
    return a.keys() == b.keys() and all(np.array_equal(a[seed], b[seed]) for seed in a)


def _contender(run: Run, row: pd.Series[Any], common: pd.Index[str]) -> Contender:
    (entry,) = (entry for entry in run.cells if entry["cell"] == row["cell"])
    tables = {seed: run.clusters(row["cell"], row["clustering_id"], seed)["cluster"] for seed in entry["seeds"]}
    found = {seed: table.reindex(common) for seed, table in tables.items()}
    return Contender(
        cell=str(row["cell"]),
        model=str(row["model"]),
        input=str(row["input"]),
        clustering=str(row["clustering"]),
        space=str(row["space"]),
        n_clusters=float(row["n_clusters"]),
        labelings={seed: clusters.fillna(NOISE).to_numpy(np.int64) for seed, clusters in found.items()},
        present=np.logical_and.reduce([clusters.notna().to_numpy() for clusters in found.values()]),
    )


def _truth(row: pd.Series[Any], tracks: pd.DataFrame, label: str, common: pd.Index[str]) -> list[str | None]:
    """Return a label as a row was held against it: a language read from lyrics does not judge what reads lyrics."""
    values = label_values(tracks.reindex(common), label)
    if LYRICS not in str(row["modality"]).split("+") or "language_source" not in tracks:
        return values
    return known_apart(label, values, list(tracks["language_source"].reindex(common)))[0]
