"""Clusterings: latents in, integer labels out.

Every clusterer has ``fit(Z) -> Clustering`` and ``assign(Z) -> Clustering``; songs that it was fitted on are assigned
the label they had. Its state is a configuration and named arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.clustering.base import Clusterer, Clustering
    from musaic.clustering.choice import Choice, choose_k, resolve_k
    from musaic.clustering.config import ClusteringConfig, KMeansConfig
    from musaic.clustering.kmeans import KMeans
    from musaic.clustering.registry import CLUSTERERS, build, from_state, parse_config

__all__ = [
    "CLUSTERERS",
    "Choice",
    "Clusterer",
    "Clustering",
    "ClusteringConfig",
    "KMeans",
    "KMeansConfig",
    "build",
    "choose_k",
    "from_state",
    "parse_config",
    "resolve_k",
]

_HOMES = {
    "base": ("Clusterer", "Clustering"),
    "choice": ("Choice", "choose_k", "resolve_k"),
    "config": ("ClusteringConfig", "KMeansConfig"),
    "kmeans": ("KMeans",),
    "registry": ("CLUSTERERS", "build", "from_state", "parse_config"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: configurations stay light, clusterers need scikit-learn."""
    import importlib

    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
