"""The models by name: a new one joins by being registered."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from musaic.errors import UsageError, unknown
from musaic.models.config import ModelConfig, PcaConfig, RawConfig
from musaic.models.vae.config import VaeConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from musaic.models.base import OnEpoch, Representation
    from musaic.models.vae.training.checkpoints import Checkpoints


@dataclass(frozen=True)
class Entry:
    """A registered model.

    Attributes
    ----------
    config : type of ModelConfig
        Its configuration, light to import.
    baseline : bool
        Whether it is one of those that a learned model is held against.
    preset : mapping
        What is set where a configuration does not say otherwise; inner mappings are merged key by key.
    about : str
        What sets it apart from others of the same configuration; what the configuration says of itself, where empty.
    """

    config: type[ModelConfig]
    baseline: bool = False
    preset: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""

    @property
    def kind(self) -> str:
        """What the model is, on one line, without a full stop."""
        return (self.about or " ".join((inspect.getdoc(self.config) or "").split("\n\n")[0].split())).removesuffix(".")


CONVOLUTIONS: dict[str, Any] = {"latent_dim": 32, "beta": 30.0, "input_noise": 0.0, "training": {"batch_size": 32}}
"""What suits networks of spectrograms: a crop is thousands of numbers, so that the same pressure takes a larger beta;
and it is noisy enough as it is."""

MODELS: dict[str, Entry] = {
    "raw": Entry(RawConfig, baseline=True),
    "pca": Entry(PcaConfig, baseline=True),
    "autoencoder": Entry(
        VaeConfig,
        preset={"beta": 0.0, "warmup": 0},
        about="the plain autoencoder: nothing is sampled, and no divergence counts",
    ),
    "basic-vae": Entry(VaeConfig, preset={"beta": 1.0}, about="the plain VAE: β 1, which is the evidence lower bound"),
    "beta-vae": Entry(VaeConfig, preset={"beta": 4.0}, about="a VAE with β 4, which keeps the strong directions"),
    "conv1d-vae": Entry(
        VaeConfig,
        preset={"network": {"kind": "conv1d"}, **CONVOLUTIONS},
        about="a VAE of frames: convolutions over time, β 30",
    ),
    "conv2d-vae": Entry(
        VaeConfig,
        preset={"network": {"kind": "conv2d"}, **CONVOLUTIONS},
        about="a VAE of frames: convolutions over time and frequency, β 30",
    ),
    "deep-conv-vae": Entry(
        VaeConfig,
        preset={"network": {"kind": "deep-conv2d"}, **CONVOLUTIONS},
        about="a VAE of frames: residual blocks of convolutions over time and frequency, β 30",
    ),
    "cvae": Entry(
        VaeConfig,
        preset={"condition": ["language"]},
        about="the conditional VAE: encoder and decoder are told the language, β 4",
    ),
    "vade": Entry(
        VaeConfig,
        preset={"prior": {"kind": "mixture"}, "beta": 1.0, "warmup": 0},
        about="variational deep embedding: a VAE whose prior is a mixture, and whose components are clusters, β 1",
    ),
    "multimodal-vae": Entry(
        VaeConfig,
        preset={"fusion": {"kind": "poe"}},
        about="a VAE of several inputs: their posteriors are multiplied, and what a song lacks is left out, β 4",
    ),
}


def parse_config(data: Mapping[str, Any], where: str = "the model") -> ModelConfig:
    """Return the configuration that plain data such as ``{"model": "pca", "n_components": 16}`` describes.

    Raises
    ------
    UsageError
        For a model that is not registered, or a key or value that it does not take.
    """
    if "model" not in data:
        raise UsageError(f"{where} does not say which model; add 'model:' with one of {', '.join(sorted(MODELS))}.")
    found = entry(str(data["model"]))
    return found.config.parse(_merged(found.preset, data), where)


def _merged(preset: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data over the preset."""
    merged = {**preset, **data}
    for key, value in data.items():
        if isinstance(value, Mapping) and isinstance(preset.get(key), Mapping):
            merged[key] = {**preset[key], **value}
    return merged


def entry(name: str) -> Entry:
    """Return the registered model called ``name``."""
    if name not in MODELS:
        raise unknown("model", name, MODELS)
    return MODELS[name]


def build(
    config: ModelConfig,
    *,
    random_state: int = 0,
    accelerator: str = "auto",
    on_epoch: OnEpoch | None = None,
    checkpoints: Checkpoints | None = None,
    memory: float | None = None,
) -> Representation:
    """Return an unfitted model.

    Parameters
    ----------
    config : ModelConfig
        Which model, and what it is told.
    random_state : int
        Same seed, same bytes.
    accelerator : str
        Where it trains: 'auto', 'cpu' or 'cuda'.
    on_epoch : callable, optional
        Called with each epoch and its row of the history while training.
    checkpoints : Checkpoints, optional
        Where a training is kept while it goes on.
    memory : float > 0, optional
        Gigabytes of frames that may lie in memory, in place of the configuration's.
    """
    return _model(config)(
        config,
        random_state=random_state,
        accelerator=accelerator,
        on_epoch=on_epoch,
        checkpoints=checkpoints,
        memory=memory,
    )


def from_state(head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Representation:
    """Return the model that gave out this state."""
    config = entry(str(head["config"]["model"])).config.parse(head["config"], "the saved model")
    return _model(config).from_state(head, arrays)


def _model(config: ModelConfig) -> type[Representation]:
    """Import the class that the configuration describes."""
    module, name = config.home.split(":")
    found: type[Representation] = getattr(importlib.import_module(module), name)
    return found
