"""Rows out of a folder tree: labels from folders, lyrics by name, and a row for every file that calls itself audio."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from musaic.corpus.config import CorpusConfig
from musaic.corpus.folders import SKIPPED, levels, meaning
from musaic.corpus.languages import language_code
from musaic.corpus.lyrics import match_lyrics, name_parts, take_file
from musaic.corpus.paths import check_file, readable_name, stem
from musaic.corpus.rows import OWN_COLUMNS, OWN_LABELS, RESERVED, Row
from musaic.corpus.status import Status
from musaic.corpus.text import nfc
from musaic.corpus.walk import Found, walk
from musaic.errors import UsageError

NOT_LYRICS = frozenset(("readme", "license", "licence", "copying", "changelog", "requirements", "credits", "notice"))


class Tree(NamedTuple):
    """What a folder tree holds."""

    rows: list[Row]
    layout: str
    unmatched_lyrics: dict[str, str]
    skipped: dict[str, str]
    tables: list[str]


def tree_rows(root: Path, config: CorpusConfig) -> Tree:
    """Return the tracks of a folder tree.

    The id is the path relative to the folder in NFC, suffix included; a file whose name is not UTF-8 keeps a row that
    says so.

    Raises
    ------
    UsageError
        Where there is no audio file, or a level of folders is called something that is no label.
    """
    found = walk(root)
    if not found.audio:
        raise UsageError(_nothing(root, found))
    roles = meaning(found.audio, config.folders)
    taken = sorted(RESERVED.intersection(roles).difference(OWN_LABELS))
    if taken:
        raise UsageError(f"folders: a level cannot be called {taken[0]!r}; use another name.")
    matches = match_lyrics(found.audio, found.lyrics)
    rows = []
    for path in found.audio:
        row = _row(path, roles)
        wrong = check_file(root / path, root)
        if wrong is not None:
            row.status, row.reason = wrong
        if path in matches.found:
            take_file(row, root, *matches.found[path])
            row.lyrics_source = nfc(readable_name(matches.found[path][0])) if row.lyrics else None
        else:
            row.lyrics_how = matches.refused.get(path, "no lyrics file has its id or its name")
        if readable_name(path) != path:
            row.audio = None
            row.status, row.reason = Status.UNREADABLE, "its name is not valid UTF-8; rename the file"
        rows.append(row)
    if "language" not in roles:
        _languages_from_names(rows, found.audio)
    layout = f"folder tree, folders read as {'/'.join(roles)}" if roles else "folder of files"
    left = {path: reason for path, reason in matches.unmatched.items() if stem(path).casefold() not in NOT_LYRICS}
    unmatched = {readable_name(path): reason for path, reason in left.items()}
    skipped = {readable_name(path): reason for path, reason in found.skipped.items()}
    return Tree(rows, layout, unmatched, skipped, [readable_name(path) for path in found.tables])


def _row(path: str, roles: tuple[str, ...]) -> Row:
    name = readable_name(path)
    row = Row(track_id=nfc(name), audio=path, guess=nfc(stem(name)))
    for role, folder in zip(roles, levels(name), strict=False):
        if role != SKIPPED:
            row.set(role, nfc(folder).replace("_", " ").strip())
    for role in roles:
        if role not in OWN_COLUMNS and role != SKIPPED:
            row.labels.setdefault(role, None)
    parts = name_parts(name)
    if parts is not None and parts[2]:
        row.guess = nfc(parts[2])
    return row


def _languages_from_names(rows: list[Row], paths: list[str]) -> None:
    """Take the language from names such as ``bn_12_Title.mp3``, where every file has one and they are not all the same.

    ``id_1.mp3`` and ``no_7.mp3`` look alike but speak of ids and numbers.
    """
    parts = [name_parts(path) for path in paths]
    codes = {language_code(part[0]) if part is not None else None for part in parts}
    if None not in codes and len(codes) > 1:
        for row, part in zip(rows, parts, strict=True):
            row.language = part[0] if part is not None else None


def _nothing(root: Path, found: Found) -> str:
    """Return the sentence for a folder without audio, naming what would help."""
    if found.skipped and not found.tables:
        folder, reason = next(iter(found.skipped.items()))
        return f"no audio found below {root}; {readable_name(folder)!r} could not be read: {reason}."
    if found.tables:
        return f"no audio file lies below {root}; if a table describes the songs, name it: {root / found.tables[0]}."
    return (
        f"no audio file lies below {root}; put songs (.mp3, .wav, .flac, .ogg, .m4a, …) there, best as "
        "<language>/<genre>/<file>, or name a table (.csv, .tsv, .parquet)."
    )
