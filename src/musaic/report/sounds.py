"""What models decode, as sound: MP3s in ``sounds/``, for the page to hold or to link.

Where a decoder gives a log-mel spectrogram, `musaic.audio.synthesis` finds a sound that has it. Of every such cell
there are a few songs, each by the model's reconstruction and by its own spectrogram, and a sweep through each of the
strongest latent dimensions: all steps, one after another, in one sound.

Shapes: ``T`` frames, ``F`` mel bands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from musaic.errors import MusaicError
from musaic.files import WriteError, atomic, content_id
from musaic.listening.sound import stretches
from musaic.parallel import Failure
from musaic.parallel import run as run_parallel
from musaic.progress import SILENT, Reporter
from musaic.report.reading import Cell, Results
from musaic.report.reconstructions import MOST_SONGS
from musaic.report.traversals import MOST_DIMS

LOG_MEL = "log_mel"
"""The modality that sound can be made of."""

STEP = 1.2
"""Seconds that every step of a sweep is heard."""

QUALITY = 0.5
"""Of the MP3s: libsndfile's scale of variable bit rates, 0 (best) to 1; some 40 kbit/s of a mono sound at 22 kHz."""

MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
"""Hz; sound at another rate is resampled to the next higher one."""


@dataclass(frozen=True)
class Synthesis:
    """How log-mel spectrograms of a run were cut, as `griffin_lim_from_log_mel` takes it."""

    sample_rate: int
    n_fft: int
    hop_length: int
    fmin: float
    fmax: float

    @classmethod
    def of(cls, results: Results) -> Synthesis | None:
        """Return a run's, or None where it does not say."""
        asked = results.run.experiment.get("features")
        if not isinstance(asked, dict) or not {"sample_rate", "n_fft", "hop_length"} <= set(asked):
            return None
        rate, highest = int(asked["sample_rate"]), asked.get("fmax")
        ends = float(asked.get("fmin") or 0), rate / 2 if highest is None else float(highest)
        return cls(rate, int(asked["n_fft"]), int(asked["hop_length"]), *ends)

    @property
    def frame(self) -> float:
        """Seconds from one frame to the next."""
        return self.hop_length / self.sample_rate


@dataclass(frozen=True)
class Take:
    """One sound: its file, and a function that returns the spectrogram it is made from, (T, F), dB."""

    file: Path
    log_mel: Callable[[], np.ndarray]


@dataclass(frozen=True)
class HeardSong:
    """A song as it is and as a model decodes it.

    Parameters
    ----------
    track_id : str
        The song.
    start : float, s
        Where in its file the stretch begins that the model was given; NaN where that cannot be told.
    length : float, s
        Of that stretch.
    own : Take or None
        From its own spectrogram; None where the song has no sound.
    decoded : Take
        From what the model decodes.
    """

    track_id: str
    start: float
    length: float
    own: Take | None
    decoded: Take


@dataclass(frozen=True)
class Sweep:
    """A latent dimension, heard from one end to the other.

    Parameters
    ----------
    dim : int
        Its number.
    marks : tuple of (float, float, float)
        Of every step: where it stands, in standard deviations, and from when to when it is heard, s.
    take : Take
        The sound.
    """

    dim: int
    marks: tuple[tuple[float, float, float], ...]
    take: Take


@dataclass(frozen=True)
class Heard:
    """What there is to hear of a cell."""

    cell: Cell
    songs: tuple[HeardSong, ...]
    sweeps: tuple[Sweep, ...]

    @property
    def takes(self) -> list[Take]:
        """All its sounds."""
        own = [song.own for song in self.songs if song.own]
        return [*own, *(song.decoded for song in self.songs), *(sweep.take for sweep in self.sweeps)]


def heard(results: Results) -> list[Heard]:
    """Return what there is to hear of every cell whose decoder gives a log-mel, in the order of the leaderboard."""
    synthesis = Synthesis.of(results)
    found = [_heard(results, cell, synthesis) for cell in results.done] if synthesis else []
    return [each for each in found if each.songs or each.sweeps]


def write_sounds(run: Path, *, workers: int | None = None, reporter: Reporter = SILENT) -> list[Path]:
    """Write a run's sounds into ``sounds/``; those that are there stay.

    Parameters
    ----------
    run : Path
        The run folder; nothing else is read.
    workers : int >= 0, optional
        Processes, 0 for this one alone; all cores by default where there are several cells.
    reporter : Reporter
        Told how far it is.

    Returns
    -------
    list of Path
        All sounds there are now. Equal spectrograms give equal bytes.

    Raises
    ------
    MusaicError
        Where a file of the run is damaged, or a sound cannot be written.
    """
    results = Results(Path(run))
    every = heard(results)
    missing = [each.cell.name for each in every if not all(take.file.is_file() for take in each.takes)]
    if workers is None and len(missing) < 2:
        workers = 0
    with reporter.bar("sounds", len(missing)) as advance:
        for _, outcome in run_parallel(partial(_write, Path(run)), missing, workers=workers):
            if isinstance(outcome, Failure):
                failed = WriteError if outcome.kind == WriteError.__name__ else MusaicError
                raise failed(outcome.message)
            advance(1)
    return [take.file for each in every for take in each.takes]


