"""Tracks heard one after the other by a model in this process, or several at once by the workers of a cluster."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musaic import parallel
from musaic.errors import MusaicError
from musaic.lyrics.transcription.config import TranscriptionConfig
from musaic.lyrics.transcription.doubt import mark
from musaic.lyrics.transcription.loading import Load, Loaded, load_all, load_one
from musaic.lyrics.transcription.models import Model
from musaic.lyrics.transcription.table import Outcome
from musaic.lyrics.transcription.whisper import SR, Whisper

Record = dict[str, Any]
"""``status`` and ``reason``; where something was heard ``seconds`` and ``heard`` too."""

Hints = Mapping[str, str | None]


def listen_here(
    tracks: Mapping[str, Path],
    hints: Hints,
    load: Load,
    whisper: Whisper,
    config: TranscriptionConfig,
    workers: int,
    beside: Path,
) -> Iterator[tuple[str, Record | Exception]]:
    """Yield what is heard in every track, or what the model's libraries raised, by a model in this process.

    Parameters
    ----------
    tracks, hints, load, config, workers
        As for `musaic.lyrics.transcription.transcribe.transcribe`.
    whisper : Whisper
        Who listens.
    beside : Path
        A folder in which samples wait until they are asked for.
    """
    track_ids = list(tracks)
    for position, loaded in load_all(list(tracks.values()), load, workers, beside):
        track_id = track_ids[position]
        try:
            yield track_id, _record(whisper, loaded, hints.get(track_id), config)
        except Exception as error:
            # The libraries raise what they happen to meet (a GPU out of memory, a tokenizer's index).
            yield track_id, error


@dataclass(frozen=True)
class _Task:
    path: Path
    hint: str | None
    load: Load
    model: Model
    config: TranscriptionConfig


def listen_afar(
    tracks: Mapping[str, Path], hints: Hints, load: Load, model: Model, config: TranscriptionConfig
) -> Iterator[tuple[str, Record | Exception]]:
    """Yield the same, each worker of the cluster with the model in its own memory and one thread."""
    parallel.must_see(model.folder / "model.bin")
    track_ids = list(tracks)
    tasks = [_Task(tracks[name].absolute(), hints.get(name), load, model, config) for name in track_ids]
    return (
        (track_ids[position], MusaicError(outcome.message) if isinstance(outcome, parallel.Failure) else outcome)
        for position, outcome in parallel.run(_listen, tasks)
    )


def _listen(task: _Task) -> Record:
    config = task.config.model_copy(update={"threads": task.config.threads or 1})
    return _record(_whisper(task.model, config), load_one(task.load, task.path), task.hint, config)


@functools.lru_cache(maxsize=1)
def _whisper(model: Model, config: TranscriptionConfig) -> Whisper:
    """Load a model once a worker."""
    return Whisper.load(model, config)


def _record(whisper: Whisper, loaded: Loaded, hint: str | None, config: TranscriptionConfig) -> Record:
    """Return what is heard in a track, with the marks of what is not to be believed."""
    record: Record = {"status": loaded.status, "reason": loaded.reason}
    if loaded.status == "silent":
        return record | {"status": Outcome.NO_WORDS}
    if loaded.y is None:
        return record
    heard = mark(whisper.hear(loaded.y, hint), config.min_confidence)
    return record | {"seconds": round(len(loaded.y) / SR, 2), "heard": heard.plain()}
