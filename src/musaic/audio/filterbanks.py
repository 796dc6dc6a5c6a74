"""The fixed matrices of spectral analysis, in librosa's definitions (`librosa.filters`), each made once.

They are written out here because importing librosa costs a worker process more than analysing ten songs;
the tests hold them against librosa's.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np


def fft_frequencies(sr: int, n_fft: int) -> np.ndarray:
    """Return the centre frequency of every bin, Hz, shape (1 + n_fft / 2,)."""
    return np.fft.rfftfreq(n_fft, 1 / sr)


@lru_cache(maxsize=8)
def hann(n: int) -> np.ndarray:
    """Return the periodic Hann window of ``n`` samples, float32."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)).astype(np.float32)


@lru_cache(maxsize=8)
def mel(sr: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> np.ndarray:
    """Return triangles on Slaney's mel scale, each of unit area, shape (n_mels, bins), float32."""
    low, high = hz_to_mel(np.array([fmin, fmax]))
    edges = mel_to_hz(np.linspace(float(low), float(high), n_mels + 2))
    width = np.diff(edges)
    ramps = edges[:, None] - fft_frequencies(sr, n_fft)
    weights = np.maximum(0, np.minimum(-ramps[:-2] / width[:-1, None], ramps[2:] / width[1:, None]))
    return np.asarray(weights * (2 / (edges[2:] - edges[:-2]))[:, None], np.float32)


def hz_to_mel(hz: np.ndarray) -> np.ndarray:
    """Return Slaney's mel values: linear below 1 kHz, logarithmic above."""
    return np.asarray(np.where(hz < 1000, hz * 0.015, 15 + np.log(np.maximum(hz, 1e-9) / 1000) * 27 / np.log(6.4)))


def mel_to_hz(mels: np.ndarray) -> np.ndarray:
    """Return frequencies for Slaney's mel values, Hz."""
    return np.asarray(np.where(mels < 15, mels / 0.015, 1000 * np.exp((mels - 15) * np.log(6.4) / 27)))


@lru_cache(maxsize=8)
def chroma(sr: int, n_fft: int) -> np.ndarray:
    """Return the map from bins to the 12 pitch classes, C first, A at 440 Hz, shape (12, bins), float32.

    Every bin is spread over the classes by a Gaussian one class wide or one bin wide, whichever is wider, and weighted
    by a Gaussian over octaves around the fifth (two octaves wide).
    """
    frequencies = np.linspace(0, sr, n_fft, endpoint=False)[1:]
    classes = 12 * np.log2(frequencies / (440 / 16))
    classes = np.concatenate(([classes[0] - 18], classes))  # the bin at 0 Hz: an octave and a half below the first
    width = np.concatenate((np.maximum(np.diff(classes), 1), [1]))
    distance = np.remainder(classes - np.arange(12)[:, None] + 126, 12) - 6
    weights = np.exp(-0.5 * (2 * distance / width) ** 2)
    weights /= np.linalg.norm(weights, axis=0)
    weights *= np.exp(-0.5 * ((classes / 12 - 5) / 2) ** 2)
    weights = np.roll(weights, -3, axis=0)  # from A first to C first
    return np.ascontiguousarray(weights[:, : 1 + n_fft // 2], np.float32)


@lru_cache(maxsize=8)
def dct(n_mels: int, n_mfcc: int) -> np.ndarray:
    """Return the first rows of the orthonormal DCT-II, shape (n_mfcc, n_mels), float32."""
    k, n = np.arange(n_mfcc)[:, None], np.arange(n_mels)
    rows = np.sqrt(2 / n_mels) * np.cos(np.pi * k * (2 * n + 1) / (2 * n_mels))
    rows[0] /= np.sqrt(2)
    return np.asarray(rows, np.float32)


@lru_cache(maxsize=8)
def contrast_bands(sr: int, n_fft: int) -> tuple[tuple[int, int, int], ...]:
    """Return ``(first bin, end, bins at each extreme)`` of octave bands: below 200 Hz, then up to six octaves.

    Octaves that would begin above half the sample rate are left out.
    """
    frequencies = fft_frequencies(sr, n_fft)
    edges = [0.0] + [200.0 * 2**k for k in range(7)]
    while edges[-2] >= sr / 2:
        edges = edges[:-1]
    bands = []
    for k, (low, high) in enumerate(pairwise(edges)):
        inside = np.flatnonzero((frequencies >= low) & (frequencies <= high))
        last = k == len(edges) - 2
        first, end = int(inside[0]) - (k > 0), len(frequencies) if last else int(inside[-1]) + 1
        extremes = max(1, int(np.rint(0.02 * (end - first))))
        bands.append((first, end if last else max(first + 1, end - 1), extremes))
    return tuple(bands)
