"""What a label tells, taken out of features: language out of lyrics vectors, before anything is learned from them.

Two ways. ``centre`` gives the tracks of every value of the label one mean (Libovický et al., arXiv:2004.05160, for
languages). ``erase`` projects away the directions that tell the label: least-squares concept erasure (Belrose et al.,
arXiv:2306.03819, theorem 4.3), after which no linear classifier does better than a constant one on the tracks of the
fit, and of all such maps the one that changes the features least.

Letters: N tracks, D features, K values of the label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.models.config import Removal
from musaic.models.inputs import InputError

RANK_TOLERANCE = 1e-6
"""Directions with less than this share of the largest standard deviation are taken not to vary at all."""


class LabelRemoval:
    """Takes one label out of one modality.

    Parameters
    ----------
    label : str
        Name of the label column.
    method : {'centre', 'erase'}
        ``centre`` moves the mean of every value's tracks to the mean of all, and needs the label of every track it is
        given; a track without one, or with one that the fit has not seen, stays where it is. ``erase`` needs labels
        for the fit only.

    Attributes
    ----------
    values_ : tuple of str
        The K values of the label, sorted.
    mean_ : ndarray, shape (D,)
        Mean of the labelled tracks.
    means_ : ndarray, shape (K, D)
        Mean of every value's tracks; ``centre`` alone.
    basis_, cobasis_ : ndarray, shape (r, D), r < K
        What is taken from x is ``((x - mean) @ cobasis.T) @ basis``; ``erase`` alone.
    """

    def __init__(self, label: str, method: Removal = "centre") -> None:
        self.label = label
        self.method: Removal = method

    def fit(self, X: NDArray[Any], labels: NDArray[np.object_]) -> Self:
        """Learn from the tracks that have the modality and the label.

        Parameters
        ----------
        X : ndarray, shape (N, D)
            Features.
        labels : ndarray of str or None, shape (N,)
            The label, None where it is missing.
        """
        known = np.array([label is not None for label in labels], dtype=bool)
        rows, names = X[known].astype(np.float64), labels[known]
        self.values_: tuple[str, ...] = tuple(sorted(set(names)))
        self.mean_ = rows.mean(axis=0) if len(rows) else np.zeros(X.shape[1])
        self.means_ = np.zeros((0, X.shape[1]))
        self.basis_, self.cobasis_ = np.zeros((2, 0, X.shape[1]))
        if not len(rows):
            return self
        member = names[:, None] == np.array(self.values_, dtype=object)
        means = (member.T @ rows) / member.sum(axis=0)[:, None]
        if self.method == "centre":
            self.means_ = means
        else:
            self.basis_, self.cobasis_ = _erasure(rows - self.mean_, member.astype(np.float64))
        return self

    def transform(self, X: NDArray[Any], labels: NDArray[np.object_] | None) -> NDArray[np.float64]:
        """Return features without the label, shape (N, D), in the units of ``X``."""
        if self.method == "erase":
            return np.asarray(X - ((X - self.mean_) @ self.cobasis_.T) @ self.basis_)
        assert labels is not None
        places = {value: place for place, value in enumerate(self.values_)}
        place = np.array([places.get(label, -1) for label in labels])
        shift = np.where((place >= 0)[:, None], np.append(self.means_, [self.mean_], axis=0)[place] - self.mean_, 0.0)
        return np.asarray(X - shift)

    def get_state(self) -> tuple[list[str], dict[str, NDArray[Any]]]:
        """Return the values of the label, and what was learned as arrays."""
        arrays = {"mean": self.mean_, "means": self.means_, "basis": self.basis_, "cobasis": self.cobasis_}
        return list(self.values_), arrays

    @classmethod
    def from_state(cls, label: str, method: Removal, values: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the removal that `get_state` was called on."""
        removal = cls(label, method)
        removal.values_ = tuple(values)
        removal.mean_, removal.means_ = arrays["mean"], arrays["means"]
        removal.basis_, removal.cobasis_ = arrays["basis"], arrays["cobasis"]
        return removal


def _erasure(centred: NDArray[np.float64], member: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the directions that tell the label in whitened space, mapped back and forth.

    With W the whitening of X, and U an orthonormal basis of the column space of W cov(X, member), the erasure is
    x - W⁺ U Uᵀ W (x - mean): ``basis`` is (W⁺ U)ᵀ and ``cobasis`` is (W U)ᵀ, W being symmetric.
    """
    from threadpoolctl import threadpool_limits

    # one thread: the last bits of the decomposition depend on the number of threads
    with threadpool_limits(1):
        _, spread, axes = np.linalg.svd(centred / np.sqrt(len(centred)), full_matrices=False)
        varies = spread > RANK_TOLERANCE * max(float(spread[0]), 1e-300)
        spread, axes = spread[varies], axes[varies]
        covariance = centred.T @ (member - member.mean(axis=0)) / len(centred)
        whitened = (axes @ covariance) / spread[:, None]
        left, strength, _ = np.linalg.svd(whitened, full_matrices=False)
        # of K values, one follows from the others; correlations are at most 1, so 1e-6 of them is rounding
        left = left[:, strength > RANK_TOLERANCE]
        return (left.T * spread) @ axes, (left.T / spread) @ axes


def read_labels(
    given: Mapping[str, ArrayLike] | None,
    wanted: Sequence[str],
    n_tracks: int,
    model: str,
    *,
    needed: Sequence[str] | None = None,
) -> dict[str, NDArray[np.object_]]:
    """Check the labels that a model is given: those that its configuration names.

    Parameters
    ----------
    given : mapping of str to array_like
        Label columns, one value a track; NaN, None and '' are missing ones.
    wanted : sequence of str
        Those that the model can be told; others are refused.
    n_tracks : int
        N.
    model : str
        Its name, for messages.
    needed : sequence of str, optional
        Those that must be given; all that are wanted where nothing is said.

    Returns
    -------
    dict of str to ndarray of str or None, shape (N,)
        One entry for each that is wanted; None throughout where one was not given.
    """
    columns: Any = {} if given is None else given
    if not isinstance(columns, Mapping) and not hasattr(columns, "columns"):  # a data frame does as well
        raise InputError(
            f"condition is a {type(given).__name__}; give the values by label, such as {{'language': values}}."
        )
    labels = {str(name): columns[name] for name in columns}
    must = wanted if needed is None else needed
    if labels and not wanted:
        raise InputError(
            f"{model!r} is configured without labels; leave condition out, or name {next(iter(labels))!r} "
            "in its configuration."
        )
    if [name for name in labels if name not in wanted] or [name for name in must if name not in labels]:
        raise InputError(
            f"condition holds {', '.join(labels) or 'nothing'}; {model!r} as configured needs {', '.join(must)}, "
            "one value a track, None where it is not known."
        )
    nothing = np.full(n_tracks, None, dtype=object)
    return {name: _column(name, labels[name], n_tracks) if name in labels else nothing for name in wanted}


def _column(name: str, values: ArrayLike, n_tracks: int) -> NDArray[np.object_]:
    import pandas as pd

    column = np.asarray(values, dtype=object)
    if column.shape != (n_tracks,):
        raise InputError(
            f"condition {name!r} has shape {column.shape}; it must be one value for each of {n_tracks} tracks."
        )
    pairs = zip(column, pd.isna(column).tolist(), strict=True)
    return np.array([None if gone or value == "" else str(value) for value, gone in pairs], dtype=object)
