"""Convolutions over time, for sequences of frames such as MFCC: the coefficients of a frame are the channels."""

from __future__ import annotations

from musaic.models.vae.networks.convolution import ConvDecoder, ConvEncoder


class Conv1dEncoder(ConvEncoder):
    """Filters that see all bands of a few frames."""

    axes = 1


class Conv1dDecoder(ConvDecoder):
    """The mirror of `Conv1dEncoder`."""

    axes = 1
