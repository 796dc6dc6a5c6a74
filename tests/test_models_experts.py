"""Posteriors of several modalities made one, held against densities, Monte Carlo and what they promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from musaic.models.vae.elbo import kl_normal
from musaic.models.vae.experts import POSTERIORS, concatenation, drop_modalities, embedding, mixture, product, strata

KINDS = sorted(POSTERIORS)


def experts(b: int = 6, m: int = 3, z: int = 2, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Return means, log-variances, and presence in which every track has something."""
    rng = np.random.default_rng(seed)
    present = rng.random((b, m)) < 0.6
    present[np.arange(b), rng.integers(m, size=b)] = True
    return tuple(map(torch.from_numpy, (2 * rng.normal(size=(b, m, z)), rng.normal(size=(b, m, z)), present * 1.0)))  # type: ignore[return-value]


def test_the_product_is_that_of_the_densities() -> None:
    """Multiply densities on a grid, normalise, and take the moments."""
    means, log_variances, present = experts()
    mean, log_variance = product(means, log_variances, present)
    grid = np.linspace(-12, 12, 20_001)
    for b, z in np.ndindex(*mean.shape):
        log_density = stats.norm.logpdf(grid)
        for m in np.flatnonzero(present[b].numpy()):
            scale = np.exp(log_variances[b, m, z].item() / 2)
            log_density = log_density + stats.norm.logpdf(grid, means[b, m, z].item(), scale)
        density = np.exp(log_density - log_density.max())
        density /= np.trapezoid(density, grid)
        expected = stats.norm.pdf(grid, mean[b, z].item(), np.exp(log_variance[b, z].item() / 2))
        np.testing.assert_allclose(density, expected, atol=1e-8)


def test_one_expert_is_halfway_to_the_prior_where_it_is_as_sure() -> None:
    mean, log_variance = product(torch.tensor([[[3.0]]]), torch.zeros(1, 1, 1), torch.ones(1, 1))
    assert (mean.item(), log_variance.exp().item()) == pytest.approx((1.5, 0.5))
    m, v = 0.7, 0.2
    mean, log_variance = product(torch.tensor([[[m]]]), torch.tensor([[[v]]]).log(), torch.ones(1, 1))
    assert (mean.item(), log_variance.exp().item()) == pytest.approx((m / (1 + v), v / (1 + v)))


@given(st.integers(0, 10_000), st.integers(1, 5), st.floats(-300, 300))
@settings(max_examples=40, deadline=None)
def test_an_expert_more_makes_the_product_surer_and_nothing_overflows(seed: int, m: int, shift: float) -> None:
    means, log_variances, present = (part.float() for part in experts(m=m, seed=seed))
    all_, some = (product(means, log_variances + shift, mask) for mask in (torch.ones_like(present), present))
    assert all(torch.isfinite(part).all() for part in (*all_, *some))
    assert (all_[1] <= some[1] + 1e-5).all()
    assert (some[1] <= 1e-6).all()


@given(st.integers(0, 10_000), st.floats(0.1, 5))
@settings(max_examples=20, deadline=None)
def test_the_mixtures_moments_are_those_of_its_samples(seed: int, spread: float) -> None:
    means, log_variances, present = experts(b=1, z=1, seed=seed)
    mean, log_variance = mixture(spread * means, log_variances, present)
    here = np.flatnonzero(present[0].numpy())
    rng = np.random.default_rng(seed)
    chosen = rng.choice(here, size=200_000)
    draws = rng.normal(spread * means[0, chosen, 0].numpy(), np.exp(log_variances[0, chosen, 0].numpy() / 2))
    assert mean.item() == pytest.approx(draws.mean(), abs=0.02 * draws.std())
    assert log_variance.exp().item() == pytest.approx(draws.var(), rel=0.03)


def test_strata_are_the_present_experts_with_equal_weights() -> None:
    means, log_variances, present = experts()
    found = strata(means, log_variances, present)
    torch.testing.assert_close(found.weight.sum(dim=1), torch.ones(6).double())
    torch.testing.assert_close(found.weight, present / present.sum(dim=1, keepdim=True))
    torch.testing.assert_close(found.mean[present > 0], means[present > 0])
    assert (kl_normal(found.mean, found.log_variance)[present == 0] == 0).all()


def test_the_bound_over_strata_has_no_less_divergence_than_the_mixture() -> None:
    """Monte Carlo of KL(mixture || prior) against the mean of the experts' closed forms."""
    means, log_variances, present = experts(b=1, z=1, seed=3)
    found = strata(means, log_variances, present)
    stated = (found.weight[:, :, None] * kl_normal(found.mean, found.log_variance)).sum().item()
    grid = np.linspace(-15, 15, 30_001)
    scales = found.log_variance[0, :, 0].exp().sqrt().numpy()
    densities = stats.norm.pdf(grid[:, None], found.mean[0, :, 0].numpy(), scales) @ found.weight[0].numpy()
    exact = np.trapezoid(densities * (np.log(densities + 1e-300) - stats.norm.logpdf(grid)), grid)
    assert 0 < exact < stated


