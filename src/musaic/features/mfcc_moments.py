"""Mean, standard deviation, skewness and excess kurtosis of each MFCC over time: 13 × 4 = 52 numbers a track."""

from __future__ import annotations

import numpy as np

from musaic.audio.moments import Moments
from musaic.audio.spectra import Clip
from musaic.features.config import FeatureConfig
from musaic.features.kinds import Summary, Vector

MOMENTS = ("mean", "std", "skewness", "kurtosis")


def dims(config: FeatureConfig) -> tuple[str, ...]:
    """Name the means of all coefficients, then their deviations, and so on."""
    return tuple(f"mfcc_{i:02d}_{moment}" for moment in MOMENTS for i in range(config.n_mfcc))


def measure(clip: Clip, config: FeatureConfig) -> Summary:
    """Gather the moments of a clip."""
    return {"mfcc": Moments.of(clip.mfcc(config.n_mfcc))}


def finish(summary: Summary, config: FeatureConfig) -> np.ndarray:
    """Return the moments, shape (4 × n_mfcc,)."""
    return np.concatenate([getattr(summary["mfcc"], moment) for moment in MOMENTS])


FEATURE = Vector(("mel",), dims, measure, finish)
