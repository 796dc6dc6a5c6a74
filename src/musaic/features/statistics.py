"""A rich vector of timbre, harmony and rhythm: the moments over time of what is heard in every frame.

MFCC and their slopes, spectral contrast and chroma give means and standard deviations; flatness, centroid, rolloff,
zero crossings, level and onset strength all four moments; rhythm the mean tempogram at twelve tempi from 40 to
240 BPM, the tempo, how regular it is, and the onsets per second.
"""

from __future__ import annotations

import numpy as np

from musaic.audio import filterbanks, rhythm
from musaic.audio.moments import Moments
from musaic.audio.spectra import Clip, delta
from musaic.audio.tonality import KEYS
from musaic.features.config import FeatureConfig
from musaic.features.kinds import Summary, Vector
from musaic.features.mfcc_moments import MOMENTS

N_MFCC = 20
TEMPI = np.geomspace(40, 240, 12)  # BPM
SCALARS = ("flatness", "centroid", "rolloff", "zero_crossing_rate", "level", "onset_strength")
RHYTHM = ("tempo", "rhythm_regularity", "onset_rate")
AMPLITUDE_FLOOR = 1e-5  # -100 dB


def _columns(config: FeatureConfig) -> dict[str, tuple[str, ...]]:
    n_mfcc = min(N_MFCC, config.n_mels)
    bands = len(filterbanks.contrast_bands(config.sample_rate, config.n_fft))
    return {
        "mfcc": tuple(f"mfcc_{i:02d}" for i in range(n_mfcc)),
        "mfcc_delta": tuple(f"mfcc_delta_{i:02d}" for i in range(n_mfcc)),
        "contrast": tuple(f"contrast_{i}" for i in range(bands)),
        "chroma": tuple(f"chroma_{key}" for key in KEYS),
        "scalars": SCALARS,
    }


def dims(config: FeatureConfig) -> tuple[str, ...]:
    """Name the columns: group by group, moment by moment, then rhythm."""
    names = [
        f"{column}_{moment}"
        for group, columns in _columns(config).items()
        for moment in _moments(group)
        for column in columns
    ]
    return (*names, *(f"tempogram_{bpm:.0f}" for bpm in TEMPI), *RHYTHM)


def measure(clip: Clip, config: FeatureConfig) -> Summary:
    """Gather moments and rhythm of a clip."""
    mfcc = clip.mfcc(min(N_MFCC, config.n_mels))
    scalars = (
        clip.flatness,
        clip.centroid,
        clip.rolloff,
        clip.zero_crossing_rate,
        20 * np.log10(np.maximum(clip.rms, AMPLITUDE_FLOOR)),
        clip.onset_strength,
    )
    return {
        "mfcc": Moments.of(mfcc),
        "mfcc_delta": Moments.of(delta(mfcc)),
        "contrast": Moments.of(clip.contrast),
        "chroma": Moments.of(clip.chroma),
        "scalars": Moments.of(np.stack(scalars, axis=1)),
        "tempogram": clip.tempogram * clip.n_frames,
        "autocovariance": clip.autocovariance,
        "onsets": len(clip.onsets),
        "seconds": clip.seconds,
    }


def finish(summary: Summary, config: FeatureConfig) -> np.ndarray:
    """Return the vector, in the order of `dims`."""
    n_frames = summary["mfcc"].n
    at = {"sr": config.sample_rate, "hop_length": config.hop_length}
    tempogram = summary["tempogram"] / n_frames
    lags = 60 * config.sample_rate / (config.hop_length * TEMPI)
    return np.concatenate(
        [getattr(summary[group], moment) for group in _columns(config) for moment in _moments(group)]
        + [
            np.interp(lags, np.arange(len(tempogram)), tempogram),
            [
                rhythm.tempo(tempogram, **at),
                rhythm.regularity(summary["autocovariance"], n_frames, **at),
                summary["onsets"] / summary["seconds"],
            ],
        ]
    )


def _moments(group: str) -> tuple[str, ...]:
    return MOMENTS if group == "scalars" else MOMENTS[:2]


FEATURE = Vector(("mel", "contrast", "chroma", "flatness", "centroid", "rolloff"), dims, measure, finish)
