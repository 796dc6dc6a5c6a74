"""CSV tables in UTF-8: a file a part, with ``track_id`` as the first column.

What is missing is an empty field. A text that a spreadsheet would take for a formula has a ``'`` before it; so has one
that begins with ``'`` and would then be taken for one, so that taking one ``'`` away (`musaic.files.unguard`) gives
every text back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from musaic.exports.formats.npz import write_frames
from musaic.exports.parts import Frames, Part
from musaic.exports.registry import Format, Written
from musaic.files import guard, write_text


def write(folder: Path, parts: Sequence[Part]) -> Iterator[Written]:
    """Write a table a part."""
    for part in parts:
        found = part.read()
        if isinstance(found, Frames):
            yield write_frames(folder, part, found)
            continue
        file = f"{part.name}.csv"
        write_text(folder / file, as_csv(found))
        yield Written(file, part, tuple(map(str, found)))


def as_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV with lines that end with a line feed."""
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    safe = table.assign(**{str(name): pd.Series(map(guard, table[name]), table.index, object) for name in texts})
    return str(safe.rename(columns=guard).to_csv(index=False, lineterminator="\n"))


FORMAT = Format(
    "pandas.read_csv(file, keep_default_na=False, na_values=['']); an empty field is missing. A text that begins with "
    "=, +, -, @, a tab or a carriage return has a ' before it, so that spreadsheets take it for no formula. Frames are "
    ".npz archives.",
    write,
)
