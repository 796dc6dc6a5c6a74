"""Which clustering stands for a run when two runs are compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from musaic.errors import MusaicError, UsageError, unknown
from musaic.runs import Run

Pair = str | tuple[str, str] | None
"""One value for both runs, one for each, or none: chosen by rank."""


@dataclass(frozen=True)
class Side:
    """One clustering of one run.

    Attributes
    ----------
    run : Run
        The run.
    cell, model, input : str
        Which representation.
    clustering, algorithm, space, params : str
        Which clustering of it; ``clustering`` is its full name in the run folder.
    n_clusters : float
        K; the mean over seeds where it differs.
    seed : int
        Whose clusters are compared.
    rank : int or None
        Its place on the leaderboard; None where it may not be ranked.
    remarks : str
        Why not.
    """

    run: Run
    cell: str
    model: str
    input: str
    clustering: str
    algorithm: str
    space: str
    params: str
    n_clusters: float
    seed: int
    rank: int | None
    remarks: str

    @property
    def words(self) -> str:
        """The side for a person."""
        place = (
            f"rank {self.rank}" if self.rank is not None else f"not ranked{f': {self.remarks}' * bool(self.remarks)}"
        )
        return f"{self.cell}, {self.algorithm} {self.params} in {self.space} space, seed {self.seed} ({place})"

    @cached_property
    def clusters(self) -> pd.DataFrame:
        """Cluster (-1 is noise) and confidence, indexed by ``track_id``, in order of it."""
        return self.run.clusters(self.cell, self.clustering, self.seed).sort_index()

    def plain(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        names = ("cell", "model", "input", "clustering", "algorithm", "space", "params", "n_clusters", "seed", "rank")
        return {"run": str(self.run.path), **{name: getattr(self, name) for name in names}, "remarks": self.remarks}


def open_finished(run: str | Path | Run) -> Run:
    """Open a run that has its leaderboard.

    Raises
    ------
    UsageError
        Where there is no run, or it is not finished.
    """
    found = Run.open(run.path if isinstance(run, Run) else run)
    for file in (found.tracks_file, found.cells_file, found.leaderboard_file):
        if not file.is_file():
            raise UsageError(f"{found.path} is not finished (it has no {file.name}); end it with 'musaic run' first.")
    return found


def choose_sides(
    first: Run,
    second: Run,
    *,
    cells: tuple[str | None, str | None],
    clusterings: tuple[str | None, str | None],
    seeds: tuple[int | None, int | None],
) -> tuple[Side, Side]:
    """Return what stands for either run: what was named, else the best ranked.

    Where something is left to choose, both sides take the best place (model and input, clustering and space, k; less
    what was named) that both have; where they have none in common, each takes its best.

    Raises
    ------
    UsageError
        Where a name fits nothing, or several.
    """
    tables = [_candidates(*given) for given in zip((first, second), cells, clusterings, strict=True)]
    keys = [] if any(cells) else ["model", "input"]
    keys += [] if any(clusterings) else ["clustering", "space", "n_clusters"]
    places = [_places(table, keys) for table in tables]
    shared = [place for place in places[0] if place in places[1]]
    if shared:
        # what may not be ranked comes after all that may
        orders = {place: (places[0][place], places[1][place]) for place in shared}
        best = min(shared, key=lambda place: (sum(orders[place]), max(orders[place]), str(place)))
        rows = [table.iloc[found[best]] for table, found in zip(tables, places, strict=True)]
    else:
        rows = [table.iloc[0] for table in tables]
    left, right = (_side(*given) for given in zip((first, second), rows, seeds, strict=True))
    return left, right


def _candidates(run: Run, cell: str | None, clustering: str | None) -> pd.DataFrame:
    """Return one row a clustering that may stand for a run, best first."""
    board = run.leaderboard
    if board.empty:
        raise MusaicError(f"{run.path} has no clustering to compare: none of its cells was done.")
    one = board.drop_duplicates(["cell", "clustering_id"]).reset_index(drop=True)
    ranks = board.groupby(["cell", "clustering_id"])["rank"].min()
    one["rank"] = [ranks[key] for key in zip(one["cell"], one["clustering_id"], strict=True)]
    one = one.sort_values("rank", kind="stable", na_position="last")
    if cell is not None:
        full = run.find_cell(cell)
        one = one[one["cell"] == full]
        if one.empty:
            (entry,) = (entry for entry in run.cells if entry["cell"] == full)
            why = f": {entry['reason']}" if entry.get("reason") else ""
            raise UsageError(f"cell {full} of {run.path} has no clusterings (it is {entry['status']}{why}).")
    if clustering is not None:
        one = one[one["clustering_id"].isin(_named(one, clustering))]
    return one


def _named(rows: pd.DataFrame, name: str) -> list[str]:
    """Return the clustering that is called ``name``, with its digits or without, or alone begins so."""
    params = dict(zip(rows["clustering_id"], rows["params"], strict=True))
    ways = (
        lambda full: name in (full, full.rpartition("-")[0]),
        lambda full: full.startswith(name),
        lambda full: full.partition("-")[2].startswith(name),
    )
    for way in ways:
        matches = [full for full in params if way(full)]
        if len(matches) == 1:
            return matches
        if matches:
            told = ", ".join(f"{full} ({params[full]})" for full in matches)
            raise UsageError(f"{name!r} names {len(matches)} clusterings: {told}; give more of the name.")
    raise unknown("clustering", name, params)


def _places(table: pd.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], int]:
    """Return place -> position of the best row there."""
    found: dict[tuple[Any, ...], int] = {}
    for position, values in enumerate(zip(*(table[key] for key in keys), strict=True) if keys else [()] * len(table)):
        found.setdefault(values, position)
    return found


def _side(run: Run, row: pd.Series[Any], seed: int | None) -> Side:
    (entry,) = (entry for entry in run.cells if entry["cell"] == row["cell"])
    seeds = [int(one) for one in entry["seeds"]]
    if seed is not None and seed not in seeds:
        raise UsageError(f"{run.path} has no seed {seed}; it has {', '.join(map(str, seeds))}.")
    rank, remarks = row["rank"], row["remarks"]
    return Side(
        run=run,
        cell=str(row["cell"]),
        model=str(row["model"]),
        input=str(row["input"]),
        clustering=str(row["clustering_id"]),
        algorithm=str(row["clustering"]),
        space=str(row["space"]),
        params=str(row["params"]),
        n_clusters=float(row["n_clusters"]),
        seed=seeds[0] if seed is None else seed,
        rank=int(rank) if np.isfinite(rank) else None,
        remarks=remarks if isinstance(remarks, str) else "",
    )
