"""The ``features:`` key of an experiment file."""

from __future__ import annotations

import pytest

from musaic.errors import UsageError
from musaic.features import FeatureConfig
from musaic.features.registry import NAMES


def test_round_trip():
    config = FeatureConfig(names=("mfcc", "log_mel"), duration="whole", offset=3, deltas=1)
    assert FeatureConfig.parse(config.plain()) == config
    assert config.names == ("log_mel", "mfcc")  # order is no difference
    assert FeatureConfig.parse({}) == FeatureConfig()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"n_mel": 64}, "did you mean 'n_mels'"),
        ({"names": ["log_mell"]}, "did you mean 'log_mel'"),
        ({"names": []}, "names is empty"),
        ({"fmin": 9000, "fmax": 8000}, "must rise"),
        ({"fmax": 12000}, "half the sample rate"),
        ({"hop_length": 4096}, "at most n_fft"),
        ({"hop_length": 8000, "n_fft": 16384}, "quarter of a second"),
        ({"n_fft": 256, "sample_rate": 44100}, "larger n_fft"),
        ({"n_fft": 1025}, "even"),
        ({"duration": 0.1}, "duration"),
        ({"duration": "all"}, "duration"),
        ({"offset": -1}, "offset"),
        ({"normalize": "rms"}, "normalize"),
        ({"segments": 2, "duration": "whole"}, "duration in seconds"),
        ({"n_mfcc": 100, "n_mels": 64}, "n_mfcc"),
    ],
)
def test_what_cannot_be_is_one_sentence(data, words):
    with pytest.raises(UsageError) as caught:
        FeatureConfig.parse(data, "features")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_feature_is_registered_by_its_name():
    from musaic.features.registry import feature

    assert all(feature(name).dims(FeatureConfig()) for name in NAMES)