def test_latents_side_by_side_diverge_by_nothing_where_absent() -> None:
    means, log_variances, present = experts()
    mean, log_variance = concatenation(means, log_variances, present)
    divergence = kl_normal(mean, log_variance).view(6, 3, 2)
    assert (divergence[present == 0] == 0).all()
    torch.testing.assert_close(divergence[present > 0], kl_normal(means, log_variances)[present > 0])


def test_weights_change_distances_by_just_their_factor() -> None:
    means, log_variances, _ = experts()
    mean, _ = concatenation(means, log_variances, torch.ones(6, 3))
    weighted = embedding(mean, (1.0, 3.0, 0.5))
    assert weighted.shape == mean.shape
    for m, weight in enumerate((1.0, 3.0, 0.5)):
        ours, plain = torch.pdist(weighted[:, 2 * m : 2 * m + 2]), torch.pdist(means[:, m].contiguous())
        torch.testing.assert_close(ours, weight * plain)


@pytest.mark.parametrize("kind", KINDS)
def test_absent_experts_never_matter_and_learn_nothing(kind: str) -> None:
    means, log_variances, present = experts()
    plain = POSTERIORS[kind](means, log_variances, present)
    for garbage in (1e30, -7.0, float("nan")):
        spoilt = [
            part.masked_fill(present[:, :, None] == 0, garbage).requires_grad_() for part in (means, log_variances)
        ]
        found = POSTERIORS[kind](spoilt[0], spoilt[1], present)
        assert all(torch.equal(a, b) for a, b in zip(found, plain, strict=True))
        torch.cat(found).sum().backward()  # type: ignore[no-untyped-call]
        for part in spoilt:
            assert part.grad is not None
            assert torch.isfinite(part.grad).all()
            assert (part.grad[present == 0] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_present_is_the_prior(kind: str) -> None:
    means, log_variances, _ = experts()
    mean, log_variance = POSTERIORS[kind](means, log_variances, torch.zeros(6, 3))
    assert not mean.any()
    torch.testing.assert_close(log_variance, torch.zeros_like(log_variance))


@pytest.mark.parametrize("kind", ["poe", "moe"])
def test_the_order_of_the_modalities_does_not_matter(kind: str) -> None:
    means, log_variances, present = experts(m=4)
    order = [2, 0, 3, 1]
    for a, b in zip(
        POSTERIORS[kind](means, log_variances, present),
        POSTERIORS[kind](means[:, order], log_variances[:, order], present[:, order]),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", KINDS)
def test_low_precision_is_left_before_anything_is_computed(kind: str, dtype: torch.dtype) -> None:
    means, log_variances, present = (part.to(dtype) for part in experts())
    log_variances[0, 0] = -12  # a precision of 163,000 is beyond float16
    expected = POSTERIORS[kind](means.double(), log_variances.double(), present.double())
    with torch.autocast("cpu", dtype):
        found = POSTERIORS[kind](means, log_variances, present)
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == torch.float32
        torch.testing.assert_close(a, b.float(), rtol=1e-5, atol=1e-5)


@given(st.integers(0, 10_000), st.integers(1, 5), st.sampled_from([0.0, 0.3, 0.9, 0.999]))
@settings(max_examples=50, deadline=None)
def test_a_modality_of_each_track_always_stays(seed: int, m: int, probability: float) -> None:
    torch.manual_seed(seed)
    present = (torch.rand(20, m) < 0.6).float()
    left = drop_modalities(present, probability)
    assert left.dtype == present.dtype
    assert ((left == 0) | (left == present)).all()
    assert torch.equal(left.any(dim=1), present.any(dim=1))
    if probability == 0:
        assert torch.equal(left, present)


@pytest.mark.parametrize("probability", [0.2, 0.4])
def test_modalities_are_left_out_as_often_as_said(probability: float) -> None:
    """Of two: both stay in (1 - p)², and where both would go each is as likely to stay."""
    torch.manual_seed(0)
    left = drop_modalities(torch.ones(100_000, 2), probability)
    joint = (1 - probability) ** 2
    for pattern, share in (((1, 1), joint), ((1, 0), (1 - joint) / 2), ((0, 1), (1 - joint) / 2)):
        assert (left == torch.tensor(pattern)).all(dim=1).float().mean().item() == pytest.approx(share, abs=0.006)
