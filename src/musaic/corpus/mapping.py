"""Rows out of a table: which column or pattern gives the id, the audio, the lyrics and each label."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from musaic.corpus.config import CorpusConfig
from musaic.corpus.lyrics import sidecar, take_file, take_text
from musaic.corpus.paths import LYRICS_SUFFIXES, RealNames, check_file, relative_path, stem, suffix
from musaic.corpus.patterns import Pattern
from musaic.corpus.rows import RESERVED, Row
from musaic.corpus.status import Status
from musaic.corpus.table import Table
from musaic.corpus.text import nfc
from musaic.errors import TrackError, UsageError, nearest

# Columns known by their names, whatever the case; the first that is there is used.
COLUMNS: dict[str, tuple[str, ...]] = {
    "track_id": ("track_id",),
    "audio": ("audio", "filename"),
    "lyrics": ("lyrics", "lyrics_path"),
    "title": ("title", "track_name"),
    "artist": ("artist",),
    "language": ("language",),
    "genre": ("genre",),
    "group": ("group",),
}
NONE_NAMED = "the table names none"
PLAIN_ROLES = ("title", "artist", "language", "genre", "group")


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where each thing comes from.

    Parameters
    ----------
    sources : mapping
        By role: patterns to be tried in turn.
    further : tuple of str
        Columns kept as labels by their names.
    """

    sources: Mapping[str, tuple[Pattern, ...]]
    further: tuple[str, ...]


def map_columns(table: Table, config: CorpusConfig) -> Sources:
    """Say where each thing comes from in a table.

    Raises
    ------
    UsageError
        Where a column that was named is not there (with the nearest that is), or nothing names audio or lyrics.
    """
    given = config.mapping
    columns = {name.casefold(): name for name in table.columns}
    sources: dict[str, tuple[Pattern, ...]] = {}
    for role, known in COLUMNS.items():
        if role in given:
            pattern = Pattern.parse(given[role])
            pattern.check([*table.columns, *(("track_id",) if role in ("audio", "lyrics") else ())], table.name)
            sources[role] = (pattern,)
        else:
            sources[role] = tuple(Pattern.parse(columns[name]) for name in known if name in columns)
            if role != "lyrics":
                sources[role] = sources[role][:1]
    if not sources["audio"] and not sources["lyrics"]:
        wanted = [*COLUMNS["audio"], *COLUMNS["lyrics"]]
        hints = [name for name in table.columns if nearest(name.casefold(), wanted)]
        hint = f"; is it {hints[0]!r}?" if hints else ";"
        raise UsageError(
            f"{table.name} names neither audio nor lyrics{hint} call a column {', '.join(wanted[:-1])} or "
            f"{wanted[-1]}, or give a pattern such as audio: 'songs/{{{table.columns[0]}}}.mp3'. "
            f"Its columns: {', '.join(table.columns)}."
        )
    whole = {pattern.column.casefold() for patterns in sources.values() for pattern in patterns if pattern.column}
    further = (name for name in table.columns if name.casefold() not in whole and name not in SPOKEN)
    return Sources(sources, tuple(further))


SPOKEN = ("speech_status", "speech_reason")
"""What `musaic speak` notes beside its rows: no labels."""


