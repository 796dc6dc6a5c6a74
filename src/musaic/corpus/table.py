"""A table read into text: CSV and TSV in any encoding and with any separator, or Parquet."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from musaic.corpus.text import decode, nfc
from musaic.corpus.walk import TABLE_SUFFIXES
from musaic.errors import UsageError

SEPARATORS = ",;\t|"
BIGGEST_CELL = 1 << 27  # characters; the csv module's own limit is less than one long text


@dataclass(frozen=True)
class Table:
    """A table of text.

    Parameters
    ----------
    name : str
        What to call it in messages.
    columns : tuple of str
        Names as written, stripped, each different from the others whatever the case.
    rows : tuple of dict
        By case-folded column name: the text, or None where a cell is empty.
    notes : tuple of str
        What was odd about it.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, str | None], ...]
    notes: tuple[str, ...] = ()


def read_table(path: Path) -> Table:
    """Read a table.

    Raises
    ------
    UsageError
        Where it is not there, cannot be read as a table, or has no rows.
    """
    kind = path.suffix.casefold()
    if kind not in TABLE_SUFFIXES:
        raise UsageError(f"{path} is not a table that can be read; save it as {', '.join(TABLE_SUFFIXES)}.")
    try:
        table = _read_parquet(path) if kind in (".parquet", ".pq") else _read_text(path)
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror or error}; check the path and its permissions."
        ) from None
    if not table.rows:
        raise UsageError(f"{path} has no rows; a table needs a line of column names and one line a track.")
    return table


def _read_text(path: Path) -> Table:
    text = decode(path.read_bytes())
    previous = csv.field_size_limit(BIGGEST_CELL)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text, path)))
    except csv.Error as error:
        raise UsageError(
            f"{path} cannot be read as a table ({error}); save it again as UTF-8 CSV or Parquet."
        ) from None
    finally:
        csv.field_size_limit(previous)
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    if not lines:
        raise UsageError(f"{path} is empty; a table needs a line of column names and one line a track.")
    columns = _distinct(lines[0])
    longer = sum(len(line) > len(columns) for line in lines[1:])
    notes = (
        (f"{path.name}: {longer} rows have more cells than there are columns; the rest was left out",) if longer else ()
    )
    names = [name.casefold() for name in columns]
    rows = []
    for line in lines[1:]:
        cells = [cell.strip() or None for cell in line[: len(names)]]
        rows.append(dict(zip(names, cells + [None] * (len(names) - len(cells)), strict=True)))
    return Table(path.name, columns, tuple(rows), notes)


def _separator(text: str, path: Path) -> str:
    """Return what stands between the names of the first line, outside quotes, most often."""
    if path.suffix.casefold() in (".tsv", ".tab"):
        return "\t"
    head = next((line for line in text.split("\n") if line.strip()), "")
    bare = "".join(head.split('"')[::2])
    counts = {separator: bare.count(separator) for separator in SEPARATORS}
    return max(SEPARATORS, key=lambda separator: counts[separator])


def _read_parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        data = pq.read_table(path)
    except (pa.ArrowException, ValueError) as error:
        cause = str(error).splitlines()[0].rstrip(".")
        raise UsageError(f"{path} cannot be read as Parquet ({cause}); write it again, or save it as CSV.") from None
    columns = _distinct(data.column_names)
    values = [[_cell(value) for value in column.to_pylist()] for column in data.columns]
    names = [name.casefold() for name in columns]
    rows = tuple(dict(zip(names, cells, strict=True)) for cells in zip(*values, strict=True))
    return Table(path.name, columns, rows)


def _cell(value: object) -> str | None:
    """Return a typed value as it would stand in a CSV file."""
    if value is None or value != value:  # not a number
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return decode(value).strip() or None
    if isinstance(value, list):
        return ", ".join(filter(None, map(_cell, value))) or None
    return nfc(str(value)).strip() or None


def _distinct(names: list[str]) -> tuple[str, ...]:
    """Return column names that differ whatever their case: unnamed ones get a number, repeated ones too."""
    seen: Counter[str] = Counter()
    result: list[str] = []
    for position, given in enumerate(names, start=1):
        name = nfc(given).strip().lstrip("\ufeff") or f"column {position}"
        seen[name.casefold()] += 1
        while seen[name.casefold()] > 1:
            name = f"{name} {seen[name.casefold()]}"
            seen[name.casefold()] += 1
        result.append(name)
    return tuple(result)
