"""When things happen, and how regularly: onset strength, tempogram, tempo, onsets, in librosa's definitions."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.fft

from musaic.audio.filterbanks import hann

AC_SECONDS = 8.0  # window of the local autocorrelation
START_BPM = 120.0  # the tempo that is expected before anything is heard
MAX_BPM = 320.0


def onset_strength(log_mel: np.ndarray, *, n_fft: int, hop_length: int) -> np.ndarray:
    """Return the mean rise over mel bands since the frame before, shape (T,), dB.

    Parameters
    ----------
    log_mel : ndarray, shape (T, n_mels), dB
    """
    rise = np.maximum(0, log_mel[1:] - log_mel[:-1]).mean(axis=1)
    shift = 1 + n_fft // (2 * hop_length)  # a frame hears an onset half a window before its centre reaches it
    return np.concatenate((np.zeros(shift, np.float32), rise))[: len(log_mel)]


def tempogram_length(sr: int, hop_length: int) -> int:
    """Return the lags of the tempogram, frames."""
    return int(AC_SECONDS * sr // hop_length)


def mean_tempogram(envelope: np.ndarray, *, sr: int, hop_length: int) -> np.ndarray:
    """Return the mean over time of the local autocorrelation of an onset envelope, shape (lags,).

    Notes
    -----
    Each frame's autocorrelation is scaled to 1 at lag 0. Averaging commutes with the inverse transform, so that one
    inverse FFT serves the whole clip.
    """
    lags = tempogram_length(sr, hop_length)
    padded = np.pad(envelope, lags // 2, mode="linear_ramp", end_values=0)
    frames = np.lib.stride_tricks.sliding_window_view(padded, lags)[: len(envelope)]
    size = scipy.fft.next_fast_len(2 * lags - 1, real=True)
    total = np.zeros(size // 2 + 1)
    window = hann(lags)
    for i in range(0, len(frames), 256):
        block = frames[i : i + 256] * window
        energy = np.einsum("tl,tl->t", block, block)
        spectrum = scipy.fft.rfft(block, n=size)
        power = spectrum.real**2 + spectrum.imag**2
        total += (1 / np.where(energy > np.finfo(np.float32).tiny, energy, 1)) @ power
    return np.asarray(scipy.fft.irfft(total / len(envelope), n=size)[:lags])


@lru_cache(maxsize=8)
def tempo_frequencies(sr: int, hop_length: int) -> np.ndarray:
    """Return the tempo of every lag, BPM; infinity at lag 0."""
    lags = np.arange(1, tempogram_length(sr, hop_length))
    return np.concatenate(([np.inf], 60 * sr / (hop_length * lags)))


def tempo(tempogram: np.ndarray, *, sr: int, hop_length: int) -> float:
    """Return the tempo whose lag stands out, under a log-normal expectation around 120 BPM."""
    bpm = tempo_frequencies(sr, hop_length)
    with np.errstate(invalid="ignore"):
        prior = -0.5 * np.log2(bpm / START_BPM) ** 2
    prior[bpm >= MAX_BPM] = -np.inf
    return float(bpm[np.argmax(np.log1p(1e6 * np.maximum(tempogram, 0)) + prior)])


def autocovariance(envelope: np.ndarray, *, sr: int, hop_length: int) -> np.ndarray:
    """Return the autocovariance sums of an onset envelope (its mean taken out), shape (lags,)."""
    lags = tempogram_length(sr, hop_length)
    x = (envelope - envelope.mean()).astype(np.float64)
    size = scipy.fft.next_fast_len(len(x) + lags, real=True)
    spectrum = scipy.fft.rfft(x, n=size)
    return np.asarray(scipy.fft.irfft(np.abs(spectrum) ** 2, n=size)[:lags])


def regularity(autocovariance: np.ndarray, n_frames: int, *, sr: int, hop_length: int) -> float:
    """Return how well the rhythm repeats, 0 to 1: the highest autocorrelation at a lag between 40 and 240 BPM."""
    if autocovariance[0] <= 0:
        return 0.0
    bpm = tempo_frequencies(sr, hop_length)
    lag = np.flatnonzero((bpm >= 40) & (bpm <= 240) & (np.arange(len(bpm)) < n_frames // 2))
    if not len(lag):
        return 0.0
    unbiased = autocovariance[lag] / autocovariance[0] * n_frames / (n_frames - lag)
    return float(np.clip(unbiased.max(), 0, 1))


def onsets(envelope: np.ndarray, *, sr: int, hop_length: int) -> np.ndarray:
    """Return the frames where something begins: local peaks that stand 0.07 above the local mean, 30 ms apart."""
    x = envelope - envelope.min()
    x = x / (x.max() + np.finfo(x.dtype).tiny)
    if not x.any():
        return np.zeros(0, int)
    before, around, wait = (int(np.ceil(seconds * sr // hop_length)) for seconds in (0.03, 0.10, 0.03))
    n = np.arange(len(x))
    padded = np.concatenate((np.full(before, -np.inf, x.dtype), x))
    highest = np.lib.stride_tricks.sliding_window_view(padded, before + 1).max(axis=1)
    total = np.concatenate(([0.0], np.cumsum(x, dtype=np.float64)))
    low, high = np.maximum(0, n - around), np.minimum(len(x), n + around + 1)
    mean = (total[high] - total[low]) / (high - low)
    candidates = np.flatnonzero((x == highest) & (x >= mean + 0.07))
    kept: list[int] = []
    for frame in candidates.tolist():
        if not kept or frame > kept[-1] + wait:
            kept.append(frame)
    return np.array(kept, int)
