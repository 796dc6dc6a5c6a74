"""Which cell, clustering, seed and cluster of a run is meant: what was named, else what the leaderboard puts first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from musaic.errors import UsageError, unknown
from musaic.files import read_json
from musaic.listening.words import fold
from musaic.runs import Run


def opened(run: Run | str | Path) -> Run:
    """Return a run that is given as itself or by its folder."""
    return run if isinstance(run, Run) else Run.open(run)


def choose_cell(run: Run, cell: str | None = None) -> str:
    """Return the full name of a cell; by default that of the best honest row of the leaderboard.

    Raises
    ------
    UsageError
        Where nothing is called so, or the run is not finished and nothing was named.
    """
    if cell is not None:
        return run.find_cell(cell)
    if not run.leaderboard_file.is_file() or run.leaderboard.empty:
        raise UsageError(f"{run.path} has no leaderboard to choose a cell by; name one of its cells.")
    return str(run.leaderboard["cell"].iloc[0])


def choose_seed(run: Run, cell: str, seed: int | None = None) -> int:
    """Return a seed of a cell; by default its first.

    Raises
    ------
    UsageError
        Where the cell was not made with that seed.
    """
    seeds = [int(one) for one in _entry(run, cell)["seeds"]]
    if seed is None:
        return seeds[0]
    if seed not in seeds:
        raise UsageError(f"cell {cell} has no seed {seed}; it has {', '.join(map(str, seeds))}.")
    return seed


def choose_clustering(run: Run, cell: str, clustering: str | None = None) -> str:
    """Return the id of a clustering of a cell; by default that of the cell's best row on the leaderboard.

    Parameters
    ----------
    run : Run
        A run.
    cell : str
        A cell's full name.
    clustering : str, optional
        An id, with its digits or without, or the beginning of one or of an algorithm's name if only one begins so.

    Raises
    ------
    UsageError
        Where the cell has no clusterings, or none or several are called so.
    """
    ids = [str(one["id"]) for one in _entry(run, cell).get("clusterings") or []]
    if not ids:
        raise UsageError(f"cell {cell} has no clusterings; name another cell, or add one with 'musaic cluster'.")
    if clustering is None:
        board = run.leaderboard if run.leaderboard_file.is_file() else pd.DataFrame({"cell": [], "clustering_id": []})
        best = [str(name) for name in board.loc[board["cell"] == cell, "clustering_id"] if name in ids]
        return (best or ids)[0]
    ways = (
        lambda full: clustering in (full, full.rpartition("-")[0]),
        lambda full: full.startswith(clustering),
        lambda full: full.partition("-")[2].startswith(clustering),
    )
    for way in ways:
        matches = [full for full in ids if way(full)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            told = ", ".join(matches)
            raise UsageError(f"{clustering!r} names {len(matches)} clusterings: {told}; give more of the name.")
    raise unknown("clustering", clustering, ids)


def cluster_names(run: Run, cell: str, clustering: str, seed: int) -> dict[int, str]:
    """Return what the cards of a clustering call its clusters; nothing for a seed that has no cards."""
    file = run.cards_file(cell, clustering)
    cards = read_json(file) if file.is_file() else {}
    return {int(card["cluster"]): str(card["name"]) for card in cards["cards"]} if cards.get("seed") == seed else {}


def choose_cluster(clusters: pd.DataFrame, names: dict[int, str], given: int | str) -> int:
    """Return the number of the cluster that is meant; -1 is noise.

    Parameters
    ----------
    clusters : DataFrame
        Column ``cluster``, as `Run.clusters` gives it.
    names : dict of int to str
        What cards call them.
    given : int or str
        A number; or a card's name, or the part of one that no other has. Case does not matter.

    Raises
    ------
    UsageError
        Where there is no such cluster, or several are called so.
    """
    numbers = sorted({int(number) for number in clusters["cluster"]})
    told = str(given).strip()
    if told.lstrip("-").isdecimal():
        if int(told) not in numbers:
            raise UsageError(f"there is no cluster {int(told)}; there are {_list(numbers, names)}.")
        return int(told)
    known = {number: fold(name) for number, name in names.items() if number in numbers}
    wanted = fold(told)
    exact = [number for number, name in known.items() if name == wanted]
    matches = exact or [number for number, name in known.items() if wanted and wanted in name]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise UsageError(f"{told!r} names {len(matches)} clusters: {_list(matches, names)}; give the number of one.")
    raise UsageError(f"no cluster is called {told!r}; there are {_list(numbers, names)}.")


def _list(numbers: list[int], names: dict[int, str]) -> str:
    return ", ".join(f"{number} ({names[number]})" if number in names else str(number) for number in numbers)


def _entry(run: Run, cell: str) -> dict[str, Any]:
    """Return what cells.json says of a cell."""
    return next(entry for entry in run.cells if entry["cell"] == cell)
