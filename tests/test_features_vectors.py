"""Every registered feature: its shape is what it says, and it moves with what it measures and with nothing else."""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import pytest
import scipy.stats

from musaic.errors import UsageError
from musaic.features import FeatureConfig, analysis
from musaic.features.analysis import measure_file
from musaic.features.descriptors import DIMS, table
from musaic.features.extraction import check
from musaic.features.kinds import Frames
from musaic.features.registry import NAMES, feature
from sounds import SR, clicks, music, write

ALL = FeatureConfig(names=NAMES, deltas=2)
CONFIGS = [
    ALL,
    FeatureConfig(
        names=NAMES, sample_rate=8000, n_fft=512, hop_length=128, n_mels=40, n_mfcc=20, duration=2, segments=3
    ),
    FeatureConfig(names=NAMES, sample_rate=44100, n_fft=4096, hop_length=4096, fmin=20, fmax=16000, duration="whole"),
]


def measured(path: Path, config: FeatureConfig = ALL) -> tuple[analysis.Facts, dict[str, np.ndarray]]:
    """Return the facts and all features of a file, frames joined."""
    rows: dict[str, list[np.ndarray]] = {}
    found = measure_file(path, config, lambda name, block: rows.setdefault(name, []).append(block))
    return found.facts, found.vectors | {name: np.concatenate(blocks) for name, blocks in rows.items()}


def named(values: dict[str, np.ndarray], name: str, config: FeatureConfig = ALL) -> dict[str, float]:
    return dict(zip(feature(name).dims(config), values[name].tolist(), strict=True))


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("seconds", [0.5, 7])
def test_shapes_names_and_finiteness(tmp_path, config, seconds):
    facts, values = measured(write(tmp_path / "a.wav", music(seconds)), config)
    assert facts.status == "ok"
    assert set(values) == set(NAMES)
    for name in NAMES:
        kind, dims = feature(name), feature(name).dims(config)
        assert len(set(dims)) == len(dims) == values[name].shape[-1]
        assert values[name].dtype == (np.float16 if isinstance(kind, Frames) else np.float32)
        assert values[name].ndim == (2 if isinstance(kind, Frames) else 1)
        assert np.isfinite(values[name]).all()
    assert len(values["log_mel"]) == len(values["mfcc"])


@pytest.mark.parametrize("y", [clicks(60, 3), np.full(SR, 0.5, np.float32), np.eye(1, SR, 7)[0]], ids=str)
def test_odd_sounds_give_finite_numbers(tmp_path, y):
    facts, values = measured(write(tmp_path / "a.wav", y))
    assert facts.status == "ok"
    assert all(np.isfinite(value).all() for value in values.values())


def test_moments_are_librosas_mfcc_under_scipy(tmp_path):
    y = music(6)
    _, values = measured(write(tmp_path / "a.wav", y, subtype="FLOAT"))
    mfcc = librosa.feature.mfcc(y=y, sr=SR, n_mfcc=13)
    theirs = [mfcc.mean(1), mfcc.std(1), scipy.stats.skew(mfcc, axis=1), scipy.stats.kurtosis(mfcc, axis=1)]
    assert values["mfcc_moments"].shape == (52,)
    np.testing.assert_allclose(values["mfcc_moments"], np.concatenate(theirs), rtol=1e-3, atol=5e-3)
    np.testing.assert_allclose(values["mfcc"][:, :13].T, mfcc, atol=0.3)  # float16
    S = librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=SR))
    np.testing.assert_allclose(values["log_mel"].T, S, atol=0.05)


def test_statistics_are_librosas(tmp_path):
    y = music(6)
    _, values = measured(write(tmp_path / "a.wav", y, subtype="FLOAT"))
    statistics = named(values, "statistics")
    theirs = {
        "centroid_mean": librosa.feature.spectral_centroid(y=y, sr=SR).mean(),
        "rolloff_std": librosa.feature.spectral_rolloff(y=y, sr=SR).std(),
        "zero_crossing_rate_mean": librosa.feature.zero_crossing_rate(y).mean(),
        "flatness_mean": librosa.feature.spectral_flatness(y=y).mean(),
        "contrast_3_mean": librosa.feature.spectral_contrast(y=y, sr=SR)[3].mean(),
        "chroma_D#_std": librosa.feature.chroma_stft(y=y, sr=SR, tuning=0)[3].std(),
        "mfcc_delta_01_std": librosa.feature.delta(librosa.feature.mfcc(y=y, sr=SR))[1].std(),
        "onset_strength_mean": librosa.onset.onset_strength(y=y, sr=SR).mean(),
        "tempo": librosa.feature.tempo(y=y, sr=SR)[0],
    }
    assert {name: statistics[name] for name in theirs} == pytest.approx(theirs, rel=2e-3)


@pytest.mark.parametrize("normalize", ["peak", "loudness"])
def test_gain_changes_nothing_once_normalised(tmp_path, normalize):
    config = ALL.model_copy(update={"normalize": normalize})
    y = music(6)
    _, loud = measured(write(tmp_path / "loud.wav", y, subtype="FLOAT"), config)
    _, soft = measured(write(tmp_path / "soft.wav", y * 0.3, subtype="FLOAT"), config)
    for name in NAMES:
        np.testing.assert_allclose(soft[name], loud[name], rtol=2e-3, atol=0.05 if loud[name].ndim == 2 else 2e-3)


