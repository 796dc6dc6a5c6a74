"""A corpus in, named arrays aligned on ``track_id`` out, measured in parallel and kept in a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.features.config import FeatureConfig
    from musaic.features.extraction import extract
    from musaic.features.featureset import Feature, FeatureSet

__all__ = ["Feature", "FeatureConfig", "FeatureSet", "extract"]

_HOMES = {
    "Feature": "musaic.features.featureset",
    "FeatureConfig": "musaic.features.config",
    "FeatureSet": "musaic.features.featureset",
    "extract": "musaic.features.extraction",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
