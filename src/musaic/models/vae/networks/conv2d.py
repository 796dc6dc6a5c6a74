"""Convolutions over time and frequency, for spectrograms and MFCC as images of one channel."""

from __future__ import annotations

from musaic.models.vae.networks.convolution import ConvDecoder, ConvEncoder


class Conv2dEncoder(ConvEncoder):
    """Filters that see a few bands of a few frames."""

    axes = 2


class Conv2dDecoder(ConvDecoder):
    """The mirror of `Conv2dEncoder`."""

    axes = 2
