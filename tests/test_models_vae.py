"""The VAE as a whole: what its latents, its variance and its verdicts mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from musaic.errors import UsageError
from musaic.models import InputError, MlpConfig, Pca, PcaConfig, TrainingConfig, Vae, VaeConfig
from musaic.models.vae.data import Batch
from musaic.models.vae.module import Posterior, VaeModule
from musaic.models.vae.training.loop import held_out
from tiny_models import LANGUAGE, N, missing, quick, through_json, tracks, vectors

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
        training=TrainingConfig(epochs=250, learning_rate=0.02, batch_size=100, schedule="cosine"),
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
    draws = np.stack([model.sample(X[:5], random_state=seed) for seed in range(200)])
    np.testing.assert_allclose(draws.mean(axis=0), mean[:5], atol=5 * np.sqrt(variance[:5].max() / 200))
    np.testing.assert_allclose(draws.var(axis=0), variance[:5], rtol=0.4)
    assert model.sample(X, random_state=1).tobytes() == model.sample(X, random_state=1).tobytes()


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


def vae(name: str, **options: Any) -> Vae:
    model = quick(name, **options)
    assert isinstance(model, Vae)
    return model


def test_a_beta_of_one_is_the_plain_vae_bit_for_bit() -> None:
    X = tracks("both").X
    plain, other = vae("basic-vae").fit(X), vae("beta-vae", beta=1.0).fit(X)
    assert plain.transform(X).tobytes() == other.transform(X).tobytes()
    assert plain.history_ == other.history_
    four = vae("beta-vae").fit(X)
    assert four.config_.beta == 4.0
    assert four.transform(X).tobytes() != plain.transform(X).tobytes()


def test_an_autoencoder_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*shape: Any, **options: Any) -> None:
        raise AssertionError("a sample was drawn")

    X = tracks("vectors").X
    monkeypatch.setattr("torch.randn", refuse)
    monkeypatch.setattr("torch.randn_like", refuse)
    model = vae("autoencoder", input_noise=0.0).fit(X)
    assert not model.kl_per_dimension_.any()
    assert not model.collapsed_
    with pytest.raises(AssertionError, match="a sample was drawn"):
        vae("basic-vae", input_noise=0.0).fit(X)


LATE = {"kind": "late", "weights": {"mel": 3.0}}


@pytest.fixture(scope="module")
def late() -> Vae:
    return vae("basic-vae", fusion=LATE).fit(tracks("both").X, present=missing())


def test_late_parts_are_weighted_last_and_absent_ones_are_zero(late: Vae) -> None:
    X = tracks("both").X
    Z = late.transform(X, present=missing())
    mean, _ = late.posterior(X, present=missing())
    np.testing.assert_array_equal(Z, np.concatenate([3 * mean[:, :3], mean[:, 3:]], axis=1))
    for name, part in (("mel", Z[:, :3]), ("lyrics", Z[:, 3:])):
        absent = ~missing()[name]
        assert absent.any()
        assert not part[absent].any()
        assert part[~absent].any(axis=1).all()


def test_late_parts_are_learned_each_by_itself(late: Vae) -> None:
    """What the other modality holds changes neither the part nor what it was learned to be."""
    X = tracks("both").X
    other = {"mel": X["mel"], "lyrics": 5 - 2 * X["lyrics"][::-1]}
    options: dict[str, Any] = {"present": missing()}
    np.testing.assert_array_equal(late.transform(other, **options)[:, :3], late.transform(X, **options)[:, :3])
    again = vae("basic-vae", fusion=LATE, training={"epochs": 1, "batch_size": 64, "held_out": 0.0}, input_noise=0.0)
    parts = [again.fit(given, **options).module_.state_dict() for given in (X, other)]
    for key in parts[0]:
        same = bool((parts[0][key] == parts[1][key]).all())
        assert same or not key.startswith(("parts.0.", "heads.0.", "likelihoods.0.")), key


def test_features_that_are_not_learned_from_are_in_the_embedding_as_they_are() -> None:
    given, genre = tracks("both").X, np.eye(4)[np.arange(N) % 4]
    X, present = {**given, "genre": genre}, {"genre": np.arange(N) % 5 != 0}
    fusion = {"kind": "late", "as_is": ["genre"], "weights": {"genre": 2.0}}
    model = vae("basic-vae", fusion=fusion).fit(X, present=present)
    Z = model.transform(X, present=present)
    assert Z.shape == (N, 3 + 3 + 4)
    np.testing.assert_array_equal(Z[:, 6:], 2 * genre * present["genre"][:, None])
    assert through_json(model).transform(X, present=present).tobytes() == Z.tobytes()
    assert set(model.decode(np.zeros((1, 6)))) == {"mel", "lyrics"}
    refusals = [
        (["genres"], "unknown modality 'genres' in fusion.as_is.*did you mean 'genre'"),
        (["mel"], "unknown modality 'mel' in fusion.as_is"),
    ]
    for as_is, words in refusals:
        with pytest.raises(InputError, match=words):
            vae("basic-vae", fusion={**fusion, "as_is": as_is}).fit(X)
    with pytest.raises(InputError, match="names every modality"):
        vae("basic-vae", fusion={**fusion, "as_is": ["genre"]}).fit({"genre": genre})


@pytest.mark.parametrize("kind", ["vectors", "frames"])
def test_an_unseen_label_is_refused_or_every_known_one_in_its_share(kind: str) -> None:
    X, new = tracks(kind).X, np.full(N, "فارسی", dtype=object)
    model = vae("cvae").fit(X, condition={"language": LANGUAGE})
    with pytest.raises(InputError, match=r"'language' has 'فارسی', .*knows 'العربية', 'हिन्दी', 'বাংলা'"):
        model.transform(X, condition={"language": new})
    open_ = vae("cvae", unseen="marginalise").fit(X, condition={"language": LANGUAGE})
    known = [value for value in LANGUAGE if value is not None]
    share = {value: known.count(value) / len(known) for value in known}
    assert len(share) == 3
    under = {value: open_.transform(X, condition={"language": np.full(N, value)}) for value in share}
    expected = sum(share[value] * Z for value, Z in under.items())
    Z = open_.transform(X, condition={"language": new})
    np.testing.assert_allclose(Z, expected, atol=1e-5)
    decoded = {value: open_.decode(Z, condition={"language": np.full(N, value)})["x"] for value in share}
    np.testing.assert_allclose(
        open_.decode(Z, condition={"language": new})["x"],
        sum(share[value] * values for value, values in decoded.items()),
        atol=1e-4,
    )


def test_a_missing_label_is_unknown_and_a_label_tells() -> None:
    X = tracks("vectors").X
    model = vae("cvae").fit(X, condition={"language": LANGUAGE})
    whole = model.transform(X, condition={"language": LANGUAGE})
    unknown = model.transform(X, condition={"language": [float("nan")] * N})
    np.testing.assert_array_equal(unknown, model.transform(X, condition={"language": [None] * N}))
    missing_ = np.array([label is None for label in LANGUAGE])
    np.testing.assert_allclose(whole[missing_], unknown[missing_], rtol=1e-4, atol=1e-5)
    assert not np.isclose(whole[~missing_], unknown[~missing_]).all()
    Z = np.zeros((1, 3))
    assert not np.allclose(model.decode(Z)["x"], model.decode(Z, condition={"language": ["বাংলা"]})["x"])
    np.testing.assert_array_equal(model.decode(Z)["x"], model.decode(Z, condition={"language": [None]})["x"])
    with pytest.raises(InputError, match="needs language"):
        model.transform(X)
    with pytest.raises(UsageError, match="unseen"):
        vae("cvae", unseen="guess")


def test_what_a_label_tells_latents_need_not() -> None:
    """Features that are little but their language: told it, the latents carry much less of it."""
    rng = np.random.default_rng(0)
    language = np.array(["العربية", "বাংলা", "हिन्दी"], dtype=object)[np.arange(240) % 3]
    X = 3 * rng.normal(size=(3, 10))[np.arange(240) % 3] + rng.normal(size=(240, 10))
    told = {"language": language}
    found = []
    for condition in ([], ["language"]):
        options = {"latent_dim": 4, "training": {"epochs": 60, "learning_rate": 0.01}, "scaling": "none"}
        model = vae("basic-vae", condition=condition, **options).fit(X, condition=told if condition else None)
        Z = model.transform(X, condition=told if condition else None)
        between = np.array([Z[language == value].mean(axis=0) for value in set(language)]).var(axis=0).sum()
        found.append(between / Z.var(axis=0).sum())
    assert found[1] < 0.7 * found[0]


def test_features_between_0_and_1_are_checked_where_they_are_there() -> None:
    X = np.random.default_rng(0).uniform(size=(N, 4))
    X[5] = 7.0
    options: dict[str, Any] = {"scaling": "none", "likelihood": "bernoulli"}
    with pytest.raises(InputError, match=r"values from .* to 7; a bernoulli likelihood"):
        vae("basic-vae", **options).fit(X)
    both = {"tags": X, "a": vectors(N)["lyrics"]}
    options = {"scaling": {"tags": "none"}, "likelihood": {"tags": "bernoulli"}}
    vae("basic-vae", **options).fit(both, present={"tags": np.arange(N) != 5})
    with pytest.raises(UsageError, match="directions as they are; set scaling to 'none'"):
        vae("basic-vae", likelihood="cosine")


def test_tracks_without_the_one_modality_that_is_learned_are_no_part_of_its_bound() -> None:
    X, present = tracks("both").X, missing()
    model = vae("basic-vae", fusion={"kind": "late", "as_is": ["lyrics"]}, network={"widths": [8], "dropout": 0.0})
    model.fit({"mel": X["lyrics"], "lyrics": X["lyrics"]}, present=present)
    blocks, labels = model._read({"mel": X["lyrics"], "lyrics": X["lyrics"]}, present)
    batch = model._tracks(blocks, labels).batch(torch.arange(N))
    terms = model.module_(batch, torch.ones(N, model.module_.n_latent))
    here = torch.from_numpy(present["mel"])
    assert (terms.nll[here] != 0).all()
    assert (terms.nll[~here] == 0).all()
    assert (terms.divergence()[~here] == 0).all()


def test_an_autoencoder_has_no_posterior_to_draw_from() -> None:
    X = tracks("both").X
    model = vae("autoencoder").fit(X)
    mean, variance = model.posterior(X)
    assert not variance.any()
    assert not model.posterior_variance_.any()
    np.testing.assert_array_equal(model.sample(X), mean)


def test_a_label_that_only_held_out_tracks_have_stands_for_unknown() -> None:
    X = vectors(60)["audio"]
    held = held_out(60, 0.1, random_state=3)
    language = np.where(held, "নতুন", np.where(np.arange(60) % 2, "عربي", "हिन्दी")).astype(object)
    model = vae("cvae").fit(X, condition={"language": language})
    np.testing.assert_array_equal(model.split_ == "held-out", held)
    unknown = np.where(held, None, language)
    Z = model.transform(X, condition={"language": unknown})
    np.testing.assert_array_equal(model.transform(X, condition={"language": language}), Z)


def test_a_track_without_a_group_is_by_itself() -> None:
    X = vectors(60)["audio"]
    alone = [None, "عربي", np.nan, "বাংলা", "عربي", "বাংলা"]
    splits = [vae("basic-vae").fit(X, groups=(alone * 10)[:60]).split_ for _ in range(2)]
    assert (splits[0] == splits[1]).all()
    groups = np.array([str(group) if isinstance(group, str) else f"{row}" for row, group in enumerate(alone * 10)])
    assert all(len(set(splits[0][groups == group])) == 1 for group in set(groups))
    assert (splits[0] == "held-out").any()


@pytest.mark.parametrize("name", ["conv1d-vae", "conv2d-vae", "deep-conv-vae"])
def test_convolutions_of_vectors_alone_are_refused(name: str) -> None:
    """They would be dense layers under another name."""
    with pytest.raises(InputError, match="network is for frames, and audio, lyrics has none"):
        vae(name).fit(vectors())


@pytest.mark.parametrize("seed", [-1, 0.5, None, "3"])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(InputError, match="whole number from 0"):
        vae("basic-vae").set_params(random_state=seed).fit(vectors()["audio"])


def test_a_seed_of_numpy_is_one_like_any_other() -> None:
    model = vae("basic-vae").set_params(random_state=np.int64(3)).fit(vectors()["audio"])
    assert through_json(model).transform(vectors()["audio"]).tobytes() == model.embedding_.tobytes()


@pytest.mark.parametrize("kind", ["frames", "missing"])
def test_how_much_is_looked_at_together_changes_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = tracks(kind)
    whole = quick("vade").fit(given.X, present=given.present)
    encode, seen = VaeModule.encode, set()

    def noting(self: VaeModule, batch: Batch, extra: torch.Tensor | None) -> Posterior:
        seen.update(() if self.training else (len(batch.present),))
        return encode(self, batch, extra)

    monkeypatch.setattr("musaic.models.vae.module.AT_ONCE", 1)
    monkeypatch.setattr(VaeModule, "encode", noting)
    parts = quick("vade").fit(given.X, present=given.present)
    np.testing.assert_allclose(parts.starts_, whole.starts_, rtol=1e-5)  # type: ignore[attr-defined]
    np.testing.assert_allclose(parts.embedding_, whole.embedding_, atol=1e-5)  # type: ignore[attr-defined]
    assert seen == {1}
