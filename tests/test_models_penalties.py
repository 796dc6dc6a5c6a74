"""Penalties against NumPy, scikit-learn and what they stand for."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

from musaic.config import Config
from musaic.errors import UsageError
from musaic.models.vae.penalties import (
    PENALTIES,
    View,
    build_penalties,
    free_bits,
    normalised_hsic,
    nt_xent,
    reverse_gradient,
)
from musaic.models.vae.penalty_config import (
    Penalties,
    PenaltyConfig,
    free_nats,
    penalised_labels,
)

PARSE = TypeAdapter(Penalties).validate_python
EACH: list[dict[str, Any]] = [
    {"kind": "crop-consistency"},
    {"kind": "crop-consistency", "projection": 7},
    {"kind": "independence", "label": "language"},
    {"kind": "independence", "label": "language", "method": "adversary"},
]
SIZES = {"genre": 2, "language": 3}


def seeded(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def hsic_by_numpy(z: np.ndarray, codes: np.ndarray) -> float:
    """tr(KHLH) with matrices written out, over the labelled rows alone."""
    z, codes = z[codes > 0], codes[codes > 0]
    if len(z) < 2:
        return 0.0
    upper = np.triu_indices(len(z), 1)
    squared = np.sort(((z[:, None] - z) ** 2).sum(axis=2)[upper])
    median = squared[(len(squared) - 1) // 2]
    kernel, label = rbf_kernel(z, gamma=1 / (2 * median)), (codes[:, None] == codes).astype(float)
    centring = np.eye(len(z)) - 1 / len(z)

    def across(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.trace(a @ centring @ b @ centring)) / len(z) ** 2

    return across(kernel, label) / math.sqrt(across(kernel, kernel) * max(across(label, label), 1e-9))


@given(st.integers(1, 25), st.integers(1, 5), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_hsic_is_that_of_the_matrices_written_out(n: int, dims: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    z, codes = 2 * rng.normal(size=(n, dims)) + 5, rng.integers(0, 4, size=n)
    found = normalised_hsic(torch.from_numpy(z), torch.from_numpy(codes)).item()
    assert found == pytest.approx(hsic_by_numpy(z, codes), abs=1e-6)
    assert -1e-9 <= found <= 1 + 1e-9


def test_hsic_tells_dependence_from_chance() -> None:
    rng = np.random.default_rng(0)
    codes = torch.from_numpy(rng.integers(1, 4, size=120))
    noise = rng.normal(size=(120, 4))
    shifted = torch.from_numpy(noise + 1.5 * rng.normal(size=(4, 4))[codes])
    wider = torch.from_numpy(noise * np.array([0, 0.2, 1, 5])[codes][:, None])  # no mean differs
    by_chance = [normalised_hsic(torch.from_numpy(noise), codes[rng.permutation(120)]).item() for _ in range(100)]
    for dependent in (shifted, wider):
        assert normalised_hsic(dependent, codes).item() > 2 * max(by_chance)
    assert normalised_hsic(torch.from_numpy(noise), codes).item() < max(by_chance)


def test_hsic_sees_neither_order_nor_place_nor_axes_nor_size() -> None:
    z, codes = seeded(40, 3), torch.from_numpy(np.random.default_rng(1).integers(0, 4, size=40))
    z = z + codes[:, None]
    expected = normalised_hsic(z, codes)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    turn = torch.linalg.qr(seeded(3, 3, seed=2))[0]
    renamed = torch.tensor([0, 3, 1, 2])[codes]
    for other, label in ((z[order], codes[order]), (z + 100, codes), (z @ turn, codes), (7 * z, codes), (z, renamed)):
        torch.testing.assert_close(normalised_hsic(other, label), expected)
    away = torch.where((codes == 0)[:, None], 1e3, z)  # unlabelled tracks may lie anywhere
    torch.testing.assert_close(normalised_hsic(away, codes), expected)


def test_one_label_in_one_place_each_is_full_dependence() -> None:
    codes = torch.arange(30) % 3 + 1
    corners = torch.eye(3).double()[codes - 1]
    assert normalised_hsic(corners, codes).item() == pytest.approx(1)


def nt_xent_by_numpy(a: np.ndarray, b: np.ndarray, temperature: float) -> float:
    views = np.concatenate([a, b])
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    similar = views @ views.T / temperature
    losses = [logsumexp(np.delete(similar[i], i)) - similar[i, (i + len(a)) % (2 * len(a))] for i in range(2 * len(a))]
    return float(np.mean(losses))


@given(st.integers(2, 12), st.integers(1, 6), st.floats(0.05, 3), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_the_contrastive_loss_is_simclrs(n: int, dims: int, temperature: float, seed: int) -> None:
    a, b = seeded(2, n, dims, seed=seed)
    found = nt_xent(a, b, temperature).item()
    assert found == pytest.approx(nt_xent_by_numpy(a.numpy(), b.numpy(), temperature), rel=1e-6)
    assert found >= 0
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    assert nt_xent(3 * b[order], a[order], temperature).item() == pytest.approx(found)
    paired = torch.arange(n) % 3 < 2  # a lone pair has nobody to be told from
    expected = nt_xent_by_numpy(a[paired].numpy(), b[paired].numpy(), temperature)
    assert nt_xent(a, b, temperature, paired).item() == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_the_contrastive_loss_between_its_ends() -> None:
    alike = torch.ones(9, 4).double()
    assert nt_xent(alike, alike, 0.1).item() == pytest.approx(math.log(17))
    apart = torch.eye(9).double()
    assert nt_xent(apart, apart, 0.01).item() == pytest.approx(0, abs=1e-9)
    assert nt_xent(alike[:1], apart[:1, :4], 0.1).item() == 0
    assert nt_xent(alike, alike, 0.1, torch.zeros(9, dtype=torch.bool)).item() == 0


def test_a_reversed_gradient_is_the_gradient_with_its_sign_changed() -> None:
    z = seeded(5, 3).requires_grad_()
    assert torch.equal(reverse_gradient(z), z)
    straight, reversed_ = (torch.autograd.grad((f(z) ** 3).sum(), z)[0] for f in (torch.clone, reverse_gradient))
    assert torch.equal(straight, -reversed_)


def test_one_step_teaches_the_adversary_and_misleads_it() -> None:
    torch.manual_seed(0)
    (adversary,) = build_penalties(PARSE([EACH[3]]), 2, SIZES)
    codes = torch.stack([torch.ones(60, dtype=torch.int64), torch.arange(60) % 4], dim=1)
    z = (seeded(60, 2) + 3 * codes[:, 1:]).float().requires_grad_()
    before = adversary(View(z, codes))
    before.backward()
    assert z.grad is not None
    moved = (z - 0.5 * z.grad).detach()
    assert adversary(View(moved, codes)).item() < before.item()
    with torch.no_grad():
        for parameter in adversary.parameters():
            assert parameter.grad is not None
            parameter -= 0.01 * parameter.grad
    assert adversary(View(z, codes)).item() > before.item()


def test_what_an_adversary_finds_is_bounded_by_the_entropy_of_the_label_and_reaches_it() -> None:
    torch.manual_seed(0)
    (adversary,) = build_penalties(PARSE([EACH[3]]), 3, SIZES)
    codes = torch.stack([torch.zeros(40, dtype=torch.int64), torch.arange(40) % 4], dim=1)
    z = 3 * torch.eye(4)[codes[:, 1], 1:]
    optimizer = torch.optim.Adam(adversary.parameters(), 0.03)
    for _ in range(60):
        optimizer.zero_grad()
        value = adversary(View(z, codes))
        value.backward()
        optimizer.step()
        assert value.item() < math.log(3) + 1e-6
    assert value.item() == pytest.approx(math.log(3), abs=0.01)


@pytest.mark.parametrize("method", ["hsic", "adversary"])
def test_latents_moved_to_be_independent_no_longer_tell_the_label(method: str) -> None:
    """Neither a linear nor a kernel classifier finds it, and what has nothing to do with it stays."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    language, theme = np.arange(180) % 3, np.arange(180) // 3 % 2
    start = rng.normal(size=(180, 4)) + 1.5 * np.eye(4)[language] + 5 * np.eye(4)[[3]] * theme[:, None]
    z = torch.from_numpy(start).float().requires_grad_()
    (penalty,) = build_penalties(PARSE([{**EACH[2], "method": method}]), 4, {"language": 3})
    optimizer = torch.optim.Adam([{"params": [z], "lr": 0.015}, {"params": list(penalty.parameters()), "lr": 0.01}])
    codes = torch.from_numpy(language + 1)[:, None]
    for _ in range(200):
        optimizer.zero_grad()
        stay = 0.01 * ((z - torch.from_numpy(start).float()) ** 2).sum(dim=1).mean()
        (penalty(View(z, codes)) + stay).backward()
        optimizer.step()
    moved = z.detach().numpy()
    for classifier in (LogisticRegression(), SVC()):
        assert cross_val_score(classifier, start, language).mean() > 0.6
        assert cross_val_score(classifier, moved, language).mean() < 0.42  # a third is chance
        assert cross_val_score(classifier, moved, theme).mean() > 0.9


