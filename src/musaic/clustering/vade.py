"""The clusters that a model has learned with its latents: the components of its mixture prior (VaDE).

Variational Deep Embedding is arXiv:1611.05148; responsibilities are its eq. 16.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import model_validator

from musaic.clustering.asked import ClusteringConfig
from musaic.clustering.base import Clustering, ClusterInputError, State, read_latents
from musaic.clustering.mixtures import MixtureClusterer
from musaic.graph.crowd import Crowd

Mixture = tuple[ArrayLike, ArrayLike, ArrayLike]
"""Weights (K,), means (K, D) and variances (K, D) of a mixture of normals with diagonal covariances."""


class VadeConfig(ClusteringConfig):
    """The model's own clusters, in its latent space."""

    algorithm: Literal["vade"] = "vade"

    @model_validator(mode="after")
    def _where_the_mixture_is(self) -> Self:
        spaces = self.space if isinstance(self.space, tuple) else (self.space,)
        if any(space.kind != "latent" for space in spaces):
            raise ValueError("space must be latent for vade, whose clusters are the model's own; leave it out")
        return self


class Vade(MixtureClusterer):
    """The components of a model's mixture prior.

    Parameters
    ----------
    mixture : tuple of array_like
        Weights (K,), means (K, D) and variances (K, D).

    Raises
    ------
    ClusterInputError
        Where there is no mixture, or its parts do not fit together.
    """

    name = "vade"
    settings = ("mixture",)

    def __init__(self, mixture: Mixture | None) -> None:
        if mixture is None:
            raise ClusterInputError(
                "vade takes the clusters of a model with a mixture prior, and this model has none; name the cells that "
                "have one, as in cells: ['vade*']."
            )
        weights, means, variances = (np.asarray(part, dtype=np.float64) for part in mixture)
        if means.ndim != 2 or variances.shape != means.shape or weights.shape != means.shape[:1]:
            raise ClusterInputError(
                "a mixture has weights of shape (K,) and means and variances of shape (K, dimensions), not "
                f"{weights.shape}, {means.shape} and {variances.shape}."
            )
        if not (np.isfinite(means).all() and (variances > 0).all() and (weights >= 0).all() and weights.sum() > 0):
            raise ClusterInputError("a mixture's weights must be from 0, its variances above 0, its means finite.")
        self.weights_, self.means_ = weights / weights.sum(), means
        self.precisions_cholesky_ = 1.0 / np.sqrt(variances)

    def fit(self, Z: ArrayLike, crowd: Crowd | None = None) -> Clustering:
        """Say which components latents of shape (N, D) belong to; the one with the most is cluster 0."""
        self._rank(read_latents(Z, n_dims=self.means_.shape[1]))
        return self.assign(Z)

    def get_state(self) -> State:
        """Return the name, and the mixture with the order of its components."""
        self._check_fitted()
        return {"algorithm": self.name}, {name: getattr(self, f"{name}_") for name in self._learned()}

    @classmethod
    def from_state(cls, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the clusterer that `get_state` was called on."""
        clusterer = cls.__new__(cls)
        for name in cls._learned():
            setattr(clusterer, f"{name}_", np.asarray(arrays[name]))
        return clusterer
