"""The VAE as a whole: what its latents, its variance and its verdicts mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from musaic.models import MlpConfig, Pca, PcaConfig, TrainingConfig, Vae, VaeConfig

SMALL: dict[str, Any] = {
    "network": MlpConfig(widths=(32,), dropout=0.0),
    "latent_dim": 6,
    "beta": 1.0,
    "warmup": 10,
    "variance": "modality",
    "input_noise": 0.0,
}


def low_rank(n: int = 400, noise: float = 0.5, seed: int = 0) -> np.ndarray:
    """Two causes behind 20 features, and independent noise of known size."""
    rng = np.random.default_rng(seed)
    loadings = np.linalg.qr(rng.normal(size=(20, 2)))[0].T * np.sqrt(10)
    return (rng.normal(size=(n, 2)) @ loadings + noise * rng.normal(size=(n, 20))).astype(np.float32)


def linear(beta: float, latent_dim: int) -> Vae:
    """A linear VAE: with beta 1 it is probabilistic PCA, whose answers are known (arXiv:1911.02469)."""
    options = VaeConfig(
        network=MlpConfig(widths=(), dropout=0.0),
        latent_dim=latent_dim,
        scaling="none",
        beta=beta,
        warmup=5,
        variance="modality",
        input_noise=0.0,
        training=TrainingConfig(epochs=250, learning_rate=0.02, batch_size=100),
    )
    return Vae(options).fit(low_rank())


def test_the_learned_variance_is_that_of_the_noise() -> None:
    """The noise is 0.25 of a mean variance of 1.25."""
    model = linear(1.0, 2)
    assert model.variance_["x"].shape == (20,)
    np.testing.assert_allclose(model.variance_["x"], 0.2, atol=0.02)


def test_as_many_units_are_active_as_there_are_causes() -> None:
    model = linear(2.0, 6)
    assert model.active_units_ == 2
    assert not model.collapsed_
    assert (np.sort(model.kl_per_dimension_)[:4] < 0.05).all()


def test_a_huge_beta_collapses_and_is_found_out() -> None:
    options = VaeConfig(**{**SMALL, "beta": 1000.0}, training=TrainingConfig(epochs=80, learning_rate=0.01))
    model = Vae(options).fit(low_rank(100))
    assert model.collapsed_
    assert model.kl_per_dimension_.sum() < 0.1
    head, arrays = model.get_state()
    assert Vae.from_state(head, arrays).collapsed_


def test_the_embedding_is_the_posterior_mean_and_sampling_has_a_name() -> None:
    X = low_rank(60)
    model = Vae(VaeConfig(**SMALL, training=TrainingConfig(epochs=20))).fit(X)
    mean, variance = model.posterior(X)
    assert mean.tobytes() == model.transform(X).tobytes()
    assert (variance > 0).all()
    draws = np.stack([model.sample(X[:5], random_state=seed) for seed in range(600)])
    np.testing.assert_allclose(draws.mean(axis=0), mean[:5], atol=5 * np.sqrt(variance[:5].max() / 600))
    np.testing.assert_allclose(draws.var(axis=0), variance[:5], rtol=0.4)
    assert model.sample(X, random_state=1).tobytes() == model.sample(X, random_state=1).tobytes()


@pytest.mark.parametrize("scaling", ["none", "standard", "robust", "per-track"])
def test_reconstructions_have_the_units_and_form_of_the_input(scaling: str) -> None:
    X = low_rank(80) * 50 + 300
    options = VaeConfig(**SMALL, scaling=scaling, training=TrainingConfig(epochs=150))  # type: ignore[arg-type]
    model = Vae(options).fit({"audio": X})
    back = model.reconstruct({"audio": X})
    assert isinstance(back, dict)
    assert ((back["audio"] - X) ** 2).mean() < 0.6 * X.var(axis=0).mean()
    alone = Vae(options).fit(X).reconstruct(X)
    assert isinstance(alone, np.ndarray)
    assert alone.shape == X.shape


def test_an_absent_modality_is_guessed_from_the_other() -> None:
    """A track that lacks a modality is decoded towards its own values, not just towards the mean."""
    X = low_rank(300, noise=0.1)
    blocks = {"a": X[:, :10], "b": X[:, 10:]}
    present = {"b": np.arange(300) % 2 == 0}
    options = VaeConfig(**SMALL, training=TrainingConfig(epochs=120))
    model = Vae(options).fit(blocks, present=present)
    back = model.reconstruct(blocks, present=present)
    assert isinstance(back, dict)
    missing = ~present["b"]
    error = ((back["b"] - blocks["b"])[missing] ** 2).mean()
    assert error < 0.5 * blocks["b"][missing].var(axis=0).mean()


def test_clusters_survive_as_well_as_in_principal_components() -> None:
    rng = np.random.default_rng(1)
    truth = np.arange(150) % 3
    X = rng.normal(size=(3, 30))[truth] + 1.5 * rng.normal(size=(150, 30))
    found = []
    for model in (Vae(), Pca(PcaConfig(n_components=16))):
        labels = KMeans(3, n_init=10, random_state=0).fit_predict(model.fit_transform(X))
        found.append(adjusted_rand_score(truth, labels))
    assert found[0] > found[1] - 0.1


def test_pca_keeps_the_share_asked_for_and_no_more() -> None:
    X = low_rank(100, noise=0.05)
    assert Pca().fit(X).n_dims_ == 2
    assert Pca(PcaConfig(n_components=5)).fit(X).n_dims_ == 5
    assert Pca(PcaConfig(n_components=0.999999, max_components=4)).fit(X).n_dims_ == 4
    assert Pca(PcaConfig(n_components=50)).fit(X[:6]).n_dims_ == 5
    model = Pca().fit(X)
    largest = np.abs(model.components_).argmax(axis=1)
    assert (model.components_[np.arange(2), largest] > 0).all()
    Z = model.transform(X)
    np.testing.assert_allclose(np.cov(Z.T)[0, 1], 0, atol=1e-4)
