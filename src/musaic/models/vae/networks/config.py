"""What a network is asked to be: typed, frozen, and light to import."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from musaic.config import Config

Norm = Literal["none", "batch", "layer"]

LOG_VARIANCE_RANGE = (-12.0, 8.0)
"""Posterior log-variances stay within, so that neither exp nor its gradient overflows."""


class NetworkConfig(Config):
    """What every network is told.

    Attributes
    ----------
    kind : str
        The network's registered name.
    dropout : float in [0, 1)
        Share of the hidden units of dense layers silenced while training.
    norm : {'none', 'batch', 'layer'}
        Normalisation before each activation: none, over the batch, or over the units of one track.
    """

    kind: str
    dropout: float = Field(default=0.3, ge=0, lt=1)
    norm: Norm = "layer"

    @model_validator(mode="after")
    def _positive_sizes(self) -> NetworkConfig:
        for name in ("widths", "filters", "head"):
            sizes = getattr(self, name, ())
            if any(size < 1 for size in sizes):
                raise ValueError(f"{name} must be whole numbers from 1, not {list(sizes)}")
        return self


class MlpConfig(NetworkConfig):
    """A multilayer perceptron; the decoder mirrors the encoder.

    Attributes
    ----------
    widths : tuple of int >= 1
        Widths of the encoder's hidden layers; empty for a linear encoder and decoder.
    """

    kind: Literal["mlp"] = "mlp"
    widths: tuple[int, ...] = (256, 128)


class ConvConfig(NetworkConfig):
    """What the convolutional networks have in common; the decoder mirrors the encoder.

    Attributes
    ----------
    filters : tuple of int >= 1
        Filters of every stage; a stage halves each side of the map (rounding up) until it is 1.
    kernel : int >= 3, odd
        Side of the filters; with a stride of 2, one of 1 would never see half of the map.
    downsample : {'stride', 'max-pool'}
        What halves the encoder's maps: a stride of 2, or a maximum over each pair. Strides cost about half as much.
    head : tuple of int >= 1
        Widths of the dense layers between maps and latents; empty for none.
    max_flat : int >= 1
        The most numbers that the dense head reads. A map with more is first squeezed to fewer channels (at least 1) by
        a 1 x 1 convolution, or else nearly all weights would be those of one dense layer.
    """

    filters: tuple[int, ...] = Field(min_length=1)
    kernel: int = Field(default=3, ge=3)
    downsample: Literal["stride", "max-pool"] = "stride"
    norm: Norm = "batch"
    head: tuple[int, ...] = (128,)
    max_flat: int = Field(default=4096, ge=1)

    @model_validator(mode="after")
    def _odd_kernel(self) -> ConvConfig:
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, so that a filter has a middle, not {self.kernel}")
        return self


class Conv1dConfig(ConvConfig):
    """Convolutions over time; the bands or coefficients of a frame are the channels."""

    kind: Literal["conv1d"] = "conv1d"
    filters: tuple[int, ...] = Field(default=(64, 128, 256), min_length=1)
    kernel: int = Field(default=5, ge=3)


class Conv2dConfig(ConvConfig):
    """Convolutions over time and frequency, as over an image of one channel."""

    kind: Literal["conv2d"] = "conv2d"
    filters: tuple[int, ...] = Field(default=(16, 32, 64), min_length=1)


class DeepConv2dConfig(ConvConfig):
    """As ``conv2d``, with residual blocks in every stage.

    Attributes
    ----------
    blocks : int >= 1
        Residual blocks a stage, of two convolutions each.
    """

    kind: Literal["deep-conv2d"] = "deep-conv2d"
    filters: tuple[int, ...] = Field(default=(16, 32, 64), min_length=1)
    blocks: int = Field(default=1, ge=1)
