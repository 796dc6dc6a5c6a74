"""Placed songs, kept in their run: one file a song, to which rows are added and in which none is changed.

``assigned/<content_id>.parquet`` holds one row a cell, seed and clustering; what is said of the song stands in all of
them. `musaic.runs.Run.assigned` reads all files at once. The columns:

===============================================  =====================================================================
``track_id``                                     the song's name, ``#`` and 8 digits of its ``content_id``: the id of
                                                 no other song of the run
``content_id``                                   BLAKE2b of the file's bytes
``audio``                                        where it lay, POSIX, as seen from the run folder
``duration, start, seconds``                     s: of the file; where what was heard begins, and how long it is
``title`` … ``reason``                           as in ``tracks.parquet`` (`musaic.experiment.assigning.arriving.FACTS`)
``labels``                                       JSON: every label that is known of it, by name
``cell, seed, clustering``                       where it was placed; ``clustering`` is None where a cell has none
``cluster, confidence, name``                    -1 is noise; what the cluster's card calls it, None without a card
``x_umap, y_umap, x_tsne, y_tsne``               positions on the maps, NaN where the cell and seed have no such map
``neighbours, distances``                        lists: ``track_id`` of the nearest songs of the run in latent space,
                                                 nearest first
``latent``                                       list of float32: where it lies in latent space
===============================================  =====================================================================
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from musaic.experiment.assigning.arriving import FACTS, label_names
from musaic.files import read_parquet, write_parquet

if TYPE_CHECKING:
    from musaic.runs import Run

KEY = ("cell", "seed", "clustering")
PLACED = ("track_id", "content_id", "audio", "duration", "start", "seconds")


def keep_songs(run: Run, songs: pd.DataFrame, table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Keep the songs that have a place and are not of the run: those are on its page already.

    Parameters
    ----------
    run : Run
        Where they are kept.
    songs, table : DataFrame
        As `musaic.experiment.assigning.assigned.Assigned` has them.

    Returns
    -------
    kept : list of str
        ``track_id`` of the songs to which something was added.
    notes : list of str
        What is to be said: songs that stand otherwise than they were placed now.
    """
    kept, notes = [], []
    labels = label_names(run.tracks)
    new = songs[songs["placed"] & ~songs["in_run"].astype(bool)].drop_duplicates("content_id")
    for song in new.to_dict("records"):
        rows = table[table["content_id"] == song["content_id"]].reset_index(drop=True)
        known = {name: song[name] for name in labels if isinstance(song[name], str)}
        facts = {name: song[name] for name in (*PLACED, *FACTS)} | {"labels": json.dumps(known, ensure_ascii=False)}
        said = pd.DataFrame([facts] * len(rows))
        full = pd.concat([said, rows.drop(columns=["track_id", "content_id"])], axis=1)
        file = run.assigned_file(str(song["content_id"]))
        standing = read_parquet(file) if file.exists() else None
        if standing is not None and _differs(standing, rows):
            notes.append(f"{song['file']} stays in {run.path} as it was placed first: with other words, or labels")
        whole = full if standing is None else _joined(standing, full)
        if standing is None or len(whole) > len(standing):
            write_parquet(file, whole)
            kept.append(str(song["track_id"]))
    return kept, notes


def _joined(standing: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows that stand and those that they lack; what is said of a song is what was said first."""
    have = set(_keys(standing))
    added = rows[[key not in have for key in _keys(rows)]].reset_index(drop=True)
    said = list(standing.columns[: list(standing.columns).index(KEY[0])])
    for name in said:
        added[name] = [standing[name].iloc[0]] * len(added)
    return pd.concat([standing, added], ignore_index=True) if len(added) else standing


def _differs(standing: pd.DataFrame, rows: pd.DataFrame) -> bool:
    """Return whether rows lie elsewhere in latent space than those that stand."""
    before = dict(zip(_keys(standing), standing["latent"], strict=True))
    now = zip(_keys(rows), rows["latent"], strict=True)
    return any(key in before and not np.array_equal(before[key], latent) for key, latent in now)


def _keys(rows: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return the cell, seed and clustering of every row."""
    return [tuple(row) for row in rows[list(KEY)].astype(object).itertuples(index=False, name=None)]
