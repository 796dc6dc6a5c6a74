"""The evidence lower bound and what can be read off its parts, all in nats.

"Auto-Encoding Variational Bayes" (arXiv:1312.6114): for each track, the expected log-likelihood of its features,
summed over features, minus the divergence of its posterior from the prior, summed over latent dimensions; then the
average over tracks. Both sums are sums: with a mean on either side, beta would no longer mean what papers mean.

Letters: N or B tracks, Z latent dimensions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

ACTIVE = 0.01
"""A unit is active where its posterior mean varies more than this over tracks (Burda et al., arXiv:1509.00519)."""

LEAST_KL = 0.1
"""A posterior that tells less than this about a track, in nats over all dimensions, tells nothing."""


class Terms(NamedTuple):
    """The parts of the bound for a batch.

    Attributes
    ----------
    nll : Tensor, shape (B,)
        Negative log-likelihood of each track, nats.
    kl : Tensor, shape (B, Z)
        Divergence from the prior along each latent dimension, nats.
    component : Tensor, shape (B,)
        Divergence of the choice of a component from the mixture's weights, nats; 0 where the prior has but one.
    penalties : dict of str to Tensor, scalar
        What is added to the negative bound of the batch, by name, weighted.
    """

    nll: Tensor
    kl: Tensor
    component: Tensor
    penalties: dict[str, Tensor]

    def divergence(self) -> Tensor:
        """Return the whole divergence of each track from the prior, shape (B,)."""
        return self.kl.sum(dim=1) + self.component


def kl_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, variance) || N(0, 1)) element by element, in nats (eq. 10 of arXiv:1312.6114)."""
    return 0.5 * (mean**2 + torch.exp(log_variance) - 1.0 - log_variance)


def reparameterise(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Return the sample that standard normal ``noise`` stands for (eq. 4 of arXiv:1312.6114)."""
    return mean + torch.exp(0.5 * log_variance) * noise


def beta_at(epoch: int, beta: float, warmup: int, cycles: int = 1) -> float:
    """Return the weight of the KL term in an epoch counted from 0.

    It grows linearly from 0 over ``warmup`` epochs and stays. With several ``cycles`` it begins again after having
    stayed for as long (cyclical annealing, arXiv:1903.10145, with half of each cycle growing).
    """
    if not warmup:
        return beta
    phase = epoch % (2 * warmup) if epoch < 2 * warmup * (cycles - 1) else epoch - 2 * warmup * (cycles - 1)
    return beta * min(1.0, phase / warmup)


def warmed_up(warmup: int, cycles: int = 1) -> int:
    """Return the epoch from which beta stays full."""
    return warmup * (2 * cycles - 1)


def active_units(means: NDArray[np.float32]) -> int:
    """Return how many latent dimensions vary over tracks, from posterior means of shape (N, Z)."""
    return int((means.var(axis=0, dtype=np.float64) > ACTIVE).sum())


def collapsed(n_active: int, kl_per_dimension: NDArray[np.float64] | None) -> bool:
    """Return the verdict: no unit active, or fewer than 0.1 nats in all about an average track.

    ``kl_per_dimension`` is None for an autoencoder, which has no posterior.
    """
    return n_active == 0 or (kl_per_dimension is not None and float(kl_per_dimension.sum()) < LEAST_KL)
