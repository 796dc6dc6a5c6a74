"""What the convolutional networks share: maps that shrink stage by stage to a dense head, and grow back exactly.

A stage halves both sides of a map, rounding up; a side of 1 stays. The transposed convolution of the decoder's mirrored
stage is told the size it must return to, so that any size is met without padding or cutting by anybody. (It has the
weights of a strided convolution; interpolation followed by a convolution computes four times as much for the same.)

Sequences are maps whose second side is 1. What goes in is laid out with its channels last, and torch keeps every map
behind it so: CPU convolutions are fastest with it, and neither flattening nor a sequence of frames needs to be copied.

The position in time inside a random crop means nothing, but the decoder has to give back that very crop: the head
therefore reads the whole map and not its mean over time.

Letters: B tracks of a batch, C frames, F bands, E extra inputs, H hidden features.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from musaic.models.inputs import InputError
from musaic.models.vae.networks.base import Decoder, Encoder, Shape, dense, needs_bias, norm_of_maps, with_extra
from musaic.models.vae.networks.config import ConvConfig

Sides = tuple[int, int]


@dataclass(frozen=True)
class Halving:
    """One stage's way from a map to the next smaller one.

    Attributes
    ----------
    before, after : tuple of int
        Height and width of the map.
    side : int
        Of the filters.
    """

    before: Sides
    after: Sides
    side: int

    @property
    def stride(self) -> Sides:
        """2 along each side that is halved, else 1."""
        return _both(2 if side > 1 else 1 for side in self.before)

    @property
    def kernel(self) -> Sides:
        """Of the halving's filters: along a side of 1 only their middle would ever meet a value."""
        return _both(self.side if side > 1 else 1 for side in self.before)

    @property
    def kernel_after(self) -> Sides:
        """Of filters that stay on the smaller map."""
        return _both(self.side if side > 1 else 1 for side in self.after)

    @property
    def missing(self) -> Sides:
        """What a transposed convolution must add to come back to the size before."""
        return _both(
            before - (after - 1) * stride - 1
            for before, after, stride in zip(self.before, self.after, self.stride, strict=True)
        )


