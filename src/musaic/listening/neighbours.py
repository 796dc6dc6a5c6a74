"""The songs nearest to a song, in latent space and never on a two-dimensional map, which cannot keep distances."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from musaic.errors import UsageError
from musaic.listening.choice import opened
from musaic.listening.space import Metric, check_metric, read_space
from musaic.runs import Run


def neighbours(
    run: Run | str | Path,
    cell: str | None,
    track_id: str,
    k: int = 12,
    seed: int | None = None,
    *,
    metric: Metric = "euclidean",
    among: Collection[str] | None = None,
) -> pd.DataFrame:
    """Return the songs nearest to a song.

    Parameters
    ----------
    run : Run, str or Path
        A run or its folder.
    cell : str or None
        A cell's name, or the beginning of one if only one begins so; None for that of the best honest row.
    track_id : str
        The song.
    k : int >= 1
        How many; all others where there are fewer.
    seed : int, optional
        One of the cell's seeds; its first by default.
    metric : {'euclidean', 'cosine'}
        What near means between posterior means.
    among : collection of str, optional
        Only these songs are looked at, such as those that can be heard; by default all of the cell, those that were
        placed in it later among them.

    Returns
    -------
    DataFrame
        Columns ``track_id`` and ``distance``, nearest first, equally near ones by ``track_id``; without the song
        itself. Exact up to 20,000 songs. Of more, Euclidean neighbours are those of the graph that the run was
        clustered on (`musaic.graph`), where it has one with so many of them; all others are exact.

    Raises
    ------
    UsageError
        Where there is no such cell, seed, song or metric, or ``k`` is below 1.
    MusaicError
        Where the cell has no latents.
    """
    check_metric(metric)
    if k < 1:
        raise UsageError(f"{k} neighbours were asked for; ask for at least 1.")
    space = read_space(opened(run), cell, seed)
    row = space.row(track_id)
    allowed = None if among is None else space.among(among)
    rows, distances = space.neighbours(row, k, metric=metric, allowed=allowed)
    return pd.DataFrame({"track_id": space.track_ids[rows], "distance": distances})
