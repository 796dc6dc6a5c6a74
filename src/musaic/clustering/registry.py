"""The clusterers by name: a new one joins by being registered."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from musaic.clustering.config import ClusteringConfig, KMeansConfig
from musaic.errors import UsageError, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from musaic.clustering.base import Clusterer


@dataclass(frozen=True)
class Entry:
    """A registered clusterer.

    Attributes
    ----------
    config : type of ClusteringConfig
        Its configuration, light to import.
    home : str
        ``module:class`` of the clusterer, imported when it is built.
    """

    config: type[ClusteringConfig]
    home: str

    def load(self) -> type[Clusterer]:
        """Import the clusterer's class."""
        module, name = self.home.split(":")
        found: type[Clusterer] = getattr(importlib.import_module(module), name)
        return found


CLUSTERERS: dict[str, Entry] = {"kmeans": Entry(KMeansConfig, "musaic.clustering.kmeans:KMeans")}


def entry(name: str) -> Entry:
    """Return the registered clusterer called ``name``."""
    if name not in CLUSTERERS:
        raise unknown("clustering algorithm", name, CLUSTERERS)
    return CLUSTERERS[name]


def parse_config(data: Mapping[str, Any], where: str = "the clustering") -> ClusteringConfig:
    """Return the configuration that plain data such as ``{"algorithm": "kmeans", "n_clusters": 6}`` describes.

    Raises
    ------
    UsageError
        For an algorithm that is not registered, or a key or value that it does not take.
    """
    if "algorithm" not in data:
        known = ", ".join(sorted(CLUSTERERS))
        raise UsageError(f"{where} does not say which algorithm; add 'algorithm:' with one of {known}.")
    return entry(str(data["algorithm"])).config.parse(data, where)


def build(config: ClusteringConfig, n_clusters: int, *, random_state: int = 0) -> Clusterer:
    """Return an unfitted clusterer for a number of clusters that `resolve_k` has settled."""
    others = config.model_dump(exclude={"algorithm", "n_clusters"})
    make: Callable[..., Clusterer] = entry(config.algorithm).load()
    return make(n_clusters=n_clusters, random_state=random_state, **others)


def from_state(head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Clusterer:
    """Return the clusterer that gave out this state."""
    return entry(str(head["algorithm"])).load().from_state(head, arrays)
