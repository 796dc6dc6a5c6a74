"""What holds for every registered model; a new one joins by being registered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from musaic.errors import UsageError
from musaic.models import MODELS, InputError, build, from_state, parse_config
from musaic.models.base import Representation
from musaic.models.config import ModelConfig

SMALL = {"network": {"widths": [24]}, "latent_dim": 4, "warmup": 2, "training": {"epochs": 6}}
QUICK: dict[str, dict[str, Any]] = {
    "basic-vae": SMALL,
    "vade": {**SMALL, "prior": {"n_clusters": 2, "n_init": 2, "hold": 2, "pretraining": 3}},
}
NAMES = sorted(MODELS)


def quick(name: str, **options: Any) -> Representation:
    return build(parse_config({"model": name, **QUICK.get(name, {}), **options}), random_state=3)


def songs(n: int = 40, seed: int = 0) -> dict[str, np.ndarray]:
    """Two modalities with one common cause, so that each tells something of the other."""
    rng = np.random.default_rng(seed)
    cause = rng.normal(size=(n, 3))
    return {
        "audio": (cause @ rng.normal(size=(3, 12)) + 0.3 * rng.normal(size=(n, 12))).astype(np.float32),
        "lyrics": (cause @ rng.normal(size=(3, 7)) + 0.3 * rng.normal(size=(n, 7))).astype(np.float32),
    }


def some_absent(n: int = 40) -> dict[str, np.ndarray]:
    return {"audio": np.arange(n) % 7 != 0, "lyrics": np.arange(n) % 3 != 1}


def through_json(model: Representation) -> Representation:
    head, arrays = model.get_state()
    assert all(isinstance(array, np.ndarray) and array.flags.c_contiguous for array in arrays.values())
    return from_state(json.loads(json.dumps(head)), {name: array.copy() for name, array in arrays.items()})


def both_present(present: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every track keeps at least one modality."""
    audio = present["audio"] | ~present["lyrics"]
    return {"audio": audio, "lyrics": present["lyrics"]}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [3, 10, 40])
def test_every_track_gets_a_finite_vector(name: str, n: int) -> None:
    model = quick(name)
    Z = model.fit_transform(songs(n)["audio"])
    assert Z.shape == (n, model.n_dims_)
    assert Z.dtype == np.float32
    assert np.isfinite(Z).all()


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_bytes_and_nothing_global_is_touched(name: str) -> None:
    X = songs()
    np.random.seed(1)
    torch.manual_seed(1)
    before = (np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes(), torch.get_num_threads())  # type: ignore[index]
    first = quick(name).fit_transform(X)
    after = (np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes(), torch.get_num_threads())  # type: ignore[index]
    assert before == after
    torch.manual_seed(2)
    assert quick(name).fit_transform(X).tobytes() == first.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_threads_changes_no_byte(name: str) -> None:
    X = np.random.default_rng(0).normal(size=(300, 157)).cumsum(axis=1)
    bytes_ = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            model = quick(name)
            Z = model.fit_transform(X)
            bytes_.append((Z.tobytes(), {key: array.tobytes() for key, array in model.get_state()[1].items()}))
    assert bytes_[0] == bytes_[1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["scaling", "weights"])
def test_a_modality_that_is_not_there_is_refused_by_name(name: str, key: str) -> None:
    value = {"lirycs": "none" if key == "scaling" else 2.0}
    with pytest.raises(InputError, match="unknown modality 'lirycs' in " + key + ".*did you mean 'lyrics'"):
        quick(name, **{key: value}).fit(songs())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scaling", ["none", "standard", "robust", "per-track"])
def test_after_loading_the_same_bytes_come_out(name: str, scaling: str) -> None:
    X, present = songs(), both_present(some_absent())
    model = quick(name, scaling=scaling, weights={"lyrics": 2.0}).fit(X, present=present)
    loaded = through_json(model)
    assert loaded.transform(X, present=present).tobytes() == model.transform(X, present=present).tobytes()
    assert loaded.config_ == model.config_
    assert loaded.n_dims_ == model.n_dims_


