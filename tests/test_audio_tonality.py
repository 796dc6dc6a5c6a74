"""Keys of chords and scales whose key is known."""

from __future__ import annotations

import numpy as np
import pytest

from musaic.audio.spectra import Clip
from musaic.audio.tonality import estimate_key
from sounds import SR

MAJOR_SCALE, MINOR_SCALE = (0, 2, 4, 5, 7, 9, 11, 12), (0, 2, 3, 5, 7, 8, 10, 12)


def scale(tonic: int, steps: tuple[int, ...], triad: tuple[int, ...]) -> np.ndarray:
    """Return the scale over its tonic triad."""
    t = np.arange(SR // 2) / SR

    def tone(step: int) -> np.ndarray:
        return np.sin(2 * np.pi * 261.626 * 2 ** ((tonic + step) / 12) * t)

    return np.concatenate([tone(step) + sum(tone(s) for s in triad) / 3 for step in steps]).astype(np.float32) * 0.2


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize(("steps", "triad", "major"), [(MAJOR_SCALE, (0, 4, 7), True), (MINOR_SCALE, (0, 3, 7), False)])
def test_scales_have_their_key(tonic, steps, triad, major):
    y = scale(tonic, steps, triad)
    found = estimate_key(Clip(y, needs=["chroma"]).chroma.mean(axis=0))
    assert found[:2] == (tonic, major)
    assert (found[2] > 0) == major


def test_silence_around_does_not_change_the_key():
    y = scale(3, MAJOR_SCALE, (0, 4, 7))
    padded = np.concatenate((np.zeros(3 * SR, np.float32), y, np.zeros(2 * SR, np.float32)))
    keys = [estimate_key(Clip(x, needs=["chroma"]).chroma.sum(axis=0))[:2] for x in (y, padded)]
    assert keys[0] == keys[1]
