"""Every frame-level measure against librosa's definition, on music and on noise."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import scipy.signal

from musaic.audio import filterbanks
from musaic.audio.spectra import Clip, Frame, delta
from sounds import SR, music

NOISE = (0.1 * np.random.default_rng(1).standard_normal(3 * SR + 123)).astype(np.float32)
SOUNDS = {"music": music(5), "noise": NOISE, "half silent": np.concatenate((np.zeros(SR, np.float32), music(2)))}
FRAMES = {
    "default": Frame(),
    "other": Frame(sr=16000, n_fft=1024, hop_length=160, n_mels=40, fmin=50.0, fmax=7000.0),
}


@pytest.fixture(params=[(s, f) for s in SOUNDS for f in FRAMES], ids=lambda p: "-".join(p))
def case(request):
    y, frame = SOUNDS[request.param[0]], FRAMES[request.param[1]]
    return y, frame, Clip(y, frame), {"n_fft": frame.n_fft, "hop_length": frame.hop_length}


def test_mel_filterbank_is_librosas():
    for sr, n_fft, n_mels, fmin, fmax in [(22050, 2048, 128, 0.0, 11025.0), (16000, 512, 40, 20.0, 7600.0)]:
        ours = filterbanks.mel(sr, n_fft, n_mels, fmin, fmax)
        theirs = librosa.filters.mel(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
        np.testing.assert_allclose(ours, theirs, atol=1e-8)


def test_chroma_filterbank_is_librosas():
    for sr, n_fft in [(22050, 2048), (44100, 4096), (16000, 1024)]:
        theirs = librosa.filters.chroma(sr=sr, n_fft=n_fft, tuning=0)
        np.testing.assert_allclose(filterbanks.chroma(sr, n_fft), theirs, atol=1e-6)


def test_window_is_librosas():
    np.testing.assert_allclose(filterbanks.hann(2048), librosa.filters.get_window("hann", 2048), atol=1e-7)


def test_mel_and_log_mel(case):
    y, f, clip, cut = case
    theirs = librosa.feature.melspectrogram(y=y, sr=f.sr, n_mels=f.n_mels, fmin=f.fmin, fmax=f.fmax, **cut)
    assert clip.mel.dtype == np.float32
    np.testing.assert_allclose(clip.mel.T, theirs, rtol=1e-3, atol=1e-6 * theirs.max())
    np.testing.assert_allclose(clip.log_mel.T, librosa.power_to_db(theirs), atol=0.01)


def test_mfcc_and_deltas(case):
    y, f, clip, cut = case
    S = librosa.power_to_db(
        librosa.feature.melspectrogram(y=y, sr=f.sr, n_mels=f.n_mels, fmin=f.fmin, fmax=f.fmax, **cut)
    )
    theirs = librosa.feature.mfcc(S=S, n_mfcc=20)
    ours = clip.mfcc(20)
    np.testing.assert_allclose(ours.T, theirs, atol=0.02)
    np.testing.assert_allclose(delta(ours).T, librosa.feature.delta(theirs), atol=0.01)
    np.testing.assert_allclose(delta(ours, order=2).T, librosa.feature.delta(theirs, order=2), atol=0.01)


def test_chroma(case):
    y, f, clip, cut = case
    theirs = librosa.feature.chroma_stft(y=y, sr=f.sr, tuning=0, **cut)
    np.testing.assert_allclose(clip.chroma.T, theirs, atol=1e-3)


def test_contrast(case):
    y, f, clip, cut = case
    theirs = librosa.feature.spectral_contrast(y=y, sr=f.sr, **cut)
    np.testing.assert_allclose(clip.contrast.T, theirs, atol=0.02)


def test_contrast_of_bands_that_hold_nothing():
    y = scipy.signal.sosfiltfilt(scipy.signal.ellip(10, 0.1, 100, 7000, fs=SR, output="sos"), music(20)).astype("f4")
    ours, theirs = Clip(y).contrast.T, librosa.feature.spectral_contrast(y=y, sr=SR)
    off = np.abs(ours - theirs)
    assert off[:-1].max() < 0.02
    assert off.max() < 6
    assert np.abs(ours.mean(axis=1) - theirs.mean(axis=1)).max() < 0.1


def test_centroid(case):
    y, f, clip, cut = case
    theirs = librosa.feature.spectral_centroid(y=y, sr=f.sr, **cut)[0]
    np.testing.assert_allclose(clip.centroid, theirs, rtol=1e-4, atol=0.1)


def test_rolloff_is_the_same_bin(case):
    y, f, clip, cut = case
    theirs = librosa.feature.spectral_rolloff(y=y, sr=f.sr, **cut)[0]
    off = np.abs(clip.rolloff - theirs) / (f.sr / f.n_fft)
    assert (off < 0.01).mean() > 0.99  # rounding may decide between two neighbours
    assert off.max() < 1.01


def test_flatness(case):
    y, _, clip, cut = case
    theirs = librosa.feature.spectral_flatness(y=y, **cut)[0]
    np.testing.assert_allclose(clip.flatness, theirs, rtol=2e-3, atol=1e-7)


def test_zero_crossing_rate_is_exact(case):
    y, f, clip, _ = case
    theirs = librosa.feature.zero_crossing_rate(y, frame_length=f.n_fft, hop_length=f.hop_length)[0]
    np.testing.assert_array_equal(clip.zero_crossing_rate, theirs.astype(np.float32))


def test_rms(case):
    y, f, clip, _ = case
    theirs = librosa.feature.rms(y=y, frame_length=f.n_fft, hop_length=f.hop_length)[0]
    np.testing.assert_allclose(clip.rms, theirs, rtol=1e-4, atol=1e-6)


def test_stretches_of_a_long_sound_give_the_same_frames():
    y = music(8)
    whole = Clip(y)
    cut = 160 * 512
    parts = [Clip(y[:cut], after=y[cut : 2 * cut]), Clip(y[cut:], before=y[:cut])]
    assert [part.n_frames for part in parts] == [160, whole.n_frames - 160]
    for name in whole.streams:
        joined = np.concatenate([part.streams[name] for part in parts])
        np.testing.assert_allclose(joined, whole.streams[name], rtol=1e-5, atol=1e-7)
    for name in ("zero_crossing_rate", "rms"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_allclose(joined, getattr(whole, name), rtol=1e-5, atol=1e-7)


def test_only_what_is_needed_is_computed():
    assert set(Clip(NOISE, needs=["mel"]).streams) == {"mel"}


@pytest.mark.parametrize("frames", range(1, 10))
def test_delta_of_a_few_frames_is_the_slope(frames):
    X = np.outer(np.arange(frames), [1.0, -2.0])
    expected = np.tile([1.0, -2.0] if frames > 2 else [0.0, 0.0], (frames, 1))
    np.testing.assert_allclose(delta(X), expected, atol=1e-9)


def test_low_sample_rates_have_fewer_octaves():
    assert [len(filterbanks.contrast_bands(sr, 2048)) for sr in (44100, 22050, 8000, 4000)] == [7, 7, 6, 5]
