"""The centres of micro-clusters as points to cluster: how much each counts, and what they are too few to tell.

Letters: N songs, D dimensions, M centres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from musaic.clustering.base import ClusterInputError
from musaic.graph.crowd import Crowd
from musaic.graph.neighbours import EXACT


@dataclass(frozen=True, eq=False)
class Centres:
    """Centres that stand in for songs.

    Attributes
    ----------
    points : ndarray, shape (M, D)
        In order of their coordinates.
    members : ndarray of int32, shape (N,)
        The centre that each song is nearest to.
    sizes : ndarray of int64, shape (M,)
        Songs of every centre.
    most : int
        About how many points all centres together count for.
    true : bool
        Whether every song lies at its centre: then nothing is lost but how many there are.
    """

    points: NDArray[np.float64]
    members: NDArray[np.int32]
    sizes: NDArray[np.int64]
    most: int
    true: bool

    @classmethod
    def of(cls, values: NDArray[np.float64], crowd: Crowd) -> Self:
        """Return the centres of the songs of a crowd, which lie at ``values``."""
        micro = crowd.micro
        most = max(len(micro.centres), min(crowd.limits.micro_clusters, len(values)))
        true = bool((micro.centres[micro.members] == values).all())
        return cls(micro.centres, micro.members, micro.sizes, most, true)

    @property
    def times(self) -> NDArray[np.int64]:
        """How often each centre counts, shape (M,): by its songs, once at least, together as few as can be compared."""
        most = min(self.most, EXACT - len(self.points))
        return np.asarray(np.maximum(1, np.rint(self.sizes * (most / self.sizes.sum()))), dtype=np.int64)

    @property
    def repeated(self) -> NDArray[np.float64]:
        """The centres, each as often as it counts."""
        return np.repeat(self.points, self.times, axis=0)

    def scaled(self, n_songs: int, n_points: int, least: int) -> int:
        """Return how many of all points so many songs are, ``least`` at least."""
        return max(least, round(n_songs * n_points / len(self.members)))

    def check_resolves(self, name: str, distance: float) -> None:
        """Raise `ClusterInputError` where most songs' centres have no other so near: all of them would fall apart."""
        from scipy.spatial import cKDTree

        if self.true or len(self.points) < 2:
            return
        gap = np.asarray(cKDTree(self.points).query(self.points, k=2)[0])[:, 1]
        if self.sizes[gap > distance].sum() > self.sizes.sum() / 2:
            raise ClusterInputError(
                f"{name} is {distance:g}, and the {len(self.points):,} micro-clusters that stand in for "
                f"{self.sizes.sum():,} songs lie about {np.median(gap):.4g} apart, so that nothing nearer can be told; "
                f"give a larger {name}, or raise micro_clusters or micro_above."
            )
