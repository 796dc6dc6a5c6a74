"""Clusterings: latents in, integer labels out.

Every clusterer has ``fit(Z) -> Clustering`` and ``assign(Z) -> Clustering``; songs that it was fitted on are assigned
the label they had. Its state is a configuration and named arrays.

A configuration may hold lists; ``config.expand()`` gives one a combination. For each of them, ``resolve(config, Z)``
settles what was left open (a number of clusters, DBSCAN's eps), and ``build(config, choice)`` makes the clusterer.
`SpacedClusterer` clusters in another space than the latents'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.clustering.agglomerative import Agglomerative, AgglomerativeConfig, linkage_tree
    from musaic.clustering.asked import ClusteringConfig, CountedConfig
    from musaic.clustering.base import Clusterer, Clustering, ClusterInputError
    from musaic.clustering.choice import Choice, resolve
    from musaic.clustering.counting import choose_k
    from musaic.clustering.dbscan import Dbscan, DbscanConfig
    from musaic.clustering.gmm import Gmm, GmmConfig
    from musaic.clustering.hdbscan import Hdbscan, HdbscanConfig
    from musaic.clustering.kmeans import KMeans, KMeansConfig
    from musaic.clustering.neighbours import Songs
    from musaic.clustering.projection import Space, space_from_state
    from musaic.clustering.registry import CLUSTERERS, build, from_state, parse_config
    from musaic.clustering.spaced import SpacedClusterer
    from musaic.clustering.spaces import SpaceConfig, build_space
    from musaic.clustering.spectral import Spectral, SpectralConfig
    from musaic.clustering.vade import Vade, VadeConfig

__all__ = [
    "CLUSTERERS",
    "Agglomerative",
    "AgglomerativeConfig",
    "Choice",
    "ClusterInputError",
    "Clusterer",
    "Clustering",
    "ClusteringConfig",
    "CountedConfig",
    "Dbscan",
    "DbscanConfig",
    "Gmm",
    "GmmConfig",
    "Hdbscan",
    "HdbscanConfig",
    "KMeans",
    "KMeansConfig",
    "Songs",
    "Space",
    "SpaceConfig",
    "SpacedClusterer",
    "Spectral",
    "SpectralConfig",
    "Vade",
    "VadeConfig",
    "build",
    "build_space",
    "choose_k",
    "from_state",
    "linkage_tree",
    "parse_config",
    "resolve",
    "space_from_state",
]

_HOMES = {
    "agglomerative": ("Agglomerative", "AgglomerativeConfig", "linkage_tree"),
    "asked": ("ClusteringConfig", "CountedConfig"),
    "base": ("Clusterer", "ClusterInputError", "Clustering"),
    "choice": ("Choice", "resolve"),
    "counting": ("choose_k",),
    "dbscan": ("Dbscan", "DbscanConfig"),
    "gmm": ("Gmm", "GmmConfig"),
    "hdbscan": ("Hdbscan", "HdbscanConfig"),
    "kmeans": ("KMeans", "KMeansConfig"),
    "neighbours": ("Songs",),
    "projection": ("Space", "space_from_state"),
    "registry": ("CLUSTERERS", "build", "from_state", "parse_config"),
    "spaced": ("SpacedClusterer",),
    "spaces": ("SpaceConfig", "build_space"),
    "spectral": ("Spectral", "SpectralConfig"),
    "vade": ("Vade", "VadeConfig"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: configurations stay light, clusterers need scikit-learn."""
    import importlib

    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
