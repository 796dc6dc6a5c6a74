"""What every network is, and the small parts that they share.

Letters: B tracks of a batch, E extra inputs, H hidden features, Z latent dimensions.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from musaic.models.vae.networks.config import Norm

Shape = tuple[int, ...]
"""Of one track in a modality: (D,) for vectors, (C, F) for crops of C frames with F bands."""


class Encoder(nn.Module, ABC):
    """Features to hidden features, from which the posterior is read.

    Attributes
    ----------
    width : int
        H, the number of hidden features.
    """

    width: int

    @abstractmethod
    def forward(self, x: Tensor, extra: Tensor | None = None) -> Tensor:
        """Return hidden features (B, H) of features (B, *shape) and what else is known, ``extra`` (B, E)."""


class Decoder(nn.Module, ABC):
    """Latents, and what else is known, to features."""

    @abstractmethod
    def forward(self, z: Tensor) -> Tensor:
        """Return features (B, *shape) of latents with what else is known behind them, (B, Z + E)."""


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


def dense(sizes: Sequence[int], norm: Norm, dropout: float) -> nn.Sequential:
    """Return hidden layers of the given sizes, the first being the input: linear, norm, SiLU, dropout."""
    layers: list[nn.Module] = []
    for n_in, n_out in itertools.pairwise(sizes):
        layers.append(nn.Linear(n_in, n_out, bias=needs_bias(norm)))
        if norm != "none":
            layers.append(nn.BatchNorm1d(n_out) if norm == "batch" else nn.LayerNorm(n_out))
        layers.append(nn.SiLU())
        if dropout:
            layers.append(Dropout(dropout))
    return nn.Sequential(*layers)


def norm_of_maps(norm: Norm, channels: int) -> list[nn.Module]:
    """Return the normalisation of maps (B, channels, height, width), or nothing where there is none."""
    if norm == "none":
        return []
    return [nn.BatchNorm2d(channels) if norm == "batch" else nn.GroupNorm(1, channels)]


def needs_bias(norm: Norm) -> bool:
    """Return whether a layer before the normalisation has use for a bias: the mean of a batch takes it out again."""
    return norm != "batch"


def with_extra(x: Tensor, extra: Tensor | None) -> Tensor:
    """Return (B, D + E): each row with what else is known behind it."""
    return x if extra is None else torch.cat([x, extra], dim=1)
