"""Where the components of a mixture prior begin: groups found in a pretrained autoencoder's latents, or in its input.

Letters: N tracks, D features, Z latent dimensions, K components.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musaic.models.inputs import InputError
from musaic.models.vae.config import MixturePriorConfig

LEAST_VARIANCE = 1e-3
"""Of a component, in units of the latents' mean variance."""
UMAP_DIMS, UMAP_NEIGHBOURS = 10, 15
LEAST_FOR_UMAP = 4
MIXTURES = 5
"""Fitted to an embedding, the likeliest taken: of two that find the same groups but one, the worse is common."""


@dataclass(frozen=True)
class Start:
    """A mixture to begin with.

    Attributes
    ----------
    weights : ndarray, shape (K,)
        Sum to 1.
    means, variances : ndarray, shape (K, Z)
        Of the components, in latent space.
    responsibilities : ndarray, shape (N, K)
        How far each track belongs to each; rows sum to 1.
    """

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    variances: NDArray[np.float64]
    responsibilities: NDArray[np.float64]


def check_enough(n_tracks: int, config: MixturePriorConfig) -> None:
    """Raise `InputError` where so few tracks cannot be a mixture's beginning."""
    if n_tracks < config.n_clusters:
        raise InputError(
            f"a mixture of {config.n_clusters} components cannot begin with {n_tracks} tracks; lower n_clusters."
        )
    if config.start == "umap" and n_tracks < LEAST_FOR_UMAP:
        raise InputError(
            f"{n_tracks} tracks have no neighbourhoods to begin with; give at least {LEAST_FOR_UMAP}, or set start to "
            "'gmm'."
        )


def start(
    latents: NDArray[np.float64],
    features: NDArray[np.float64],
    config: MixturePriorConfig,
    random_state: int,
) -> Start:
    """Return a mixture over latents of shape (N, Z), from groups found in them or in features of shape (N, D).

    Raises
    ------
    InputError
        Where there are fewer tracks than components, or too few for a neighbourhood.
    """
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    check_enough(len(latents), config)
    space = latents if config.space == "latents" else features
    if config.start == "umap":
        space = _neighbourhoods(space, random_state)
    mixture = GaussianMixture(
        config.n_clusters,
        covariance_type="diag" if config.start == "gmm" else "full",
        reg_covar=LEAST_VARIANCE * float(space.var(axis=0).mean()) + 1e-12,
        n_init=1 if config.start == "gmm" else MIXTURES,
        max_iter=200,
        random_state=random_state,
    )
    # one thread: the last bits of the sums depend on the number of threads
    with threadpool_limits(1):
        responsibilities = mixture.fit(space).predict_proba(space)
    return _moments(latents, responsibilities)


def _moments(latents: NDArray[np.float64], responsibilities: NDArray[np.float64]) -> Start:
    """Return the weights, means and variances of groups in latent space."""
    size = responsibilities.sum(axis=0) + 1e-9
    means = responsibilities.T @ latents / size[:, None]
    variances = responsibilities.T @ latents**2 / size[:, None] - means**2
    least = LEAST_VARIANCE * float(latents.var(axis=0).mean()) + 1e-12
    return Start(size / size.sum(), means, np.maximum(variances, least), responsibilities)


def _neighbourhoods(points: NDArray[np.float64], random_state: int) -> NDArray[np.float64]:
    """Return a UMAP embedding made for clustering: several dimensions, points of a group close together."""
    from umap import UMAP

    umap: Any = UMAP(
        # UMAP starts from one eigenvector more than dimensions, and there must be more tracks than those
        n_components=min(UMAP_DIMS, points.shape[1], len(points) - 2),
        n_neighbors=min(UMAP_NEIGHBOURS, len(points) - 1),
        min_dist=0.0,
        random_state=random_state,
        n_jobs=1,
    )
    return np.asarray(umap.fit_transform(points), dtype=np.float64)
