"""A song as sound: every part played by the sampler, then mixed as a small studio would.

Letters: `n` samples.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter, oaconvolve

from musaic.demo.arrangement import Part, Song
from musaic.demo.factors import Factors
from musaic.demo.genres import STYLES
from musaic.demo.sampler import Sampler, Vibrato
from musaic.demo.soundfont import read_soundfont

Wave = npt.NDArray[np.float32]

PEAK = 0.7
"""3 dB below full scale: room for what lossy coding adds."""

SENDS = {"lead": 1.0, "chords": 0.8, "bass": 0.12, "pad": 1.0, "drums": 0.45}
"""How much of each part the hall hears."""


@dataclass(frozen=True)
class Studio:
    """What the recording does to the music.

    Parameters
    ----------
    hall_seconds : float
        Reverberation time, to -60 dB.
    noise_db : float
        Level of hiss below the music.
    fade_in, fade_out : float, s
    echo : float
        Share of a dotted-eighth echo on the melody.
    """

    hall_seconds: float
    noise_db: float
    fade_in: float
    fade_out: float
    echo: float


def draw_studio(factors: Factors, rng: np.random.Generator, seconds: float) -> Studio:
    """Draw what the factors leave open about the recording."""
    return Studio(
        hall_seconds=0.35 + 4.5 * factors.reverb_share * float(rng.uniform(0.7, 1.3)),
        noise_db=float(rng.uniform(-70, -58)),
        fade_in=float(rng.choice((0.01, 0.05, 0.6), p=(0.55, 0.35, 0.1))),
        fade_out=min(float(rng.uniform(0.15, 1.6)), seconds / 4),
        echo=float(rng.choice((0.0, 0.22), p=(0.7, 0.3))),
    )


def render(
    song: Song, genre: str, factors: Factors, sampler: Sampler, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Play and mix a song.

    Returns
    -------
    y : ndarray, shape (2, n)
        Left and right, within `PEAK`.
    """
    style = STYLES[genre]
    n = round(song.seconds * sampler.sr)
    studio = draw_studio(factors, rng, song.seconds)
    dry = np.zeros((2, n), np.float32)
    send = np.zeros(n, np.float32)
    for part in song.parts:
        stereo = _play(part, sampler, n, rng, factors)
        if part.driven and style.drive > 0.3:
            stereo = _overdriven(stereo, style.drive)
        if part.name == "lead" and studio.echo:
            delay = int(45 / factors.tempo_bpm * sampler.sr)
            if 0 < delay < n:
                stereo[:, delay:] += np.float32(studio.echo) * stereo[::-1, :-delay].copy()
        if part.name != "drums" and style.pump:
            stereo *= _pumped(song.kicks, style.pump, n, sampler.sr)
        dry += stereo
        send += np.float32(SENDS[part.name]) * stereo.mean(axis=0)
    wet = _in_hall(dry, send, factors, studio, sampler.sr, rng)
    return _master(wet, factors, studio, sampler.sr, rng)


def _play(part: Part, sampler: Sampler, n: int, rng: np.random.Generator, factors: Factors) -> Wave:
    """Return a part in stereo: notes added up where they begin."""
    if part.drum:
        return _play_drums(part, sampler, n, factors)
    mono = np.zeros(n, np.float32)
    rate = float(rng.uniform(4.6, 6.2))
    for note in part.notes:
        vibrato = None
        if part.sung and note.duration > 0.4:
            vibrato = Vibrato(depth=0.16, rate=rate, slide=-0.5 if note.duration > 0.5 else 0.0)
        wave, _ = sampler.note(part.program, note.key, note.duration, note.velocity, vibrato=vibrato)
        start = round(note.start * sampler.sr)
        stop = min(n, start + len(wave))
        if stop > start:
            mono[start:stop] += wave[: stop - start] * np.float32(note.gain)
    # Instruments of the font differ in level by 12 dB: each is brought to the same loudness where it plays.
    active = np.abs(mono) > 1e-3
    level = float(np.sqrt(np.mean(mono[active] ** 2))) if active.any() else 0.0
    mono *= np.float32(part.gain * 0.12 / max(level, 0.02))
    pan = part.pan * factors.width
    angle = (pan + 1) * np.pi / 4
    sides = np.array([[np.cos(angle)], [np.sin(angle)]], np.float32) * np.float32(2**0.5)
    stereo: Wave = sides * mono
    return stereo


def _play_drums(part: Part, sampler: Sampler, n: int, factors: Factors) -> Wave:
    stereo = np.zeros((2, n), np.float32)
    struck: dict[float, Wave] = {}
    pans: dict[float, float] = {}
    for note in part.notes:
        if note.key not in struck:
            struck[note.key], pans[note.key] = sampler.note(part.program, note.key, note.duration, 127, drum=True)
        wave, pan = struck[note.key], pans[note.key] * factors.width * 0.8
        start = round(note.start * sampler.sr)
        stop = min(n, start + len(wave))
        if stop <= start:
            continue
        gain = note.gain * part.gain * 0.62 * (note.velocity / 127) ** 1.4
        angle = (pan + 1) * np.pi / 4
        stereo[0, start:stop] += wave[: stop - start] * np.float32(gain * np.cos(angle))
        stereo[1, start:stop] += wave[: stop - start] * np.float32(gain * np.sin(angle))
    return stereo


