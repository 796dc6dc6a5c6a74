"""The data of a page, made from a run folder alone: what both screens draw, search and play.

Everything is joined on ``track_id``; rows are those of `musaic.report.songs.Songs`. Columns are packed as
`musaic.report.columns` says.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from musaic.errors import unknown
from musaic.report.cells import METHODS, columns, neighbours, there
from musaic.report.columns import clean
from musaic.report.reading import Cell, Results, low_coverage, number
from musaic.report.songs import Songs
from musaic.report.words import share, signed
from musaic.runs import Run

FORMAT = 1
MODES = ("report", "explore")
MOST_BYTES = 4_000_000
"""Of a report's data; cells that would make it heavier stay without their columns."""

DECODED = {"log_mel", "mfcc"}
"""Features that a model decodes into sound."""

ALGORITHMS = {
    "kmeans": "K-Means",
    "gmm": "Gaussian mixture",
    "agglomerative": "agglomerative",
    "spectral": "spectral",
    "dbscan": "DBSCAN",
    "hdbscan": "HDBSCAN",
    "vade": "VaDE’s own mixture",
}


def dataset(
    run: Run,
    *,
    mode: str,
    corpus: str | Path | None = None,
    page: Path | None = None,
    most_bytes: int = MOST_BYTES,
) -> dict[str, Any]:
    """Return the data of a page of one run.

    Parameters
    ----------
    run : Run
        A run folder; what it lacks, the page lacks.
    mode : {"report", "explore"}
        For a file that holds everything, with the songs' addresses relative to it; or for a page that asks a server for
        sound and for the columns of a cell.
    corpus : str or Path, optional
        Where the corpus lies now, if it was moved.
    page : Path, optional
        Where the report will lie; the run's ``report.html`` where nothing is said.
    most_bytes : int
        Of a report's data as `page_json` writes it. The cell that the page opens with is there whatever it weighs; of
        the others, ``columns`` is None where there is no room.

    Returns
    -------
    dict
        ``format``, ``mode`` and ``runs``, ready for `page_json`.

    Raises
    ------
    UsageError
        Where the mode is none, or ``corpus`` is not there.
    MusaicError
        Where a table of the run is damaged.
    """
    if mode not in MODES:
        raise unknown("mode", mode, MODES)
    results = Results(run.path)
    songs = Songs(results)
    cells = [_cell(results, cell) for cell in results.done]
    first = _first(results, cells)
    seeds = run.experiment.get("seeds")
    described = {
        "name": clean(str(run.experiment.get("name") or run.path.resolve().name)),
        "n": len(songs.ids),
        "verdict": clean(signed(results.verdict or "")),
        "seeds": seeds if isinstance(seeds, list) else sorted({seed for cell in results.cells for seed in cell.seeds}),
        "songs": songs.described(mode=mode, corpus=corpus, page=page or run.report_file),
        "labels": songs.labels(),
        "descriptors": songs.descriptors(),
        "cells": cells,
        "first": first,
        "assigned": {"n": len(songs.placed)},
    }
    whole_page = {"format": FORMAT, "mode": mode, "runs": [described]}
    if mode == "report":
        _fill(results, songs, cells, first, most_bytes - len(page_json(whole_page)))
    return whole_page


def cell_columns(run: Run, cell: str) -> dict[str, Any]:
    """Return the maps and clusterings of a cell, first seed, with a value for every song of the run.

    Parameters
    ----------
    run : Run
        A run folder.
    cell : str
        A cell's full name.

    Returns
    -------
    dict
        ``maps``: by method, columns ``x`` and ``y``, missing for songs that the cell does not know, and ``by``, the
        method that made the map where it is another one. ``clusterings``:
        by id, ``codes`` (-1 noise, -2 not in this cell), ``confidence`` (or None) and ``cards``.

    Raises
    ------
    UsageError
        Where the run has no such finished cell.
    MusaicError
        Where a table of it is damaged.
    """
    results = Results(run.path)
    found = results.cell(cell)
    if found is None or not found.done:
        raise unknown("cell", cell, [each.name for each in results.done])
    return columns(results, Songs(results), found)


