"""What became of songs that were placed in a run: tables for people who compute, plain data for those who read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from musaic.experiment.mapping import MAPS
from musaic.runs import Run


@dataclass(frozen=True)
class Assigned:
    """Songs placed in a run.

    Parameters
    ----------
    run : Run
        The run.
    songs : DataFrame
        One row a file, in the order given: ``file``, as it was given; ``track_id``; ``content_id``, None where the
        file could not be read; ``in_run``, whether it is a song of the run; ``placed``, whether any cell has a place
        for it; ``audio``, as seen from the run folder; ``duration, start, seconds`` (s); and what
        `musaic.experiment.assigning.arriving.FACTS` names, ``status`` and ``reason`` among it.
    table : DataFrame
        One row a song, cell and clustering: ``track_id, content_id, cell, seed, clustering, cluster, confidence, name,
        x_umap, y_umap, x_tsne, y_tsne, neighbours, distances, latent`` (see `musaic.experiment.assigning.keeping`).
        Files with the same bytes are one song.
    left_out : dict of str to str
        The cells that have no place for new songs, and why.
    kept : tuple of str
        The ``track_id`` of the songs that were added to the run's folder, or had rows added there.
    notes : tuple of str
        Sentences for the person who asked.
    """

    run: Run
    songs: pd.DataFrame
    table: pd.DataFrame
    left_out: dict[str, str]
    kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return all of it but the latents as JSON-ready data."""
        songs = []
        for song in self.songs.drop(columns="lyrics").to_dict("records"):
            rows = self.table[self.table["track_id"] == song["track_id"]] if song["placed"] else self.table[:0]
            songs.append({str(key): _plain(value) for key, value in song.items()} | {"cells": _cells(rows)})
        return {
            "run": str(self.run.path),
            "songs": songs,
            "left_out": self.left_out,
            "kept": list(self.kept),
            "notes": list(self.notes),
        }


def _cells(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of one song by cell, JSON-ready."""
    found = []
    for (cell, _), own in rows.groupby(["cell", "seed"], sort=False):
        first = own.iloc[0]
        maps = {method: [_plain(first[f"{axis}_{method}"]) for axis in "xy"] for method in MAPS}
        found.append(
            {
                "cell": cell,
                "seed": int(first["seed"]),
                "maps": {method: point for method, point in maps.items() if None not in point},
                "neighbours": [
                    {"track_id": track, "distance": float(distance)}
                    for track, distance in zip(first["neighbours"], first["distances"], strict=True)
                ],
                "clusterings": [
                    {name: _plain(row[name]) for name in ("clustering", "cluster", "confidence", "name")}
                    for row in own.to_dict("records")
                    if row["clustering"] is not None
                ],
            }
        )
    return found


def _plain(value: Any) -> Any:
    """Return a value of a table as JSON has it: what is not known is null."""
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value
