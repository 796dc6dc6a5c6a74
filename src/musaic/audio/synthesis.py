"""Sound back from a log-mel spectrogram: bins from mel bands, then the phases that go with them.

Both steps are guesses, for mel bands hold fewer numbers than bins and a spectrogram holds no phases; what comes out
has the spectrogram that went in, as nearly as a sound can. Window, filterbank and decibels are those of
`musaic.audio.spectra`.

Sources: "A fast Griffin-Lim algorithm" (Perraudin, Balazs, Søndergaard, WASPAA 2013); the multiplicative updates for
the divergence in "Algorithms for non-negative matrix factorization" (Lee and Seung, NIPS 2000), with the mel
filterbank as the fixed factor.

Shapes: ``T`` frames, ``F`` bins.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike

from musaic.audio import filterbanks
from musaic.audio.spectra import AMIN, TOP_DB
from musaic.errors import UsageError

MOMENTUM = 0.99  # the α that the paper finds best
_UNMIXING = 30  # updates after which mel bands are met to hundredths of a decibel
_TINY = np.float32(1e-20)  # relative to the loudest mel band: next to nothing


def griffin_lim_from_log_mel(
    log_mel: ArrayLike,
    *,
    sample_rate: int,
    n_fft: int,
    hop_length: int,
    fmin: float,
    fmax: float,
    n_iter: int = 32,
    random_state: int = 0,
) -> np.ndarray:
    """Return a sound that has this log-mel spectrogram, as nearly as one can.

    Parameters
    ----------
    log_mel : array_like, shape (T, n_mels), dB
        As the feature ``log_mel`` gives it: decibels relative to 1, not standardised; at least 2 frames.
    sample_rate : int > 0, Hz
    n_fft, hop_length : int > 0, samples
        How the spectrogram was cut; ``n_fft`` even, ``hop_length`` at most ``n_fft``.
    fmin, fmax : float >= 0, Hz
        Range of its mel bands.
    n_iter : int >= 1
        Turns of the phases.
    random_state : int
        Where the phases start. Same seed, same sound.

    Returns
    -------
    y : ndarray, shape ((T - 1) × hop_length,), float32
        Mono samples; analysed the same way they have T frames. As loud as the spectrogram says, and quieter only
        where the loudest sample would be beyond 1.

    Raises
    ------
    UsageError
        Where the shape, a value or a parameter is wrong.

    Notes
    -----
    Nothing is assumed of the sound before the first and after the last frame, so that a crop begins and ends in full
    sound. Bands where decibels stop, 80 below the loudest or at -100, are silent.
    """
    levels = _read(log_mel, "log_mel", "mel bands")
    if len(levels) < 2:
        raise UsageError(f"log_mel has {len(levels)} frame, between which there is no sound; give at least 2 frames.")
    if n_fft < 2 or n_fft % 2 or not 1 <= hop_length <= n_fft:
        raise UsageError(
            f"n_fft {n_fft} with hop_length {hop_length} cannot be turned into sound; n_fft must be even and "
            "hop_length from 1 to n_fft."
        )
    if not 0 <= fmin < fmax <= sample_rate / 2:
        raise UsageError(
            f"mel bands from {fmin:g} to {fmax:g} Hz do not lie within 0 to {sample_rate / 2:g} Hz, half the sample "
            "rate; give the range of the spectrogram."
        )
    if n_iter < 1:
        raise UsageError(f"n_iter is {n_iter}; give at least 1.")
    loudest = float(levels.max())
    sounding = levels > max(10 * np.log10(AMIN), loudest - TOP_DB) + 1e-3  # the floor is not quite so in float32
    # relative to the loudest, so that float32 holds whatever a decoder says
    power = np.where(sounding, 10 ** ((levels - loudest) / 10), 0).astype(np.float32)
    weights = filterbanks.mel(sample_rate, n_fft, levels.shape[1], fmin, fmax)
    magnitude = np.sqrt(bins_from_mel(power, weights))
    y = _griffin_lim(magnitude, n_fft, hop_length, n_iter, random_state)
    peak = float(np.abs(y).max())
    if peak == 0:
        return y
    gain = 10 ** min(loudest / 20, -np.log10(peak))
    return np.clip(y * np.float32(gain), -1, 1)  # rounding may be a bit beyond


def bins_from_mel(mel: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return non-negative powers of bins that give these powers of mel bands.

    Of the many there are, the one that multiplicative updates reach from a flat spectrum. They make the
    Kullback-Leibler divergence small, which minds quiet bands as well as loud ones; least squares would not.

    Parameters
    ----------
    mel : ndarray, shape (T, n_mels)
        Powers >= 0.
    weights : ndarray, shape (n_mels, F)
        The filterbank.

    Returns
    -------
    power : ndarray, shape (T, F)
        0 in bins that no band hears.
    """
    heard = weights.sum(axis=0)
    power = np.where(heard > 0, mel.mean(axis=1, keepdims=True), 0).astype(np.float32)
    heard = np.where(heard > 0, heard, 1)
    for _ in range(_UNMIXING):
        power *= (mel / np.maximum(power @ weights.T, _TINY)) @ weights / heard
    return power


