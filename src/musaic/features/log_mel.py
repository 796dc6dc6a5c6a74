"""Log-mel spectrogram: power in mel bands, dB, at most 80 dB below the loudest."""

from __future__ import annotations

import numpy as np

from musaic.audio.spectra import Clip
from musaic.features.config import FeatureConfig
from musaic.features.kinds import Frames


def dims(config: FeatureConfig) -> tuple[str, ...]:
    """Name the mel bands, lowest first."""
    return tuple(f"mel_{band:03d}" for band in range(config.n_mels))


def measure(clip: Clip, config: FeatureConfig) -> np.ndarray:
    """Return the log-mel spectrogram of a clip, shape (T, n_mels), dB."""
    return clip.log_mel


FEATURE = Frames(("mel",), dims, measure)
