"""Songs that were placed in a run when it was finished, told together with its own.

What is kept of them is said in `Run.assigned`. A song that has the id of one of the run's own is that one.
"""

from __future__ import annotations

import pandas as pd

from musaic.runs import Run


def all_songs(run: Run, *columns: str) -> pd.DataFrame:
    """Return what is said of every song, of those placed in the run later too.

    Parameters
    ----------
    run : Run
        A run.
    *columns : str
        What is wanted, by the names of ``tracks.parquet``.

    Returns
    -------
    DataFrame of object
        Indexed by ``track_id``, each once: the run's songs in their order, then the others. None or NaN where nothing
        is said.
    """
    own, placed = (table.drop_duplicates("track_id").set_index("track_id") for table in (run.tracks, _placed(run)))
    tables = [table.reindex(columns=list(columns)).astype(object) for table in (own, placed)]
    return pd.concat(tables) if len(placed) else tables[0]


def placed_in(run: Run, cell: str, seed: int) -> pd.DataFrame:
    """Return the rows of `Run.assigned` of a cell and seed: one a song and clustering."""
    placed = _placed(run)
    return placed[(placed["cell"] == cell) & (placed["seed"] == seed)] if len(placed) else placed


def all_clusters(run: Run, cell: str, clustering: str, seed: int) -> pd.DataFrame:
    """Return cluster and confidence of the songs that a clustering knows, of those placed in the run later too.

    Indexed by ``track_id``; cluster -1 is noise.
    """
    table = run.clusters(cell, clustering, seed)[["cluster", "confidence"]]
    placed = placed_in(run, cell, seed)
    if placed.empty:
        return table
    own = placed[placed["clustering"] == clustering].drop_duplicates("track_id").set_index("track_id")
    return pd.concat([table, own[["cluster", "confidence"]].astype(table.dtypes.to_dict())])


def _placed(run: Run) -> pd.DataFrame:
    placed = run.assigned
    return placed if placed.empty else placed[~placed["track_id"].isin(run.tracks["track_id"])]
