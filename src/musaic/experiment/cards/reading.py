"""What a run knows of the songs of one clustering, joined on ``track_id`` and in the order of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from musaic.corpus.corpus import FIRST_LABELS
from musaic.corpus.languages import language_code
from musaic.corpus.rows import RESERVED
from musaic.errors import MusaicError, UsageError, unknown
from musaic.files import read_parquet
from musaic.lyrics.terms import TermCounts, count_terms
from musaic.runs import Run

MOST_VALUES = 60
"""A further label column with more values than this names songs, not groups of them."""

Column = Sequence[str | None]


@dataclass(frozen=True, eq=False)
class Songs:
    """The songs of one clustering, by ``track_id``.

    Parameters
    ----------
    track_ids : tuple of str, length N
        In ascending order; all else is in this order.
    clusters, confidence : ndarray, shape (N,)
        As the clustering gave them.
    labelings : dict of int to ndarray, shape (N,)
        The clusters of every seed.
    latents : ndarray, shape (N, D)
        Posterior means.
    descriptors : DataFrame, shape (N, P)
        Numbers, the mode as 1 for major and 0 for minor; NaN where one is not known.
    labels : dict of str to sequence of str or None
        Label columns.
    artists : sequence of str or None
        Who sings.
    terms : TermCounts
        The words of the lyrics.
    """

    track_ids: tuple[str, ...]
    clusters: NDArray[np.int64]
    confidence: NDArray[np.float64]
    labelings: Mapping[int, NDArray[np.int64]]
    latents: NDArray[np.float64]
    descriptors: pd.DataFrame
    labels: Mapping[str, Column]
    artists: Column
    terms: TermCounts


def full_cell_name(run: Run, cell: str) -> str:
    """Return a cell's full name; that of its folder needs no ``cells.json``, which a run writes last."""
    return cell if (run.path / "clusters" / cell).is_dir() else run.find_cell(cell)


def read_songs(run: Run, cell: str, clustering: str, seed: int | None) -> tuple[int, Songs]:
    """Return the seed (the run's first where none is given) and the songs.

    Raises
    ------
    UsageError
        Where there is no such clustering or seed.
    MusaicError
        Where the run's tables do not belong together.
    """
    seeds = [n for n in run.experiment["seeds"] if run.clusters_file(cell, n, clustering).is_file()]
    if not seeds:
        there = {path.stem for path in (run.path / "clusters" / cell).glob("seed-*/*.parquet")}
        raise unknown("clustering", clustering, there)
    if seed is None:
        seed = seeds[0]
    if seed not in seeds:
        raise UsageError(f"{cell} has no clustering {clustering} of seed {seed}; seeds: {', '.join(map(str, seeds))}.")
    tables = {n: read_parquet(run.clusters_file(cell, n, clustering)).set_index("track_id") for n in seeds}
    index = tables[seed].index.sort_values()
    tracks = run.tracks.set_index("track_id")
    table = read_parquet(run.embedding_file(cell, seed)).set_index("track_id")
    latents = table[[name for name in table if str(name).startswith("z_")]]
    for name, other in (
        ("tracks.parquet", tracks),
        ("the embedding", latents),
        *((f"seed {n}", t) for n, t in tables.items()),
    ):
        if missing := set(index).difference(other.index):
            raise MusaicError(
                f"{name} of {run.path} lacks {min(missing)!r}, which {clustering} of {cell} holds; "
                "run the experiment again with --force to make it anew."
            )
    own = tables[seed].loc[index]
    songs = Songs(
        track_ids=tuple(index),
        clusters=own["cluster"].to_numpy(np.int64),
        confidence=own["confidence"].to_numpy(np.float64),
        labelings={n: table["cluster"].loc[index].to_numpy(np.int64) for n, table in tables.items()},
        latents=latents.loc[index].to_numpy(np.float64),
        descriptors=_numbers(run.descriptors.set_index("track_id").reindex(index)),
        labels=_labels(tracks.loc[index]),
        artists=_text(tracks.loc[index], "artist"),
        terms=_terms(tracks, index),
    )
    return seed, songs


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the descriptors that are numbers, and the mode as one."""
    if "mode" in table:
        table = table.assign(mode=table["mode"].map({"major": 1.0, "minor": 0.0}).astype(np.float64))
    return table.select_dtypes("number").astype(np.float64)


def _labels(tracks: pd.DataFrame) -> dict[str, Column]:
    """Return the label columns that group the songs, language and genre first."""
    further = [str(name) for name in tracks if name not in RESERVED and 2 <= tracks[name].nunique() <= MOST_VALUES]
    there = [name for name in FIRST_LABELS if name in tracks and tracks[name].notna().any()]
    return {name: _text(tracks, name) for name in (*there, *further)}


def _text(tracks: pd.DataFrame, name: str) -> Column:
    """Return a column of text, None where nothing is known; all None where the table has no such column."""
    if name not in tracks:
        return [None] * len(tracks)
    return [value if isinstance(value, str) else None for value in tracks[name]]


def _terms(tracks: pd.DataFrame, index: pd.Index[str]) -> TermCounts:
    """Return the words of the lyrics; all songs of the run are counted once, whatever clustering asks."""
    tracks = tracks.sort_index()
    detected, labelled = _text(tracks, "language_detected"), _text(tracks, "language")
    languages = tuple(
        code if code and code != "und" else (language_code(label) if label else None)
        for code, label in zip(detected, labelled, strict=True)
    )
    counts = _counted(tuple(_text(tracks, "lyrics")), languages)
    return counts if len(index) == len(tracks) else counts.take(tracks.index.get_indexer(index).tolist())


@lru_cache(maxsize=2)
def _counted(texts: tuple[str | None, ...], languages: tuple[str | None, ...]) -> TermCounts:
    return count_terms(texts, languages)
