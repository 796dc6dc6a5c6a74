"""A table of transcripts for many tracks: what was heard before is kept, and no file can end the work."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musaic import parallel
from musaic.config import digest
from musaic.errors import MusaicError, UsageError
from musaic.files import content_id, read_json, write_error, write_json
from musaic.lyrics.owned import check_own, csv_text, sweep, write_own
from musaic.lyrics.transcription.config import TranscriptionConfig
from musaic.lyrics.transcription.doubt import mark
from musaic.lyrics.transcription.heard import VERSION, Heard
from musaic.lyrics.transcription.listening import Record, listen_afar, listen_here
from musaic.lyrics.transcription.loading import Load
from musaic.lyrics.transcription.models import Model, find_model
from musaic.lyrics.transcription.table import COLUMNS, Outcome, Row, heard_row
from musaic.lyrics.transcription.whisper import Whisper, engine_failure
from musaic.progress import SILENT, Reporter

LEDGER = "table.json"
TABLE_EVERY = 60.0
"""Seconds after which the table is written anew while tracks are being heard."""


@dataclass(frozen=True)
class Transcription:
    """What came of it.

    Parameters
    ----------
    table : Path
        The table, sorted by ``track_id``.
    words : Path
        The folder with every word of every track.
    rows : tuple of Row
        What the table holds.
    new : int
        Tracks that were heard now rather than before.
    model : str
        Who listened.
    """

    table: Path
    words: Path
    rows: tuple[Row, ...]
    new: int
    model: str

    @property
    def statuses(self) -> dict[str, int]:
        """How many tracks have each status, ``ok`` first."""
        counts = Counter(row.status for row in self.rows)
        return dict(sorted(counts.items(), key=lambda item: (item[0] != Outcome.OK, item[0])))


def words_folder(table: Path) -> Path:
    """Return where the words behind a table are kept: ``songs-transcripts.words`` beside ``songs-transcripts.csv``."""
    return table.with_name(f"{table.stem}.words")


def transcribe(
    tracks: Mapping[str, Path],
    load: Load,
    out: Path,
    config: TranscriptionConfig | None = None,
    *,
    hints: Mapping[str, str | None] | None = None,
    refused: Mapping[str, tuple[str, str | None]] | None = None,
    content_ids: Mapping[str, str] | None = None,
    workers: int = 1,
    force: bool = False,
    reporter: Reporter = SILENT,
) -> Transcription:
    """Write a table with the lyrics heard in tracks.

    Parameters
    ----------
    tracks : mapping
        Audio files by ``track_id``.
    load : callable
        Returns the mono samples of a file at 16 kHz, float32, whole; raises `TrackError` for one that cannot be used.
        Importable by name where ``workers`` is not 0.
    out : Path
        The table, ``.csv``; the words lie beside it (`words_folder`).
    config : TranscriptionConfig, optional
        The defaults otherwise.
    hints : mapping, optional
        ISO code of a track's language where it is known; detected otherwise.
    refused : mapping, optional
        Status and reason of tracks that are not to be opened; they have a row too.
    content_ids : mapping, optional
        BLAKE2b of the audio bytes where known (`musaic.files.content_id`); the files are read for it otherwise.
    workers : int >= 0
        Processes that decode audio ahead of the model; 0 decodes in this process. Inside `musaic.parallel.cluster`
        and not 0: every worker of the cluster listens for itself.
    force : bool
        Hear again what was heard already.
    reporter : Reporter
        Where progress is shown.

    Raises
    ------
    UsageError
        Where ``out`` is somebody else's file, or the model cannot be used.
    MusaicError
        Where the model is not to be had, nothing can be written, or the model failed on every track.

    Notes
    -----
    Each track's words are written when it is done, under a key of its content, the model and how it listened: the
    same command, run again, goes on where it stopped. Which words are believed is decided when the table is written,
    so that another ``min_confidence`` costs nothing. A track on which the model failed is tried again next time.
    """
    config = config or TranscriptionConfig()
    if out.suffix.casefold() != ".csv":
        raise UsageError(f"the table of transcripts is written as CSV; call it {out.with_suffix('.csv').name}.")
    check_own(out, words_folder(out) / LEDGER)
    model = find_model(config.model, reporter)
    work = _Work(out, config, model, dict(refused or {}))
    work.prepare(tracks, hints or {}, _content_ids(tracks, content_ids or {}))
    if not force:
        work.recall()
    todo = [track_id for track_id in sorted(tracks) if track_id not in work.rows]
    if todo:
        left = {track_id: tracks[track_id] for track_id in todo}
        if workers and parallel.on_cluster():
            heard = listen_afar(left, hints or {}, load, model, config)
        else:
            whisper = Whisper.load(model, config)
            heard = listen_here(left, hints or {}, load, whisper, config, workers, work.words)
        try:
            work.hear(heard, len(todo), reporter)
        finally:
            work.write()
        if work.first_error is not None and not any(row.seconds for row in work.rows.values()):
            raise engine_failure(work.first_error) from work.first_error
    return Transcription(out, work.words, tuple(work.write()), len(todo), model.identity)


class _Work:
    """The rows of a table in the making; the words themselves are on the disk only.

    Parameters
    ----------
    out : Path
        The table.
    config : TranscriptionConfig
        How is listened, and what is believed.
    model : Model
        Who listens.
    refused : dict
        Status and reason of tracks that are not opened.
    """

    def __init__(
        self, out: Path, config: TranscriptionConfig, model: Model, refused: dict[str, tuple[str, str | None]]
    ) -> None:
        self.out, self.words = out, words_folder(out)
        self.config, self.model = config, model
        self.content_ids: Mapping[str, str] = {}
        self.keys: dict[str, str] = {}
        self.rows = {name: Row(name, status=status, reason=why) for name, (status, why) in refused.items()}
        self.first_error: Exception | None = None

    def prepare(
        self, tracks: Mapping[str, Path], hints: Mapping[str, str | None], content_ids: Mapping[str, str]
    ) -> None:
        """Make the folder, and for each track the key of all that decides what is heard in it."""
        try:
            self.words.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(self.words, error) from error
        sweep(self.words)
        self.content_ids = content_ids
        for track_id in tracks:
            if track_id in content_ids:
                made_of = {
                    "version": VERSION,
                    "content_id": content_ids[track_id],
                    "model": self.model.identity,
                    "hint": hints.get(track_id),
                    **self.config.decoding,
                }
                self.keys[track_id] = digest(made_of, 32)

    def recall(self) -> None:
        """Take what was heard before under the same key."""
        for track_id, key in self.keys.items():
            record = _read(_path(self.words, track_id))
            if record.get("key") == key and record.get("track_id") == track_id:
                self.rows[track_id] = self._row(record)

    def hear(self, heard: Iterator[tuple[str, Record | Exception]], n: int, reporter: Reporter) -> None:
        """Take what is heard in n tracks; each is written when it is done."""
        written = time.monotonic()
        with reporter.bar("hearing lyrics", n) as advance:
            for track_id, found in heard:
                if isinstance(found, Exception):
                    self.first_error = self.first_error or found
                    why = (str(found).strip() or type(found).__name__).splitlines()[0]
                    content = self.content_ids.get(track_id)
                    self.rows[track_id] = Row(track_id, status=Outcome.FAILED, reason=why, content_id=content)
                else:
                    self._keep(track_id, {"track_id": track_id, **found})
                advance(1)
                if time.monotonic() - written > TABLE_EVERY:
                    self.write()
                    written = time.monotonic()

    def _keep(self, track_id: str, record: dict[str, Any]) -> None:
        record |= {"model": self.model.identity, "content_id": self.content_ids.get(track_id)}
        if track_id in self.keys:  # a file that cannot be read has none, and is looked at again next time
            record["key"] = self.keys[track_id]
            write_json(_path(self.words, track_id), record)
        self.rows[track_id] = self._row(record)

    def _row(self, record: dict[str, Any]) -> Row:
        """Return the row of a record, and write the record where the marks on its words have changed."""
        about = {name: record[name] for name in ("track_id", "model", "content_id")}
        if record.get("heard") is None:
            return Row(status=record["status"], reason=record["reason"], **about)
        old = Heard.parse(record["heard"])
        heard = mark(old, self.config.min_confidence)
        if heard != old:
            write_json(_path(self.words, record["track_id"]), record | {"heard": heard.plain()})
        return heard_row(heard=heard, keep_low=self.config.keep_low, seconds=record["seconds"], **about)

    def write(self) -> list[Row]:
        """Write the table of what there is, and return its rows."""
        rows = [self.rows[track_id] for track_id in sorted(self.rows)]
        write_own(self.out, csv_text(COLUMNS, map(dataclasses.asdict, rows)), self.words / LEDGER)
        return rows


def _content_ids(tracks: Mapping[str, Path], known: Mapping[str, str]) -> dict[str, str]:
    """Return the content id of every track whose file can be read; what is wrong with the others, loading will tell."""
    ids = {}
    for track_id, path in tracks.items():
        if track_id in known:
            ids[track_id] = known[track_id]
            continue
        try:
            if path.is_file():
                ids[track_id] = content_id(path)
        except (OSError, ValueError):
            pass
    return ids


def _path(words: Path, track_id: str) -> Path:
    return words / f"{hashlib.blake2b(track_id.encode(), digest_size=16).hexdigest()}.json"


def _read(path: Path) -> dict[str, Any]:
    """Return a record, or an empty one where there is none or it is damaged: it is made anew."""
    try:
        record = read_json(path) if path.is_file() else {}
    except MusaicError:
        record = {}
    return record if isinstance(record, dict) else {}
