"""Key and mode from pitch classes."""

from __future__ import annotations

import numpy as np

KEYS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

# How well each pitch class fits a key, from its tonic up: the probe-tone ratings of Krumhansl and Kessler (1982).
MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


def key_correlations(chroma: np.ndarray) -> np.ndarray:
    """Return how a mean chroma vector (12,) correlates with every key, shape (2, 12): major and minor by tonic."""
    x = np.asarray(chroma, np.float64) - np.mean(chroma)
    x = x / (np.linalg.norm(x) or 1.0)
    out = np.empty((2, 12))
    for mode, profile in enumerate((MAJOR, MINOR)):
        centred = profile - profile.mean()
        centred /= np.linalg.norm(centred)
        out[mode] = [x @ np.roll(centred, tonic) for tonic in range(12)]
    return out


def estimate_key(chroma: np.ndarray) -> tuple[int, bool, float]:
    """Return tonic (0 is C), whether the mode is major, and the lead of major over minor, -2 to 2."""
    correlations = key_correlations(chroma)
    mode, tonic = divmod(int(np.argmax(correlations)), 12)
    best_major, best_minor = correlations.max(axis=1)
    return tonic, mode == 0, float(best_major - best_minor)
