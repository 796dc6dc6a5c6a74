"""Every key of an experiment file with what it takes and its default, read off the configurations themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic_core import PydanticUndefined

from musaic.config import Config
from prose import Told, code, described, first_paragraph, table

HIDDEN = {"model", "algorithm", "kind"}
"""Keys that stand in the headings."""


def keys(place: str) -> str:
    """Return the keys of one part of the file, such as ``features`` or ``musaic.experiment.config:CellConfig``."""
    import importlib

    module, _, name = place.partition(":")
    config: type[Config] = getattr(importlib.import_module(module), name)
    return _keys(config)


def model_keys() -> str:
    """Return the keys of every registered kind of model, those that are common to all first."""
    from musaic.models import MODELS
    from musaic.models.config import BaselineConfig, ModelConfig

    told = ["### Every model", _keys(ModelConfig)]
    kinds: dict[type[Config], list[str]] = {}
    for name, entry in MODELS.items():
        kinds.setdefault(entry.config, []).append(name)
    for config, names in kinds.items():
        own = _keys(config, without=ModelConfig)
        shared = " Baselines lay frames out as vectors." if issubclass(config, BaselineConfig) else ""
        told += [f"### {', '.join(map(code, names))}", first_paragraph(config) + shared, own]
    return "\n\n".join(told)


def part_keys(part: str) -> str:
    """Return the keys of every kind of one choice of a variational autoencoder: network, prior, fusion, penalties."""
    from musaic.models.vae.config import MixturePriorConfig, StandardPriorConfig, TrainingConfig
    from musaic.models.vae.fusion_config import FUSIONS
    from musaic.models.vae.networks.registry import NETWORKS
    from musaic.models.vae.penalty_config import CropConsistencyConfig, FreeBitsConfig, IndependenceConfig

    parts: dict[str, Iterable[type[Config]]] = {
        "network": [entry.config for entry in NETWORKS.values()],
        "prior": [StandardPriorConfig, MixturePriorConfig],
        "fusion": FUSIONS.values(),
        "penalties": [CropConsistencyConfig, IndependenceConfig, FreeBitsConfig],
        "training": [TrainingConfig],
    }
    told = []
    for config in parts[part]:
        kind = config.model_fields["kind"].default if "kind" in config.model_fields else part
        told += [f"#### {code(kind)}", first_paragraph(config), _keys(config)]
    return "\n\n".join(told)


def clustering_keys() -> str:
    """Return the keys of every clustering algorithm, those that are common to all first."""
    from musaic.clustering import CLUSTERERS, ClusteringConfig

    told = ["### Every algorithm", _keys(ClusteringConfig)]
    for name, entry in CLUSTERERS.items():
        told += [f"### {code(name)}", first_paragraph(entry.clusterer), _keys(entry.config, without=ClusteringConfig)]
    return "\n\n".join(told)


def _keys(config: type[Config], without: type[Config] | None = None) -> str:
    """Return the table of a configuration's keys."""
    about = described(config)
    skipped = HIDDEN | (set(without.model_fields) if without else set())
    rows: list[list[str]] = []
    for name, field in config.model_fields.items():
        if name in skipped and not (name == "model" and not isinstance(field.default, str) and without is None):
            continue
        told = about.get(name, Told("", ""))
        row = [code(name), told.kind, default(field), told.about]
        if rows and told.about and rows[-1][1:] == row[1:]:
            rows[-1][0] += f", {row[0]}"  # of keys that are explained together, one row
        else:
            rows.append(row)
    return table(["key", "takes", "default", "what it is"], rows) if rows else "No keys of its own."


def default(field: Any) -> str:
    """Return the default of a key as it would stand in a file."""
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "must be given"
    if isinstance(value, Config):
        kind = getattr(value, "kind", None)
        return code(kind) if kind else "its defaults"
    if isinstance(value, tuple) and any(isinstance(one, Config) for one in value):
        return code(", ".join(getattr(one, "algorithm", type(one).__name__) for one in value))
    return "" if value is None else code(json.dumps(value, ensure_ascii=False))
