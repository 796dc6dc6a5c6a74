"""Networks: encoders from features to hidden features, decoders from latents to features.

A network is a registered pair of the two with a configuration; see `NETWORKS`. Posteriors, priors and likelihoods are
not theirs.
"""

from __future__ import annotations

from musaic.models.vae.networks.config import (
    LOG_VARIANCE_RANGE,
    Conv1dConfig,
    Conv2dConfig,
    DeepConv2dConfig,
    MlpConfig,
    NetworkConfig,
)
from musaic.models.vae.networks.registry import NETWORKS, Network, build_decoder, build_encoder, parse

__all__ = [
    "LOG_VARIANCE_RANGE",
    "NETWORKS",
    "Conv1dConfig",
    "Conv2dConfig",
    "DeepConv2dConfig",
    "MlpConfig",
    "Network",
    "NetworkConfig",
    "build_decoder",
    "build_encoder",
    "parse",
]
