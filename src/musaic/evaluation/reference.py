"""One space for all: where internal scores of different representations can be compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.evaluation.internal import SAMPLE

SHARE, MOST = 0.95, 64


def reference_space(X: ArrayLike, present: ArrayLike | None = None) -> NDArray[np.float64]:
    """Return the common reference space: standardised features, their principal components up to 95 %, at most 64.

    Parameters
    ----------
    X : array_like, shape (N, D)
        The statistics vector of every track.
    present : array_like of bool, shape (N,), optional
        Tracks that have one; those with finite values where nothing is said.

    Returns
    -------
    reference : ndarray, shape (N, at most 64)
        NaN for tracks without features. Features that do not vary carry nothing.
    """
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    values = np.asarray(X, dtype=np.float64)
    here: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=1) if present is None else present, dtype=bool)
    rows = values[here]
    if len(rows) < 2:
        return np.where(here[:, None], 0.0, np.nan)
    center, scale = rows.mean(axis=0), rows.std(axis=0)
    varies = scale > 1e-6 * np.abs(center) + 1e-12
    if not varies.any():
        return np.where(here[:, None], 0.0, np.nan)
    standard = ((rows - center) / np.where(varies, scale, 1.0))[:, varies]
    with threadpool_limits(1):
        # the decomposition of all rows would be held in memory several times
        solver = "full" if len(rows) <= SAMPLE else "covariance_eigh"
        pca = PCA(min(MOST, len(rows) - 1, standard.shape[1]), svd_solver=solver).fit(standard)
        reached = np.cumsum(pca.explained_variance_ratio_) >= SHARE
        keep = int(reached.argmax()) + 1 if reached.any() else len(reached)
        reference = np.full((len(values), keep), np.nan)
        reference[here] = pca.transform(standard)[:, :keep]
    return reference
