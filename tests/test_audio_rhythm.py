"""Onsets, tempogram and tempo against librosa; tempo and regularity against sounds whose rhythm is known."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from musaic.audio import rhythm
from musaic.audio.spectra import Clip
from sounds import SR, clicks, music

AT = {"sr": SR, "hop_length": 512}
SOUNDS = [music(12), clicks(100, 12), np.random.default_rng(0).standard_normal(12 * SR).astype(np.float32) * 0.1]


@pytest.mark.parametrize("y", SOUNDS, ids=["music", "clicks", "noise"])
def test_onsets_tempogram_and_tempo_are_librosas(y):
    clip = Clip(y, needs=["mel"])
    envelope = librosa.onset.onset_strength(y=y, sr=SR)
    np.testing.assert_allclose(clip.onset_strength, envelope, atol=0.01)
    lags = rhythm.tempogram_length(**AT)
    theirs = librosa.feature.tempogram(onset_envelope=envelope, win_length=lags, **AT).mean(axis=1)
    np.testing.assert_allclose(clip.tempogram, theirs, atol=1e-3)
    assert rhythm.tempo(clip.tempogram, **AT) == pytest.approx(librosa.feature.tempo(onset_envelope=envelope, **AT)[0])
    np.testing.assert_array_equal(
        rhythm.onsets(envelope, **AT), librosa.onset.onset_detect(onset_envelope=envelope, **AT)
    )


@pytest.mark.parametrize("bpm", [60, 90, 120, 150, 180])
def test_a_steady_pulse_has_its_tempo_or_half_or_double(bpm):
    found = rhythm.tempo(Clip(clicks(bpm, 20), needs=["mel"]).tempogram, **AT)
    assert min(abs(np.log2(found / bpm) - octave) for octave in (-1, 0, 1)) < 0.06


def test_a_steady_pulse_is_regular_and_noise_is_not():
    steady, noise = Clip(clicks(120, 20), needs=["mel"]), Clip(SOUNDS[2], needs=["mel"])
    assert rhythm.regularity(steady.autocovariance, steady.n_frames, **AT) > 0.6
    assert rhythm.regularity(noise.autocovariance, noise.n_frames, **AT) < 0.25


def test_one_click_is_one_onset():
    y = np.zeros(5 * SR, np.float32)
    y[2 * SR : 2 * SR + 200] = clicks(60, 1)[:200]
    found = Clip(y, needs=["mel"]).onsets
    assert len(found) == 1
    assert found[0] * 512 / SR == pytest.approx(2, abs=0.05)


def test_constant_sound_has_no_rhythm():
    flat = np.zeros(400, np.float32)
    assert len(rhythm.onsets(flat, **AT)) == 0
    assert rhythm.regularity(rhythm.autocovariance(flat, **AT), 400, **AT) == 0
    assert not rhythm.mean_tempogram(flat, **AT).any()