@pytest.mark.parametrize("name", NAMES)
def test_values_of_absent_tracks_never_matter(name: str) -> None:
    X, present = songs(), both_present(some_absent())
    plain = quick(name).fit_transform(X, present=present)
    assert np.isfinite(plain).all()
    for garbage in (np.nan, np.inf, 1e30):
        spoilt = {key: np.where(present[key][:, None], X[key], np.float32(garbage)) for key in X}
        assert quick(name).fit_transform(spoilt, present=present).tobytes() == plain.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_embeddings_do_not_depend_on_the_company(name: str) -> None:
    X, present = songs(), both_present(some_absent())
    model = quick(name).fit(X, present=present)
    whole = model.transform(X, present=present)
    order = np.random.default_rng(0).permutation(40)[:25]
    part = model.transform({key: X[key][order] for key in X}, present={key: present[key][order] for key in X})
    np.testing.assert_allclose(part, whole[order], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_modality_left_out_is_absent(name: str) -> None:
    X, present = songs(), both_present(some_absent())
    model = quick(name).fit(X, present=present)
    nobody = {"audio": np.ones(40, bool), "lyrics": np.zeros(40, bool)}
    alone = model.transform({"audio": X["audio"]})
    assert alone.tobytes() == model.transform(X, present=nobody).tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_labels_never_reach_the_model(name: str) -> None:
    X = songs()["audio"]
    with_labels = quick(name).fit(X, np.arange(40) % 4).transform(X)
    assert with_labels.tobytes() == quick(name).fit(X).transform(X).tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_used_is_refused_in_one_sentence(name: str) -> None:
    X = songs()
    bad = X["audio"].copy()
    bad[5, 2] = np.nan
    fitted = quick(name).fit(X)
    refusals = [
        (lambda: quick(name).fit(bad), "row 5 is not finite"),
        (lambda: quick(name).fit(X, present={"audio": np.arange(40) != 6, "lyrics": np.arange(40) != 6}), "row 6"),
        (lambda: quick(name).fit({"audio": X["audio"], "lyrics": X["lyrics"][:9]}), "9 rows"),
        (lambda: quick(name).fit(X["audio"][0]), r"\(tracks, features\)"),
        (lambda: quick(name).fit(np.zeros((0, 3))), "no rows"),
        (lambda: quick(name).fit([["a", "b"]]), "not numbers"),
        (lambda: quick(name).fit(X, condition={"genre": np.zeros(40)}), "without labels"),
        (lambda: quick(name).fit(X, present={"sound": np.ones(40, bool)}), "unknown modality 'sound'"),
        (lambda: quick(name).fit(X, present=np.ones(40, bool)), "mapping"),
        (lambda: quick(name).fit(X["audio"], present=np.ones(40)), "true-or-false"),
        (lambda: fitted.transform({"audio": X["audio"][:, :3]}), "fitted on 12"),
        (lambda: fitted.transform({"audios": X["audio"]}), "did you mean 'audio'"),
        (lambda: quick(name).transform(X), "call fit first"),
    ]
    for call, words in refusals:
        with pytest.raises(InputError, match=words) as refusal:
            call()
        assert isinstance(refusal.value, UsageError)
        assert isinstance(refusal.value, ValueError)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", NAMES)
def test_features_that_do_not_vary_do_no_harm(name: str) -> None:
    X = songs()["audio"].copy()
    X[:, 3], X[:, 4] = 0.1, 1e6
    for scaling in ("standard", "robust", "per-track"):
        assert np.isfinite(quick(name, scaling=scaling).fit_transform(X)).all()
    assert np.isfinite(quick(name).fit_transform(np.ones((10, 4)))).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_constructor_only_stores(name: str) -> None:
    model = quick(name)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not [key for key in vars(copy) if key.endswith("_")]


@pytest.mark.parametrize("name", NAMES)
def test_configurations_round_trip_and_are_closed(name: str) -> None:
    config = parse_config({"model": name})
    assert parse_config(json.loads(json.dumps(config.plain()))) == config
    assert type(config) is MODELS[name].config
    with pytest.raises(UsageError, match=r"did you mean 'scaling'"):
        parse_config({"model": name, "scalin": "none"})
    with pytest.raises(UsageError, match="weight of 'audio'"):
        parse_config({"model": name, "weights": {"audio": -1}})


def test_a_model_joins_by_being_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "twin", MODELS["raw"])
    config: ModelConfig = parse_config({"model": "raw"})
    assert build(config).fit_transform(songs()["audio"]).shape == (40, 12)
    with pytest.raises(UsageError, match="did you mean 'basic-vae'"):
        parse_config({"model": "basicvae"})
    with pytest.raises(UsageError, match="model:"):
        parse_config({"beta": 1})
