"""Mixtures of normals, fitted by expectation-maximisation (scikit-learn's), remembered as their parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.clustering.asked import CountedConfig
from musaic.clustering.base import (
    Clustering,
    ClusterInputError,
    canonical_order,
    check_count,
    firsts,
    read_latents,
    steady,
)
from musaic.clustering.grid import Counts, Positives, several
from musaic.clustering.mixtures import MixtureClusterer
from musaic.graph.crowd import Crowd, Limits

MAX_ITER = 300

Covariance = Literal["full", "diag", "tied", "spherical"]


class GmmConfig(CountedConfig):
    """A mixture of normals.

    Attributes
    ----------
    covariance : {'full', 'diag', 'tied', 'spherical'}, or a list of these
        What shape a cluster has: any; along the axes; one for all clusters; a ball.
    n_clusters, choose_by, most
        As in `CountedConfig`; ``choose_by: bic`` takes the number with the least Bayesian information criterion.
    n_init : int >= 1, or a list
        Starts, of which the likeliest is kept.
    reg : float > 0, or a list
        Added to variances, in units of the latents' mean variance.
    """

    likelihood: ClassVar[bool] = True
    starts: ClassVar[int] = 1
    always_told: ClassVar[tuple[str, ...]] = ("covariance", "n_clusters")

    algorithm: Literal["gmm"] = "gmm"
    covariance: Annotated[Covariance | tuple[Covariance, ...], several("'full', 'diag', 'tied', 'spherical'")] = "full"
    n_init: Counts = 3
    reg: Positives = 1e-6


class Gmm(MixtureClusterer):
    """A mixture of normals.

    Parameters
    ----------
    n_clusters : int >= 1
        Components; fewer where there are fewer distinct points.
    covariance : {'full', 'diag', 'tied', 'spherical'}
        What shape a cluster has.
    n_init : int >= 1
        Starts, of which the likeliest is kept.
    reg : float > 0
        Added to variances, in units of the latents' mean variance.
    random_state : int
        Same seed, same labels, whatever the order of the songs.

    Attributes
    ----------
    bic_ : float
        The Bayesian information criterion (Schwarz 1978) of the fit; less is better. Not kept with the state.
    """

    name = "gmm"
    settings: ClassVar[tuple[str, ...]] = ("n_clusters", "covariance", "n_init", "reg", "random_state")

    bic_: float

    def __init__(
        self,
        n_clusters: int,
        *,
        covariance: str = "full",
        n_init: int = 3,
        reg: float = 1e-6,
        random_state: int = 0,
    ) -> None:
        self.n_clusters = check_count(n_clusters)
        self.covariance = covariance
        self.n_init = n_init
        self.reg = reg
        self.random_state = random_state

    def fit(self, Z: ArrayLike, crowd: Crowd | None = None) -> Clustering:
        """Cluster latents of shape (N, D); of more than 20,000 songs so many, drawn at random, make the mixture.

        Raises
        ------
        ClusterInputError
            Where a component shrinks onto so few songs that it has no density.
        """
        values = read_latents(Z)
        ordered = values[canonical_order(values)]
        most, note = (Limits() if crowd is None else crowd.limits).exact, ""
        if len(ordered) > most:
            ordered = ordered[np.sort(np.random.default_rng(self.random_state).permutation(len(ordered))[:most])]
            note = f"mixture fitted to {most:,} songs drawn at random"
        fitted = self._mixture(ordered, min(self.n_clusters, int(firsts(ordered).sum())))
        self.weights_, self.means_ = fitted.weights_, fitted.means_
        self.precisions_cholesky_ = _one_each(self.covariance, fitted.precisions_cholesky_, self.means_)
        self._rank(values)
        return replace(self.assign(values), note=note)

    def _mixture(self, ordered: NDArray[np.float64], n_components: int) -> Any:
        from sklearn.mixture import GaussianMixture

        mixture = GaussianMixture(
            n_components,
            covariance_type=self.covariance,
            n_init=self.n_init,
            # of constant latents, in units of 1
            reg_covar=self.reg * (float(ordered.var(axis=0).mean()) or 1.0),
            max_iter=MAX_ITER,
            random_state=self.random_state,
        )
        # scikit-learn wants two songs; one twice is the same mixture
        songs = ordered if len(ordered) > 1 else np.repeat(ordered, 2, axis=0)
        try:
            with steady():
                mixture.fit(songs)
                self.bic_ = float(mixture.bic(songs))
        except (ValueError, np.linalg.LinAlgError):
            raise ClusterInputError(
                f"a mixture of {n_components} normals of {self.covariance} covariance cannot be fitted to "
                f"{len(ordered)} songs; raise reg, ask for fewer clusters, or set covariance to diag."
            ) from None
        return mixture


def _one_each(covariance: str, roots: NDArray[np.float64], means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a root of the precision for every component: of a shared one, or one of a ball, too."""
    if covariance == "tied":
        return np.repeat(roots[None], len(means), axis=0)
    if covariance == "spherical":
        return np.repeat(roots[:, None], means.shape[1], axis=1)
    return roots
