"""What pages ask for by ``{{ name arguments }}``: every function returns Markdown made from the code as it stands."""

from __future__ import annotations

from collections.abc import Callable

import commands
import configs
import registries

GENERATED: dict[str, Callable[..., str]] = {
    "models": registries.models,
    "choices": registries.choices,
    "features": registries.features,
    "descriptors": registries.descriptors,
    "clusterings": registries.clusterings,
    "metrics": registries.metrics,
    "encoders": registries.encoders,
    "columns": registries.columns,
    "recipes": registries.recipes,
    "statuses": registries.statuses,
    "extras": registries.extras,
    "keys": configs.keys,
    "model_keys": configs.model_keys,
    "part_keys": configs.part_keys,
    "clustering_keys": configs.clustering_keys,
    "commands": commands.commands,
    "api": registries.api,
}
