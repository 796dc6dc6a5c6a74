"""Representations: arrays in, latents out.

Every model has one interface, ``fit(X, y=None, *, condition=None, present=None, groups=None)`` and
``transform(X, *, present=None, condition=None)``, and gives its state out as a configuration and named arrays. ``X``
is one array of shape (N, D), or frames, or a mapping of such by modality; ``present`` says which tracks have which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.models.baselines import Pca, Raw
    from musaic.models.config import ModelConfig, PcaConfig, RawConfig
    from musaic.models.inputs import Frames, InputError
    from musaic.models.registry import MODELS, build, from_state, parse_config
    from musaic.models.seeds import fit_seeds
    from musaic.models.vae.config import TrainingConfig, VaeConfig
    from musaic.models.vae.estimator import Vae
    from musaic.models.vae.networks import MlpConfig
    from musaic.models.vae.vade import Vade

__all__ = [
    "MODELS",
    "Frames",
    "InputError",
    "MlpConfig",
    "ModelConfig",
    "Pca",
    "PcaConfig",
    "Raw",
    "RawConfig",
    "TrainingConfig",
    "Vade",
    "Vae",
    "VaeConfig",
    "build",
    "fit_seeds",
    "from_state",
    "parse_config",
]

_HOMES = {
    "baselines": ("Pca", "Raw"),
    "config": ("ModelConfig", "PcaConfig", "RawConfig"),
    "inputs": ("Frames", "InputError"),
    "vae.networks": ("MlpConfig",),
    "registry": ("MODELS", "build", "from_state", "parse_config"),
    "seeds": ("fit_seeds",),
    "vae.config": ("TrainingConfig", "VaeConfig"),
    "vae.vade": ("Vade",),
    "vae.estimator": ("Vae",),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: configurations stay light, networks need torch."""
    import importlib

    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