def test_free_bits_count_for_what_is_free_and_no_more() -> None:
    kl = torch.tensor([[0.0, 1.0, 0.3], [0.1, 3.0, 0.1]], requires_grad=True)
    found = free_bits(kl, 0.2)
    assert found.item() == pytest.approx(0.2 + 2.0 + 0.2)
    found.backward()
    assert kl.grad is not None
    assert kl.grad[:, :2].tolist() == [[0, 0.5], [0, 0.5]]  # a dimension below its free nats is not pulled
    assert free_bits(kl, 0).item() == pytest.approx(kl.sum(dim=1).mean().item())


def view(n: int, dims: int = 4, missing: bool = False, same: bool = False) -> View:
    mean = torch.zeros(n, dims) if same else seeded(n, dims).float()
    codes = torch.arange(n)[:, None] % torch.tensor([3, 4]) * (not missing)
    return View(mean.requires_grad_(), codes, mean.detach() + (0 if same else 0.1 * seeded(n, dims, seed=1).float()))


@pytest.mark.parametrize("options", EACH, ids=str)
@pytest.mark.parametrize("n", [1, 2, 16])
@pytest.mark.parametrize(("missing", "same"), [(False, False), (True, False), (False, True)])
def test_every_penalty_is_a_finite_number_with_a_finite_gradient(
    options: dict[str, Any], n: int, missing: bool, same: bool
) -> None:
    torch.manual_seed(0)
    (penalty,) = build_penalties(PARSE([options]), 4, SIZES)
    given_ = view(n, missing=missing, same=same)
    value = penalty(given_)
    assert value.shape == ()
    value.backward()
    gradients = [given_.mean.grad, *(parameter.grad for parameter in penalty.parameters())]
    assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in gradients)
    labelled = options["kind"] == "independence"
    if (n == 1 and not labelled) or (missing and labelled):
        assert value.item() == 0
        assert not any(gradient.any() for gradient in gradients if gradient is not None)
    assert penalty.needs_second_view == (not labelled)


