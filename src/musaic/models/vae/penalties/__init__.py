"""What is added to the negative ELBO while training, so that latents are as one wants them: one file a penalty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from musaic.models.vae.penalties.adversary import Adversary, reverse_gradient
from musaic.models.vae.penalties.base import Penalty, View
from musaic.models.vae.penalties.crop_consistency import CropConsistency, nt_xent
from musaic.models.vae.penalties.free_bits import free_bits
from musaic.models.vae.penalties.hsic import HsicIndependence, normalised_hsic
from musaic.models.vae.penalty_config import FreeBitsConfig, IndependenceConfig, PenaltyConfig

__all__ = [
    "PENALTIES",
    "Adversary",
    "CropConsistency",
    "HsicIndependence",
    "Penalty",
    "View",
    "build_penalties",
    "free_bits",
    "independence",
    "normalised_hsic",
    "nt_xent",
    "reverse_gradient",
]


def independence(config: IndependenceConfig, latent_dim: int, sizes: Mapping[str, int]) -> Penalty:
    """Return the penalty that `IndependenceConfig.method` names."""
    method = HsicIndependence if config.method == "hsic" else Adversary
    return method(config, latent_dim, sizes)


PENALTIES: dict[str, Callable[[Any, int, Mapping[str, int]], Penalty]] = {
    "crop-consistency": CropConsistency,
    "independence": independence,
}
"""What makes a penalty of its configuration, by kind. Free bits are none of these: they change the ELBO itself."""


def build_penalties(configs: Iterable[PenaltyConfig], latent_dim: int, sizes: Mapping[str, int]) -> list[Penalty]:
    """Return the penalties that are added to the loss (all but free bits), in the order asked for.

    Parameters
    ----------
    configs : iterable of PenaltyConfig
        As the model's configuration has them.
    latent_dim : int
        Z.
    sizes : mapping of str to int
        The number of known values of every label, in the order of the columns of `View.codes`.
    """
    return [
        PENALTIES[config.kind](config, latent_dim, sizes)
        for config in configs
        if not isinstance(config, FreeBitsConfig)
    ]
