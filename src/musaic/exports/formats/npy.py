"""NumPy arrays: a file a part, and beside it one that says which track a row is.

Vectors are an array (N, D); tables an array with a field a column, as `musaic.exports.arrays` lays them out. An array
has no names for its rows: ``<file>-track_ids.json`` holds ``track_id`` and ``columns``, in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from musaic.exports.arrays import as_records, columns_as_arrays, save_npy
from musaic.exports.formats.npz import write_frames
from musaic.exports.parts import Frames, Part
from musaic.exports.registry import Format, Written
from musaic.files import write_json


def write(folder: Path, parts: Sequence[Part]) -> Iterator[Written]:
    """Write an array a part."""
    for part in parts:
        found = part.read()
        if isinstance(found, Frames):
            yield write_frames(folder, part, found)
            continue
        if part.matrix:
            array = found.drop(columns="track_id").to_numpy(np.float32)
        else:
            array = as_records(columns_as_arrays(found))
        file, columns = f"{part.name}.npy", [str(name) for name in found]
        save_npy(folder / file, array)
        yield Written(file, part, tuple(columns))
        if "track_id" in found:
            beside = f"{part.name}-track_ids.json"
            told = columns[1:] if part.matrix else columns
            write_json(folder / beside, {"track_id": found["track_id"].tolist(), "columns": told})
            yield Written(beside, part)


FORMAT = Format(
    "numpy.load(file, allow_pickle=False). Vectors: an array (N, D). Tables: an array with a field a column; "
    "missing:<column> says where a text or a whole number is missing, a missing decimal is NaN. The rows' track_id and "
    "the columns' names stand in <file>-track_ids.json, in order; frames are .npz archives.",
    write,
)
