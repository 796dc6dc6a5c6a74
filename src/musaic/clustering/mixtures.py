"""What is shared by clusterings that are mixtures of normals: densities, responsibilities, and who is in which.

Letters: N tracks, D dimensions, K components.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.clustering.base import Clusterer, Clustering, canonical_order, largest_first, read_latents


class MixtureClusterer(Clusterer):
    """A clustering remembered as a mixture of normals.

    A track belongs to the component most responsible for it, and its confidence is that responsibility, p(c | z).
    A component to which no song of the fit belongs is no cluster: nothing is assigned to it, though it has its share
    of the responsibility.

    Attributes
    ----------
    weights_ : ndarray, shape (K,)
        Sum to 1.
    means_ : ndarray, shape (K, D)
    precisions_cholesky_ : ndarray, shape (K, D) or (K, D, D)
        Inverses of the standard deviations along the dimensions; or matrices P with P P' the inverse of the covariance.
    ranks_ : ndarray of int64, shape (K,)
        The cluster that each component is, the largest first; -1 where it is none.
    """

    weights_: NDArray[np.float64]
    means_: NDArray[np.float64]
    precisions_cholesky_: NDArray[np.float64]
    ranks_: NDArray[np.int64]

    def assign(self, Z: ArrayLike) -> Clustering:
        """Return the clusters that latents of shape (M, D) belong to."""
        self._check_fitted()
        shares = self.responsibilities(Z)
        inhabited = np.flatnonzero(self.ranks_ >= 0)
        chosen = inhabited[shares[:, inhabited].argmax(axis=1)]
        return Clustering(self.ranks_[chosen], shares[np.arange(len(shares)), chosen], len(inhabited))

    def responsibilities(self, Z: ArrayLike) -> NDArray[np.float64]:
        """Return p(c | z) of latents of shape (M, D), shape (M, K): rows sum to 1."""
        values = read_latents(Z, n_dims=self.means_.shape[1])
        joint = log_joint(values, self.weights_, self.means_, self.precisions_cholesky_)
        shares = np.exp(joint - joint.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    @classmethod
    def _learned(cls) -> tuple[str, ...]:
        return ("weights", "means", "precisions_cholesky", "ranks")

    def _rank(self, values: NDArray[np.float64]) -> None:
        """Learn the numbers of components, by how many songs of the fit belong to each."""
        components = self.responsibilities(values[canonical_order(values)]).argmax(axis=1)
        self.ranks_ = np.full(len(self.weights_), -1, dtype=np.int64)
        self.ranks_[components] = largest_first(components)


def log_joint(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    means: NDArray[np.float64],
    precisions_cholesky: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return log p(z, c) for every track and component, shape (N, K).

    Each row is computed by itself: the same bits whatever its neighbours.
    """
    joint = np.empty((len(values), len(weights)))
    with np.errstate(divide="ignore"):  # a component of weight 0
        joint[:] = np.log(weights)
    for component, (mean, root) in enumerate(zip(means, precisions_cholesky, strict=True)):
        centred = values - mean
        if root.ndim == 1:
            whitened, scales = centred * root, root
        else:
            whitened = np.stack([(centred * column).sum(axis=1) for column in root.T], axis=1)
            scales = np.diagonal(root)
        squares = (whitened**2).sum(axis=1)
        joint[:, component] += np.log(scales).sum() - 0.5 * (squares + len(mean) * np.log(2 * np.pi))
    return joint
