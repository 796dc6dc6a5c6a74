"""Loudness against pyloudnorm and against the level BS.1770 gives a sine."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest

from musaic.audio.loudness import loudness
from sounds import music


@pytest.mark.parametrize("sr", [16000, 22050, 44100, 48000])
def test_is_pyloudnorms(sr):
    y = music(6.37, sr=sr)
    y[2 * sr : 4 * sr] *= 0.001  # a passage for the gate
    assert loudness(y, sr) == pytest.approx(pyloudnorm.Meter(sr).integrated_loudness(y.astype(float)), abs=0.01)


def test_full_scale_sine_at_997_hz():
    y = np.sin(2 * np.pi * 997 * np.arange(48000 * 5) / 48000).astype(np.float32)
    assert loudness(y, 48000) == pytest.approx(-3.01, abs=0.1)


@pytest.mark.parametrize("gain", [0.1, 0.5, 2.0])
def test_follows_the_gain(gain):
    y = music(3)
    assert loudness(gain * y, 22050) - loudness(y, 22050) == pytest.approx(20 * np.log10(gain), abs=1e-3)


def test_silence_around_a_sound_does_not_count():
    y = music(5)
    silence = np.zeros(22050 * 10, np.float32)
    assert loudness(np.concatenate((silence, y, silence)), 22050) == pytest.approx(loudness(y, 22050), abs=0.3)


def test_short_and_silent_clips_have_a_level():
    y = music(0.2)
    assert loudness(y, 22050) == pytest.approx(loudness(np.tile(y, 10), 22050), abs=1.5)
    assert loudness(np.zeros(22050, np.float32), 22050) < -100