@pytest.mark.parametrize("options", EACH, ids=str)
def test_half_precision_around_a_penalty_does_not_reach_it(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    (penalty,) = build_penalties(PARSE([options]), 4, SIZES)
    expected = penalty(view(16))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(penalty(view(16)), expected)
    assert penalty(view(16)._replace(mean=seeded(16, 4).bfloat16())).dtype == torch.float32


class Asked(Config):
    penalties: Penalties = ()


def test_penalties_are_read_by_kind_and_survive_being_written() -> None:
    asked = Asked.parse({"penalties": ["free-bits", EACH[2], {**EACH[3], "label": "لهجة+genre"}, "crop-consistency"]})
    assert Asked.parse(asked.plain()) == asked
    assert Asked.parse({"penalties": "free-bits"}) == Asked.parse({"penalties": [{"kind": "free-bits", "nats": 0.1}]})
    assert free_nats(asked.penalties) == 0.1
    assert free_nats(()) == 0
    assert penalised_labels(asked.penalties) == ("language", "لهجة+genre")
    built = build_penalties(asked.penalties, 4, {**SIZES, "لهجة+genre": 4})
    assert [penalty.name for penalty in built] == [
        "independence-language",
        "independence-لهجة+genre",
        "crop-consistency",
    ]
    assert [penalty.weight for penalty in built] == [p.weight for p in asked.penalties if p.kind != "free-bits"]


def test_every_kind_of_configuration_is_at_home_somewhere() -> None:
    kinds = {config.model_fields["kind"].default for config in get_args(get_args(PenaltyConfig)[0])}
    assert kinds == {*PENALTIES, "free-bits"}


@pytest.mark.parametrize(
    ("penalties", "words"),
    [
        (["independence"], "label"),
        (["free-bits", {"kind": "free-bits", "nats": 1}], "'free-bits' is asked for twice"),
        ([EACH[2], EACH[3]], "'independence-language' is asked for twice"),
        ([{**EACH[2], "method": "hsci"}], "hsci"),
        ([{**EACH[0], "weight": 0}], "greater than 0"),
        (["crops"], "crop-consistency"),
    ],
)
def test_what_cannot_be_penalised_is_refused(penalties: list[Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Asked.parse({"penalties": penalties})