def _overdriven(stereo: Wave, drive: float) -> Wave:
    """Return the part through an amplifier: soft clipping at the same loudness."""
    before = float(np.sqrt(np.mean(stereo**2))) + 1e-9
    pushed = np.tanh(stereo / before * np.float32(0.4 + 1.6 * drive))
    after = float(np.sqrt(np.mean(pushed**2))) + 1e-9
    result: Wave = (pushed * (before / after)).astype(np.float32)
    return result


def _pumped(kicks: tuple[float, ...], depth: float, n: int, sr: int) -> Wave:
    """Return the gain that dips at every kick and recovers in a quarter of a second."""
    gain = np.ones(n, np.float32)
    length = int(0.25 * sr)
    dip = 1 - np.float32(depth) * (1 - np.linspace(0, 1, length, dtype=np.float32)) ** 2
    for kick in kicks:
        start = round(kick * sr)
        stop = min(n, start + length)
        if stop > start:
            gain[start:stop] = np.minimum(gain[start:stop], dip[: stop - start])
    return gain


def _in_hall(dry: Wave, send: Wave, factors: Factors, studio: Studio, sr: int, rng: np.random.Generator) -> Wave:
    """Return the mix with its hall, and treble against bass tilted."""
    # The hall is dull, so it is computed at half the rate.
    half = sr / 2
    length = min(int(studio.hall_seconds * half), sr)
    t = np.arange(length, dtype=np.float32) / np.float32(half)
    tail = np.exp(-6.9 * t / np.float32(studio.hall_seconds)) * (t > 0.012)
    impulse = rng.standard_normal((2, length), dtype=np.float32) * tail
    impulse *= np.float32(1.6 * factors.reverb_share) / np.sqrt((impulse**2).sum(axis=1, keepdims=True))
    n = dry.shape[1] // 2 * 2
    sent = (send[:n:2] + send[1:n:2]) / 2
    wet = oaconvolve(np.broadcast_to(sent, (2, len(sent))), impulse, axes=1)[:, : n // 2].astype(np.float32)
    dry[:, :n:2] += wet
    dry[:, 1:n:2] += wet
    b, a = _shelf(factors.tilt_db, sr)
    tilted: Wave = lfilter(b, a, dry, axis=1).astype(np.float32)
    return tilted


def _shelf(tilt_db: float, sr: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return a filter that tilts treble against bass around 900 Hz, and takes rumble away below 30 Hz."""
    root = 10 ** (tilt_db / 40)
    w = np.tan(np.pi * 900 / sr)
    shelf_b, shelf_a = (
        np.array([w / root + root, w / root - root]),
        np.array([w * root + 1 / root, w * root - 1 / root]),
    )
    pole = np.exp(-2 * np.pi * 30 / sr)
    b = np.convolve(shelf_b, [(1 + pole) / 2, -(1 + pole) / 2])
    a = np.convolve(shelf_a, [1, -pole])
    return (b / a[0]).astype(np.float32), (a / a[0]).astype(np.float32)


def _master(y: Wave, factors: Factors, studio: Studio, sr: int, rng: np.random.Generator) -> Wave:
    """Return the mix at its loudness, its peaks rounded off, faded in and out, with a little hiss."""
    n = y.shape[1]
    level = float(np.sqrt(np.mean(y**2))) + 1e-9
    y = y * np.float32(10 ** (factors.loudness_dbfs / 20) / level)
    loudest = float(np.abs(y).max())
    if loudest > 0.6 * PEAK:
        # Above the knee, a curve that reaches the ceiling only at infinity.
        knee = np.float32(0.6 * PEAK)
        room = np.float32(PEAK) - knee
        over = np.abs(y) > knee
        y[over] = np.sign(y[over]) * (knee + room * np.tanh((np.abs(y[over]) - knee) / room))
    hiss = rng.standard_normal(min(n, 2 * sr), dtype=np.float32)
    y += np.resize(hiss * np.float32(10 ** ((factors.loudness_dbfs + studio.noise_db) / 20)), n)
    fade_in, fade_out = int(studio.fade_in * sr), int(studio.fade_out * sr)
    if 0 < fade_in < n:
        y[:, :fade_in] *= np.linspace(0, 1, fade_in, dtype=np.float32)
    if 0 < fade_out < n:
        y[:, -fade_out:] *= np.linspace(1, 0, fade_out, dtype=np.float32) ** 2
    clipped: Wave = np.clip(y, -PEAK, PEAK)
    return clipped


@functools.cache
def _sampler(sr: int) -> Sampler:
    """Return this process's sampler."""
    return Sampler(read_soundfont(), sr)


def play(song: Song, genre: str, factors: Factors, rng: np.random.Generator, *, sr: int) -> Wave:
    """Render a song with the soundfont of this machine.

    Returns
    -------
    y : ndarray, shape (2, n)
    """
    sampler = _sampler(sr)
    y = render(song, genre, factors, sampler, rng)
    sampler.trim()
    return y
