"""What is left of a download: the corpus table, what else is said of its tracks, licence, citation and a record."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from musaic.datasets.description import SOURCES, Dataset, Song
from musaic.errors import UsageError
from musaic.files import write_json, write_text

CORPUS, DETAILS, LICENCE, CITATION, RECORD = (
    "corpus.csv",
    "details.csv",
    "LICENCE.txt",
    "CITATION.bib",
    "dataset.json",
)
WRITTEN = (CORPUS, DETAILS, LICENCE, CITATION, RECORD)
COLUMNS = ("track_id", "audio", "lyrics_path", "lyrics", "title", "artist", "language", "genre", "group")


def refuse_foreign(to: Path, name: str) -> None:
    """Raise `UsageError` where a file of somebody's or of another dataset has a name that a download writes.

    What a download of this dataset left, killed or not, is known by the record that is written first.
    """
    known = _recorded_name(to / RECORD)
    there = next((file for own in WRITTEN if os.path.lexists(file := to / own)), None)
    if there is not None and known != name:
        whose = f"that of {known}" if known else "no download's"
        raise UsageError(f"{there} is there already and is {whose}; name another folder with --to.")


def _recorded_name(record: Path) -> str | None:
    """Return the dataset that a record of ours names; None where there is none, or it is another program's file."""
    try:
        told = json.loads(record.read_text(encoding="utf-8"))
        return str(told["name"]) if told["source"] in SOURCES else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def usable(songs: Sequence[Song]) -> tuple[list[Song], list[str]]:
    """Return the songs that a table can hold, each id once, and what was left out.

    Left out are paths that leave the dataset's folder, file names that are not text, and repeated ids.
    """
    kept: dict[str, Song] = {}
    repeated, outside = 0, 0
    for song in songs:
        paths = [path for path in (song.audio, song.lyrics_path) if path is not None]
        if not song.track_id.strip() or not all(map(_inside, paths)):
            outside += 1
        elif song.track_id in kept:
            repeated += 1
        else:
            kept[song.track_id] = song
    notes = []
    if outside:
        notes.append(f"{outside} tracks are left out: their files lie outside the dataset, or no table can name them")
    if repeated:
        notes.append(f"{repeated} tracks are left out: their ids are given to others already")
    return list(kept.values()), notes


def _inside(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    parts = PurePosixPath(path.replace("\\", "/"))
    return not parts.is_absolute() and ".." not in parts.parts and "\0" not in path and path == path.strip()


def write_corpus(to: Path, songs: Sequence[Song], prefix: str) -> list[str]:
    """Write the corpus table, and the table of what else is said of the tracks; return the latter's columns.

    Parameters
    ----------
    to : Path
        The folder.
    songs : sequence of Song
        Each id once.
    prefix : str
        What paths begin with (`musaic.datasets.placing.prefix`).
    """
    used = [name for name in COLUMNS if any(getattr(song, name) for song in songs)]
    rows = []
    for song in songs:
        cells = {name: getattr(song, name) or "" for name in used}
        for name in ("audio", "lyrics_path"):
            if cells.get(name):
                cells[name] = prefix + cells[name]
        rows.append([cells[name] for name in used])
    write_text(to / CORPUS, _csv(used, rows))
    further = list(dict.fromkeys(name for song in songs for name in song.more))
    if further:
        more = ([song.track_id, *(song.more.get(name, "") for name in further)] for song in songs)
        write_text(to / DETAILS, _csv(["track_id", *further], more))
    else:
        (to / DETAILS).unlink(missing_ok=True)
    return further


def write_record(to: Path, record: Mapping[str, Any]) -> None:
    """Write what was downloaded into a folder; before its corpus, so that a killed download knows its own again."""
    write_json(to / RECORD, dict(record))


def write_papers(to: Path, dataset: Dataset, licence: str | None) -> None:
    """Write licence, known faults and citation."""
    told = f"{dataset.name}: {dataset.about}\n{dataset.homepage}\n\nLicence: {licence or dataset.licence}\n"
    faults = "".join(f"Known: {fault}.\n" for fault in dataset.faults)
    write_text(to / LICENCE, told + (f"\n{faults}" if faults else ""))
    write_text(to / CITATION, dataset.citation)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a CSV table; what no table can hold (zero bytes, lone surrogates) is taken out of cells."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _cell(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", errors="replace").decode("utf-8")
