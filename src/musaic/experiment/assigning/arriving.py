"""New songs, read as a run read its own: what they say of themselves, their words, their sound.

What is found of a song depends on no other song that is read with it. Folders mean nothing here: titles and artists
come from tags, languages from tags or words, any other label from the person who asks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from musaic.corpus.languages import language_code, language_name
from musaic.corpus.lyrics import Matches, match_lyrics, name_parts, take_file
from musaic.corpus.paths import AUDIO_SUFFIXES, LYRICS_SUFFIXES, check_file, readable_name, stem, suffix
from musaic.corpus.rows import OWN_LABELS, RESERVED, Row
from musaic.corpus.status import Status
from musaic.corpus.tags import fill_from_tags
from musaic.corpus.text import nfc
from musaic.corpus.values import normalise_labels, spellings
from musaic.corpus.walk import walk
from musaic.corpus.words import fill_languages, read_words
from musaic.errors import UsageError, unknown
from musaic.progress import SILENT, Reporter

if TYPE_CHECKING:
    import pandas as pd

    from musaic.experiment.config import Experiment

NO_LYRICS = "no lyrics file has its id or its name"
FACTS = (
    *("title", "artist", "language", "language_source", "language_detected", "language_confidence", "languages"),
    *("genre", "group", "lyrics", "lyrics_source", "lyrics_status", "lyrics_reason", "status", "reason"),
)
"""Columns of a table of arrivals, called as in ``tracks.parquet``."""


@dataclass(frozen=True)
class Arrivals:
    """New songs, one row a file, as `musaic.features.extract` takes them.

    Parameters
    ----------
    tracks : DataFrame
        ``track_id``, a number as text: where the song stands among those given; ``file``, as it was given; ``name``,
        NFC and relative to the folder that was given, or the file's own; ``audio``, its absolute path, None where
        there is none; the columns of `FACTS`; and a column for every label of the run.
    """

    tracks: pd.DataFrame

    @property
    def root(self) -> Path:
        """Where paths start: nowhere, for they are absolute."""
        return Path()


@dataclass(frozen=True)
class _Song:
    """A song's row, the file as it was given, and the folder that the row's path is relative to."""

    row: Row
    file: str
    root: Path


@dataclass(frozen=True)
class _Place:
    """Audio files below one folder, as paths relative to it, and the lyrics that lie with them."""

    root: Path
    audio: tuple[str, ...]
    matches: Matches


class _Folders:
    """Folders, each read once however many of its files are named."""

    def __init__(self) -> None:
        self.below = cache(walk)
        self.beside = cache(_beside)


def read_arrivals(
    files: Sequence[str | Path],
    experiment: Experiment,
    known: pd.DataFrame,
    *,
    lyrics: str | Path | None = None,
    labels: Mapping[str, str] | None = None,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> Arrivals:
    """Read songs as a run read its own, without their sound.

    Parameters
    ----------
    files : sequence of str or Path
        Audio files, and folders of such.
    experiment : Experiment
        The run's: how words are cleaned, whether tags are looked at.
    known : DataFrame
        The run's tracks: labels are spelt as they are there.
    lyrics : str or Path, optional
        A folder of lyrics, or the lyrics of the one song; by default what lies beside the songs, by the rules of
        `musaic.corpus.lyrics.match_lyrics`.
    labels : mapping of str to str, optional
        Labels of all songs, which win over what the songs say.
    workers : int >= 0, optional
        Processes that read words.
    reporter : Reporter
        Where progress is told.

    Raises
    ------
    UsageError
        Where nothing is given, ``lyrics`` is not there or of no single song, or the run has no such label.
    """
    import pandas as pd

    if not files:
        raise UsageError("no songs were named; give audio files, or folders of them.")
    told = _told(labels or {}, known)
    words = None if lyrics is None else Path(lyrics)
    folders = _Folders()
    songs = [song for file in files for song in _songs(file, words, folders)]
    rows = [song.row for song in songs]
    if words is not None and words.is_file():
        _take_the_one(rows, words)
    reader = experiment.lyrics.reader
    read_words(rows, reader, workers=workers, reporter=reporter)
    if experiment.corpus.tags:
        for song in songs:
            fill_from_tags([song.row], song.root)
        read_words(rows, reader, workers=workers, reporter=reporter)
    for row in rows:
        _finish(row, told, known)
    labels_there = label_names(known)
    table = []
    for number, song in enumerate(songs):
        row, audio = song.row, song.row.audio
        facts = {name: getattr(row, name) for name in FACTS} | {name: row.get(name) for name in labels_there}
        where = None if audio is None else os.path.abspath(song.root / audio)
        place = {"track_id": f"{number:06d}", "file": song.file, "name": row.track_id, "audio": where}
        table.append({**place, **facts, "status": str(row.status)})
    tracks = pd.DataFrame(table, dtype=object)
    tracks["language_confidence"] = tracks["language_confidence"].astype(float)
    return Arrivals(tracks)


def label_names(known: pd.DataFrame) -> list[str]:
    """Return the label columns of a run's tracks."""
    own = [name for name in OWN_LABELS if name != "title" and name in known]
    return own + [str(name) for name in known.columns if name not in RESERVED]


