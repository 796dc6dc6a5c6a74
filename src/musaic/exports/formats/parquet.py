"""Parquet tables: a file a part, with its types and ``track_id`` as the first column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from musaic.exports.formats.npz import write_frames
from musaic.exports.parts import Frames, Part
from musaic.exports.registry import Format, Written
from musaic.files import write_parquet


def write(folder: Path, parts: Sequence[Part]) -> Iterator[Written]:
    """Write a table a part."""
    for part in parts:
        found = part.read()
        if isinstance(found, Frames):
            yield write_frames(folder, part, found)
            continue
        file = f"{part.name}.parquet"
        write_parquet(folder / file, found)
        yield Written(file, part, tuple(map(str, found)))


FORMAT = Format("pandas.read_parquet(file); null is missing. Frames are .npz archives.", write)
