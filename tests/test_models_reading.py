"""What a fitted VAE says: reconstructions, one modality from another, paths through latent space."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from musaic.models import Frames, InputError, Vae, build, parse_config
from tiny_models import CROP, GENRE, LANGUAGE, N, frames, missing, quick, tracks

LEARNS: dict[str, Any] = {
    "network": {"widths": [32], "dropout": 0.0},
    "latent_dim": 6,
    "warmup": 10,
    "crop": 8,
    "variance": "modality",
    "input_noise": 0.0,
    "training": {"epochs": 60, "learning_rate": 0.01, "batch_size": 60},
}
SCALINGS = ["none", "robust", "per-track"]


def learned(name: str = "basic-vae", **options: Any) -> Vae:
    model = build(parse_config({"model": name, **LEARNS, **options}), random_state=1)
    assert isinstance(model, Vae)
    return model


def causes(n: int = 120, seed: int = 0, noise: float = 0.1) -> dict[str, Any]:
    """Lyrics, sound and a statistics vector that share two causes, in units of their own."""
    rng = np.random.default_rng(seed)
    cause = rng.normal(size=(n, 2))

    def seen(width: int) -> np.ndarray:
        return cause @ rng.normal(size=(2, width)) + noise * rng.normal(size=(n, width))

    bands = seen(4)
    mel = Frames.of([20 + 5 * (row + noise * rng.normal(size=(8 + i % 9, 4))) for i, row in enumerate(bands)])
    return {"lyrics": seen(6), "audio": 300 + 50 * seen(10), "mel": mel}


def explained(truth: np.ndarray, said: np.ndarray) -> float:
    return float(1 - ((truth - said) ** 2).sum() / ((truth - truth.mean(axis=0)) ** 2).sum())


@pytest.fixture(scope="module")
def everything() -> Vae:
    return learned("multimodal-vae").fit(causes())


@pytest.mark.parametrize("scaling", SCALINGS)
def test_reconstructions_have_the_units_and_form_of_the_input(scaling: str) -> None:
    X = causes()
    model = learned(scaling=scaling).fit(X)
    back = model.reconstruct(X)
    assert isinstance(back, dict)
    assert list(back) == list(X)
    for name, values in X.items():
        if name == "mel":
            assert isinstance(back[name], Frames)
            np.testing.assert_array_equal(back[name].offsets, values.offsets)
            assert explained(values.values, back[name].values) > 0.6
        else:
            assert back[name].shape == values.shape
            assert explained(values, back[name]) > 0.6
    errors = model.reconstruction_error(X)
    for name, error in errors.items():
        assert error.shape == (120,)
        assert 0 < error.mean() < 0.4, name


def test_what_goes_in_alone_comes_out_alone() -> None:
    model = quick("basic-vae").fit(frames())
    assert isinstance(model, Vae)
    back = model.reconstruct(frames())
    assert isinstance(back, Frames)
    np.testing.assert_array_equal(back.offsets, frames().offsets)
    assert model.decode(np.zeros((2, 3)))["x"].shape == (2, CROP, 5)
    vector = quick("basic-vae").fit(tracks("vectors").X)
    assert isinstance(vector, Vae)
    assert vector.reconstruct(tracks("vectors").X).shape == (N, 7)  # type: ignore[union-attr]


def test_crops_that_overlap_are_averaged() -> None:
    """A decoder that says the same of every crop says it of every frame, at the ends as in the middle."""
    model = quick("basic-vae", scaling="none").fit(frames())
    assert isinstance(model, Vae)
    model._said = lambda latents, codes: {"x": np.ones((len(latents), CROP, 5), np.float32)}  # type: ignore[method-assign]
    back = model.reconstruct(frames())
    assert isinstance(back, Frames)
    center, scale = model.fusion_.affine("x")
    np.testing.assert_allclose(back.values[:], np.tile(scale + center, (len(back.values[:]), 1)), rtol=1e-5)


def test_errors_are_those_of_the_reconstruction_and_nan_where_nothing_was(everything: Vae) -> None:
    X = causes()
    present = {"audio": np.arange(120) % 3 != 0, "mel": np.arange(120) % 4 != 1}
    back, errors = (ask(X, present=present) for ask in (everything.reconstruct, everything.reconstruction_error))
    assert isinstance(back, dict)
    for name in ("lyrics", "audio"):
        square = (X[name] - back[name]) / everything.fusion_.scalers_[name].scale_ / everything.fusion_.spreads_[name]
        here = present.get(name, np.ones(120, bool))
        square = (square**2).mean(axis=1)
        once = here & (X["mel"].lengths <= 8)  # of several crops, each has its own error, and the mean is nearer
        np.testing.assert_allclose(errors[name][once], square[once], rtol=1e-3)
        assert (errors[name][here] > 0.99 * square[here]).all()
        assert np.isnan(errors[name][~here]).all()
    assert (np.isnan(errors["mel"]) == ~present["mel"]).all()
    absent = ~present["audio"]
    assert explained(X["audio"][absent], back["audio"][absent]) > 0.4


@pytest.mark.parametrize("fusion", ["early", "weighted", "attention", "poe", "moe"])
def test_one_modality_is_inferred_from_another_better_than_by_its_mean(fusion: str) -> None:
    X = {name: values for name, values in causes().items() if name != "mel"}
    model = learned(fusion={"kind": fusion, "dropout": 0.4}).fit(X)
    unheard = {name: values for name, values in causes(seed=0).items() if name != "mel"}
    said = model.infer({"lyrics": unheard["lyrics"]}, "audio")
    assert said.shape == X["audio"].shape
    assert explained(unheard["audio"], said) > 0.5
    spoilt = {**unheard, "audio": np.full_like(unheard["audio"], 1e9)}
    np.testing.assert_array_equal(model.infer(spoilt, "audio"), said)


def test_sound_is_inferred_as_frames(everything: Vae) -> None:
    X = causes()
    said = everything.infer({"lyrics": X["lyrics"]}, "mel")
    assert said.shape == (120, 8, 4)
    mean = np.array([X["mel"].track(row).mean(axis=0) for row in range(120)])
    assert explained(mean, said.mean(axis=1)) > 0.5
    some = {"lyrics": np.arange(120) % 2 == 0, "mel": np.zeros(120, bool)}
    both = everything.infer(X, "mel", present=some)
    assert both.shape == said.shape
    np.testing.assert_array_equal(both, everything.infer(X, "mel", present={"lyrics": some["lyrics"]}))


def test_what_cannot_be_inferred_is_refused(everything: Vae) -> None:
    X = causes()
    late = quick("basic-vae", fusion="late").fit(tracks("both").X)
    assert isinstance(late, Vae)
    refusals = [
        (lambda: everything.infer(X, "lirycs"), "unknown modality 'lirycs' in infer.*did you mean 'lyrics'"),
        (lambda: everything.infer({"mel": X["mel"]}, "mel"), "nothing to infer 'mel' from.*lyrics, audio"),
        (lambda: everything.infer(X["lyrics"], "mel"), "as a mapping"),
        (lambda: late.infer({"lyrics": tracks("both").X["lyrics"]}, "mel"), "late fusion learns every modality by it"),
        (lambda: everything.traverse(6), "no latent dimension 6; give one from 0 to 5"),
        (lambda: everything.traverse(1.5), "no latent dimension 1.5"),  # type: ignore[arg-type]
        (lambda: everything.traverse(0, steps=1), "at least 2 steps, not 1"),
        (lambda: everything.traverse(0, steps=2.5), "at least 2 steps, not 2.5"),  # type: ignore[arg-type]
        (lambda: everything.decode([["a"] * 6]), "not numbers"),
        (lambda: everything.infer(X, "mel", present=np.ones(120, bool)), "present must be a mapping"),
        (lambda: everything.decode(np.zeros((2, 5))), r"shape \(2, 5\).*\(tracks, 6\)"),
        (lambda: everything.decode(np.full((2, 6), np.nan)), "must be finite"),
        (lambda: everything.decode(np.zeros((0, 6))), r"shape \(0, 6\)"),
        (lambda: everything.decode(np.zeros((2, 6)), condition={"genre": ["رای"] * 2}), "without labels"),
        (lambda: Vae().decode(np.zeros((1, 16))), "call fit first"),
        (lambda: Vae().traverse(0), "call fit first"),
        (lambda: Vae().infer(X, "mel"), "call fit first"),
        (lambda: Vae().get_state(), "call fit first"),
    ]
    for call, words in refusals:
        with pytest.raises(InputError, match=words) as refusal:
            call()
        assert "\n" not in str(refusal.value)


def test_a_traversal_moves_one_dimension_as_far_as_said(everything: Vae) -> None:
    latents, decoded = everything.traverse(2, steps=5, span=2.0)
    assert {name: values.shape for name, values in decoded.items()} == {
        "lyrics": (5, 6),
        "audio": (5, 10),
        "mel": (5, 8, 4),
    }
    mean, sd = everything.latent_mean_, everything.latent_sd_
    np.testing.assert_allclose(
        latents[[0, 2, 4], 2], mean[2] + sd[2] * np.array([-2.0, 0.0, 2.0]), rtol=1e-5, atol=1e-6
    )
    others = np.delete(latents, 2, axis=1)
    np.testing.assert_array_equal(others, np.tile(np.delete(mean, 2), (5, 1)))
    elsewhere, _ = everything.traverse(2, steps=5, span=2.0, at=np.arange(6))
    np.testing.assert_array_equal(np.delete(elsewhere, 2, axis=1), np.tile([0, 1, 3, 4, 5], (5, 1)))
    np.testing.assert_array_equal(decoded["audio"], everything.decode(latents)["audio"])


def test_an_interpolation_begins_and_ends_where_it_is_told(everything: Vae) -> None:
    mean, _ = everything.posterior(causes())
    latents, decoded = everything.interpolate(mean[0], mean[7], steps=4)
    np.testing.assert_array_equal(latents[[0, -1]], mean[[0, 7]])
    np.testing.assert_allclose(np.diff(latents, axis=0), np.tile((mean[7] - mean[0]) / 3, (3, 1)), atol=1e-5)
    np.testing.assert_allclose(decoded["lyrics"][[0, -1]], everything.decode(mean[[0, 7]])["lyrics"], atol=1e-4)


def test_reading_takes_labels_too() -> None:
    X, labels = tracks("missing").X, {"language": LANGUAGE, "genre": GENRE}
    options = {"condition": ["language", "genre"], "unseen": "marginalise", "fusion": "poe"}
    model = quick("basic-vae", **options).fit(X, present=missing(), condition=labels)
    assert isinstance(model, Vae)
    new = {"language": np.full(N, "فارسی"), "genre": GENRE}
    for condition in (labels, new):
        back = model.reconstruct(X, present=missing(), condition=condition)
        assert isinstance(back, dict)
        assert np.isfinite(back["lyrics"]).all()
        assert np.isfinite(back["mel"].values[:]).all()  # type: ignore[union-attr]
        said = model.infer({"lyrics": X["lyrics"]}, "mel", condition=condition)
        assert np.isfinite(said).all()
        error = model.reconstruction_error(X, present=missing(), condition=condition)
        assert (np.isnan(error["lyrics"]) == ~missing()["lyrics"]).all()
    path = {name: column[:7] for name, column in labels.items()}
    assert model.traverse(0, condition=path)[1]["lyrics"].shape == (7, 7)
    assert model.interpolate(np.zeros(3), np.ones(3), condition=path)[0].shape == (7, 3)
