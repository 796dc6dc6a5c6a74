"""From a file to the samples that are used: only the windows asked for, mono, resampled, read in blocks."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import soxr

from musaic.audio import loudness
from musaic.audio.readers import BLOCK, AudioInfo, Reader, SoundFileReader, joined, open_reader
from musaic.audio.windows import Offset, place
from musaic.errors import TrackError

Normalize = Literal["none", "peak", "loudness"]

MIN_SECONDS = 0.5  # shorter sound has no tempo, no key and hardly a frame
SILENCE = 1e-4  # peak, -80 dBFS: below it there is only dither
LOUDEST = 1e12  # beyond it powers overflow; integers stored as floats stay far below
WORTHWHILE = 1.0  # seconds; what a more patient decoder must find beyond a damaged place to be preferred
HELD = 1 << 24  # samples; windows up to this long in all are held to be normalised, longer ones are decoded twice
_MEASURED = 1 << 21  # samples whose loudness is measured at once
_CHUNK = 16 * BLOCK  # samples a channel passed on at once


def probe(path: Path) -> AudioInfo:
    """Return what the header of a sound file says; where it is silent about the duration, the file is decoded.

    Raises
    ------
    TrackError
        Where the file is not sound that can be read.
    """
    with open_reader(Path(path)) as reader:
        info = reader.info
        if reader.frames is None:
            return dataclasses.replace(info, duration=_count(reader) / info.sample_rate)
        return info


def examine(path: Path) -> AudioInfo:
    """Return what a file is, having decoded the 30 s in its middle: what `probe` says, proven.

    Raises
    ------
    TrackError
        Where there is nothing to be used there, or less than the file promises.
    """
    info = probe(path)
    with Recording.open(path) as recording:
        for _ in recording.blocks(info.sample_rate):
            pass
        if recording.damage:
            raise TrackError("truncated", f"{recording.damage} What is left is used.")
    return info


def load(
    path: Path,
    *,
    sr: int = 22050,
    offset: Offset = "middle",
    duration: float | None = 30.0,
    segments: int = 1,
    normalize: Normalize = "none",
) -> np.ndarray:
    """Return the samples of the window used.

    Parameters
    ----------
    path : Path
        A sound file.
    sr : int > 0, Hz
        Sample rate to convert to (soxr, high quality).
    offset : {"middle", "start"} or float >= 0, s
        Where the window lies.
    duration : float > 0, s, or None
        Length of the window; None takes all that follows the offset. A shorter file gives what it has.
    segments : int > 0
        Windows, spread evenly (``middle``) or one after another; they are joined end to end.
    normalize : {"none", "peak", "loudness"}
        ``peak`` scales to a largest magnitude of 1; ``loudness`` to -23 LUFS (BS.1770 on the mono mix; below 0.4 s
        the ungated level).

    Returns
    -------
    y : ndarray, shape (n_samples,), float32
        Mono samples.

    Raises
    ------
    TrackError
        With status missing, not-a-file, no-permission, dangling-link, empty, unreadable, unsupported, too-short,
        silent, not-finite, or truncated (less than half a second can be decoded).
    """
    with Recording.open(Path(path), offset=offset, duration=duration, segments=segments) as recording:
        return joined([y for _, y in recording.blocks(sr, normalize)])


class Recording:
    """An open sound file and the windows of it that are used.

    Parameters
    ----------
    reader : Reader
        The open file.
    name : str
        What to call the file in messages.
    frames : int
        Samples that are really there.
    damage : str or None
        One sentence where that is less than the header promises.
    offset, duration, segments
        As in `load`.

    Attributes
    ----------
    info : AudioInfo
        What the header says.
    length : float
        Seconds that are really there.
    windows : tuple of (float, float)
        Start and length of every window used, s.
    """

    def __init__(
        self,
        reader: Reader,
        name: str,
        frames: int,
        damage: str | None = None,
        *,
        offset: Offset = "middle",
        duration: float | None = 30.0,
        segments: int = 1,
    ) -> None:
        self._reader, self._name = reader, name
        self.info = reader.info
        self.damage = damage
        rate = self.info.sample_rate
        self.length = frames / rate
        self._spans = place(frames, rate, offset=offset, duration=duration, segments=segments)
        used = sum(stop - start for start, stop in self._spans) / rate
        if used < MIN_SECONDS:
            if self.damage:
                raise TrackError("truncated", f"{self.damage} That is too little to work with.")
            where = f" after {offset:g} s" if isinstance(offset, float | int) and offset else ""
            raise TrackError(
                "too-short", f"{name} holds {used:.2g} s of sound{where}; at least {MIN_SECONDS} s are needed."
            )
        self.windows = tuple((start / rate, (stop - start) / rate) for start, stop in self._spans)

    @classmethod
    @contextlib.contextmanager
    def open(
        cls, path: Path, *, offset: Offset = "middle", duration: float | None = 30.0, segments: int = 1
    ) -> Iterator[Recording]:
        """Open a file for as long as the block lasts."""
        with contextlib.ExitStack() as stack:
            reader = stack.enter_context(open_reader(path))
            frames, damage = _length(reader, path.name)
            if damage is not None and isinstance(reader, SoundFileReader):
                with contextlib.suppress(TrackError):
                    patient = stack.enter_context(open_reader(path, patient=True))
                    more = _count(patient)
                    if more - frames > WORTHWHILE * reader.info.sample_rate:
                        reader, frames = patient, more
                        damage = f"{path.name} is damaged; {more / reader.info.sample_rate:.1f} s of it can be decoded."
            yield cls(reader, path.name, frames, damage, offset=offset, duration=duration, segments=segments)

    def blocks(self, sr: int, normalize: Normalize = "none") -> Iterator[tuple[int, np.ndarray]]:
        """Yield ``(window, samples)`` in order: mono float32 at ``sr``, in blocks of some seconds.

        Raises
        ------
        TrackError
            ``not-finite`` as soon as a sample is, ``silent`` at the end if nothing was heard.
        """
        if normalize == "none":
            yield from self._checked(sr)
            return
        if sum(seconds for _, seconds in self.windows) * sr <= HELD:
            held = list(self._checked(sr))
            gain = _gain((y for _, y in held), sr, normalize)
            yield from ((window, y * gain) for window, y in held)
        else:
            gain = _gain((y for _, y in self._checked(sr)), sr, normalize)
            yield from ((window, y * gain) for window, y in self._checked(sr))

    def _checked(self, sr: int) -> Iterator[tuple[int, np.ndarray]]:
        """Yield blocks at ``sr``, refusing what is not finite, not there, or silence."""
        peak, heard = 0.0, 0
        rate = self.info.sample_rate
        for window, (start, stop) in enumerate(self._spans):
            stream = soxr.ResampleStream(rate, sr, 1, dtype="float32", quality="HQ") if rate != sr else None
            position = start
            ended = not self._go_to(start)
            while not ended:
                y = self._reader.read(min(_CHUNK, stop - position))
                position += len(y)
                ended = position >= stop or not len(y)
                if len(y):
                    low, high = float(y.min()), float(y.max())
                    if not max(high, -low) < LOUDEST or np.isnan(low):
                        raise TrackError(
                            "not-finite",
                            f"{self._name} holds samples that are not numbers (NaN, infinity, or beyond {LOUDEST:g}).",
                        )
                    peak = max(peak, high, -low)
                if stream is not None:
                    y = stream.resample_chunk(y, last=ended)
                if len(y):
                    yield window, y
            heard += position - start
            if stop - position > self._reader.slack * rate and self.damage is None:
                self.damage = f"{self._name} cannot be decoded beyond {position / rate:.1f} s."
        if heard < MIN_SECONDS * rate:
            damage = self.damage or f"{self._name} cannot be decoded where it is used."
            raise TrackError("truncated", f"{damage} That is too little to work with.")
        if peak < SILENCE:
            used = sum(seconds for _, seconds in self.windows)
            raise TrackError("silent", f"{self._name} is silent in the {used:.3g} s used ({_db(peak)}).")

    def _go_to(self, frame: int) -> bool:
        """Seek; where the format cannot, read from the start."""
        if self._reader.seek(frame):
            return True
        if not self._reader.seek(0):
            return False
        while frame > 0:
            got = len(self._reader.read(min(frame, _CHUNK)))
            if not got:
                return False
            frame -= got
        return True


def _gain(blocks: Iterable[np.ndarray], sr: int, normalize: Normalize) -> np.float32:
    """Return the factor that normalises the sound in ``blocks``."""
    if normalize == "peak":
        return np.float32(1 / max(float(np.abs(y).max()) for y in blocks))
    energies = [loudness.block_energies(y, sr) for y in regrouped(blocks, _MEASURED)]
    return np.float32(10 ** ((loudness.TARGET - loudness.integrated(np.concatenate(energies))) / 20))


def regrouped(blocks: Iterable[np.ndarray], n: int) -> Iterator[np.ndarray]:
    """Yield the same samples in blocks of ``n``; the last one takes the rest, of up to 1.5 ``n``."""
    waiting: list[np.ndarray] = []
    have = 0
    for block in blocks:
        waiting.append(block)
        have += len(block)
        while have >= n + n // 2:
            y = joined(waiting)
            yield y[:n]
            waiting, have = [y[n:]], have - n
    if have:
        yield joined(waiting)


def _length(reader: Reader, name: str) -> tuple[int, str | None]:
    """Return how many samples are there, and in a sentence what is missing.

    The header is believed only if the file's last moment can be decoded.
    """
    promised, rate = reader.frames, reader.info.sample_rate
    if promised is not None:
        last = promised - int(reader.slack * rate)
        if last <= 0 or (reader.seek(last) and len(reader.read(BLOCK))):
            return promised, None
    found = _count(reader)
    if promised is None or not reader.exact or promised - found <= reader.slack * rate:
        return found, None
    return found, f"{name} promises {promised / rate:.1f} s of sound, but only {found / rate:.1f} s can be decoded."


def _count(reader: Reader) -> int:
    """Return how many samples can be decoded from the start of a file."""
    reader.seek(0)
    found = 0
    while got := len(reader.read(_CHUNK)):
        found += got
    return found


def _db(peak: float) -> str:
    return f"peak {20 * np.log10(peak):.0f} dBFS" if peak > 0 else "every sample is zero"
