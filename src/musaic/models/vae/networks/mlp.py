"""Multilayer perceptrons: the network for vectors, which takes any other shape too, flattened."""

from __future__ import annotations

import math

from torch import Tensor, nn

from musaic.models.vae.networks.base import Decoder, Encoder, Shape, dense, with_extra
from musaic.models.vae.networks.config import MlpConfig


class MlpEncoder(Encoder):
    """Dense layers over the flattened features and the extra inputs.

    Parameters
    ----------
    config : MlpConfig
        Widths, normalisation and dropout.
    shape : tuple of int
        Of one track's features.
    n_extra : int
        E, the number of extra inputs.
    """

    def __init__(self, config: MlpConfig, shape: Shape, n_extra: int = 0) -> None:
        super().__init__()
        sizes = (math.prod(shape) + n_extra, *config.widths)
        self.hidden = dense(sizes, config.norm, config.dropout)
        self.width = sizes[-1]

    def forward(self, x: Tensor, extra: Tensor | None = None) -> Tensor:
        """Return hidden features (B, H)."""
        hidden: Tensor = self.hidden(with_extra(x.flatten(1), extra))
        return hidden


class MlpDecoder(Decoder):
    """Dense layers with the encoder's widths in reverse.

    Parameters
    ----------
    config : MlpConfig
        Widths, normalisation and dropout.
    n_latent : int
        Width of the input: latents and what else is known.
    shape : tuple of int
        Of one track's features.
    """

    def __init__(self, config: MlpConfig, n_latent: int, shape: Shape) -> None:
        super().__init__()
        sizes = (n_latent, *reversed(config.widths))
        self.shape = shape
        self.hidden = dense(sizes, config.norm, config.dropout)
        self.out = nn.Linear(sizes[-1], math.prod(shape))

    def forward(self, z: Tensor) -> Tensor:
        """Return features (B, *shape)."""
        features: Tensor = self.out(self.hidden(z))
        return features.reshape(-1, *self.shape)