def table_rows(table: Table, root: Path, config: CorpusConfig) -> tuple[list[Row], list[str]]:
    """Return the rows of a table as tracks, in the table's order, and what was odd about it.

    Notes
    -----
    The id is the table's; else the audio path relative to the table; else that of the lyrics; else the number of the
    row. A ``lyrics`` cell of one line that ends in ``.txt`` or ``.lrc``, or that names a file in the corpus folder, is
    a path, and anything else is the text itself; ``lyrics_path`` and patterns always give paths.
    """
    mapping = map_columns(table, config)
    names = RealNames(root)
    further = {name: name if name not in RESERVED else f"{name}_label" for name in mapping.further}
    notes = [*table.notes, *(f"the column {old!r} is kept as {new!r}" for old, new in further.items() if old != new)]
    digits = len(str(len(table.rows)))
    rows = []
    for number, cells in enumerate(table.rows, start=1):
        row = Row("", number=number, labels={new: cells[old.casefold()] for old, new in further.items()})
        track_id = _first(mapping.sources["track_id"], cells)
        values = {**cells, "track_id": track_id} if track_id else cells
        for role in PLAIN_ROLES:
            setattr(row, role, _first(mapping.sources[role], values))
        audio = _first(mapping.sources["audio"], values)
        if audio is not None:
            _take_audio(row, audio, root, names)
        take_lyrics(row, mapping.sources["lyrics"], values, root, names)
        row.track_id = nfc(track_id or row.audio or _lyrics_file(row) or f"row-{number:0{digits}d}")
        row.guess = stem(row.audio) if row.audio else None
        if audio is None and row.lyrics is None and row.status == Status.OK:
            named = row.lyrics_how != NONE_NAMED
            reason = f"no audio, and {row.lyrics_how}" if named else "the table names neither audio nor lyrics for it"
            row.status, row.reason = Status.MISSING, reason
        rows.append(row)
    return rows, notes


def label_columns(table: Table) -> dict[str, str]:
    """Return the columns of a label table by case-folded name, and what each is kept as."""
    roles = {name: role for role in PLAIN_ROLES for name in COLUMNS[role]}
    kept = {}
    for name in table.columns:
        role = roles.get(name.casefold())
        kept[name.casefold()] = role or (name if name not in RESERVED else f"{name}_label")
    return kept


def _first(patterns: Sequence[Pattern], values: Mapping[str, str | None]) -> str | None:
    return next((text for pattern in patterns if (text := pattern.fill(values))), None)


def _take_audio(row: Row, given: str, root: Path, names: RealNames) -> None:
    """Find a row's audio; what is wrong with it becomes the row's status."""
    try:
        row.audio = names.find(relative_path(root, given))
    except TrackError as error:
        row.status, row.reason = Status(error.status), error.reason
        return
    wrong = check_file(root / row.audio, root)
    if wrong is not None:
        row.status, row.reason = wrong


def take_lyrics(
    row: Row, patterns: Sequence[Pattern], values: Mapping[str, str | None], root: Path, names: RealNames
) -> None:
    """Find a row's lyrics: the first source that gives some; beside the audio if the table has no lyrics at all."""
    if not patterns and row.has_audio and row.audio is not None:
        beside = sidecar(root, row.audio)
        if beside is not None:
            take_file(row, root, beside, "same name beside the audio")
            return
    row.lyrics_how = row.lyrics_how if row.lyrics_reason else NONE_NAMED
    for pattern in patterns:
        given = pattern.fill(values)
        if not given:
            continue
        always_path = pattern.column is None or pattern.column.casefold() == "lyrics_path"
        path = _path_in_cell(given, always_path, root, names)
        if path is None:
            take_text(row, given, "table", "in the table")
        elif isinstance(path, TrackError):
            row.lyrics_how = row.lyrics_reason = path.reason
            row.lyrics_status = path.status
            if row.audio is None and row.status == Status.OK:
                row.status, row.reason = Status(path.status), path.reason
        else:
            take_file(row, root, path, "path in the table")
        if row.lyrics:
            return
    row.lyrics_source = None


def _path_in_cell(given: str, always: bool, root: Path, names: RealNames) -> str | TrackError | None:
    """Return the path a cell names, what is wrong with that path, or None where the cell holds the lyrics."""
    one_line = "\n" not in given and len(given) < 1000
    looks_so = one_line and suffix(given) in LYRICS_SUFFIXES
    if not always and not one_line:
        return None
    try:
        path = names.find(relative_path(root, given))
    except TrackError as error:
        return error if always or looks_so else None
    return path if always or looks_so or (root / path).is_file() else None


def _lyrics_file(row: Row) -> str | None:
    return row.lyrics_source if row.lyrics_source not in (None, "table") else None