def halvings(sides: Sides, n_stages: int, side: int) -> list[Halving]:
    """Return the stages' ways, largest map first."""
    sizes = [sides]
    for _ in range(n_stages):
        sizes.append(_both((length + 1) // 2 for length in sizes[-1]))
    return [Halving(before, after, side) for before, after in itertools.pairwise(sizes)]


def conv(n_in: int, n_out: int, kernel: Sides, stride: Sides, *, bias: bool) -> nn.Conv2d:
    """Return a convolution that keeps a map's size, or halves it where the stride is 2."""
    return nn.Conv2d(n_in, n_out, kernel, stride, _padding(kernel), bias=bias)


class Stages:
    """Plain stages: convolution, norm, SiLU.

    Parameters
    ----------
    config : ConvConfig
        Normalisation and the way of halving.
    """

    def __init__(self, config: ConvConfig) -> None:
        self.config = config
        self.norm = config.norm

    def down(self, n_in: int, n_out: int, way: Halving, *, first: bool) -> list[nn.Module]:
        """Return the layers of an encoder's stage."""
        convolution, *pooling = self.halve(n_in, n_out, way)
        # before the activation, so that the activation meets the smaller map
        return [convolution, *norm_of_maps(self.norm, n_out), *pooling, nn.SiLU()]

    def last(self, channels: int) -> list[nn.Module]:
        """Return the layers behind the encoder's stages."""
        return []

    def start(self, channels: int) -> list[nn.Module]:
        """Return the layers before the decoder's stages."""
        return self.activation(channels)

    def up(self, n_in: int, n_out: int, way: Halving, *, final: bool) -> list[nn.Module]:
        """Return the layers of a decoder's stage; the final one gives the features."""
        return [self.double(n_in, n_out, way, final=final), *([] if final else self.activation(n_out))]

    def halve(self, n_in: int, n_out: int, way: Halving) -> list[nn.Module]:
        """Return a strided convolution, or a convolution and a maximum over each pair."""
        bias = needs_bias(self.norm)
        if self.config.downsample == "stride" or way.stride == (1, 1):
            return [conv(n_in, n_out, way.kernel, way.stride, bias=bias)]
        return [
            conv(n_in, n_out, way.kernel, (1, 1), bias=bias),
            nn.MaxPool2d(way.stride, ceil_mode=True),
        ]

    def double(self, n_in: int, n_out: int, way: Halving, *, final: bool) -> nn.ConvTranspose2d:
        """Return the transposed convolution that undoes a halving."""
        bias = final or needs_bias(self.norm)
        return nn.ConvTranspose2d(n_in, n_out, way.kernel, way.stride, _padding(way.kernel), way.missing, bias=bias)

    def activation(self, channels: int) -> list[nn.Module]:
        """Return norm and SiLU."""
        return [*norm_of_maps(self.norm, channels), nn.SiLU()]


class ConvEncoder(Encoder):
    """Stages of convolutions, then a dense head over the flattened map and the extra inputs.

    Parameters
    ----------
    config : ConvConfig
        Filters, normalisation, head.
    shape : tuple of int, (C, F)
        Frames and bands of a crop.
    n_extra : int
        E, the number of extra inputs.

    Raises
    ------
    InputError
        Where the shape is that of vectors.
    """

    axes: ClassVar[Literal[1, 2]] = 2
    stages: ClassVar[type[Stages]] = Stages

    def __init__(self, config: ConvConfig, shape: Shape, n_extra: int = 0) -> None:
        super().__init__()
        n_in, sides = _image(config, shape, self.axes)
        stages = self.stages(config)
        ways = halvings(sides, len(config.filters), config.kernel)
        layers: list[nn.Module] = []
        for position, (way, n_out) in enumerate(zip(ways, config.filters, strict=True)):
            layers += stages.down(n_in, n_out, way, first=position == 0)
            n_in = n_out
        layers += stages.last(n_in)
        squeezed = _squeezed(config, ways[-1].after)
        if squeezed < n_in:
            layers.append(nn.Conv2d(n_in, squeezed, 1))
        self.maps = nn.Sequential(*layers)
        sizes = (squeezed * math.prod(ways[-1].after) + n_extra, *config.head)
        self.head = dense(sizes, config.norm, config.dropout)
        self.width = sizes[-1]

    def forward(self, x: Tensor, extra: Tensor | None = None) -> Tensor:
        """Return hidden features (B, H) of crops (B, C, F)."""
        # (B, height, width, channels), seen as what torch calls channels last
        maps = self.maps(x.unsqueeze(1 + self.axes).permute(0, 3, 1, 2))
        hidden: Tensor = self.head(with_extra(maps.permute(0, 2, 3, 1).flatten(1), extra))
        return hidden


class ConvDecoder(Decoder):
    """A dense head, then stages of transposed convolutions back to the size of the crops.

    Parameters
    ----------
    config : ConvConfig
        The encoder's; everything comes in reverse.
    n_latent : int
        Width of the input: latents and what else is known.
    shape : tuple of int, (C, F)
        Frames and bands of a crop.

    Raises
    ------
    InputError
        Where the shape is that of vectors.
    """

    axes: ClassVar[Literal[1, 2]] = 2
    stages: ClassVar[type[Stages]] = Stages

    def __init__(self, config: ConvConfig, n_latent: int, shape: Shape) -> None:
        super().__init__()
        n_out, sides = _image(config, shape, self.axes)
        stages = self.stages(config)
        ways = halvings(sides, len(config.filters), config.kernel)
        squeezed, self.smallest = _squeezed(config, ways[-1].after), ways[-1].after
        sizes = (n_latent, *reversed(config.head))
        self.head = dense(sizes, config.norm, config.dropout)
        self.flat = nn.Linear(sizes[-1], squeezed * math.prod(self.smallest))
        channels = (*reversed(config.filters), n_out)
        layers: list[nn.Module] = []
        if squeezed < channels[0]:
            layers.append(nn.Conv2d(squeezed, channels[0], 1, bias=needs_bias(config.norm)))
        layers += stages.start(channels[0])
        for position, (a, b) in enumerate(itertools.pairwise(channels), start=1):
            layers += stages.up(a, b, ways[-position], final=position == len(ways))
        self.maps = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        """Return crops (B, C, F)."""
        flat: Tensor = self.flat(self.head(z))
        maps: Tensor = self.maps(flat.reshape(len(z), *self.smallest, -1).permute(0, 3, 1, 2))
        return maps.permute(0, 2, 3, 1).squeeze(1 + self.axes)


def _image(config: ConvConfig, shape: Shape, axes: Literal[1, 2]) -> tuple[int, Sides]:
    """Return the channels and sides of the map that crops of a shape are."""
    if len(shape) != 2:
        raise InputError(
            f"a {config.kind!r} network needs crops of shape (frames, bands), not features of shape {shape}; "
            "vectors are for the network 'mlp'."
        )
    frames, bands = shape
    return (bands, (frames, 1)) if axes == 1 else (1, (frames, bands))


def _squeezed(config: ConvConfig, smallest: Sides) -> int:
    """Return the channels of the map that the head reads."""
    return min(config.filters[-1], max(1, config.max_flat // math.prod(smallest)))


def _both(sides: Iterable[int]) -> Sides:
    height, width = sides
    return height, width


def _padding(kernel: Sides) -> Sides:
    return _both(side // 2 for side in kernel)