def song_ids(run: Run) -> list[str]:
    """Return the ``track_id`` of every row of the page's data."""
    return [str(track_id) for track_id in Songs(Results(run.path)).ids]


def page_json(data: Any) -> str:
    """Return JSON in ASCII that may stand in a script element: no ``<`` ends it, no name of a song is markup."""
    return json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _fill(results: Results, songs: Songs, cells: list[dict[str, Any]], first: int, room: int) -> None:
    """Give cells their columns, the one that the page opens with before all others, as long as there is room."""
    done = results.done
    for place in sorted(range(len(cells)), key=lambda place: place != first):
        described = columns(results, songs, done[place]) | neighbours(results, songs, done[place])
        size = len(page_json(described))
        if place == first or size <= room:
            cells[place]["columns"] = described
            room -= size


def _cell(results: Results, cell: Cell) -> dict[str, Any]:
    """Return what is said of a cell, without its columns."""
    best = results.clustering(cell)
    run, seed = results.run, cell.seeds[0]
    given = cell.data.get("input") or []
    model = run.model_folder(cell.name, seed)
    trained = (model / "history.csv").is_file() and (model / "model.safetensors").is_file()
    return {
        "cell": cell.name,
        "title": clean(cell.title),
        "model": cell.model,
        "collapsed": bool(cell.data.get("collapsed")),
        "leaked": [str(label) for label in cell.data.get("labels_used") or []],
        "remarks": _remarks(results, cell),
        "seed": seed,
        "methods": [method for method in METHODS if run.map_file(cell.name, method).is_file()],
        "decodes": trained and bool(DECODED & set(given)),
        "clusterings": [
            {
                "id": str(clustering["id"]),
                "title": clean(_title(clustering)),
                "n_clusters": clustering.get("n_clusters"),
                "best": best is not None and clustering["id"] == best["id"],
                "stability": _stability(results, cell, clustering),
            }
            for clustering in there(results, cell)
        ],
        "columns": None,
    }


def _first(results: Results, cells: list[dict[str, Any]]) -> int:
    """Return the cell to open with: of those with a map, the one with the best honest row; else the first."""
    places = {cell["cell"]: place for place, cell in enumerate(cells) if cell["methods"]}
    honest: list[str] = list(results.honest.get("cell", []))
    return next((places[name] for name in [*honest, *places] if name in places), 0)


def _remarks(results: Results, cell: Cell) -> list[str]:
    """Return in sentences why a cell's rows may not be believed."""
    found = []
    if cell.data.get("collapsed"):
        found.append("Its posterior has collapsed: the latent dimensions say next to nothing about a song.")
    if seen := cell.data.get("labels_used"):
        found.append(f"Its latents have seen {', '.join(map(str, seen))}: that clusters agree with it is no finding.")
    row = results.best_row(cell)
    if row is not None and low_coverage(row):
        found.append(f"Its best clustering covers only {share(row.get('coverage'))} of the songs; it is not ranked.")
    if row is None and len(results.leaderboard):
        found.append("None of its clusterings was scored.")
    return [clean(sentence) for sentence in found]


def _title(clustering: dict[str, Any]) -> str:
    """Return what a clustering is called: ``K-Means, 11 (labels:genre)``."""
    algorithm = str(clustering.get("algorithm", ""))
    params, space, n = str(clustering.get("params") or ""), clustering.get("space", "latent"), clustering["n_clusters"]
    how = re.search(rf"\bn_clusters={n}\b(?: (\([^)]*\)))?", params)
    rest = params.replace(how.group(0), "") if how else params
    name = f"{ALGORITHMS.get(algorithm, algorithm)}, {n}" + (f" {how.group(1)}" if how and how.group(1) else "")
    others = [part for part in rest.split(", ") if part]
    return ", ".join([name, *others] + ([f"in {space}"] if space != "latent" else []))


def _stability(results: Results, cell: Cell, clustering: dict[str, Any]) -> float | None:
    """Return the agreement of a clustering's seeds, or None where it is not known."""
    board = results.leaderboard
    if not {"cell", "clustering_id", "stability"} <= set(board):
        return None
    rows = board[(board["cell"] == cell.name) & (board["clustering_id"] == clustering["id"])]
    return next((found for value in rows["stability"] if (found := number(value)) is not None), None)
