"""Mel-frequency cepstral coefficients frame by frame, with their slopes and curvatures on request."""

from __future__ import annotations

import numpy as np

from musaic.audio.spectra import Clip, delta
from musaic.features.config import FeatureConfig
from musaic.features.kinds import Frames


def dims(config: FeatureConfig) -> tuple[str, ...]:
    """Name the coefficients, then their slopes, then their curvatures."""
    kinds = ("mfcc", "mfcc_delta", "mfcc_delta2")[: 1 + config.deltas]
    return tuple(f"{kind}_{i:02d}" for kind in kinds for i in range(config.n_mfcc))


def measure(clip: Clip, config: FeatureConfig) -> np.ndarray:
    """Return the coefficients of a clip, shape (T, n_mfcc × (1 + deltas))."""
    mfcc = clip.mfcc(config.n_mfcc)
    return np.concatenate([mfcc] + [delta(mfcc, order=order) for order in range(1, config.deltas + 1)], axis=1)


FEATURE = Frames(("mel",), dims, measure)
