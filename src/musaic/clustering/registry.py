"""The clusterers by name: a new one joins by being registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from musaic.clustering.agglomerative import Agglomerative, AgglomerativeConfig
from musaic.clustering.asked import ClusteringConfig
from musaic.clustering.base import Clusterer, ClusterInputError
from musaic.clustering.dbscan import Dbscan, DbscanConfig
from musaic.clustering.gmm import Gmm, GmmConfig
from musaic.clustering.hdbscan import Hdbscan, HdbscanConfig
from musaic.clustering.kmeans import KMeans, KMeansConfig
from musaic.clustering.spectral import Spectral, SpectralConfig
from musaic.clustering.vade import Vade, VadeConfig
from musaic.errors import UsageError, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from musaic.clustering.choice import Choice
    from musaic.clustering.vade import Mixture


@dataclass(frozen=True)
class Entry:
    """A registered clusterer.

    Attributes
    ----------
    config : type of ClusteringConfig
        What it is asked to be.
    clusterer : type of Clusterer
        What does it. Scikit-learn is imported when it is fitted.
    """

    config: type[ClusteringConfig]
    clusterer: type[Clusterer]


CLUSTERERS: dict[str, Entry] = {
    "kmeans": Entry(KMeansConfig, KMeans),
    "agglomerative": Entry(AgglomerativeConfig, Agglomerative),
    "dbscan": Entry(DbscanConfig, Dbscan),
    "hdbscan": Entry(HdbscanConfig, Hdbscan),
    "gmm": Entry(GmmConfig, Gmm),
    "spectral": Entry(SpectralConfig, Spectral),
    "vade": Entry(VadeConfig, Vade),
}


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


def build(
    config: ClusteringConfig, choice: Choice, *, random_state: int = 0, mixture: Mixture | None = None
) -> Clusterer:
    """Return an unfitted clusterer.

    Parameters
    ----------
    config : ClusteringConfig
        Single-valued: one of ``expand()``.
    choice : Choice
        What `musaic.clustering.resolve` settled for it.
    random_state : int
        Same seed, same bytes.
    mixture : tuple of array_like, optional
        Weights (K,), means (K, D) and variances (K, D) of the model's mixture prior, which ``vade`` needs.

    Raises
    ------
    UsageError
        Where a value is a list, or a word that stands for a number that ``choice`` lacks; or ``vade`` is given no
        mixture.
    """
    config = config.single()
    settled = {"n_clusters": choice.n_clusters, "eps": choice.eps}
    given = {**dict(config), "random_state": random_state, "mixture": mixture}
    given |= {name: value for name, value in settled.items() if value is not None}
    make = entry(config.algorithm).clusterer
    for name in make.settings:
        if name in settled and isinstance(given[name], str):
            raise ClusterInputError(f"{name} of {config.algorithm} is still {given[name]!r}; settle it with resolve.")
    return make(**{name: given[name] for name in make.settings})


def from_state(head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Clusterer:
    """Return the clusterer that gave out this state."""
    return entry(str(head["algorithm"])).clusterer.from_state(head, arrays)
