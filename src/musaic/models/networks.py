"""Networks: encoders from features to the posterior's parameters, decoders from latents to features.

Letters: B tracks of a batch, D features, Z latent dimensions.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from musaic.models.config import MlpConfig

LOG_VARIANCE_RANGE = (-12.0, 8.0)
"""Posterior log-variances stay within, so that neither exp nor its gradient overflows."""


class Dropout(nn.Module):
    """Dropout with a probability in 256ths, which needs one random byte an element.

    On a CPU, drawing the random numbers of torch's own takes longer than everything else in a small network.

    Parameters
    ----------
    p : float in [0, 1)
        Share of units silenced, rounded to the nearest 256th (at most 255).
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.silenced = min(255, round(256 * p))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with units silenced at random, the others scaled up, while training."""
        if not self.training or self.silenced == 0:
            return x
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64, device=x.device)
        drawn = words.random_(-(2**63), None).view(torch.uint8)[: x.numel()].view(x.shape)
        return x * (drawn >= self.silenced).to(x.dtype).mul_(256 / (256 - self.silenced))


def mlp(sizes: Sequence[int], config: MlpConfig) -> nn.Sequential:
    """Return hidden layers of the given sizes, the first being the input: linear, norm, SiLU, dropout."""
    layers: list[nn.Module] = []
    for n_in, n_out in itertools.pairwise(sizes):
        layers.append(nn.Linear(n_in, n_out))
        if config.norm != "none":
            layers.append(nn.BatchNorm1d(n_out) if config.norm == "batch" else nn.LayerNorm(n_out))
        layers.append(nn.SiLU())
        if config.dropout:
            layers.append(Dropout(config.dropout))
    return nn.Sequential(*layers)


class MlpEncoder(nn.Module):
    """Features (B, D) to the mean and log-variance of the posterior, (B, Z) each."""

    def __init__(self, n_features: int, latent_dim: int, config: MlpConfig) -> None:
        super().__init__()
        self.hidden = mlp((n_features, *config.widths), config)
        self.head = nn.Linear((n_features, *config.widths)[-1], 2 * latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance."""
        mean, log_variance = self.head(self.hidden(x)).chunk(2, dim=1)
        return mean, torch.clamp(log_variance, *LOG_VARIANCE_RANGE)


class MlpDecoder(nn.Module):
    """Latents (B, Z) to the mean of the features, (B, D)."""

    def __init__(self, latent_dim: int, n_features: int, config: MlpConfig) -> None:
        super().__init__()
        sizes = (latent_dim, *reversed(config.widths))
        self.hidden = mlp(sizes, config)
        self.head = nn.Linear(sizes[-1], n_features)

    def forward(self, z: Tensor) -> Tensor:
        """Return the mean of the features."""
        mean: Tensor = self.head(self.hidden(z))
        return mean
