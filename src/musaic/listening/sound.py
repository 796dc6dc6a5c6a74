"""Which file a song is, and which stretch of it was analysed and is worth hearing first."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pandas as pd

from musaic.audio.windows import place
from musaic.errors import UsageError
from musaic.files import read_json
from musaic.runs import Run

USABLE = ("ok", "truncated")
"""Statuses of tracks with sound; of a truncated file, what is there was analysed."""

_FINE = 48000  # Hz; a track's own rate is not recorded, and a window lies where it does to within a sample of this


def corpus_root(run: Run, corpus: str | Path | None = None) -> Path | None:
    """Return the folder where a run's relative paths start, or None where the run does not know it.

    Parameters
    ----------
    run : Run
        A run folder.
    corpus : str or Path, optional
        Where the corpus lies now: its folder, or the table in it that was its index. By default where
        ``environment.json`` says it was, whether it is still there or not.

    Raises
    ------
    UsageError
        Where ``corpus`` is given and nothing is there.
    """
    if corpus is not None:
        given = Path(corpus).expanduser().resolve()
        if not given.exists():
            raise UsageError(f"there is no corpus {corpus}; name the folder that the run's songs were moved to.")
        return given if given.is_dir() else given.parent
    environment = read_json(run.environment_file) if run.environment_file.is_file() else {}
    recorded = environment.get("corpus_root")
    return Path(os.path.normpath(run.path.resolve() / recorded)) if isinstance(recorded, str) else None


def audio_files(run: Run, corpus: str | Path | None = None) -> dict[str, Path]:
    """Return by ``track_id`` where the audio of every track lies that has sound.

    Parameters
    ----------
    run : Run
        A run folder.
    corpus : str or Path, optional
        Where the corpus lies now, as in `corpus_root`.

    Returns
    -------
    dict of str to Path
        Absolute paths, there or not. Tracks without usable audio are left out, and so is a path that leaves the
        corpus by its text: nothing beside the corpus is ever opened for a run folder that came from elsewhere. Links
        inside the corpus may lead out of it.
    """
    root, tracks = corpus_root(run, corpus), run.tracks
    if root is None or "audio" not in tracks:
        return {}
    return {
        str(track_id): root / audio
        for track_id, audio, status in zip(tracks["track_id"], tracks["audio"], tracks["status"], strict=True)
        if status in USABLE and isinstance(audio, str) and _inside(audio)
    }


def sound_files(run: Run, corpus: str | Path | None = None) -> dict[str, Path]:
    """Return where the sound of every song lies: of the run's (`audio_files`) and of those placed in it later."""
    return {**assigned_files(run), **audio_files(run, corpus)}


def audio_file(run: Run, track_id: str, corpus: str | Path | None = None) -> Path | None:
    """Return where a track's audio lies (see `audio_files`), or None where it has none.

    Raises
    ------
    UsageError
        Where the run has no such track, or ``corpus`` is not there.
    """
    _row(run, track_id)
    return audio_files(run, corpus).get(track_id)


def assigned_files(run: Run) -> dict[str, Path]:
    """Return by ``track_id`` where the audio of songs lay that were placed when the run was finished.

    They need not be of the corpus, nor be there any more: whoever opens them must want to hear what a run folder names.
    """
    songs = run.assigned.drop_duplicates("track_id")
    if "audio" not in songs:
        return {}
    folder = run.path.resolve()
    return {
        str(track_id): Path(os.path.normpath(folder / audio))
        for track_id, audio in zip(songs["track_id"], songs["audio"], strict=True)
        if isinstance(audio, str)
    }


def stretches(run: Run) -> pd.DataFrame:
    """Return the analysed stretch of every track.

    Returns
    -------
    DataFrame
        Indexed by ``track_id`` in the order of the run's tracks: ``start`` and ``length``, s, of the first stretch
        that was analysed without a gap, by the run's features configuration and the track's duration; NaN where a
        track has no sound or its duration is not known.
    """
    tracks, asked = run.tracks, _asked(run)
    sound = tracks["status"].isin(USABLE) & tracks["audio"].notna() if "audio" in tracks else pd.Series(False)
    duration = pd.to_numeric(tracks["duration"]) if "duration" in tracks else pd.Series(math.nan, index=tracks.index)
    found = [_stretch(seconds, asked) for seconds in duration.where(sound).tolist()]
    index = pd.Index(tracks["track_id"], name="track_id")
    return pd.DataFrame(found, columns=["start", "length"], index=index, dtype=float)


def stretch(run: Run, track_id: str) -> tuple[float, float]:
    """Return where a track's analysed stretch begins and how long it is, s (see `stretches`).

    Raises
    ------
    UsageError
        Where the run has no such track.
    """
    row = _row(run, track_id)
    sound = row.get("status") in USABLE and isinstance(row.get("audio"), str)
    return _stretch(float(row.get("duration", math.nan)) if sound else math.nan, _asked(run))


def _asked(run: Run) -> dict[str, Any]:
    """Return the part of the features configuration that says where windows lie."""
    features = run.experiment.get("features") or {}
    asked = {name: features[name] for name in ("offset", "duration", "segments") if name in features}
    if asked.get("duration") == "whole":
        asked["duration"] = None
    return asked


def _stretch(seconds: float, asked: dict[str, Any]) -> tuple[float, float]:
    if not seconds > 0 or math.isinf(seconds):
        return math.nan, math.nan
    (start, stop), *others = place(round(seconds * _FINE), _FINE, **asked)
    for following, end in others:
        if following != stop:
            break
        stop = end
    return start / _FINE, (stop - start) / _FINE


def _row(run: Run, track_id: str) -> dict[str, Any]:
    rows = run.tracks[run.tracks["track_id"] == track_id]
    if rows.empty:
        raise UsageError(f"the run {run.path} has no track {track_id!r}; its ids stand in tracks.parquet.")
    return {str(name): value for name, value in rows.iloc[0].items()}


def _inside(audio: str) -> bool:
    """Say whether a relative path stays in the folder where it starts."""
    plain = os.path.normpath(audio)
    return not os.path.isabs(plain) and plain.split(os.sep)[0] not in ("..", ".")
