"""Further labels from further tables, joined by track id or file name; what fits no track is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from musaic.corpus.mapping import COLUMNS, label_columns, take_lyrics
from musaic.corpus.paths import RealNames, stem
from musaic.corpus.patterns import Pattern
from musaic.corpus.rows import Row
from musaic.corpus.table import Table, read_table
from musaic.corpus.text import nfc
from musaic.errors import UsageError

KEYS = (*COLUMNS["track_id"], "id", *COLUMNS["audio"], "file", "path", "filepath", "file_name")


@dataclass
class Joined:
    """How a label table fits the corpus.

    Parameters
    ----------
    key : str
        The column by which it was joined.
    matched : int
        How many tracks it labels.
    unmatched : list of dict
        ``row`` (1 is the first below the names), ``key`` and ``reason``.
    changed : dict
        By label: how many tracks had another value before.
    """

    key: str
    matched: int = 0
    unmatched: list[dict[str, object]] = field(default_factory=list)
    changed: dict[str, int] = field(default_factory=dict)


def find_table(given: str, root: Path, *, kind: str = "label table") -> Path:
    """Return where a table lies: as given, else in the corpus folder."""
    for path in (Path(given).expanduser(), root / given):
        if path.is_file():
            return path
    raise UsageError(f"there is no {kind} {given!r}, neither here nor in {root}; check the path.")


def join_labels(rows: Sequence[Row], table: Table, root: Path) -> Joined:
    """Give tracks the labels of a table, in place.

    The column called ``track_id``, ``id``, ``audio``, ``filename``, ``file`` or ``path`` (the first column where there
    is none) names tracks: by id, else by relative path, else by file name, else by file name without
    suffix, where only one track has it. A label the table gives wins over what folders say; an empty cell changes
    nothing; lyrics are taken where there are none.
    """
    key = next((name for known in KEYS for name in table.columns if name.casefold() == known), table.columns[0])
    joined = Joined(key)
    columns = {column: kept for column, kept in label_columns(table).items() if column not in (*KEYS, key.casefold())}
    patterns = [Pattern.parse(name) for name in ("lyrics", "lyrics_path") if columns.pop(name, None)]
    names = RealNames(root)
    finders = _finders(rows)
    for kept in columns.values():
        for row in rows:
            row.set(kept, row.get(kept))  # every track has every column
    labelled: dict[str, int] = {}
    for number, cells in enumerate(table.rows, start=1):
        found = _find(cells[key.casefold()], finders)
        if isinstance(found, Row) and found.track_id in labelled:
            found = f"row {labelled[found.track_id]} labels the same track"
        if isinstance(found, str):
            joined.unmatched.append({"row": number, "key": cells[key.casefold()], "reason": found})
            continue
        labelled[found.track_id] = number
        for column, kept in columns.items():
            value = cells[column]
            if value is None:
                continue
            before = found.get(kept)
            if before is not None and before != value:
                joined.changed[kept] = joined.changed.get(kept, 0) + 1
            found.set(kept, value)
        if patterns and found.lyrics is None:
            take_lyrics(found, patterns, cells, root, names)
    joined.matched = len(labelled)
    return joined


def join_all(rows: Sequence[Row], tables: Sequence[str], root: Path) -> tuple[dict[str, Joined], list[str]]:
    """Join several tables, in the order given, and tell what was noticed."""
    result: dict[str, Joined] = {}
    notes: list[str] = []
    for given in tables:
        table = read_table(find_table(given, root))
        joined = result[given] = join_labels(rows, table, root)
        notes.extend(table.notes)
        if joined.unmatched:
            left = f"{len(joined.unmatched)} of {len(table.rows)} rows fit no track"
            notes.append(f"{given}: {left} (joined by {joined.key!r})")
        changes = sorted(joined.changed.items())
        notes.extend(f"{given}: gives {count} tracks another {label}" for label, count in changes)
    return result, notes


def _finders(rows: Sequence[Row]) -> list[dict[str, list[Row]]]:
    """Return the ways in which a table may name a track, the surest first."""
    ways: list[dict[str, list[Row]]] = [defaultdict(list) for _ in range(4)]
    for row in rows:
        ways[0][row.track_id].append(row)
        if row.audio is not None:
            path = nfc(row.audio)
            for way, name in zip(ways[1:], (path, path.rpartition("/")[2], stem(path)), strict=True):
                way[name].append(row)
    return ways


def _find(given: str | None, finders: Sequence[dict[str, list[Row]]]) -> Row | str:
    """Return the track that a cell names, or why there is none."""
    if given is None:
        return "the cell is empty"
    path = nfc(given).replace("\\", "/")
    names = (nfc(given), path.removeprefix("./"), path.rpartition("/")[2], stem(path))
    for finder, name in zip(finders, names, strict=True):
        found = finder.get(name, [])
        if len(found) == 1:
            return found[0]
        if found:
            return f"fits {len(found)} tracks: {', '.join(row.track_id for row in found[:3])}"
    return "no track has this id or file name"
