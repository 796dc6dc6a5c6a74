"""The bound and its parts, held against closed forms, Monte Carlo, SciPy and a re-computation in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from musaic.models import Frames, VaeConfig, parse_config
from musaic.models.fusion import EarlyFusion
from musaic.models.inputs import read_blocks
from musaic.models.vae.data import Tracks
from musaic.models.vae.elbo import active_units, beta_at, collapsed, kl_normal, reparameterise, warmed_up
from musaic.models.vae.likelihood import Bernoulli, Cosine, Normal, vmf_normaliser
from musaic.models.vae.module import VaeModule


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (1.5, 0.2), (-0.7, 3.0)])
def test_closed_form_kl_agrees_with_monte_carlo(mean: float, variance: float) -> None:
    ours = kl_normal(torch.tensor(mean), torch.tensor(variance).log()).item()
    z = np.random.default_rng(0).normal(mean, np.sqrt(variance), size=400_000)
    estimate = (stats.norm.logpdf(z, mean, np.sqrt(variance)) - stats.norm.logpdf(z)).mean()
    assert ours == pytest.approx(estimate, abs=0.01)


@given(st.floats(-5, 5), st.floats(-8, 4))
def test_kl_is_never_negative_and_zero_at_the_prior(mean: float, log_variance: float) -> None:
    assert kl_normal(torch.tensor(mean), torch.tensor(log_variance)).item() >= -1e-6
    assert kl_normal(torch.tensor(0.0), torch.tensor(0.0)).item() == 0


@given(st.integers(1, 4), st.floats(0.01, 9), st.integers(0, 99))
def test_normal_log_likelihood_is_scipys(width: int, variance: float, seed: int) -> None:
    x, said = torch.randn(2, 3, 5, width, generator=torch.Generator().manual_seed(seed))
    ours = Normal(width, variance).rows(x, said)
    density = stats.norm.logpdf(x.numpy(), said.numpy(), np.sqrt(variance)).sum(axis=-1)
    np.testing.assert_allclose(ours.numpy(), -density, rtol=1e-4, atol=1e-4)


@given(st.integers(1, 6), st.integers(0, 99))
def test_bernoulli_log_likelihood_is_scipys(width: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(2, (7, width), generator=generator).float()
    said = 3 * torch.randn(7, width, generator=generator)
    probability = special.expit(said.numpy())
    np.testing.assert_allclose(Bernoulli().expected(said).numpy(), probability, rtol=1e-5)
    expected = -stats.bernoulli.logpmf(x.numpy(), probability).sum(axis=1)
    np.testing.assert_allclose(Bernoulli()(x, said).numpy(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("width", [2, 3, 5, 50])
@pytest.mark.parametrize("concentration", [0.3, 4.0, 30.0])
def test_the_normaliser_of_directions_is_the_integral_over_the_sphere(width: int, concentration: float) -> None:
    if width == 2:
        inner = integrate.quad(lambda angle: np.exp(concentration * np.cos(angle)), 0, 2 * np.pi)[0]
        expected = np.log(inner)
    else:  # the slices at equal cosine are spheres of one dimension less
        slices = np.log(2) + (width - 1) / 2 * np.log(np.pi) - special.gammaln((width - 1) / 2)
        inner = integrate.quad(lambda t: np.exp(concentration * (t - 1)) * (1 - t**2) ** ((width - 3) / 2), -1, 1)[0]
        expected = slices + np.log(inner) + concentration
    assert vmf_normaliser(width, concentration) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("width", [3, 6])
def test_the_density_of_directions_is_scipys(width: int) -> None:
    x, said = np.random.default_rng(0).normal(size=(2, 8, width))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    likelihood = Cosine(width, 2.5)
    means = likelihood.expected(torch.from_numpy(said)).numpy()
    np.testing.assert_allclose(np.linalg.norm(means, axis=1), 1.0)
    expected = [-stats.vonmises_fisher(mean, 2.5).logpdf(row) for mean, row in zip(means, x, strict=True)]
    np.testing.assert_allclose(likelihood(torch.from_numpy(x), torch.from_numpy(said)).numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("width", [50, 384, 1024, 4000])
def test_where_a_bessel_function_is_too_small_its_expansion_stands_in(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = vmf_normaliser(width, width)
    monkeypatch.setattr(special, "ive", lambda order, x: 0.0)
    assert vmf_normaliser(width, width) == pytest.approx(exact, abs=1 / (12 * (width / 2 - 1)))


def test_many_dimensions_are_no_harm() -> None:
    assert special.ive(1e5 / 2 - 1, 1e5) == 0
    found = [vmf_normaliser(width, width) / width for width in (50_000, 100_000, 200_000)]
    assert np.isfinite(found).all()
    # a sphere's area shrinks with the width like (2 pi e / width) to half the width
    assert np.diff(found) == pytest.approx([-0.5 * np.log(2)] * 2, abs=1e-3)


def test_samples_have_the_posteriors_moments() -> None:
    noise = torch.randn(200_000, 1, generator=torch.Generator().manual_seed(0))
    z = reparameterise(torch.tensor([[2.0]]), torch.tensor([[0.25]]).log(), noise)
    assert z.mean().item() == pytest.approx(2.0, abs=0.01)
    assert z.var().item() == pytest.approx(0.25, abs=0.01)


def test_beta_grows_linearly_and_stays() -> None:
    assert [beta_at(epoch, 4.0, 4) for epoch in range(6)] == [0.0, 1.0, 2.0, 3.0, 4.0, 4.0]
    assert beta_at(0, 4.0, 0) == 4.0


@given(st.integers(1, 6), st.integers(1, 4), st.floats(0.1, 9))
def test_beta_comes_back_to_zero_as_often_as_asked_and_then_stays(warmup: int, cycles: int, beta: float) -> None:
    path = [beta_at(epoch, beta, warmup, cycles) for epoch in range(2 * warmup * cycles + 5)]
    assert path.count(0.0) == cycles
    full = warmed_up(warmup, cycles)
    assert path[full:] == [beta] * len(path[full:])
    assert path[full - 1] < beta
    assert path[: warmup + 1] == [beta_at(epoch, beta, warmup) for epoch in range(warmup + 1)]


def test_a_unit_is_active_above_a_hundredth() -> None:
    spread = np.random.default_rng(0).normal(size=(5000, 3)) * np.sqrt([0.5, 0.011, 0.009])
    assert active_units(spread.astype(np.float32)) == 2


def test_collapse_is_no_active_unit_or_hardly_a_nat() -> None:
    assert collapsed(0, np.array([3.0]))
    assert collapsed(2, np.array([0.04, 0.05]))
    assert not collapsed(1, np.array([0.2, 0.0]))
    assert not collapsed(1, None)


KINDS = {"mel": "normal", "text": "cosine", "tags": "bernoulli", "a": "normal"}


def _by_hand(
    kind: str, x: np.ndarray, said: np.ndarray, variance: np.ndarray | None, mask: np.ndarray | None
) -> np.ndarray:
    """Return the log-likelihood of every track."""
    if kind == "normal":
        rows = stats.norm.logpdf(x, said, np.sqrt(variance)).sum(axis=-1)
    elif kind == "bernoulli":
        rows = (x * np.log(special.expit(said)) + (1 - x) * np.log(special.expit(-said))).sum(axis=-1)
    else:
        lengths = np.linalg.norm(x, axis=-1) * np.linalg.norm(said, axis=-1)
        rows = x.shape[-1] * (x * said).sum(axis=-1) / np.maximum(lengths, 1e-12)
        rows = rows - vmf_normaliser(x.shape[-1], x.shape[-1])
    return rows if mask is None else (rows * mask).sum(axis=1)


@pytest.mark.parametrize("fusion", ["early", "weighted", "attention", "poe", "moe", "late"])
@pytest.mark.parametrize("variance", ["dimension", "modality", 0.5])
def test_the_bound_is_that_of_numpy(variance: str | float, fusion: str) -> None:
    """Sums on both sides, absent modalities and padding out of the sum, weights on the likelihood: all by hand."""
    rng = np.random.default_rng(0)
    X: dict[str, Any] = {
        "mel": Frames.of([rng.normal(size=(n, 5)) for n in (2, 9, 6, 0, 4, 7, 6, 3, 8)]),
        "text": rng.normal(size=(9, 6)),
        "tags": rng.integers(2, size=(9, 4)).astype(float),
        "a": rng.normal(size=(9, 3)),
    }
    blocks = read_blocks(X, {"text": np.arange(9) % 2 == 0, "tags": np.arange(9) != 4})
    config = parse_config(
        {
            "model": "basic-vae",
            "network": {"widths": [8], "dropout": 0.0},
            "latent_dim": 2,
            "crop": 6,
            "variance": variance,
            "fusion": fusion,
            "likelihood": {"text": "cosine", "tags": "bernoulli"},
            "scaling": {"text": "none", "tags": "none"},
        }
    )
    assert isinstance(config, VaeConfig)
    scales = EarlyFusion(config.scaling).fit(blocks)
    for name in ("text", "tags"):
        scales.keep(name)
    torch.manual_seed(0)
    module = VaeModule(blocks.forms, config, {}, {"text": 3.0}).eval()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    batch = Tracks(blocks, scales, np.zeros((9, 0), np.int64), crop=6).batch(torch.arange(9))
    noise = torch.randn(9, module.n_latent)
    with torch.no_grad():
        terms, posterior = module(batch, noise), module.posterior(batch)
        variances = {
            name: own.log_variance().exp().numpy()
            for name, own in zip(module.names, module.likelihoods, strict=True)
            if isinstance(own, Normal)
        }
        shares = [(posterior.mean, posterior.log_variance, torch.ones(9))]
        if posterior.experts is not None:
            shares = list(zip(*(side.unbind(dim=1) for side in posterior.experts), strict=True))
            assert len(shares) == 4
        nll, kl = np.zeros(9), np.zeros((9, module.n_latent))
        for mean, log_variance, weight in shares:
            mean, log_variance, weight = mean.numpy(), log_variance.numpy(), weight.numpy()
            z = mean + np.exp(log_variance / 2) * noise.numpy()
            said = module.decode(torch.from_numpy(z), None)
            for number, (name, kind) in enumerate(KINDS.items()):
                mask = batch.masks[name].numpy() if name in batch.masks else None
                own = _by_hand(kind, batch.x[name].numpy(), said[name].numpy(), variances.get(name), mask)
                own = own * batch.present[:, number].numpy() * (3.0 if name == "text" else 1.0)
                nll -= weight * own
            kl += weight[:, None] * 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance)
    np.testing.assert_allclose(terms.nll.numpy(), nll, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(terms.kl.numpy(), kl, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(terms.divergence().numpy(), kl.sum(axis=1), rtol=1e-4)


def test_learned_variance_starts_at_that_of_the_features_and_has_a_floor() -> None:
    likelihood = Normal(6, "modality", 0.01)
    np.testing.assert_allclose(likelihood.log_variance().exp().detach().numpy(), [1.0] * 6, atol=0.02)
    with torch.no_grad():
        likelihood.above_floor.fill_(-50.0)
    np.testing.assert_allclose(likelihood.log_variance().exp().detach().numpy(), 0.01, rtol=1e-5)
    assert Normal(6, 0.3).log_variance().exp().tolist() == pytest.approx([0.3] * 6)
    assert not list(Normal(6, 0.3).parameters())
