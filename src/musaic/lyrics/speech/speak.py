"""A folder of speech from many lyrics, with a table that is a corpus of its own."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from musaic import parallel
from musaic.config import digest
from musaic.errors import UsageError
from musaic.lyrics.owned import check_own, csv_text, sweep, write_own
from musaic.lyrics.speech.config import SpeechConfig
from musaic.lyrics.speech.reading import Reading, Spoken, mark_of, read_aloud
from musaic.lyrics.speech.voices import Voices, list_voices
from musaic.progress import SILENT, Reporter

VERSION = 1
LEDGER = "speech.json"
LONGEST_NAME = 100
"""Bytes of a file name; file systems take 255, and other programs put something behind it."""

_FORBIDDEN = set('/\\:*?"<>|')


@dataclass(frozen=True)
class Lyrics:
    """A row of the table that is spoken.

    Parameters
    ----------
    track_id : str
        Unique.
    text : str or None
        The words.
    language : str or None
        ISO code of their language.
    labels : mapping
        Columns that are handed on, by name; ``language`` as the table writes it among them.
    missing : tuple of str and str or None, optional
        Status and reason of lyrics that are not there; ``no-lyrics`` where nothing more is known.
    """

    track_id: str
    text: str | None
    language: str | None
    labels: Mapping[str, str | None] = field(default_factory=dict)
    missing: tuple[str, str | None] | None = None


OUTCOME = ("speech_status", "speech_reason")
"""Columns that say what became of a row; `musaic.corpus` knows them for no labels."""


@dataclass(frozen=True)
class Speech:
    """What came of it.

    Parameters
    ----------
    table : Path
        The corpus's table: ``track_id, audio, lyrics``, the labels, ``speech_status`` and ``speech_reason``.
    statuses : mapping
        How many rows have each status, ``ok`` first.
    seconds : float, s
        Speech made now.
    new : int
        Files made now rather than before.
    """

    table: Path
    statuses: Mapping[str, int]
    seconds: float
    new: int


def speak(
    rows: Sequence[Lyrics],
    out: Path,
    table: str,
    config: SpeechConfig | None = None,
    *,
    workers: int | None = None,
    force: bool = False,
    reporter: Reporter = SILENT,
) -> Speech:
    """Read lyrics aloud, each into a file, and write the table that lists them.

    Parameters
    ----------
    rows : sequence of Lyrics
        What is to be read.
    out : Path
        A folder; the sound is put under ``audio`` in it.
    table : str
        Name of the table in it, ``.csv``.
    config : SpeechConfig, optional
        The defaults otherwise.
    workers : int >= 0, optional
        Processes; all cores by default.
    force : bool
        Make again what is there already.
    reporter : Reporter
        Where progress is shown.

    Raises
    ------
    UsageError
        Where a voice is not there, or a file in ``out`` is somebody else's.
    MusaicError
        Where eSpeak NG is not installed, or nothing can be written.

    Notes
    -----
    A file says inside what it was made of; one that was made of the same is kept, so that the same command goes on
    where it stopped. The same words and voice give the same bytes.
    """
    config = config or SpeechConfig()
    ledger, destination = out / LEDGER, out / table
    check_own(destination, ledger)
    voices = list_voices()
    chosen = voices.table(config.voices)
    names = file_names([row.track_id for row in rows], config.format)
    outcomes: dict[str, Spoken] = {}
    readings: dict[str, Reading] = {}
    for row in rows:
        found = _reading(row, out / "audio" / names[row.track_id], voices, chosen, config)
        if isinstance(found, Spoken):
            outcomes[row.track_id] = found
        else:
            readings[row.track_id] = found
    todo = []
    for track_id, reading in readings.items():
        there = mark_of(reading.path) if reading.path.exists() else None
        if reading.path.exists() and there is None:
            raise UsageError(
                f"{reading.path} was not spoken by this command and is left as it is; name another folder with --out."
            )
        if there == reading.made_of and not force:
            outcomes[track_id] = Spoken("ok")
        else:
            todo.append(track_id)
    sweep(out)
    sweep(out / "audio")
    seconds = 0.0
    with reporter.bar("speaking", len(todo)) as advance:
        for position, outcome in parallel.run(read_aloud, [readings[track_id] for track_id in todo], workers=workers):
            if isinstance(outcome, parallel.Failure):
                if outcome.kind == "WriteError":
                    from musaic.files import WriteError

                    raise WriteError(outcome.message)
                outcome = Spoken("failed", outcome.message.splitlines()[0].rstrip("."))
            outcomes[todo[position]] = outcome
            seconds += outcome.seconds
            advance(1)
    write_own(destination, _table(rows, outcomes, names), ledger)
    counts = Counter(outcome.status for outcome in outcomes.values())
    statuses = dict(sorted(counts.items(), key=lambda item: (item[0] != "ok", item[0])))
    return Speech(destination, statuses, seconds, len(todo))


def file_names(track_ids: Sequence[str], suffix: str) -> dict[str, str]:
    """Return a file name for each track that every file system takes and that no two share.

    The id itself, where it can be one; otherwise what is left of it and eight digits of a hash of the id. Letters of
    all scripts stay.
    """
    plain = {track_id: _plain(track_id) for track_id in track_ids}
    taken = Counter(unicodedata.normalize("NFC", name).casefold() for name in plain.values())
    names = {}
    for track_id, name in plain.items():
        if name != track_id or taken[unicodedata.normalize("NFC", name).casefold()] > 1:
            name = f"{name}-{hashlib.blake2b(track_id.encode(), digest_size=4).hexdigest()}"
        names[track_id] = f"{name}.{suffix}"
    return names


def _plain(track_id: str) -> str:
    kept = "".join(
        "_" if character in _FORBIDDEN or unicodedata.category(character)[0] == "C" else character
        for character in track_id
    ).strip(" .")
    while len(kept.encode()) > LONGEST_NAME:
        kept = kept[:-1]
    return kept or "_"


def _reading(
    row: Lyrics, path: Path, voices: Voices, chosen: Mapping[str, str], config: SpeechConfig
) -> Reading | Spoken:
    """Return what is to be read for a row, or why nothing is."""
    if not row.text:
        status, reason = row.missing or ("no-lyrics", None)
        return Spoken(status, reason or "there are no lyrics to speak")
    if not any(unicodedata.category(character)[0] in "LN" for character in row.text):
        return Spoken("no-words", "there are no words in its lyrics")
    if row.language is None:
        label = row.labels.get("language")
        named = f"its language {label!r} is not one that is known" if label else "its language is not given"
        return Spoken("no-language", f"{named}; write a code such as bn, or a name, in the column language")
    own = voices.of_language(row.language)
    voice = chosen.get(row.language) or (own.identifier if own else None)
    if voice is None:
        return Spoken(
            "no-voice",
            f"eSpeak NG has no voice for the language {row.language}; choose one with --voice {row.language}=…",
        )
    made_of = digest(
        {
            "version": VERSION,
            "text": row.text,
            "voice": voice,
            "espeak": voices.version,
            "speed": config.speed,
            "pitch": config.pitch,
            "max_seconds": config.max_seconds,
        },
        32,
    )
    return Reading(row.text, voice, config.speed, config.pitch, config.max_seconds, path, config.format, made_of)


def _table(rows: Sequence[Lyrics], outcomes: Mapping[str, Spoken], names: Mapping[str, str]) -> str:
    labels = list(dict.fromkeys(name for row in rows for name in row.labels))
    lines: list[dict[str, object]] = []
    for row in sorted(rows, key=lambda row: row.track_id):
        outcome = outcomes[row.track_id]
        audio = f"audio/{names[row.track_id]}" if outcome.status == "ok" else None
        line: dict[str, object] = {"track_id": row.track_id, "audio": audio, "lyrics": row.text}
        line |= {name: row.labels.get(name) for name in labels}
        lines.append(line | dict(zip(OUTCOME, (outcome.status, outcome.reason), strict=True)))
    return csv_text(["track_id", "audio", "lyrics", *labels, *OUTCOME], lines)
