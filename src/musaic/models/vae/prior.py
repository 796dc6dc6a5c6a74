"""Where latents are expected before anything is seen: one standard normal, or a mixture of normals.

The mixture is that of "Variational Deep Embedding" (VaDE, arXiv:1611.05148): its components are the clusters, learned
with the encoder.

Letters: B tracks of a batch, Z latent dimensions, K components.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from musaic.models.vae.elbo import kl_normal

LOG_VARIANCE_RANGE = (-10.0, 10.0)
"""Log-variances of components stay within, so that none shrinks onto a single track."""


class Divergence(NamedTuple):
    """How far posteriors are from the prior, in nats.

    Attributes
    ----------
    dimensions : Tensor, shape (B, Z)
        Along each latent dimension.
    component : Tensor, shape (B,)
        Of the choice of a component; 0 where there is only one.
    """

    dimensions: Tensor
    component: Tensor


class Prior(nn.Module, ABC):
    """A distribution of latents."""

    @abstractmethod
    def divergence(self, mean: Tensor, log_variance: Tensor, z: Tensor, held: Tensor | None = None) -> Divergence:
        """Return how far normal posteriors are from the prior.

        Parameters
        ----------
        mean, log_variance : Tensor, shape (B, Z)
            Of the posteriors.
        z : Tensor, shape (B, Z)
            A sample of each.
        held : Tensor, shape (B, K), optional
            Responsibilities to be taken in place of those of ``z``.
        """


class StandardPrior(Prior):
    """N(0, 1) along every dimension."""

    def divergence(self, mean: Tensor, log_variance: Tensor, z: Tensor, held: Tensor | None = None) -> Divergence:
        """Return the closed form; ``z`` and ``held`` do not matter."""
        return Divergence(kl_normal(mean, log_variance), mean.new_zeros(len(mean)))


class MixturePrior(Prior):
    """A mixture of normals with diagonal covariances.

    Parameters
    ----------
    n_components : int >= 1
        K.
    latent_dim : int >= 1
        Z.

    Attributes
    ----------
    logits : Parameter, shape (K,)
        Mixture weights before the one softmax that they go through.
    means, log_variances : Parameter, shape (K, Z)
        Of the components.
    """

    def __init__(self, n_components: int, latent_dim: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(n_components))
        self.means = nn.Parameter(torch.zeros(n_components, latent_dim))
        self.log_variances = nn.Parameter(torch.zeros(n_components, latent_dim))

    @torch.no_grad()
    def place(self, weights: Tensor, means: Tensor, variances: Tensor) -> None:
        """Set the mixture: weights (K,) that sum to 1, means and variances (K, Z)."""
        self.logits.copy_(weights.clamp_min(1e-10).log())
        self.means.copy_(means)
        self.log_variances.copy_(variances.log())

    def log_joint(self, z: Tensor) -> Tensor:
        """Return log p(z, c) for every component, shape (B, K)."""
        log_variances = self.log_variances.clamp(*LOG_VARIANCE_RANGE)
        precision = torch.exp(-log_variances)
        # the square of the distance, multiplied out: no (B, K, Z) array is ever made
        distance = z**2 @ precision.T - 2 * z @ (self.means * precision).T + (self.means**2 * precision).sum(dim=1)
        normaliser = (log_variances + math.log(2 * math.pi)).sum(dim=1)
        return torch.log_softmax(self.logits, dim=0) - 0.5 * (normaliser + distance)

    def responsibilities(self, z: Tensor) -> Tensor:
        """Return p(c | z), shape (B, K): the paper's q(c | x), eq. 16."""
        return torch.softmax(self.log_joint(z), dim=1)

    def divergence(self, mean: Tensor, log_variance: Tensor, z: Tensor, held: Tensor | None = None) -> Divergence:
        """Return the parts of eq. 12 that are no reconstruction, with one sample, as two divergences.

        Along the dimensions, the components' divergences weighted by responsibility; and that of the responsibilities
        from the mixture weights. In single precision at least, also under autocast: squares that are multiplied out
        nearly cancel, and half precision would leave nothing of them.
        """
        with torch.autocast(z.device.type, enabled=False):
            return self._divergence(mean, log_variance, z, held)

    def _divergence(self, mean: Tensor, log_variance: Tensor, z: Tensor, held: Tensor | None) -> Divergence:
        log_gamma = torch.log_softmax(self.log_joint(z), dim=1)
        gamma = log_gamma.exp() if held is None else held
        log_variances = self.log_variances.clamp(*LOG_VARIANCE_RANGE)
        precision = torch.exp(-log_variances)
        # E over components of ½ (log σ² - log s² + (s² + (m - μ)²) / σ² - 1), the square multiplied out
        spread = (torch.exp(log_variance) + mean**2) * (gamma @ precision)
        spread = spread - 2 * mean * (gamma @ (self.means * precision)) + gamma @ (self.means**2 * precision)
        dimensions = 0.5 * (gamma @ log_variances - log_variance + spread - 1.0)
        log_weights = torch.log_softmax(self.logits, dim=0)
        told = log_gamma if held is None else torch.log(held.clamp_min(1e-10))
        return Divergence(dimensions, (gamma * (told - log_weights)).sum(dim=1))