def _told(labels: Mapping[str, str], known: pd.DataFrame) -> dict[str, str]:
    """Return labels that a person gives, spelt as the run spells them."""
    names = label_names(known)
    for name, value in labels.items():
        if name not in names:
            raise unknown("label", name, names)
        if not value.strip():
            raise UsageError(f"label {name!r} has no value; write such as {name}=rock, or leave it out.")
    return {name: _spelt(nfc(" ".join(value.split())), name, known) for name, value in labels.items()}


def _place(path: Path, folders: _Folders) -> _Place:
    """Return what a path stands for: a tree, or one file among its neighbours."""
    if path.is_dir():
        found = folders.below(path)
        return _Place(path, tuple(found.audio), match_lyrics(found.audio, found.lyrics))
    audio, lyrics, matches = folders.beside(path.parent)
    if path.name not in audio:  # not called like a sound file, hidden, or not there
        own = [name for name in lyrics if name != path.name]
        matches = match_lyrics(sorted([path.name, *audio]), own)
    return _Place(path.parent, (path.name,), matches)


def _beside(folder: Path) -> tuple[list[str], list[str], Matches]:
    """Return the names of audio and of lyrics in a folder, and which of these are each other's."""
    names = sorted(_names(folder))
    audio = [name for name in names if suffix(name) in AUDIO_SUFFIXES]
    lyrics = [name for name in names if suffix(name) in LYRICS_SUFFIXES]
    return audio, lyrics, match_lyrics(audio, lyrics)


def _names(folder: Path) -> Iterator[str]:
    try:
        yield from (name for name in os.listdir(folder) if not name.startswith("."))
    except OSError:  # what is wrong with the folder is wrong with the file, and said of it
        return


def _songs(file: str | Path, words: Path | None, folders: _Folders) -> list[_Song]:
    """Return the songs that a path stands for; for a folder without any, a row that says so."""
    place = _place(Path(file), folders)
    rows = _rows(place, words, folders)
    if not rows:
        nothing = Row(nfc(readable_name(place.root.name)), guess=nfc(readable_name(place.root.name)))
        nothing.status, nothing.reason = Status.MISSING, "no audio file lies below it"
        rows = [nothing]
    shown = [os.path.join(file, path) for path in place.audio] if Path(file).is_dir() and place.audio else [str(file)]
    return [_Song(row, readable_name(name), place.root) for row, name in zip(rows, shown, strict=True)]


def _rows(place: _Place, words: Path | None, folders: _Folders) -> list[Row]:
    """Return a row for every file, with the lyrics that are its own."""
    if words is None:
        texts, matches = place.root, place.matches
    elif words.is_dir():
        texts, matches = words, match_lyrics(place.audio, folders.below(words).lyrics)
    elif words.is_file():
        texts, matches = words.parent, Matches()
    else:
        raise UsageError(f"there are no lyrics at {words}; name a folder of lyrics, or the lyrics of the one song.")
    rows = []
    for path in place.audio:
        name = readable_name(path)
        parts = name_parts(name)
        row = Row(nfc(name), audio=path, guess=nfc(parts[2] if parts is not None and parts[2] else stem(name)))
        wrong = check_file(place.root / path, place.root)
        if wrong is not None:
            row.status, row.reason = wrong
        if path in matches.found:
            take_file(row, texts, *matches.found[path])
        else:
            row.lyrics_how = matches.refused.get(path, NO_LYRICS)
        if name != path:
            row.audio, row.status, row.reason = None, Status.UNREADABLE, "its name is not valid UTF-8; rename the file"
        rows.append(row)
    return rows


def _take_the_one(rows: Sequence[Row], words: Path) -> None:
    """Give the one song its lyrics."""
    if len(rows) != 1:
        raise UsageError(f"{words} is the lyrics of one song, and {len(rows)} were named; name a folder of lyrics.")
    take_file(rows[0], words.parent, words.name, "named")


def _finish(row: Row, told: Mapping[str, str], known: pd.DataFrame) -> None:
    """Say what a song is called, and its labels as the run spells them."""
    row.labels = {name: row.labels.get(name) for name in label_names(known) if name not in OWN_LABELS}
    normalise_labels([row])
    fill_languages([row])
    for name in ("language", "genre"):
        value = row.get(name)
        if value is not None:
            row.set(name, _spelt(value, name, known))
    for name, value in told.items():
        row.set(name, value)
        row.language_source = "label" if name == "language" else row.language_source
    row.title = _stripped(row.title) or row.guess
    row.artist = _stripped(row.artist)


def _spelt(value: str, label: str, known: pd.DataFrame) -> str:
    """Return a label's value as the run spells it, if it has it in any spelling."""
    have = list(known[label].dropna().unique()) if label in known else []
    if value in have:
        return value
    # twice, for the most frequent spelling is taken: the run's
    spelt = spellings([*have, *have, value], label)[value]
    code = language_code(value) if label == "language" and spelt == value else None
    return spelt if code is None else language_name(code)


def _stripped(text: str | None) -> str | None:
    return (nfc(" ".join(text.split())) or None) if text is not None else None
