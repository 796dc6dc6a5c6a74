"""The bound and its parts, held against closed forms, Monte Carlo, SciPy and a re-computation in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from musaic.models import MlpConfig, VaeConfig
from musaic.models.elbo import active_units, beta_at, collapsed, kl_normal, reparameterise
from musaic.models.fusion import EarlyFusion
from musaic.models.inputs import read_blocks
from musaic.models.likelihood import Likelihood, normal_nll
from musaic.models.vae import VaeModule


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (1.5, 0.2), (-0.7, 3.0)])
def test_closed_form_kl_agrees_with_monte_carlo(mean: float, variance: float) -> None:
    ours = kl_normal(torch.tensor(mean), torch.tensor(variance).log()).item()
    z = np.random.default_rng(0).normal(mean, np.sqrt(variance), size=400_000)
    estimate = (stats.norm.logpdf(z, mean, np.sqrt(variance)) - stats.norm.logpdf(z)).mean()
    assert ours == pytest.approx(estimate, abs=0.01)


@given(st.floats(-5, 5), st.floats(-8, 4))
@settings(max_examples=50, deadline=None)
def test_kl_is_never_negative_and_zero_at_the_prior(mean: float, log_variance: float) -> None:
    assert kl_normal(torch.tensor(mean), torch.tensor(log_variance)).item() >= -1e-6
    assert kl_normal(torch.tensor(0.0), torch.tensor(0.0)).item() == 0


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-4, 4))
@settings(max_examples=50, deadline=None)
def test_log_likelihood_is_scipys(x: float, mean: float, log_variance: float) -> None:
    ours = normal_nll(*(torch.tensor(value, dtype=torch.float64) for value in (x, mean, log_variance))).item()
    assert ours == pytest.approx(-stats.norm.logpdf(x, mean, np.exp(log_variance / 2)), rel=1e-9)


def test_samples_have_the_posteriors_moments() -> None:
    noise = torch.randn(200_000, 1, generator=torch.Generator().manual_seed(0))
    z = reparameterise(torch.tensor([[2.0]]), torch.tensor([[0.25]]).log(), noise)
    assert z.mean().item() == pytest.approx(2.0, abs=0.01)
    assert z.var().item() == pytest.approx(0.25, abs=0.01)


def test_beta_grows_linearly_and_stays() -> None:
    assert [beta_at(epoch, 4.0, 4) for epoch in range(6)] == [0.0, 1.0, 2.0, 3.0, 4.0, 4.0]
    assert beta_at(0, 4.0, 0) == 4.0


def test_a_unit_is_active_above_a_hundredth() -> None:
    spread = np.random.default_rng(0).normal(size=(5000, 3)) * np.sqrt([0.5, 0.011, 0.009])
    assert active_units(spread.astype(np.float32)) == 2


def test_collapse_is_no_active_unit_or_hardly_a_nat() -> None:
    assert collapsed(0, np.array([3.0]))
    assert collapsed(2, np.array([0.04, 0.05]))
    assert not collapsed(1, np.array([0.2, 0.0]))


@pytest.mark.parametrize("variance", ["dimension", "modality", 0.5])
def test_the_bound_is_that_of_numpy(variance: str | float) -> None:
    """Sums on both sides, absent modalities out of the sum, weights on the likelihood: all parts by hand."""
    rng = np.random.default_rng(0)
    X = {"a": rng.normal(size=(9, 5)), "b": rng.normal(size=(9, 3))}
    blocks = read_blocks(X, {"b": np.arange(9) % 2 == 0})
    config = VaeConfig(network=MlpConfig(widths=(8,), dropout=0.0), latent_dim=2, variance=variance)  # type: ignore[arg-type]
    fusion = EarlyFusion("standard", {"b": 3.0}).fit(blocks)
    torch.manual_seed(0)
    module = VaeModule(fusion, config).double().eval()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    x, present = torch.from_numpy(fusion.normalized(blocks)).double(), torch.from_numpy(blocks.mask()).double()
    noise = torch.randn(9, 2, dtype=torch.float64)
    with torch.no_grad():
        terms = module(x, present, noise=noise)
        mean, log_variance = (part.numpy() for part in module.encode(x, present))
        z = mean + np.exp(log_variance / 2) * noise.numpy()
        decoded = module.decoder(torch.from_numpy(z)).numpy()
        sigma = np.exp(module.likelihood.log_variance().numpy() / 2)
    logs = stats.norm.logpdf(x.numpy(), decoded, sigma)
    nll = -(logs[:, :5].sum(axis=1) + 3.0 * logs[:, 5:].sum(axis=1) * present[:, 1].numpy())
    np.testing.assert_allclose(terms.nll.numpy(), nll, rtol=1e-6)
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance)
    np.testing.assert_allclose(terms.kl.numpy(), kl, rtol=1e-6)


def test_learned_variance_starts_at_that_of_the_features_and_has_a_floor() -> None:
    likelihood = Likelihood([4, 2], "modality", 0.01)
    np.testing.assert_allclose(likelihood.log_variance().exp().detach().numpy(), 1.0, atol=0.02)
    with torch.no_grad():
        likelihood.above_floor.fill_(-50.0)
    np.testing.assert_allclose(likelihood.log_variance().exp().detach().numpy(), 0.01, rtol=1e-5)
    assert Likelihood([4, 2], 0.3).log_variance().exp().tolist() == pytest.approx([0.3] * 6)
