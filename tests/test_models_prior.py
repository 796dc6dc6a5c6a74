"""The mixture prior against SciPy's densities, Monte Carlo, and the standard normal that it contains."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from musaic.models.vae.elbo import kl_normal
from musaic.models.vae.prior import MixturePrior, StandardPrior


def mixture(k: int = 4, z: int = 3, seed: int = 0) -> MixturePrior:
    rng = np.random.default_rng(seed)
    prior = MixturePrior(k, z).double()
    weights = rng.dirichlet(np.ones(k))
    prior.place(*map(torch.from_numpy, (weights, 2 * rng.normal(size=(k, z)), rng.uniform(0.2, 3, size=(k, z)))))
    return prior


def log_joint(prior: MixturePrior, z: np.ndarray) -> np.ndarray:
    """Return log π + log N by SciPy."""
    weights = torch.softmax(prior.logits, dim=0).detach().numpy()
    means, variances = prior.means.detach().numpy(), prior.log_variances.exp().detach().numpy()
    return np.stack(
        [
            np.log(weight) + multivariate_normal(mean, np.diag(variance)).logpdf(z)
            for weight, mean, variance in zip(weights, means, variances, strict=True)
        ],
        axis=1,
    )


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_responsibilities_are_scipys(k: int, dims: int, seed: int) -> None:
    prior = mixture(k, dims, seed)
    z = 3 * np.random.default_rng(seed).normal(size=(7, dims))
    expected = log_joint(prior, z).reshape(7, k)
    expected = np.exp(expected - logsumexp(expected, axis=1, keepdims=True))
    found = prior.responsibilities(torch.from_numpy(z)).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_divergence_is_the_expectation_that_it_stands_for() -> None:
    """E over q(z|x) and q(c|x) of log q(z|x) + log q(c|x) - log p(z, c), with the responsibilities of one sample."""
    prior = mixture()
    mean, log_variance = torch.tensor([[0.5, -1.0, 0.3]]).double(), torch.tensor([[-0.7, 0.2, -1.5]]).double()
    sample = mean + torch.exp(0.5 * log_variance) * torch.tensor([[0.4, -0.2, 1.0]]).double()
    found = prior.divergence(mean, log_variance, sample)
    gamma = prior.responsibilities(sample).detach().numpy()[0]
    rng = np.random.default_rng(0)
    variance = np.exp(log_variance.numpy()[0])
    draws = mean.numpy()[0] + np.sqrt(variance) * rng.normal(size=(400_000, 3))
    log_q = multivariate_normal(mean.numpy()[0], np.diag(variance)).logpdf(draws)
    expected = log_q + (gamma * (np.log(gamma) - log_joint(prior, draws))).sum(axis=1)
    assert (found.dimensions.sum() + found.component[0]).item() == pytest.approx(expected.mean(), abs=0.02)


def test_one_standard_component_is_the_standard_prior() -> None:
    prior = MixturePrior(1, 4)
    mean, log_variance = torch.randn(9, 4), torch.randn(9, 4)
    found = prior.divergence(mean, log_variance, mean)
    standard = StandardPrior().divergence(mean, log_variance, mean)
    torch.testing.assert_close(found.dimensions, standard.dimensions)
    torch.testing.assert_close(found.dimensions, kl_normal(mean, log_variance))
    torch.testing.assert_close(found.component, standard.component)


def test_weights_survive_placing_and_go_through_one_softmax() -> None:
    prior = MixturePrior(2, 1)
    prior.place(torch.tensor([0.7, 0.3]), torch.zeros(2, 1), torch.ones(2, 1))
    torch.testing.assert_close(torch.softmax(prior.logits, dim=0), torch.tensor([0.7, 0.3]))
    torch.testing.assert_close(prior.responsibilities(torch.zeros(1, 1)), torch.tensor([[0.7, 0.3]]))


def test_held_responsibilities_are_taken_as_they_are() -> None:
    prior = mixture(k=3)
    mean, log_variance = torch.randn(5, 3).double(), torch.randn(5, 3).double()
    held = torch.eye(3).double()[[0, 1, 2, 0, 1]]
    found = prior.divergence(mean, log_variance, mean, held)
    for row, c in enumerate((0, 1, 2, 0, 1)):
        mu, log_sigma = prior.means[c], prior.log_variances[c]
        shifted = 0.5 * (
            log_sigma - log_variance[row] + (log_variance[row].exp() + (mean[row] - mu) ** 2) / log_sigma.exp() - 1
        )
        torch.testing.assert_close(found.dimensions[row], shifted)
        torch.testing.assert_close(found.component[row], -torch.log_softmax(prior.logits, dim=0)[c])


def test_half_precision_around_it_changes_nothing() -> None:
    """Far from the origin, squares that are multiplied out cancel to a few digits."""
    torch.manual_seed(0)
    prior = mixture(5, 8).float()
    with torch.no_grad():
        prior.means.mul_(5)
        prior.log_variances.fill_(-2.0)
    mean = prior.means[torch.arange(40) % 5].detach() + 0.3 * torch.randn(40, 8)
    told = mean, torch.full((40, 8), -3.0), mean + 0.2 * torch.randn(40, 8)
    alone = prior.divergence(*told)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        within = prior.divergence(*told)
    assert torch.equal(within.dimensions, alone.dimensions)
    assert torch.equal(within.component, alone.component)
