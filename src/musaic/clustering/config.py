"""What a clustering is asked to be: typed, frozen, readable from an experiment file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from musaic.config import Config

LABELS = "labels:"
"""``labels:genre`` asks for as many clusters as the label column has values."""

OneK = int | str
"""A number of clusters, ``auto``, or ``labels:<column>``."""


class ClusteringConfig(Config):
    """What every clustering is told.

    Attributes
    ----------
    algorithm : str
        The clusterer's registered name.
    """

    algorithm: str

    def wanted(self) -> tuple[OneK, ...]:
        """Return the numbers of clusters asked for, one or several."""
        raise NotImplementedError


class KMeansConfig(ClusteringConfig):
    """K-Means.

    Attributes
    ----------
    n_clusters : int >= 1, 'auto', 'labels:<column>', or a list of these
        How many clusters; a list asks for one clustering each. ``auto`` takes the number with the best silhouette
        and sees no label; ``labels:genre`` takes as many as there are genres.
    n_init : int >= 1
        Starts, of which the one with the least inertia is kept.
    """

    algorithm: Literal["kmeans"] = "kmeans"
    n_clusters: OneK | tuple[OneK, ...] = "auto"
    n_init: int = Field(default=10, ge=1)

    @model_validator(mode="after")
    def _countable(self) -> KMeansConfig:
        for value in self.wanted():
            if isinstance(value, str):
                good = value == "auto" or (value.startswith(LABELS) and value != LABELS)
            else:
                good = value >= 1
            if not good:
                raise ValueError(
                    f"n_clusters must be a whole number from 1, 'auto', 'labels:<column>' or a list of these, "
                    f"not {value!r}"
                )
        if not self.wanted():
            raise ValueError("n_clusters is an empty list; name at least one number of clusters, or 'auto'")
        return self

    def wanted(self) -> tuple[OneK, ...]:
        """Return the numbers of clusters asked for, one or several."""
        return self.n_clusters if isinstance(self.n_clusters, tuple) else (self.n_clusters,)
