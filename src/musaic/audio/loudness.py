"""Loudness as ITU-R BS.1770-4 defines it, on mono sound, and the gain that brings a recording to a given level.

The K-weighting filters are those of pyloudnorm (biquads by analogue prototype), applied in the frequency domain by
overlap-save, so that hours of sound need neither a recursive filter nor its import time.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.fft

GATE_SECONDS = 0.4  # length of a gating block, one every quarter of it
ABSOLUTE_GATE = -70.0  # LUFS
RELATIVE_GATE = -10.0  # LU below the mean of what passes the absolute gate
TARGET = -23.0  # LUFS, EBU R 128
_FFT = 1 << 14  # samples
_HISTORY = 1 << 13  # samples by which the filters' memory has died away, up to 96 kHz


def block_energies(y: np.ndarray, sr: int) -> np.ndarray:
    """Return the K-weighted mean square of every gating block (400 ms, one each 100 ms), float64.

    A clip shorter than one block counts as one block of its own length.
    """
    square = k_weighted(y, sr)
    square *= square
    seconds = len(y) / sr
    if seconds < GATE_SECONDS:
        return np.array([square.mean(dtype=np.float64) if len(y) else 0.0])
    quarters = round((seconds - GATE_SECONDS) / GATE_SECONDS * 4) + 4
    starts = (GATE_SECONDS / 4 * sr * np.arange(quarters + 1)).astype(int)
    square = square[: starts[-1]]
    energy = np.add.reduceat(square, starts[starts < len(square)], dtype=np.float64)
    return np.convolve(energy, np.ones(4), mode="valid") / (GATE_SECONDS * sr)


def integrated(energies: np.ndarray) -> float:
    """Return the gated loudness of gating blocks, LUFS; ungated where nothing is louder than -70 LUFS."""
    loudness = _lufs(energies)
    kept = loudness >= ABSOLUTE_GATE
    if not kept.any():
        return float(_lufs(energies.mean(keepdims=True))[0])
    threshold = _lufs(energies[kept].mean(keepdims=True))[0] + RELATIVE_GATE
    kept &= loudness > threshold
    return float(_lufs(energies[kept].mean(keepdims=True))[0])


def loudness(y: np.ndarray, sr: int) -> float:
    """Return the integrated loudness of a mono clip, LUFS (about -120 for silence).

    Notes
    -----
    BS.1770 is not defined below 0.4 s: such a clip gives its ungated K-weighted level.
    """
    return integrated(block_energies(y, sr))


def k_weighted(y: np.ndarray, sr: int) -> np.ndarray:
    """Return ``y`` through the K-weighting filter, float32."""
    step = _FFT - _HISTORY
    n = -(-len(y) // step)
    padded = np.zeros(_HISTORY + n * step, np.float32)
    padded[_HISTORY : _HISTORY + len(y)] = y
    pieces = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::step]
    response = _response(sr)
    out = np.empty((n, step), np.float32)
    for i in range(0, n, 16):
        spectrum = scipy.fft.rfft(pieces[i : i + 16])
        spectrum *= response
        out[i : i + 16] = scipy.fft.irfft(spectrum, n=_FFT)[:, _HISTORY:]
    return out.reshape(-1)[: len(y)]


@lru_cache(maxsize=8)
def _response(sr: int) -> np.ndarray:
    """Return the frequency response of the high shelf (4 dB above 1.5 kHz) and the high-pass (38 Hz), complex64."""
    z = np.exp(-1j * np.linspace(0, np.pi, _FFT // 2 + 1))

    def biquad(b: tuple[float, float, float], a: tuple[float, float, float]) -> np.ndarray:
        return np.asarray((b[0] + b[1] * z + b[2] * z**2) / (a[0] + a[1] * z + a[2] * z**2))

    gain, w = 10 ** (4.0 / 40), 2 * np.pi * 1500.0 / sr
    alpha, c = np.sin(w) / (2 * np.sqrt(0.5)), np.cos(w)
    up, down, bend = gain + 1, gain - 1, 2 * np.sqrt(gain) * alpha
    shelf = biquad(
        (gain * (up + down * c + bend), -2 * gain * (down + up * c), gain * (up + down * c - bend)),
        (up - down * c + bend, 2 * (down - up * c), up - down * c - bend),
    )
    w = 2 * np.pi * 38.0 / sr
    alpha, c = np.sin(w) / (2 * 0.5), np.cos(w)
    highpass = biquad(((1 + c) / 2, -(1 + c), (1 + c) / 2), (1 + alpha, -2 * c, 1 - alpha))
    return np.asarray(shelf * highpass, np.complex64)


def _lufs(energy: np.ndarray) -> np.ndarray:
    return np.asarray(-0.691 + 10 * np.log10(np.maximum(energy, 1e-12)))
