"""The networks by name: a new one joins by being registered."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny

from musaic.errors import UsageError, unknown
from musaic.models.vae.networks.config import Conv1dConfig, Conv2dConfig, DeepConv2dConfig, MlpConfig, NetworkConfig

if TYPE_CHECKING:
    from musaic.models.vae.networks.base import Decoder, Encoder, Shape

HERE = __name__.rpartition(".")[0]


@dataclass(frozen=True)
class Entry:
    """A registered network.

    Attributes
    ----------
    config : type of NetworkConfig
        Its configuration, light to import.
    encoder, decoder : str
        ``module:class`` of each, imported when it is built.
    """

    config: type[NetworkConfig]
    encoder: str
    decoder: str


NETWORKS: dict[str, Entry] = {
    "mlp": Entry(MlpConfig, f"{HERE}.mlp:MlpEncoder", f"{HERE}.mlp:MlpDecoder"),
    "conv1d": Entry(Conv1dConfig, f"{HERE}.conv1d:Conv1dEncoder", f"{HERE}.conv1d:Conv1dDecoder"),
    "conv2d": Entry(Conv2dConfig, f"{HERE}.conv2d:Conv2dEncoder", f"{HERE}.conv2d:Conv2dDecoder"),
    "deep-conv2d": Entry(
        DeepConv2dConfig, f"{HERE}.deep_conv2d:DeepConv2dEncoder", f"{HERE}.deep_conv2d:DeepConv2dDecoder"
    ),
}


def parse(network: object, where: str = "the network") -> NetworkConfig:
    """Return the configuration that a kind or plain data describes.

    Parameters
    ----------
    network : str, mapping or NetworkConfig
        A registered kind such as ``'conv2d'``, or a mapping with ``kind`` ('mlp' where it is left out) and options.
    where : str
        What the sentence of an error calls it.

    Raises
    ------
    UsageError
        For a kind that is not registered, or a key or value that it does not take.
    """
    if isinstance(network, NetworkConfig):
        return network
    if not isinstance(network, str | Mapping):
        raise UsageError(
            f"{where} must be a kind ({', '.join(sorted(NETWORKS))}) or a mapping with 'kind' and its options, "
            f"not {network!r}."
        )
    data = {"kind": network} if isinstance(network, str) else {"kind": "mlp", **network}
    return _entry(str(data["kind"])).config.parse(data, where)


Network = Annotated[SerializeAsAny[NetworkConfig], BeforeValidator(parse)]
"""The type of a configuration's field that holds a network of any registered kind."""


def build_encoder(config: NetworkConfig, shape: Shape, n_extra: int = 0) -> Encoder:
    """Return a fresh encoder, its weights drawn from torch's generator.

    Parameters
    ----------
    config : NetworkConfig
        Which network, and what it is told.
    shape : tuple of int
        Of one track's features: (D,), or (C, F) for crops of C frames with F bands.
    n_extra : int >= 0
        Width of what else the encoder is told of every track.

    Raises
    ------
    InputError
        Where the network cannot take features of that shape.
    """
    built: Encoder = _load(_entry(config.kind).encoder)(config, shape, n_extra)
    return built


def build_decoder(config: NetworkConfig, n_latent: int, shape: Shape) -> Decoder:
    """Return a fresh decoder, the mirror of the encoder of the same configuration.

    Parameters
    ----------
    config : NetworkConfig
        Which network, and what it is told.
    n_latent : int >= 1
        Width of what is decoded: latents and what else is known.
    shape : tuple of int
        Of one track's features.

    Raises
    ------
    InputError
        Where the network cannot give features of that shape.
    """
    built: Decoder = _load(_entry(config.kind).decoder)(config, n_latent, shape)
    return built


def _entry(kind: str) -> Entry:
    if kind not in NETWORKS:
        raise unknown("network", kind, NETWORKS)
    return NETWORKS[kind]


def _load(home: str) -> Any:
    module, name = home.split(":")
    return getattr(importlib.import_module(module), name)