def log_mel_from_mfcc(mfcc: ArrayLike, n_mels: int) -> np.ndarray:
    """Return the log-mel spectrogram that mel-frequency cepstral coefficients stand for, shape (T, n_mels), dB.

    Parameters
    ----------
    mfcc : array_like, shape (T, n_mfcc)
        As the feature ``mfcc`` gives them, without slopes and curvatures; n_mfcc at most ``n_mels``.
    n_mels : int > 0
        Mel bands that they were made from.

    Raises
    ------
    UsageError
        Where the shape or a value is wrong.

    Notes
    -----
    The inverse of the orthonormal DCT-II. Coefficients that were left out are taken as 0: what comes back is the
    smooth envelope over the bands, the nearest that so few coefficients allow. With n_mfcc = n_mels nothing is lost.
    """
    coefficients = _read(mfcc, "mfcc", "coefficients")
    if coefficients.shape[1] > n_mels:
        raise UsageError(
            f"mfcc has {coefficients.shape[1]} columns, more than the {n_mels} mel bands they were made from; give "
            "the coefficients without slopes and curvatures."
        )
    return np.asarray(coefficients @ filterbanks.dct(n_mels, coefficients.shape[1]), np.float32)


def _griffin_lim(magnitude: np.ndarray, n_fft: int, hop_length: int, n_iter: int, random_state: int) -> np.ndarray:
    """Return the sound between the centres of the first and the last frame (algorithm 2 of Perraudin et al.)."""
    T, window = len(magnitude), filterbanks.hann(n_fft)
    squares = _overlap_add(np.broadcast_to(np.square(window), (T, n_fft)), hop_length)
    # next to nothing is known of the outermost samples; they are cut off below
    squares = np.maximum(squares, np.float32(1e-6) * squares.max())

    def sound(spectrum: np.ndarray) -> np.ndarray:
        return np.asarray(_overlap_add(scipy.fft.irfft(spectrum, n_fft) * window, hop_length) / squares)

    def of_given_magnitude(spectrum: np.ndarray) -> np.ndarray:
        return np.asarray(spectrum * (magnitude / np.maximum(np.abs(spectrum), _TINY)))

    start = np.random.default_rng(random_state).random(magnitude.shape, dtype=np.float32)
    estimate = magnitude * np.exp(np.complex64(2j * np.pi) * start)
    before = np.zeros_like(estimate)
    for _ in range(n_iter):
        framed = np.lib.stride_tricks.sliding_window_view(sound(estimate), n_fft)[::hop_length][:T]
        spectrum = scipy.fft.rfft(framed * window)
        # t + α (t - t_before) up to a factor, which the given magnitude takes away
        estimate = of_given_magnitude(spectrum - np.float32(MOMENTUM / (1 + MOMENTUM)) * before)
        before = spectrum
    return sound(estimate)[n_fft // 2 :][: (T - 1) * hop_length]


def _overlap_add(frames: np.ndarray, hop_length: int) -> np.ndarray:
    """Return the sum of frames laid ``hop_length`` samples apart; a last partial hop is filled with zeros."""
    T, length = frames.shape
    hops = -(-length // hop_length)
    strips = np.pad(frames, ((0, 0), (0, hops * hop_length - length))).reshape(T, hops, hop_length)
    total = np.zeros((T + hops - 1, hop_length), frames.dtype)
    for hop in range(hops):
        total[hop : hop + T] += strips[:, hop]
    return total.reshape(-1)


def _read(values: ArrayLike, name: str, columns: str) -> np.ndarray:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{name} holds values that are not numbers; give an array (frames, {columns}).") from None
    if array.ndim != 2 or 0 in array.shape:
        raise UsageError(f"{name} has shape {array.shape}; it must be (frames, {columns}), not empty.")
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(bad):
        raise UsageError(f"{name} is not finite in frame {bad[0]}; leave out frames that have no sound.")
    return array
