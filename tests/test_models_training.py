"""The training loop: what is held out, when it stops, what is kept, and what it says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.errors import MusaicError
from musaic.models import Frames, MlpConfig, TrainingConfig, Vae, VaeConfig
from musaic.models.vae.determinism import same_bytes
from musaic.models.vae.elbo import Terms
from musaic.models.vae.module import VaeModule
from musaic.models.vae.training.loop import held_out
from musaic.models.vae.training.schedules import Annealing


def data(n: int = 60, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, 2)) @ rng.normal(size=(2, 10)) + 0.3 * rng.normal(size=(n, 10))).astype(np.float32)


def config(**training: Any) -> VaeConfig:
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
        *("kl_000", "kl_001", "kl_002", "learning_rate"),
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


def test_an_exploding_training_names_the_step_and_what_helps() -> None:
    with pytest.raises(MusaicError, match=r"epoch \d+, step \d+: .*(nan|inf|not finite).*learning_rate.*epoch before"):
        Vae(config(learning_rate=1e30)).fit(data())


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ("nll", "the reconstruction is inf; .*scaling 'standard'"),
        ("kl", "the divergence is not finite; .*warmup"),
        ("component", "the divergence is not finite"),
        ("penalties", "the penalty independence-language is not finite; lower its weight"),
        ("weight", "a weight is not finite; lower learning_rate"),
    ],
)
def test_what_is_not_finite_is_named_and_the_last_good_weights_kept(
    part: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward, good, steps = VaeModule.forward, [], 0
    penalties = ({"kind": "independence", "label": "language"},) if part == "penalties" else ()
    options = config(batch_size=27).model_dump() | {"penalties": penalties}
    condition = {"language": np.array(["العربية", "বাংলা", "हिन्दी"] * 20)} if penalties else None

    def keep(epoch: int, row: dict[str, float]) -> None:
        good.append({name: tensor.clone() for name, tensor in model.module_.state_dict().items()})

    def broken(module: VaeModule, *given: Any) -> Terms:
        nonlocal steps
        terms, steps = forward(module, *given), steps + module.training
        if steps < 6 or not module.training:
            return terms
        if part == "weight":
            with torch.no_grad():
                next(module.parameters()).fill_(math.nan)
            return terms
        if part == "penalties":
            return terms._replace(penalties={name: value + math.inf for name, value in terms.penalties.items()})
        return terms._replace(**{part: getattr(terms, part) + math.inf})

    monkeypatch.setattr(VaeModule, "forward", broken)
    model = Vae(VaeConfig.parse(options), on_epoch=keep)
    step = r"\d+" if part == "weight" else "5"
    with pytest.raises(MusaicError, match=f"epoch 2, step {step}: {named}"):
        model.fit(data(), condition=condition)
    assert len(good) == 2
    for name, tensor in model.module_.state_dict().items():
        assert torch.equal(tensor, good[-1][name])


def test_too_little_memory_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(VaeModule, "forward", full)
    with pytest.raises(MusaicError, match=r"batches of 64 tracks; set training\.batch_size to 32"):
        Vae(config()).fit(data())


def test_the_learning_rate_falls_along_half_a_cosine() -> None:
    rates = [row["learning_rate"] for row in Vae(config(schedule="cosine", learning_rate=0.01)).fit(data()).history_]
    np.testing.assert_allclose(rates, 0.01 * np.cos(np.pi * np.arange(12) / 24) ** 2)


def test_the_learning_rate_is_halved_where_nothing_improves() -> None:
    model = Vae(config(epochs=60, schedule="plateau", learning_rate=0.05, patience=12)).fit(data())
    rate, best, since, expected = 0.05, math.inf, 0, []
    for row in model.history_:
        expected.append(rate)
        if row["epoch"] < 3:
            continue
        best, since = (row["val_loss"], 0) if row["val_loss"] < best else (best, since + 1)
        if since == 4:
            rate, since = rate / 2, 0
    assert [row["learning_rate"] for row in model.history_] == expected
    assert expected[-1] < 0.05


@pytest.mark.parametrize(
    ("cycles", "shares"),
    [(1, [0, 1 / 3, 2 / 3, 1, 1, 1, 1, 1, 1, 1, 1, 1]), (2, [0, 1 / 3, 2 / 3, 1, 1, 1, 0, 1 / 3, 2 / 3, 1, 1, 1])],
)
def test_beta_warms_up(cycles: int, shares: list[float]) -> None:
    history = Vae(config().model_copy(update={"cycles": cycles})).fit(data()).history_
    np.testing.assert_allclose([row["beta"] for row in history], 4.0 * np.array(shares))


@pytest.mark.parametrize("cycles", [1, 2, 3])
@pytest.mark.parametrize("epochs", [1, 2, 7, 40])
def test_a_warmup_that_is_too_long_still_ends(cycles: int, epochs: int) -> None:
    annealing = Annealing(2.0, 50, cycles).within(epochs)
    assert annealing.full_from < epochs
    assert annealing.at(epochs - 1) == 2.0


class Rows:
    """Frames that lie elsewhere, and how many were asked for at once."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape = values, values.shape
        self.asked: list[int] = []

    def __getitem__(self, rows: slice) -> np.ndarray:
        self.asked.append(len(range(*rows.indices(len(self.values)))))
        return self.values[rows]


def test_frames_that_do_not_fit_are_read_a_crop_at_a_time() -> None:
    rng = np.random.default_rng(0)
    offsets = np.cumsum([0, *rng.integers(5, 60, size=24)])
    values = rng.normal(size=(offsets[-1], 6)).astype(np.float32)
    training = {"epochs": 3, "batch_size": 8, "precision": "float32"}
    network = {"kind": "conv1d", "filters": [4], "head": [8]}

    def fit(rows: Rows, memory: float) -> tuple[bytes, str]:
        options = {"network": network, "latent_dim": 2, "crop": 8, "training": {**training, "memory": memory}}
        # what came before the first epoch's end (checks, scales) is not asked about
        model = Vae(VaeConfig.parse(options), on_epoch=lambda epoch, _: epoch or rows.asked.clear())
        model.fit(Frames(rows, offsets))
        during = list(rows.asked)
        embedding = model.transform(Frames(rows, offsets)).tobytes()
        assert max(during) <= (8 if memory < 1e-3 else len(values))
        return embedding, repr(model.history_)

    elsewhere = Rows(values)
    assert fit(Rows(values), 1.0) == fit(elsewhere, 1e-9)
    assert elsewhere.asked


@pytest.mark.parametrize("seed", [0, 7])
def test_only_the_seed_decides(seed: int) -> None:
    torch.manual_seed(1)
    first = Vae(config(), random_state=seed).fit_transform(data())
    torch.manual_seed(2)
    assert Vae(config(), random_state=seed).fit_transform(data()).tobytes() == first.tobytes()
    assert Vae(config(), random_state=seed + 1).fit_transform(data()).tobytes() != first.tobytes()


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
