"""The training loop: what is held out, when it stops, what is kept, and what it says."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.errors import MusaicError
from musaic.models import MlpConfig, TrainingConfig, Vae, VaeConfig
from musaic.models.determinism import same_bytes
from musaic.models.training import held_out


def data(n: int = 60, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, 2)) @ rng.normal(size=(2, 10)) + 0.3 * rng.normal(size=(n, 10))).astype(np.float32)


def config(**training: float) -> VaeConfig:
    return VaeConfig(
        network=MlpConfig(widths=(16,)),
        latent_dim=3,
        beta=4.0,
        warmup=3,
        training=TrainingConfig(**{"epochs": 12, **training}),
    )


@given(st.integers(1, 200), st.floats(0, 0.5), st.integers(1, 40), st.integers(0, 5))
@settings(max_examples=80, deadline=None)
def test_whole_groups_are_held_out(n: int, share: float, n_groups: int, seed: int) -> None:
    groups = np.random.default_rng(seed).integers(n_groups, size=n)
    hold = held_out(n, share, groups=groups, random_state=seed)
    assert not set(groups[hold]) & set(groups[~hold])
    assert hold.sum() <= max(1, 1.5 * round(share * n))
    if n < 20:
        assert not hold.any()


def test_a_tenth_is_held_out_where_tracks_stand_alone() -> None:
    assert held_out(360, 0.1).sum() == 36
    assert not held_out(100, 0.1, groups=np.zeros(100)).any()


def test_the_split_is_recorded_and_the_history_complete() -> None:
    rows = []
    model = Vae(config(), on_epoch=lambda epoch, row: rows.append((epoch, row))).fit(data())
    assert (model.split_ == "held-out").sum() == 6
    assert [epoch for epoch, _ in rows] == list(range(len(model.history_)))
    assert list(model.history_[0]) == [
        *("epoch", "loss", "reconstruction", "kl", "val_loss", "val_reconstruction", "val_kl", "beta"),
        *("kl_000", "kl_001", "kl_002"),
    ]
    for row in model.history_:
        assert row["loss"] == pytest.approx(row["reconstruction"] + row["beta"] * row["kl"])
        assert row["val_loss"] == pytest.approx(row["val_reconstruction"] + 4.0 * row["val_kl"])
        assert row["kl"] == pytest.approx(sum(row[f"kl_{dim:03d}"] for dim in range(3)))


def test_the_best_held_out_weights_are_kept() -> None:
    model = Vae(config(epochs=40, learning_rate=0.05)).fit(data())
    after_warmup = model.history_[3:]
    best = min(after_warmup, key=lambda row: row["val_loss"])
    assert model.best_epoch_ == best["epoch"]


def test_training_stops_when_patience_ends() -> None:
    model = Vae(config(epochs=300, learning_rate=0.02, patience=5)).fit(data())
    assert len(model.history_) < 300
    assert model.history_[-1]["epoch"] - model.best_epoch_ == 5


def test_few_tracks_all_train_and_none_is_held_out() -> None:
    model = Vae(config()).fit(data(12))
    assert set(model.split_) == {"train"}
    assert len(model.history_) == 12
    assert model.best_epoch_ == 11
    assert math.isnan(model.history_[0]["val_loss"])


def test_an_exploding_training_names_the_step() -> None:
    with pytest.raises(MusaicError, match=r"epoch \d+, step \d+: the loss is (nan|inf).*learning_rate"):
        Vae(config(learning_rate=1e30)).fit(data())


def test_one_thread_inside_everything_as_before_outside() -> None:
    threads = torch.get_num_threads()
    state = torch.get_rng_state()
    with same_bytes(5):
        assert torch.get_num_threads() == 1
        first = torch.randn(3)
    with same_bytes(5):
        assert torch.equal(torch.randn(3), first)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    assert (torch.tensor([1e-300], dtype=torch.float64) * 1e-15).item() > 0


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_every_norm_trains_on_any_number_of_tracks(norm: str) -> None:
    for n in (2, 3, 65):
        options = VaeConfig(
            network=MlpConfig(widths=(8,), norm=norm),  # type: ignore[arg-type]
            latent_dim=2,
            training=TrainingConfig(epochs=3, batch_size=2),
        )
        assert np.isfinite(Vae(options).fit_transform(data(n))).all()
