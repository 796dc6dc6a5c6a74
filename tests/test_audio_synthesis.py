"""Sound from a log-mel spectrogram: analysed again, it has the spectrogram that went in."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

from musaic.audio import filterbanks
from musaic.audio.spectra import TOP_DB, Clip, Frame
from musaic.audio.synthesis import bins_from_mel, griffin_lim_from_log_mel, log_mel_from_mfcc
from musaic.errors import UsageError
from sounds import SR, music

FRAMES = {
    "default": Frame(),
    "other": Frame(sr=16000, n_fft=1024, hop_length=250, n_mels=64, fmin=50.0, fmax=7000.0),  # no whole hops a frame
}


def sound(log_mel: np.ndarray, frame: Frame = FRAMES["default"], **options: int) -> np.ndarray:
    return griffin_lim_from_log_mel(
        log_mel,
        sample_rate=frame.sr,
        n_fft=frame.n_fft,
        hop_length=frame.hop_length,
        fmin=frame.fmin,
        fmax=frame.fmax,
        **options,
    )


def log_mel(y: np.ndarray, frame: Frame = FRAMES["default"]) -> np.ndarray:
    return Clip(y, frame, needs=["mel"]).log_mel


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("loudness", [0.3, 0.003])
def test_the_spectrogram_comes_back(frame, loudness):
    wanted = log_mel(loudness * music(3, sr=frame.sr), frame)
    y = sound(wanted, frame)
    assert (y.dtype, y.shape) == (np.float32, ((len(wanted) - 1) * frame.hop_length,))
    assert np.abs(y).max() <= 1
    again = log_mel(y, frame)
    assert again.shape == wanted.shape
    error = np.abs(again - wanted)
    assert np.median(error) < 1  # dB
    assert np.percentile(error, 95) < 5


def test_a_chord_keeps_its_notes():
    notes = np.array([261.6, 440.0, 987.8])
    t = np.arange(2 * SR) / SR
    y = sound(log_mel(0.1 * np.sin(2 * np.pi * notes[:, None] * t).sum(axis=0).astype(np.float32)))
    power = np.square(np.abs(scipy.fft.rfft(y * np.hanning(len(y)))))
    frequencies = scipy.fft.rfftfreq(len(y), 1 / SR)
    near = np.abs(frequencies - notes[:, None]) < 20  # Hz: a bin is 11, a band 26 wide
    assert power[near.any(axis=0)].sum() > 0.95 * power.sum()
    shares = np.array([power[band].sum() for band in near]) / power.sum()
    np.testing.assert_allclose(shares, 1 / 3, atol=0.1)


def test_silence_stays_silent():
    assert not sound(log_mel(np.zeros(SR, np.float32))).any()
    half = np.concatenate((music(1), np.zeros(SR, np.float32)))
    y = sound(log_mel(half))
    quiet = y[SR + 4096 :]
    assert np.abs(quiet).max() < 10 ** (-80 / 20) * np.abs(y).max()


def test_louder_by_so_many_decibels_is_louder_by_as_many():
    wanted = log_mel(0.01 * music(1))
    np.testing.assert_allclose(sound(wanted + 20), 10 * sound(wanted), rtol=1e-4, atol=1e-6)


def test_the_loudest_sample_is_within_one_whatever_the_decibels():
    for level in (60.0, 4000.0):
        y = sound(log_mel(music(1)) + level)
        assert np.abs(y).max() == pytest.approx(1)
        assert np.isfinite(y).all()


def test_a_crop_begins_and_ends_in_full_sound():
    noise = (0.1 * np.random.default_rng(0).standard_normal(2 * SR)).astype(np.float32)
    y = sound(log_mel(noise)[20:50])
    ends = np.sqrt(np.mean(np.square(np.concatenate((y[:512], y[-512:])))))
    assert ends == pytest.approx(0.1, rel=0.3)


def test_same_seed_same_bytes():
    wanted = log_mel(music(1))
    assert sound(wanted, random_state=1).tobytes() == sound(wanted, random_state=1).tobytes()
    assert sound(wanted, random_state=1).tobytes() != sound(wanted, random_state=2).tobytes()


def test_more_turns_come_nearer():
    wanted = log_mel(music(2))

    def miss(n_iter: int) -> float:
        return float(np.mean(np.abs(log_mel(sound(wanted, n_iter=n_iter)) - wanted)))

    assert miss(1) > miss(8) > miss(64)


def test_bins_are_non_negative_and_have_the_bands():
    frame = FRAMES["other"]
    weights = filterbanks.mel(frame.sr, frame.n_fft, frame.n_mels, frame.fmin, frame.fmax)
    mel = Clip(music(1, sr=frame.sr), frame, needs=["mel"]).mel
    power = bins_from_mel(mel, weights)
    assert power.min() >= 0
    assert not power[:, weights.sum(axis=0) == 0].any()
    kept = mel > mel.max() * 10 ** (-TOP_DB / 10)
    assert np.median(np.abs(10 * np.log10((power @ weights.T)[kept] / mel[kept]))) < 0.01


def test_cepstra_give_back_their_bands():
    wanted = log_mel(music(1))
    clip = Clip(music(1), needs=["mel"])
    np.testing.assert_allclose(log_mel_from_mfcc(clip.mfcc(128), 128), wanted, atol=1e-3)
    for n_mfcc in (13, 40):
        known = scipy.fft.idct(clip.mfcc(n_mfcc), n=128, norm="ortho", axis=1)
        smooth = log_mel_from_mfcc(clip.mfcc(n_mfcc), 128)
        np.testing.assert_allclose(smooth, known, atol=1e-3)
        # nothing nearer can be made of so many coefficients: what is missing is at right angles to them
        np.testing.assert_allclose((wanted - smooth) @ filterbanks.dct(128, n_mfcc).T, 0, atol=1e-2)


GOOD = {"sample_rate": SR, "n_fft": 2048, "hop_length": 512, "fmin": 0.0, "fmax": 11025.0}


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.zeros(128), {}, r"shape \(128,\)"),
        (np.zeros((0, 128)), {}, r"shape \(0, 128\)"),
        (np.zeros((1, 128)), {}, "1 frame"),
        ([["ध्वनि"]], {}, "not numbers"),
        (np.array([[0.0, 1.0], [0.0, np.nan]]), {}, "not finite in frame 1"),
        (np.zeros((9, 64)), {"hop_length": 4096}, "hop_length 4096"),
        (np.zeros((9, 64)), {"n_fft": 2047}, "must be even"),
        (np.zeros((9, 64)), {"fmax": 12000.0}, "12000 Hz do not lie within 0 to 11025 Hz"),
        (np.zeros((9, 64)), {"n_iter": 0}, "n_iter is 0"),
    ],
)
def test_wrong_use_is_refused(values, options, message):
    with pytest.raises(UsageError, match=message):
        griffin_lim_from_log_mel(values, **(GOOD | options))


def test_cepstra_with_slopes_are_refused():
    with pytest.raises(UsageError, match="39 columns, more than the 32 mel bands"):
        log_mel_from_mfcc(np.zeros((5, 39)), 32)
