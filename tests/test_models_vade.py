"""VaDE as a model: groups that are there are found, without labels, and everything survives saving."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from musaic.errors import UsageError
from musaic.models import InputError, Vae, build, parse_config
from test_models_contract import through_json

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


def vade(**options: Any) -> Vae:
    model = build(parse_config({**OPTIONS, **options}), random_state=1)
    assert isinstance(model, Vae)
    return model


@pytest.fixture(scope="module")
def fitted() -> Vae:
    return vade().fit(groups()[0])


def test_groups_that_are_there_are_found(fitted: Vae) -> None:
    X, truth = groups()
    assert adjusted_rand_score(truth, fitted.predict(X)) > 0.95
    gamma = fitted.responsibilities(X)
    np.testing.assert_allclose(gamma.sum(axis=1), 1.0)
    assert (gamma.argmax(axis=1) == fitted.predict(X)).all()
    assert not fitted.collapsed_


def test_the_start_is_chosen_by_its_bound_and_recorded(fitted: Vae) -> None:
    assert len(fitted.starts_) == 3
    assert np.isfinite(fitted.starts_).all()
    assert len(fitted.pretraining_) == 30 + 3
    assert all(row["beta"] == 0 for row in fitted.pretraining_[:30])
    assert fitted.history_[0]["loss"] < fitted.pretraining_[30]["loss"]


def test_clusters_and_weights_survive_saving(fitted: Vae) -> None:
    X, _ = groups()
    loaded = through_json(fitted)
    assert isinstance(loaded, Vae)
    assert loaded.responsibilities(X).tobytes() == fitted.responsibilities(X).tobytes()
    assert loaded.starts_ == fitted.starts_


def test_a_track_belongs_where_it_did_whatever_comes_with_it(fitted: Vae) -> None:
    X, _ = groups()
    order = np.random.default_rng(0).permutation(len(X))[:20]
    np.testing.assert_allclose(fitted.responsibilities(X[order]), fitted.responsibilities(X)[order], atol=1e-4)


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
    with pytest.raises(InputError, match="between 0 and 1"):
        vade(likelihood="bernoulli").fit(X)
    with pytest.raises(InputError, match="no clusters"):
        vade(prior="standard").fit(X).predict(X)
    with pytest.raises(InputError, match="call fit first"):
        vade().predict(X)
    with pytest.raises(UsageError, match="set scaling to 'none'"):
        vade(likelihood="bernoulli", scaling="standard")
