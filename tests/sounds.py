"""Sounds made on the spot, with known properties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

SR = 22050


def music(seconds: float = 5.0, *, sr: int = SR, seed: int = 0) -> np.ndarray:
    """Return notes of changing pitch and strength with a pulse and some noise, mono float32."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * sr)) / sr
    note = (t * 2).astype(int)
    pitch = 110 * 2 ** (rng.integers(0, 36, note.max() + 2)[note] / 12)
    phase = np.cumsum(2 * np.pi * pitch / sr)
    tone = sum(np.sin(k * phase) / k for k in range(1, 6))
    decay = np.exp(-4 * (t * 2 % 1))
    y = tone * decay + 0.05 * rng.standard_normal(len(t))
    return (0.3 * y / np.abs(y).max()).astype(np.float32)


def clicks(bpm: float, seconds: float = 10.0, *, sr: int = SR) -> np.ndarray:
    """Return short bursts at a steady tempo."""
    y = np.zeros(round(seconds * sr), np.float32)
    burst = (np.random.default_rng(0).standard_normal(200) * np.exp(-np.arange(200) / 40)).astype(np.float32)
    for beat in np.arange(0, len(y) - 200, 60 * sr / bpm).astype(int):
        y[beat : beat + 200] += 0.5 * burst
    return y


def write(path: Path, y: np.ndarray, sr: int = SR, **options: str) -> Path:
    """Write a sound file, whatever its name's ending says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, y, sr, **options)
    return path


def write_av(path: Path, y: np.ndarray, codec: str, container: str | None = None, rate: int = 44100) -> Path:
    """Write stereo sound through libav, for what libsndfile cannot write."""
    import av

    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="stereo")
        stream.bit_rate = 128000
        samples = np.ascontiguousarray(np.stack([y, y]), np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate = rate
        context = stream.codec_context
        convert = av.AudioResampler(
            format=context.format.name, layout="stereo", rate=rate, frame_size=context.frame_size or 1024
        )
        for part in [*convert.resample(frame), *convert.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return path
