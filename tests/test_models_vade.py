"""VaDE as a model: groups that are there are found, without labels, and everything survives saving."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from musaic.errors import UsageError
from musaic.models import Frames, InputError, Vade, build, parse_config
from tiny_models import through_json

OPTIONS: dict[str, Any] = {
    "model": "vade",
    "scaling": "none",
    "latent_dim": 3,
    "input_noise": 0.1,
    "variance": "modality",
    "network": {"widths": [32], "dropout": 0.0},
    "prior": {"n_clusters": 3, "n_init": 3, "hold": 3, "pretraining": 30},
    "training": {"epochs": 15, "learning_rate": 0.003},
}


def groups(n: int = 150, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 3
    return (2 * rng.normal(size=(3, 12))[truth] + 0.5 * rng.normal(size=(n, 12))).astype(np.float32), truth


def vade(**options: Any) -> Vade:
    model = build(parse_config({**OPTIONS, **options}), random_state=1)
    assert isinstance(model, Vade)
    return model


@pytest.fixture(scope="module")
def fitted() -> Vade:
    return vade().fit(groups()[0])


def test_groups_that_are_there_are_found(fitted: Vade) -> None:
    X, truth = groups()
    assert adjusted_rand_score(truth, fitted.predict(X)) > 0.95
    gamma = fitted.responsibilities(X)
    np.testing.assert_allclose(gamma.sum(axis=1), 1.0)
    assert (gamma.argmax(axis=1) == fitted.predict(X)).all()
    np.testing.assert_array_equal(fitted.labels_, fitted.predict(X))
    assert not fitted.collapsed_


def test_the_start_is_chosen_by_its_bound_and_recorded(fitted: Vade) -> None:
    assert len(fitted.starts_) == 3
    assert np.isfinite(fitted.starts_).all()
    assert len(fitted.pretraining_) == 30 + 3
    assert all(row["beta"] == 0 for row in fitted.pretraining_[:30])
    assert fitted.history_[0]["loss"] < fitted.pretraining_[30]["loss"]


def test_clusters_and_weights_survive_saving(fitted: Vade) -> None:
    X, _ = groups()
    loaded = through_json(fitted)
    assert isinstance(loaded, Vade)
    assert loaded.responsibilities(X).tobytes() == fitted.responsibilities(X).tobytes()
    assert loaded.starts_ == fitted.starts_


def test_a_track_belongs_where_it_did_whatever_comes_with_it(fitted: Vade) -> None:
    X, _ = groups()
    order = np.random.default_rng(0).permutation(len(X))[:20]
    np.testing.assert_allclose(fitted.responsibilities(X[order]), fitted.responsibilities(X)[order], atol=1e-4)


def test_held_out_tracks_only_judge() -> None:
    X, _ = groups()
    P = (X > 0).astype(np.float32)
    prior = {**OPTIONS["prior"], "pretraining": 1, "hold": 1, "n_init": 1}
    told: dict[str, Any] = {"likelihood": "bernoulli", "prior": prior, "training": {"epochs": 1}}
    model = vade(**told).fit(P)
    P[model.split_ == "held-out"] = 1 - P[model.split_ == "held-out"]
    other = vade(**told).fit(P)
    assert [row["loss"] for row in other.pretraining_] == [row["loss"] for row in model.pretraining_]
    assert other.history_[0]["loss"] == model.history_[0]["loss"]
    assert other.history_[0]["val_loss"] != model.history_[0]["val_loss"]


@pytest.mark.parametrize("space", ["latents", "features"])
def test_groups_to_begin_with_may_be_found_in_latents_or_features(space: str) -> None:
    X, truth = groups(60)
    model = vade(prior={**OPTIONS["prior"], "space": space, "n_init": 1, "denoising": 0.0}).fit(X)
    assert adjusted_rand_score(truth, model.predict(X)) > 0.9


def test_threads_that_a_start_brings_along_are_not_trained_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the first UMAP of a process does."""
    seen: set[int] = set()

    def neighbourhoods(points: np.ndarray, random_state: int) -> np.ndarray:
        torch.set_num_threads(2)
        return points

    monkeypatch.setattr("musaic.models.vae.mixture._neighbourhoods", neighbourhoods)
    prior = {**OPTIONS["prior"], "start": "umap", "n_init": 1}
    vade(prior=prior).set_params(on_epoch=lambda epoch, row: seen.add(torch.get_num_threads())).fit(groups()[0])
    assert seen == {1}


@pytest.mark.slow  # UMAP is compiled first
@pytest.mark.parametrize("n", [4, 11])
def test_few_tracks_have_neighbourhoods_too(n: int) -> None:
    prior = {**OPTIONS["prior"], "start": "umap", "n_clusters": 2, "n_init": 1}
    assert np.isfinite(vade(latent_dim=12, prior=prior).fit_transform(groups(n)[0])).all()


@pytest.mark.slow  # UMAP is compiled first
def test_neighbourhoods_may_decide_where_components_begin() -> None:
    X, truth = groups(60)
    model = vade(prior={**OPTIONS["prior"], "start": "umap"}).fit(X)
    assert adjusted_rand_score(truth, model.predict(X)) > 0.9


@pytest.mark.parametrize("likelihood", ["normal", "bernoulli"])
def test_pixels_may_be_probabilities(likelihood: str) -> None:
    X, _ = groups()
    P = (X > 0).astype(np.float32)
    model = vade(likelihood=likelihood).fit(P)
    back = model.reconstruct(P)
    assert isinstance(back, np.ndarray)
    assert ((back - P) ** 2).mean() < 0.5 * P.var()
    if likelihood == "bernoulli":
        assert back.min() >= 0
        assert back.max() <= 1


def test_what_cannot_be_is_refused() -> None:
    X, _ = groups()
    with pytest.raises(InputError, match="3 components cannot begin with 2 tracks"):
        vade().fit(X[:2])
    started: list[int] = []
    with pytest.raises(InputError, match="9 components cannot begin with 8 tracks"):
        vade(prior={"n_clusters": 9}).set_params(on_epoch=lambda epoch, row: started.append(epoch)).fit(X[:8])
    assert not started  # before anything is trained
    with pytest.raises(InputError, match="3 tracks have no neighbourhoods"):
        vade(prior={"n_clusters": 2, "start": "umap"}).fit(X[:3])
    with pytest.raises(InputError, match="between 0 and 1"):
        vade(likelihood="bernoulli").fit(X)
    assert not hasattr(build(parse_config({**OPTIONS, "prior": "standard"})), "predict")
    with pytest.raises(UsageError, match="set beta above 0"):
        vade(beta=0.0)
    with pytest.raises(InputError, match="call fit first"):
        vade().predict(X)
    with pytest.raises(UsageError, match="set scaling to 'none'"):
        vade(likelihood="bernoulli", scaling="standard")


def test_groups_are_found_in_frames_and_vectors_by_parts() -> None:
    """Half of the tracks have only their frames, a third only their vector."""
    X, truth = groups(90)
    mel = Frames.of([row[:6] + 0.5 * np.random.default_rng(i).normal(size=(4 + i % 9, 6)) for i, row in enumerate(X)])
    present = {"mel": np.arange(90) // 3 % 3 != 0, "a": np.arange(90) // 3 % 2 == 0}
    present["a"] |= ~present["mel"]
    options = {"fusion": "poe", "crop": 6, "scaling": "standard", "training": {"epochs": 30, "learning_rate": 0.003}}
    model = vade(**options, prior={**OPTIONS["prior"], "pretraining": 60}).fit({"mel": mel, "a": X}, present=present)
    assert adjusted_rand_score(truth, model.labels_) > 0.8
