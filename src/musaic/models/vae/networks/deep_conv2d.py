"""Residual blocks in every stage, with norm and activation before the convolutions (arXiv:1603.05027, figure 1b)."""

from __future__ import annotations

from torch import Tensor, nn

from musaic.models.vae.networks.base import needs_bias, norm_of_maps
from musaic.models.vae.networks.config import DeepConv2dConfig, Norm
from musaic.models.vae.networks.convolution import ConvDecoder, ConvEncoder, Halving, Sides, Stages, conv


class Residual(nn.Module):
    """A map plus what two convolutions make of it.

    Parameters
    ----------
    channels : int
        Of the map.
    kernel : tuple of int
        Height and width of the filters.
    norm : {'none', 'batch', 'layer'}
        Normalisation before each activation.
    """

    def __init__(self, channels: int, kernel: Sides, norm: Norm) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            convolution = conv(channels, channels, kernel, (1, 1), bias=needs_bias(norm))
            layers += [*norm_of_maps(norm, channels), nn.SiLU(), convolution]
        self.change = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return maps of the same shape."""
        changed: Tensor = self.change(x)
        return x + changed


class ResidualStages(Stages):
    """Halving or doubling convolutions with residual blocks on the smaller map."""

    config: DeepConv2dConfig

    def down(self, n_in: int, n_out: int, way: Halving, *, first: bool) -> list[nn.Module]:
        """Return the layers of an encoder's stage."""
        before = [] if first else self.activation(n_in)
        return [*before, *self.halve(n_in, n_out, way), *self._blocks(n_out, way)]

    def last(self, channels: int) -> list[nn.Module]:
        """Return the activation that the last block leaves to come."""
        return self.activation(channels)

    def start(self, channels: int) -> list[nn.Module]:
        """Return nothing: the first block begins with its own activation."""
        return []

    def up(self, n_in: int, n_out: int, way: Halving, *, final: bool) -> list[nn.Module]:
        """Return the layers of a decoder's stage."""
        return [
            *self._blocks(n_in, way),
            *self.activation(n_in),
            self.double(n_in, n_out, way, final=final),
        ]

    def _blocks(self, channels: int, way: Halving) -> list[nn.Module]:
        return [Residual(channels, way.kernel_after, self.norm) for _ in range(self.config.blocks)]


class DeepConv2dEncoder(ConvEncoder):
    """As `Conv2dEncoder`, with residual blocks behind every halving."""

    stages = ResidualStages


class DeepConv2dDecoder(ConvDecoder):
    """The mirror of `DeepConv2dEncoder`."""

    stages = ResidualStages
