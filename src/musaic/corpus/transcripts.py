"""Lyrics that were heard: tables of transcripts, which fill what has no lyrics of its own that can be used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from musaic.corpus.labels import find_table
from musaic.corpus.lyrics import take_text
from musaic.corpus.rows import Row
from musaic.corpus.table import read_table
from musaic.corpus.text import nfc
from musaic.errors import UsageError

HEARD = "transcript"


def fill_from_transcripts(rows: Sequence[Row], tables: Sequence[str], root: Path) -> list[str]:
    """Give tracks without lyrics those of the tables, joined by ``track_id``, in place; tell how many there were.

    What says that it is instrumental stays so: what was heard in it is no song.

    Parameters
    ----------
    rows : sequence of Row
        Tracks with their own lyrics.
    tables : sequence of str
        Paths of tables with the columns ``track_id`` and ``lyrics``; the first that has a track's words is taken.
    root : Path
        The corpus folder, where a table is looked for too.

    Raises
    ------
    UsageError
        Where a table is not there or lacks one of the columns.
    """
    by_id = {row.track_id: row for row in rows}
    notes = []
    for given in tables:
        table = read_table(find_table(given, root, kind="table of transcripts"))
        names = [name.casefold() for name in table.columns]
        for column in ("track_id", "lyrics"):
            if column not in names:
                raise UsageError(
                    f"{given} has no column {column!r}, which a table of transcripts needs; its columns are "
                    f"{', '.join(table.columns)}."
                )
        filled, strangers = 0, 0
        for cells in table.rows:
            row = by_id.get(nfc(cells["track_id"] or ""))
            strangers += row is None
            if row is not None and row.wants_lyrics and cells["lyrics"]:
                take_text(row, cells["lyrics"], HEARD, "heard by transcription")
                filled += 1
        unknown = f"; {strangers} of its rows fit no track" if strangers else ""
        notes.append(f"{given}: gives {filled} track{'' if filled == 1 else 's'} the lyrics that were heard{unknown}")
    return notes