def write_mp3(path: Path, y: np.ndarray, rate: int) -> None:
    """Write mono samples at ``rate`` Hz as MP3, atomically."""
    import soundfile
    import soxr

    playable = next((known for known in MP3_RATES if known >= rate), MP3_RATES[-1])
    if playable != rate:
        y = soxr.resample(y, rate, playable)
    with atomic(path) as temporary:
        soundfile.write(
            temporary, y, playable, format="MP3", subtype="MPEG_LAYER_III",
            compression_level=QUALITY, bitrate_mode="VARIABLE",
        )  # fmt: skip


def _write(run: Path, name: str) -> None:
    """Write the sounds of a cell that are missing."""
    from threadpoolctl import threadpool_limits

    from musaic.audio.synthesis import griffin_lim_from_log_mel

    results = Results(run)
    synthesis, cell = Synthesis.of(results), results.cell(name)
    if synthesis is None or cell is None:
        return
    # Sums in another order are other bytes.
    with threadpool_limits(1):
        for take in _heard(results, cell, synthesis).takes:
            if not take.file.is_file():
                y = griffin_lim_from_log_mel(take.log_mel(), **vars(synthesis))
                write_mp3(take.file, y, synthesis.sample_rate)


def _heard(results: Results, cell: Cell, synthesis: Synthesis) -> Heard:
    songs, sweeps = _songs(results, cell, synthesis), _sweeps(results, cell, synthesis)
    return Heard(cell, tuple(songs), tuple(sweeps))


def _songs(results: Results, cell: Cell, synthesis: Synthesis) -> list[HeardSong]:
    """Return the songs of a cell's reconstructions."""
    data = results.decoded("reconstructions", cell)
    if data is None or f"{LOG_MEL}.reconstruction" not in data:
        return []
    folder = _folder(results, "reconstructions", cell)
    found = []
    where = _stretches(results)
    for place, track_id in enumerate(map(str, data["tracks"][:MOST_SONGS])):
        own = _known(data[f"{LOG_MEL}.original"][place])
        decoded = _known(data[f"{LOG_MEL}.reconstruction"][place])
        if len(decoded) < 2:
            continue
        start, length = where.get(track_id, (np.nan, np.nan))
        # The middle of the song's frames, as the reconstructions hold it.
        spare = int(length / synthesis.frame) + 1 - len(own) if length == length else 0
        found.append(
            HeardSong(
                track_id,
                start + max(0, spare // 2) * synthesis.frame,
                (len(own if len(own) > 1 else decoded) - 1) * synthesis.frame,
                Take(folder / f"song-{place}-own.mp3", partial(np.asarray, own)) if len(own) > 1 else None,
                Take(folder / f"song-{place}-decoded.mp3", partial(np.asarray, decoded)),
            )
        )
    return found


def _sweeps(results: Results, cell: Cell, synthesis: Synthesis) -> list[Sweep]:
    """Return a sweep through each of a cell's strongest dimensions."""
    data = results.decoded("traversals", cell)
    if data is None or f"{LOG_MEL}.values" not in data:
        return []
    folder = _folder(results, "traversals", cell)
    values = data[f"{LOG_MEL}.values"]
    T = max(1, min(values.shape[2], round(STEP / synthesis.frame)))
    first = (values.shape[2] - T) // 2
    marks = tuple(
        (float(sd), i * T * synthesis.frame, (i + 1) * T * synthesis.frame) for i, sd in enumerate(data["steps"])
    )
    return [
        Sweep(int(dim), marks, Take(folder / f"dim-{int(dim)}.mp3", partial(_end_to_end, values[i], first, T)))
        for i, dim in enumerate(data["dims"][:MOST_DIMS])
        if np.isfinite(values[i]).all()
    ]


def _end_to_end(steps: np.ndarray, first: int, length: int) -> np.ndarray:
    """Return ``length`` frames of every step, shape (s, C, F), one step after another."""
    return np.concatenate(list(steps[:, first : first + length]))


def _known(frames: np.ndarray) -> np.ndarray:
    """Return the frames that are there; a short song has fewer than the crop."""
    return np.asarray(frames[np.isfinite(frames).all(axis=1)])


def _folder(results: Results, kind: str, cell: Cell) -> Path:
    """Return where sounds of a file of decoded features lie; its content stands in the name, so that none is stale."""
    digest = content_id(results.decoded_file(kind, cell))[:8]
    return results.run.path / "sounds" / cell.name / f"seed-{cell.seeds[0]}-{kind}-{digest}"


def _stretches(results: Results) -> dict[str, Any]:
    """Return start and length of the analysed stretch of every song that was analysed in one piece."""
    asked = results.run.experiment.get("features") or {}
    if int(asked.get("segments") or 1) > 1 or not results.run.tracks_file.is_file():
        return {}
    table = stretches(results.run)
    return dict(zip(table.index, zip(table["start"], table["length"], strict=True), strict=True))
