"""Tables as NumPy arrays that load without pickles, and the archives of them.

A column of texts is a fixed-width Unicode array, where what is missing is empty; of whole numbers or of truths an
array where it is 0 or False. A column of either kind with gaps has a second array, ``missing:<column>``, that says
which they are. Missing decimal numbers are NaN.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from musaic.errors import MusaicError
from musaic.files import atomic
from musaic.runs.archive import entry

MISSING = "missing:"
MOST_BYTES = 2**30
"""Of one column of texts; fixed width costs all of them the longest one, 4 bytes a letter."""


@dataclass(frozen=True)
class Stream:
    """An array that is written piece by piece, because it may not fit into memory.

    Parameters
    ----------
    shape : tuple of int
        Of the whole.
    dtype : dtype
        Of the numbers.
    pieces : iterator of ndarray
        What lies one after the other along the first axis.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    pieces: Iterator[NDArray[Any]]


def columns_as_arrays(table: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """Return the columns of a table as arrays, by name.

    Raises
    ------
    MusaicError
        Where a column of texts would take more than 1 GiB.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name in table:
        column, label = table[name], str(name)
        if pd.api.types.is_float_dtype(column):
            arrays[label] = column.to_numpy(np.float32 if column.dtype == np.float32 else np.float64)
            continue
        gone = column.isna().to_numpy(bool)
        if pd.api.types.is_bool_dtype(column):
            arrays[label] = column.fillna(False).to_numpy(bool)
        elif pd.api.types.is_integer_dtype(column):
            arrays[label] = column.fillna(0).to_numpy(np.int64)
        else:
            arrays[label] = texts_as_array(["" if none else str(text) for text, none in zip(column, gone, strict=True)])
        if gone.any():
            arrays[MISSING + label] = gone
    return arrays


def texts_as_array(texts: list[str]) -> NDArray[np.str_]:
    """Return texts as a fixed-width array; `MusaicError` where that would be too wide."""
    size = 4 * max(map(len, texts), default=0) * len(texts)
    if size > MOST_BYTES:
        longest = max(texts, key=len)
        raise MusaicError(
            f"a text of {len(longest):,} letters ({longest[:40]!r}…) would make a fixed-width array of "
            f"{size / 2**30:.1f} GiB; export as parquet or csv instead."
        )
    return np.array(texts, dtype=np.str_)


def as_records(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.void]:
    """Return arrays of one length as one array with a field each."""
    length = len(next(iter(arrays.values())))
    found = np.empty(length, dtype=[(name, array.dtype) for name, array in arrays.items()])
    for name, array in arrays.items():
        found[name] = array
    return found


def save_npz(path: Path, arrays: Mapping[str, NDArray[Any] | Stream]) -> None:
    """Write arrays as an ``.npz`` archive, atomically; equal arrays give equal bytes."""
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            # texts shrink, numbers hardly: they are stored as they are
            shrinks = isinstance(array, np.ndarray) and array.dtype.kind in "US"
            info = entry(f"{name}.npy", zipfile.ZIP_DEFLATED if shrinks else zipfile.ZIP_STORED)
            with archive.open(info, "w", force_zip64=True) as target:
                if isinstance(array, Stream):
                    head = {
                        "descr": np.lib.format.dtype_to_descr(array.dtype),
                        "fortran_order": False,
                        "shape": array.shape,
                    }
                    np.lib.format.write_array_header_2_0(target, head)
                    for piece in array.pieces:
                        target.write(np.ascontiguousarray(piece, array.dtype).tobytes())
                else:
                    np.lib.format.write_array(target, np.ascontiguousarray(array), allow_pickle=False)


def save_npy(path: Path, array: NDArray[Any]) -> None:
    """Write an array as an ``.npy`` file, atomically."""
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array(file, array, version=_version(array), allow_pickle=False)


def _version(array: NDArray[Any]) -> tuple[int, int] | None:
    """Return the version of the format that holds the array's field names; None for the oldest that will do."""
    names = array.dtype.names or ()
    return None if all(name.isascii() for name in names) else (3, 0)
