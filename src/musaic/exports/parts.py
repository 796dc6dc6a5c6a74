"""What is exported, before it has a format: tables whose rows are tracks in one order, and frames.

Letters: N tracks, T frames of a track, D dimensions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from musaic.config import digest
from musaic.errors import MusaicError

MATRICES = ("latents", "variances", "features")
"""Kinds whose columns beside ``track_id`` are the dimensions of a vector."""


@dataclass(frozen=True)
class Frames:
    """A feature with a row a frame, of all tracks: the rows of track ``i`` are ``offsets[i]`` to ``offsets[i + 1]``.

    Parameters
    ----------
    track_ids : Index, length N
        The tracks, in order.
    dims : tuple of str, length D
        What the columns are.
    offsets : ndarray of int, shape (N + 1,)
        A track without frames has an empty stretch.
    track : callable
        From the number of a track to its frames, shape (T, D), float16.
    """

    track_ids: pd.Index
    dims: tuple[str, ...]
    offsets: np.ndarray
    track: Callable[[int], np.ndarray]


@dataclass(frozen=True)
class Part:
    """One thing that is exported.

    Parameters
    ----------
    kind : str
        ``latents``, ``variances``, ``labels``, ``features``, ``clusters``, ``scores`` or ``maps``.
    name : str
        What its file is called, without an ending: ``latents/<cell>/seed-0``.
    read : callable
        Gives a DataFrame, with ``track_id`` first and a row for every track where it tells of tracks; or `Frames`.
    about : mapping
        What the manifest says of it, ready for JSON: cell, seed, labels used.
    matrix : bool
        Whether the columns beside ``track_id`` are the dimensions of a vector, float32.
    """

    kind: str
    name: str
    read: Callable[[], pd.DataFrame | Frames]
    about: Mapping[str, Any] = field(default_factory=dict)
    matrix: bool = False


_WIDEST = 120  # bytes of one part of a name; file systems take 255


def safe_name(name: str) -> str:
    """Return a name that is one part of a path everywhere; with digits of its own where it was changed."""
    plain = re.sub(r"[^\w.\- ]", "_", name).strip(". ")
    short = plain.encode()[:_WIDEST].decode(errors="ignore")
    return name if short == name and short else f"{short or '_'}-{digest(name, 6)}"


def in_order(table: pd.DataFrame, order: pd.Index, what: str) -> pd.DataFrame:
    """Return a table with a row for every track, in order; a track that it lacks has missing values.

    Parameters
    ----------
    table : DataFrame
        Indexed by ``track_id``, in any order.
    order : Index, length N
        The tracks.
    what : str
        What the table is, for the message.

    Raises
    ------
    MusaicError
        Where the table has a track twice, or one that is not among them.
    """
    if not table.index.is_unique:
        raise MusaicError(f"{what} has track {table.index[table.index.duplicated()][0]!r} twice; make the run anew.")
    unknown = table.index.difference(order)
    if len(unknown):
        raise MusaicError(f"{what} has track {unknown[0]!r}, which tracks.parquet lacks; make the run anew.")
    whole = {str(name): "Int64" for name in table if pd.api.types.is_integer_dtype(table[name])}
    found = table.astype(whole).reindex(order)
    found.index.name = "track_id"
    return found.reset_index()
