"""One short-time Fourier transform of a stretch of sound, and everything that is measured frame by frame from it.

Shapes: ``T`` frames, ``F`` bins. Definitions are librosa's (centred frames, zeros beyond the ends); the tests hold them
together. Frames run along the first axis here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.fft

from musaic.audio import filterbanks, rhythm

AMIN = 1e-10  # the power below which decibels stop
TOP_DB = 80.0  # what lies further below the loudest is raised to here
ROLLOFF = 0.85  # share of the magnitude below the rolloff frequency
_CHUNK = 128  # frames transformed together: what fits into a core's own cache
_GROUP = 32  # bins summed together in the first step to the rolloff


@dataclass(frozen=True)
class Frame:
    """How sound is cut into frames and bands.

    Parameters
    ----------
    sr : int > 0, Hz
    n_fft, hop_length : int > 0, samples
    n_mels : int > 0
    fmin, fmax : float >= 0, Hz
        Range of the mel bands.
    """

    sr: int = 22050
    n_fft: int = 2048
    hop_length: int = 512
    n_mels: int = 128
    fmin: float = 0.0
    fmax: float = 11025.0


class _Chunk:
    """The power spectrum of some frames; the magnitude only where it is asked for."""

    def __init__(self, power: np.ndarray, frame: Frame) -> None:
        self.power, self.frame = power, frame

    @cached_property
    def magnitude(self) -> np.ndarray:
        return np.asarray(np.sqrt(self.power))


def _mel(chunk: _Chunk) -> np.ndarray:
    f = chunk.frame
    return np.asarray(chunk.power @ filterbanks.mel(f.sr, f.n_fft, f.n_mels, f.fmin, f.fmax).T)


def _chroma(chunk: _Chunk) -> np.ndarray:
    raw = chunk.power @ filterbanks.chroma(chunk.frame.sr, chunk.frame.n_fft).T
    highest = raw.max(axis=1, keepdims=True)
    return np.asarray(raw / np.where(highest > np.finfo(np.float32).tiny, highest, np.float32(1)))


def _contrast(chunk: _Chunk) -> np.ndarray:
    """Return the mean of the strongest and of the weakest bins of every octave band, (T, 2 × bands)."""
    peaks, valleys = [], []
    for first, end, k in filterbanks.contrast_bands(chunk.frame.sr, chunk.frame.n_fft):
        band = np.sort(chunk.magnitude[:, first:end], axis=1)
        valleys.append(band[:, :k].mean(axis=1))
        peaks.append(band[:, -k:].mean(axis=1))
    return np.stack(peaks + valleys, axis=1)


def _centroid(chunk: _Chunk) -> np.ndarray:
    """Return the sums over bins of frequency times magnitude and of magnitude, (T, 2)."""
    frequencies = filterbanks.fft_frequencies(chunk.frame.sr, chunk.frame.n_fft)
    both = np.stack((frequencies, np.ones_like(frequencies)), axis=1).astype(np.float32)
    return chunk.magnitude @ both


def _rolloff(chunk: _Chunk) -> np.ndarray:
    """Return the frequency below which 85 % of the magnitude lies: first its group of bins is found, then its bin."""
    T, F = chunk.magnitude.shape
    groups = -(-F // _GROUP)
    padded = np.zeros((T, groups * _GROUP), np.float32)
    padded[:, :F] = chunk.magnitude
    split = padded.reshape(T, groups, _GROUP)
    total = np.cumsum(split.sum(axis=2), axis=1)
    threshold = np.float32(ROLLOFF) * total[:, -1]
    group = np.minimum((total < threshold[:, None]).sum(axis=1), groups - 1)
    rows = np.arange(T)
    before = np.where(group > 0, total[rows, group - 1], 0)
    within = (np.cumsum(split[rows, group], axis=1) < (threshold - before)[:, None]).sum(axis=1)
    bins = np.minimum(group * _GROUP + np.minimum(within, _GROUP - 1), F - 1)
    return filterbanks.fft_frequencies(chunk.frame.sr, chunk.frame.n_fft)[bins, None]


def _flatness(chunk: _Chunk) -> np.ndarray:
    power = np.maximum(chunk.power, np.float32(AMIN))
    return np.asarray(np.exp(np.log(power).mean(axis=1, keepdims=True)) / power.mean(axis=1, keepdims=True))


STREAMS: dict[str, Callable[[_Chunk], np.ndarray]] = {
    "mel": _mel,
    "chroma": _chroma,
    "contrast": _contrast,
    "centroid": _centroid,
    "rolloff": _rolloff,
    "flatness": _flatness,
}


class Clip:
    """A stretch of sound, and what is measured in it.

    Parameters
    ----------
    y : ndarray, shape (n_samples,), float32
        Mono samples.
    frame : Frame
        How it is cut.
    needs : iterable of str
        The streams (keys of ``STREAMS``) that will be asked for; all by default. They are computed together, in
        one pass.
    before, after : ndarray, optional
        Sound around the stretch, where it is part of a longer one; zeros are taken beyond the ends of a recording.
        With ``after``, the frames that are centred in ``y`` are measured and the next stretch goes on from there.
    """

    def __init__(
        self,
        y: np.ndarray,
        frame: Frame | None = None,
        *,
        needs: Iterable[str] = tuple(STREAMS),
        before: np.ndarray | None = None,
        after: np.ndarray | None = None,
    ) -> None:
        self.y = np.asarray(y, np.float32)
        self.frame = frame or Frame()
        self.needs = tuple(needs)
        half = self.frame.n_fft // 2
        none = np.zeros(0, np.float32)
        before = none if before is None else before[-half:]
        after_ = none if after is None else after[:half]
        self._left, self._right = half - len(before), half - len(after_)
        self.padded = np.concatenate(
            (np.zeros(self._left, np.float32), before, self.y, after_, np.zeros(self._right, np.float32))
        )
        hop = self.frame.hop_length
        self.n_frames = 1 + len(self.y) // hop if after is None else -(-len(self.y) // hop)

    @property
    def seconds(self) -> float:
        """Length, s."""
        return len(self.y) / self.frame.sr

    def _framed(self, padded: np.ndarray) -> np.ndarray:
        n_fft, hop = self.frame.n_fft, self.frame.hop_length
        return np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop][: self.n_frames]

    @cached_property
    def streams(self) -> dict[str, np.ndarray]:
        """Every needed stream, shape (T, columns), float32."""
        framed, window = self._framed(self.padded), filterbanks.hann(self.frame.n_fft)
        parts: dict[str, list[np.ndarray]] = {name: [] for name in self.needs}
        for i in range(0, self.n_frames, _CHUNK):
            spectrum = scipy.fft.rfft(framed[i : i + _CHUNK] * window)
            power = np.square(spectrum.real)
            power += np.square(spectrum.imag)
            chunk = _Chunk(power, self.frame)
            for name in self.needs:
                parts[name].append(STREAMS[name](chunk).astype(np.float32, copy=False))
        return {name: np.concatenate(blocks) for name, blocks in parts.items()}

    @property
    def mel(self) -> np.ndarray:
        """Power in mel bands, shape (T, n_mels)."""
        return self.streams["mel"]

    @cached_property
    def log_mel(self) -> np.ndarray:
        """Mel bands in decibels, at most 80 dB below the loudest, shape (T, n_mels)."""
        return power_to_db(self.mel)

    def mfcc(self, n_mfcc: int) -> np.ndarray:
        """Return mel-frequency cepstral coefficients, shape (T, n_mfcc)."""
        return np.asarray(self.log_mel @ filterbanks.dct(self.frame.n_mels, n_mfcc).T)

    @property
    def chroma(self) -> np.ndarray:
        """Strength of the pitch classes, C first, the strongest 1, shape (T, 12)."""
        return self.streams["chroma"]

    @cached_property
    def contrast(self) -> np.ndarray:
        """Peak above valley in octave bands, dB, shape (T, bands).

        Notes
        -----
        Where a band holds next to nothing (above the cut-off of a coder), valleys are the rounding of a float32
        transform: single frames then differ from librosa's by up to some dB, means over a clip by hundredths.
        """
        peaks, valleys = np.split(self.streams["contrast"], 2, axis=1)
        return np.asarray(power_to_db(peaks) - power_to_db(valleys))

    @cached_property
    def centroid(self) -> np.ndarray:
        """Centre of mass of the magnitude, Hz, shape (T,)."""
        weighted, total = self.streams["centroid"].T
        return np.asarray(weighted / np.where(total > np.finfo(np.float32).tiny, total, np.float32(1)))

    @property
    def rolloff(self) -> np.ndarray:
        """Frequency below which 85 % of the magnitude lies, Hz, shape (T,)."""
        return self.streams["rolloff"][:, 0]

    @property
    def flatness(self) -> np.ndarray:
        """Geometric over arithmetic mean of the power, 0 (tone) to 1 (noise), shape (T,)."""
        return self.streams["flatness"][:, 0]

    @cached_property
    def zero_crossing_rate(self) -> np.ndarray:
        """Share of samples at which the sign changes, shape (T,); beyond the ends it does not."""
        y = self.padded
        negative = y < -1e-10
        changes = np.zeros(len(y) + 1, np.int32)
        np.cumsum(negative[1:] != negative[:-1], out=changes[2:], dtype=np.int32)
        if self._left:
            changes -= changes[self._left + 1]
            changes[: self._left + 1] = 0
        if self._right:
            changes[len(y) - self._right + 1 :] = changes[len(y) - self._right]
        starts = np.arange(self.n_frames) * self.frame.hop_length
        return ((changes[starts + self.frame.n_fft] - changes[starts + 1]) / self.frame.n_fft).astype(np.float32)

    @cached_property
    def rms(self) -> np.ndarray:
        """Root mean square amplitude, shape (T,)."""
        framed = self._framed(self.padded)
        chunks = (framed[i : i + _CHUNK] for i in range(0, self.n_frames, _CHUNK))
        energy = np.concatenate([np.einsum("tn,tn->t", chunk, chunk) for chunk in chunks])
        return np.asarray(np.sqrt(energy / self.frame.n_fft).astype(np.float32))

    @cached_property
    def onset_strength(self) -> np.ndarray:
        """Mean rise of the mel bands, dB, shape (T,)."""
        return rhythm.onset_strength(self.log_mel, n_fft=self.frame.n_fft, hop_length=self.frame.hop_length)

    @cached_property
    def tempogram(self) -> np.ndarray:
        """Mean over time of the local autocorrelation of the onset strength, shape (lags,)."""
        return rhythm.mean_tempogram(self.onset_strength, sr=self.frame.sr, hop_length=self.frame.hop_length)

    @cached_property
    def autocovariance(self) -> np.ndarray:
        """Autocovariance of the onset strength over the whole stretch, shape (lags,)."""
        return rhythm.autocovariance(self.onset_strength, sr=self.frame.sr, hop_length=self.frame.hop_length)

    @cached_property
    def onsets(self) -> np.ndarray:
        """Frames where something begins."""
        return rhythm.onsets(self.onset_strength, sr=self.frame.sr, hop_length=self.frame.hop_length)


def power_to_db(S: np.ndarray) -> np.ndarray:
    """Return decibels relative to 1, at most 80 dB below the largest value."""
    db = np.log10(np.maximum(S, np.asarray(AMIN, S.dtype)))
    db *= 10
    return np.asarray(np.maximum(db, db.max() - np.asarray(TOP_DB, db.dtype)) if db.size else db)


def delta(X: np.ndarray, *, order: int = 1, width: int = 9) -> np.ndarray:
    """Return the local slope (or, ``order`` 2, curvature) along time of every column, shape (T, D).

    Savitzky-Golay with a polynomial of degree ``order``; where there are fewer frames than ``width``, the widest odd
    window that fits, and zeros below three frames.
    """
    width = min(width, len(X) - 1 + len(X) % 2)
    if width < order + 2:
        return np.zeros_like(X)
    t = np.arange(width) - width // 2
    weights = (np.linalg.pinv(np.vander(t, order + 1, increasing=True))[order] * (2 if order == 2 else 1)).astype(
        X.dtype
    )
    slopes = sum(weight * X[i : len(X) - width + 1 + i] for i, weight in enumerate(weights))
    return np.pad(np.asarray(slopes), ((width // 2, width // 2), (0, 0)), mode="edge")
