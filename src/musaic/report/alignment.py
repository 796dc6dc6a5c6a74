"""Which class each cluster stands for: one class a cluster, so that most tracks agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True)
class Alignment:
    """Clusters and classes matched one to one; letters: R clusters, C classes.

    Attributes
    ----------
    matched : dict of int to int
        Cluster -> its class.
    further : dict of int to int
        A cluster that is left without a class of its own -> the class that it holds most of.
    agreeing : float
        Share of the tracks in a cluster that is matched with their class, in [0, 1].
    """

    matched: dict[int, int]
    further: dict[int, int]
    agreeing: float

    def order(self, n_clusters: int) -> list[int]:
        """Return the clusters in the order of the classes they are matched with, those without one after them."""
        return sorted(range(n_clusters), key=lambda k: (k not in self.matched, self.matched.get(k, 0), k))


def align(counts: ArrayLike, *, noise: int | None = None) -> Alignment:
    """Match clusters with classes so that the number of agreeing tracks is greatest (Kuhn, 1955).

    Parameters
    ----------
    counts : array_like of int, shape (R, C)
        Tracks of each class in each cluster.
    noise : int, optional
        The row of tracks without a cluster, which is never matched.
    """
    table = np.asarray(counts)
    clusters = np.array([k for k in range(len(table)) if k != noise], dtype=int)
    rows, columns = linear_sum_assignment(table[clusters], maximize=True)
    # A pair without a common track is none.
    pairs = [(int(clusters[i]), int(j)) for i, j in zip(rows, columns, strict=True) if table[clusters[i], j] > 0]
    matched = dict(pairs)
    further = {int(k): int(table[k].argmax()) for k in clusters if k not in matched and table[k].any()}
    return Alignment(matched, further, sum(int(table[k, j]) for k, j in pairs) / max(int(table.sum()), 1))
