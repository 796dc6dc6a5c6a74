"""The maps and clusterings of a cell, with a value for every song of a page, joined on ``track_id``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from musaic.files import read_json, read_parquet
from musaic.report.columns import clean, quantised, whole
from musaic.report.reading import Cell, Results
from musaic.report.songs import Songs

METHODS = ("umap", "tsne")
"""Kinds of maps, the one shown first first."""

NOISE, NOT_HERE = -1, -2
"""Codes of songs in no cluster, and of songs that a cell does not know."""


def there(results: Results, cell: Cell) -> list[dict[str, Any]]:
    """Return the clusterings of a cell whose clusters were written."""
    file = results.run.clusters_file
    return [one for one in cell.clusterings if file(cell.name, cell.seeds[0], str(one["id"])).is_file()]


def columns(results: Results, songs: Songs, cell: Cell) -> dict[str, Any]:
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
        "clusterings": {str(one["id"]): _clusters(results, songs, cell, one, placed) for one in there(results, cell)},
    }


def _placed(results: Results, songs: Songs, cell: Cell) -> pd.DataFrame:
    """Return where the songs lie in a cell that were placed when the run was finished, a row a clustering."""
    table = results.run.assigned
    if table.empty:
        return table
    return table[
        (table["cell"] == cell.name) & (table["seed"] == cell.seeds[0]) & table["track_id"].isin(songs.placed.index)
    ]


def neighbours(results: Results, songs: Songs, cell: Cell) -> dict[str, Any]:
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
