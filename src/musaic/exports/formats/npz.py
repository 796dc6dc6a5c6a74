"""NumPy archives: a file a part, with ``track_id`` inside.

Vectors: ``track_id`` (N,), ``columns`` (D,) and one array (N, D) that is called what it is: ``latents``, ``variances``
or ``features``. Tables: an array a column. Frames: ``values`` (sum T, D) and ``offsets`` (N + 1,).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musaic.exports.arrays import Stream, columns_as_arrays, save_npz, texts_as_array
from musaic.exports.parts import Frames, Part
from musaic.exports.registry import Format, Written


def write(folder: Path, parts: Sequence[Part]) -> Iterator[Written]:
    """Write an archive a part."""
    for part in parts:
        found = part.read()
        if isinstance(found, Frames):
            yield write_frames(folder, part, found)
            continue
        arrays: dict[str, NDArray[Any] | Stream]
        if part.matrix:
            vectors = found.drop(columns="track_id")
            arrays = {
                "track_id": texts_as_array(found["track_id"].tolist()),
                "columns": texts_as_array([str(name) for name in vectors]),
                part.kind: vectors.to_numpy(np.float32),
            }
        else:
            arrays = dict(columns_as_arrays(found))
        file = f"{part.name}.npz"
        save_npz(folder / file, arrays)
        yield Written(file, part, tuple(map(str, found)))


def write_frames(folder: Path, part: Part, frames: Frames) -> Written:
    """Write frames, track by track: they need not fit into memory. In every format they are such an archive."""
    shape = (int(frames.offsets[-1]), len(frames.dims))
    pieces = (frames.track(row) for row in range(len(frames.track_ids)))
    file = f"{part.name}.npz"
    save_npz(
        folder / file,
        {
            "track_id": texts_as_array(frames.track_ids.tolist()),
            "columns": texts_as_array(list(frames.dims)),
            "offsets": frames.offsets.astype(np.int64),
            "values": Stream(shape, np.dtype(np.float16), pieces),
        },
    )
    return Written(file, part, frames.dims)


FORMAT = Format(
    "numpy.load(file, allow_pickle=False). Vectors: arrays track_id (N,), columns (D,) and one called latents, "
    "variances or features (N, D). Tables: an array a column; missing:<column> says where a text or a whole number is "
    "missing, a missing decimal is NaN.",
    write,
)
