"""Clusterings of representations as they are held against one another: who has which tracks, and how right it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.evaluation.labels import known_labels
from musaic.evaluation.tables import Counts, ami, canonical, contingency


@dataclass(frozen=True)
class Contender:
    """One clustering of one representation, over several seeds.

    Attributes
    ----------
    cell, model, input : str
        Which representation, of what.
    clustering, space : str
        Which clustering of it.
    n_clusters : int or float
        K; the mean over seeds where a method finds it.
    labelings : dict of int to ndarray, shape (N,)
        Clusters by seed; all contenders have the same tracks in the same order. A track that a contender has not
        seen is None in ``present``.
    baseline : bool
        Whether it is one of those to be beaten.
    present : ndarray of bool, shape (N,), optional
        Tracks that it has; all where nothing is said.
    stability, silhouette_ref, coverage : float
        What is known of it without labels.
    labels_used : tuple of str
        Label columns that it has seen.
    collapsed : bool
        Whether its posterior says nothing.
    settings : str
        Further parameters of the clustering, such as its linkage, which must be equal for a comparison too.
    """

    cell: str
    model: str
    input: str
    clustering: str
    space: str
    n_clusters: float
    labelings: Mapping[int, NDArray[Any]]
    baseline: bool = False
    present: NDArray[np.bool_] | None = None
    stability: float = float("nan")
    silhouette_ref: float = float("nan")
    coverage: float = 1.0
    labels_used: tuple[str, ...] = ()
    collapsed: bool = False
    settings: str = ""

    @property
    def place(self) -> tuple[str, str, str, str, float]:
        """What must be equal for a comparison."""
        return (self.input, self.clustering, self.settings, self.space, self.n_clusters)


def ami_of(labels: NDArray[Any], clusters: NDArray[Any]) -> float:
    """Return the AMI of clusters and a label; NaN where there are no two classes."""
    table = contingency(labels, clusters)
    return float(ami(Counts(canonical(table)))) if len(table) > 1 else float("nan")


def seen_by(contender: Contender, codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which tracks are labelled and known to a contender."""
    known: NDArray[np.bool_] = codes >= 0
    return known if contender.present is None else known & contender.present


def numbered(values: ArrayLike) -> NDArray[np.intp]:
    """Return numbers from 0 on for values, in their order."""
    return np.unique(np.asarray(values), return_inverse=True)[1]


def codes_of(truth: Sequence[Any]) -> NDArray[np.int64]:
    """Return a number for every label, -1 where it is missing."""
    values, known = known_labels(truth)
    codes = np.full(len(values), -1, dtype=np.int64)
    codes[known] = numbered(values[known])
    return codes
