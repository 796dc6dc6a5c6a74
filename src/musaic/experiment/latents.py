"""Latents from elsewhere as an input: a file of vectors, or another run's cell; joined on ``track_id``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from musaic.errors import UsageError
from musaic.experiment.modalities import LYRICS, LatentsInput
from musaic.files import unguard
from musaic.runs import Run

TRACK_ID, LATENTS = "track_id", "latents"
GAPS = ["", "NA", "N/A", "#N/A", "NaN", "nan", "-nan", "null", "None"]
"""What stands in a table for a number that is missing."""
KINDS = (".parquet", ".csv", ".tsv", ".npz")


@dataclass(frozen=True)
class Latents:
    """Vectors from elsewhere for the tracks of a corpus.

    Parameters
    ----------
    values : ndarray of float32, shape (N, D)
        NaN for tracks that have none, or one that is not finite.
    present : ndarray of bool, shape (N,)
        Which have one.
    labels_used : tuple of str
        The labels that they were made with; known of another run only.
    of_lyrics : bool
        Whether they were made of lyrics; known of another run only.
    """

    values: np.ndarray
    present: np.ndarray
    labels_used: tuple[str, ...] = ()
    of_lyrics: bool = False


def read_latents(source: LatentsInput, track_ids: Sequence[str]) -> Latents:
    """Read vectors from elsewhere.

    Parameters
    ----------
    source : LatentsInput
        A table (Parquet, CSV, TSV: ``track_id`` and columns of numbers), an archive (``.npz``: ``track_id`` and
        ``latents`` (N, D)), or a cell of a run.
    track_ids : sequence of str, length N
        The tracks of the corpus.

    Raises
    ------
    UsageError
        Where the file cannot be read so, or has none of the tracks.
    """
    if source.cell is not None:
        table, labels_used, of_lyrics = _of_run(source)
    else:
        table, labels_used, of_lyrics = _of_file(Path(source.path)), (), False
    if not table.index.is_unique:
        twice = table.index[table.index.duplicated()][0]
        raise UsageError(f"{source.path} has track {twice!r} more than once; every track_id must stand there once.")
    found = table.reindex(list(track_ids)).to_numpy(np.float32).copy()
    present = np.isfinite(found).all(axis=1)
    if not present.any():
        raise UsageError(
            f"none of the {len(table)} tracks in {source.path} is one of the corpus (its first is {table.index[0]!r}, "
            f"the corpus's {track_ids[0]!r}); use the track_id that 'musaic corpus verify' shows."
        )
    found[~present] = np.nan
    return Latents(found, present, labels_used, of_lyrics)


def _of_run(source: LatentsInput) -> tuple[pd.DataFrame, tuple[str, ...], bool]:
    run = Run.open(source.path)
    name = run.find_cell(str(source.cell))
    cell = next(cell for cell in run.cells if cell["cell"] == name)
    if cell["status"] != "done":
        raise UsageError(f"cell {name} of {source.path} is {cell['status']}; name one that is done.")
    seed = cell["seeds"][0] if source.seed is None else source.seed
    if seed not in cell["seeds"]:
        raise UsageError(
            f"cell {name} of {source.path} has no seed {seed}; it has {', '.join(map(str, cell['seeds']))}."
        )
    of_lyrics = bool(cell.get("reads_lyrics", LYRICS in cell["modality"].split("+")))
    return run.embedding(name, seed), tuple(cell["labels_used"]), of_lyrics


def _of_file(path: Path) -> pd.DataFrame:
    """Return the vectors of a file, indexed by ``track_id``."""
    if path.suffix.lower() not in KINDS:
        raise UsageError(f"{path} is no table of latents; give one of {', '.join(KINDS)}.")
    try:
        table = _archive(path) if path.suffix.lower() == ".npz" else _table(path)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"cannot read latents from {path}: {error}.") from None
    if TRACK_ID not in table or not len(table):
        raise UsageError(f"{path} has no rows with a column 'track_id'; it says which track a vector belongs to.")
    vectors = table.set_index(table[TRACK_ID].astype(str)).drop(columns=TRACK_ID)
    words = [str(name) for name in vectors if not pd.api.types.is_numeric_dtype(vectors[name])]
    if words or not vectors.shape[1]:
        wrong = f"words in column {words[0]!r}" if words else "no columns of numbers"
        raise UsageError(f"{path} has {wrong}; beside track_id every column must be a dimension.")
    return vectors


def _table(path: Path) -> pd.DataFrame:
    if path.suffix.lower() == ".parquet":
        return pd.read_parquet(path)
    is_csv = path.suffix.lower() == ".csv"
    settings: dict[str, Any] = {"sep": "," if is_csv else "\t", "encoding": "utf-8-sig"}
    columns = pd.read_csv(path, nrows=0, **settings).columns
    # an id is a text whatever it looks like, "NA" too
    gaps = {name: GAPS for name in columns if name != TRACK_ID}
    table: pd.DataFrame = pd.read_csv(path, dtype={TRACK_ID: str}, keep_default_na=False, na_values=gaps, **settings)
    if is_csv and TRACK_ID in table:
        table[TRACK_ID] = table[TRACK_ID].map(unguard)
    return table


def _archive(path: Path) -> pd.DataFrame:
    with np.load(path, allow_pickle=False) as archive:
        ids, latents = archive[TRACK_ID], archive[LATENTS]
    if latents.ndim != 2 or len(latents) != len(ids):
        raise ValueError(f"latents have shape {latents.shape} for {len(ids)} tracks, not (tracks, dimensions)")
    table = pd.DataFrame(latents, columns=[f"z_{dim:03d}" for dim in range(latents.shape[1])])
    return table.assign(track_id=ids.astype(str))
