"""The data of a page, made from a run folder alone: what both screens draw, search and play.

Everything is joined on ``track_id``; rows are those of `musaic.report.songs.Songs`. Columns are packed as
`musaic.report.columns` says.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from musaic.errors import unknown
from musaic.files import read_json, read_parquet
from musaic.report.columns import clean, quantised, whole
from musaic.report.reading import Cell, Results, low_coverage, number
from musaic.report.songs import Songs
from musaic.report.words import share, signed
from musaic.runs import Run

FORMAT = 1
MODES = ("report", "explore")
METHODS = ("umap", "tsne")
"""Kinds of maps, the one shown first first."""

MOST_BYTES = 4_000_000
"""Of a report's data; cells that would make it heavier stay without their columns."""

NOISE, NOT_HERE = -1, -2
"""Codes of songs in no cluster, and of songs that a cell does not know."""

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
    return _columns(results, Songs(results), found)


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
        columns = _columns(results, songs, done[place]) | _neighbours(results, songs, done[place])
        size = len(page_json(columns))
        if place == first or size <= room:
            cells[place]["columns"] = columns
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
        "decodes": trained and "log_mel" in given,
        "clusterings": [
            {
                "id": str(clustering["id"]),
                "title": clean(_title(clustering)),
                "n_clusters": clustering.get("n_clusters"),
                "best": best is not None and clustering["id"] == best["id"],
                "stability": _stability(results, cell, clustering),
            }
            for clustering in _there(results, cell)
        ],
        "columns": None,
    }


def _there(results: Results, cell: Cell) -> list[dict[str, Any]]:
    """Return the clusterings of a cell whose clusters were written."""
    file = results.run.clusters_file
    return [one for one in cell.clusterings if file(cell.name, cell.seeds[0], str(one["id"])).is_file()]


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


def _columns(results: Results, songs: Songs, cell: Cell) -> dict[str, Any]:
    """Return the maps and clusterings of a cell."""
    placed = _placed(results, songs, cell)
    maps: dict[str, dict[str, Any]] = {}
    for method in METHODS:
        file = results.run.map_file(cell.name, method)
        if file.is_file():
            written = read_parquet(file)
            table = _joined(songs, written, placed, {"x": f"x_{method}", "y": f"y_{method}"})
            maps[method] = {axis: quantised(table[axis]) for axis in ("x", "y")}
            used = str(written["method"].iloc[0]) if "method" in written and len(written) else method
            if used != method:  # too few different songs for the one that was asked for
                maps[method]["by"] = used
    return {
        "maps": maps,
        "clusterings": {str(one["id"]): _clusters(results, songs, cell, one, placed) for one in _there(results, cell)},
    }


def _placed(results: Results, songs: Songs, cell: Cell) -> pd.DataFrame:
    """Return where the songs lie in a cell that were placed when the run was finished, a row a clustering."""
    table = results.run.assigned
    if table.empty:
        return table
    return table[
        (table["cell"] == cell.name) & (table["seed"] == cell.seeds[0]) & table["track_id"].isin(songs.placed.index)
    ]


def _neighbours(results: Results, songs: Songs, cell: Cell) -> dict[str, Any]:
    """Return the rows of the songs nearest to every placed song in a cell's latent space, and how far they are."""
    placed = _placed(results, songs, cell)
    if not {"neighbours", "distances"} <= set(placed):
        return {}
    own = placed.drop_duplicates("track_id").set_index("track_id")[["neighbours", "distances"]].dropna()
    found = []
    for track_id in songs.placed.index:
        near = pd.Series(*own.loc[track_id, ["distances", "neighbours"]]) if track_id in own.index else pd.Series()
        near = near[near.index.isin(songs.ids)]
        found.append({"rows": songs.rows(list(near.index)), "distances": [round(float(far), 4) for far in near]})
    return {"neighbours": found}


def _joined(songs: Songs, table: pd.DataFrame, placed: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return columns of the run's table, called by the keys, and of placed songs, called by the values, by row."""
    parts = [table.set_index("track_id")[[name for name in names if name in table]]]
    if len(placed):
        own = placed.drop_duplicates("track_id").set_index("track_id")
        parts.append(own[list(names.values())].rename(columns={given: name for name, given in names.items()}))
    whole_table = pd.concat(parts)
    return whole_table[~whole_table.index.duplicated()].reindex(songs.ids)


def _clusters(
    results: Results, songs: Songs, cell: Cell, clustering: dict[str, Any], placed: pd.DataFrame
) -> dict[str, Any]:
    """Return the clusters of every song, and what the clusters' cards say."""
    name, seed = str(clustering["id"]), cell.seeds[0]
    own = placed[placed["clustering"] == name] if len(placed) else placed
    file = results.run.clusters_file(cell.name, seed, name)
    names = {"cluster": "cluster", "confidence": "confidence"}
    table = _joined(songs, read_parquet(file), own, names)
    confidence = (
        pd.to_numeric(table["confidence"], errors="coerce") if "confidence" in table else pd.Series(dtype=float)
    )
    codes = pd.to_numeric(table["cluster"], errors="coerce").fillna(NOT_HERE).to_numpy(np.int64)
    return {
        "codes": whole(codes),
        "confidence": quantised(confidence, levels=255) if confidence.notna().any() else None,
        "cards": _cards(results, songs, cell, name),
    }


def _cards(results: Results, songs: Songs, cell: Cell, clustering: str) -> list[dict[str, Any]]:
    """Return what the cards say, of the seed that is shown."""
    file = results.run.cards_file(cell.name, clustering)
    written = read_json(file) if file.is_file() else {}
    if written.get("seed", cell.seeds[0]) != cell.seeds[0]:
        return []
    return [
        {
            "cluster": int(card["cluster"]),
            "name": clean(card["name"]),
            "text": clean(card["text"]),
            "medoids": songs.rows([medoid["track_id"] for medoid in card.get("medoids", [])]),
            "size": int(card["size"]),
        }
        for card in written.get("cards", [])
    ]