def test_gain_moves_level_and_nothing_else(tmp_path):
    y = music(6)
    _, loud = measured(write(tmp_path / "loud.wav", y, subtype="FLOAT"))
    _, soft = measured(write(tmp_path / "soft.wav", y * 0.5, subtype="FLOAT"))
    loud, soft = named(loud, "descriptors"), named(soft, "descriptors")
    assert soft["loudness"] - loud["loudness"] == pytest.approx(-6.02, abs=0.01)
    assert soft["energy"] / loud["energy"] == pytest.approx(0.5)
    for name in set(DIMS) - {"loudness", "energy", "arousal_proxy"}:
        assert soft[name] == pytest.approx(loud[name], rel=1e-3, abs=1e-3)


def test_silence_around_the_window_changes_nothing(tmp_path):
    y = music(12)
    config = ALL.model_copy(update={"duration": 6.0})
    silence = np.zeros(10 * SR, np.float32)
    _, plain = measured(write(tmp_path / "plain.wav", y), config)
    _, padded = measured(write(tmp_path / "padded.wav", np.concatenate((silence, y, silence))), config)
    for name in NAMES:
        np.testing.assert_array_equal(padded[name], plain[name])


def test_silence_within_the_window_leaves_pitch_and_brightness(tmp_path):
    y = music(8)
    silence = np.zeros(4 * SR, np.float32)
    _, plain = measured(write(tmp_path / "plain.wav", y))
    _, padded = measured(write(tmp_path / "padded.wav", np.concatenate((silence, y, silence))))
    plain, padded = named(plain, "descriptors"), named(padded, "descriptors")
    for name in ("key_x", "key_y", "mode"):
        assert padded[name] == plain[name]
    assert padded["brightness"] == pytest.approx(plain["brightness"], rel=0.01)
    assert padded["loudness"] == pytest.approx(plain["loudness"], abs=0.3)
    assert padded["tempo"] == pytest.approx(plain["tempo"], rel=0.05)


def test_descriptors_hear_what_is_there(tmp_path):
    t = np.arange(10 * SR) / SR
    tone = (0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)
    _, tone_values = measured(write(tmp_path / "tone.wav", tone, subtype="FLOAT"))
    _, click_values = measured(write(tmp_path / "clicks.wav", clicks(120, 10), subtype="FLOAT"))
    tone, pulse = named(tone_values, "descriptors"), named(click_values, "descriptors")
    assert tone["brightness"] == pytest.approx(1000, rel=0.05)
    assert tone["energy"] == pytest.approx(0.5 / np.sqrt(2), rel=1e-3)
    assert tone["onset_rate"] < 0.5
    assert pulse["onset_rate"] == pytest.approx(2, abs=0.2)
    assert pulse["tempo"] == pytest.approx(120, rel=0.03)
    assert pulse["rhythm_regularity"] > 0.6
    assert pulse["arousal_proxy"] > 0


def test_the_readable_table_names_key_and_mode():
    fifths = 2 * np.pi * np.array([0, 1, 3, 11]) / 12  # C, G, A and F on the circle
    values = np.zeros((5, len(DIMS)), np.float32)
    values[:4, 1], values[:4, 2], values[:4, 3] = np.cos(fifths), np.sin(fifths), [1, 1, 0, 0]
    values[4] = np.nan
    readable = table(("a", "b", "c", "d", "e"), values)
    assert readable["key"].tolist() == ["C", "G", "A", "F", None]
    assert readable["mode"].tolist() == ["major", "major", "minor", "minor", None]
    assert readable["loudness"].isna().tolist() == [False] * 4 + [True]


def test_segments_describe_all_of_the_file(tmp_path):
    y = np.concatenate([np.sin(2 * np.pi * f * np.arange(4 * SR) / SR) for f in (300, 3000)]).astype(np.float32) * 0.3
    path = write(tmp_path / "a.wav", y)
    config = ALL.model_copy(update={"duration": 1.0, "segments": 2})
    facts, values = measured(path, config)
    assert facts.seconds == 2.0
    assert len(values["log_mel"]) == 2 * (1 + SR // 512)
    assert 300 < named(values, "descriptors", config)["brightness"] < 3000


def test_stretches_give_what_the_whole_gives(tmp_path, monkeypatch):
    path = write(tmp_path / "a.wav", music(20))
    whole_facts, whole = measured(path)
    monkeypatch.setattr(analysis, "STRETCH", 5 * SR)
    facts, parts = measured(path)
    assert facts == whole_facts
    assert parts["log_mel"].shape == whole["log_mel"].shape
    np.testing.assert_allclose(parts["mfcc_moments"], whole["mfcc_moments"], rtol=0.05, atol=0.5)
    one, other = named(parts, "descriptors"), named(whole, "descriptors")
    for name in ("key_x", "key_y", "mode", "tempo"):
        assert one[name] == pytest.approx(other[name], rel=0.05, abs=1e-6)
    for name in ("loudness", "energy", "brightness"):
        assert one[name] == pytest.approx(other[name], rel=0.01)


def test_impossible_bands_are_refused_with_a_way_out():
    with pytest.raises(UsageError, match="fewer n_mels or a larger n_fft"):
        check(FeatureConfig(n_mels=512, n_fft=512))
