"""Many songs in one space, and what stands in for the distances of all pairs: found when it is asked for, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.graph.micro import Micro, micro_clusters
from musaic.graph.neighbours import EXACT, WIDTH, Graph, neighbour_graph


@dataclass(frozen=True)
class Limits:
    """From how many songs on something stands in for all their distances.

    Parameters
    ----------
    exact : int >= 1
        Up to so many songs all are compared with all.
    micro_above : int >= 1
        With more songs than this, the centres of micro-clusters stand in for them.
    micro_clusters : int >= 2
        How many centres.
    width : int >= 2
        Neighbours of a song, itself counted, that a graph has at least.
    """

    exact: int = EXACT
    micro_above: int = 1_000_000
    micro_clusters: int = 5_000
    width: int = WIDTH


class Keeper(Protocol):
    """Where what was found is kept; what it gives back belongs to the same songs in the same order."""

    def graph(self, width: int) -> Graph | None:
        """Return the graph of so many neighbours, a song itself counted, if it was kept."""

    def keep_graph(self, graph: Graph) -> None:
        """Keep a graph."""

    def micro(self) -> Micro | None:
        """Return the micro-clusters that were kept, if any."""

    def keep_micro(self, micro: Micro) -> None:
        """Keep micro-clusters."""


class Crowd:
    """Songs in one space.

    Parameters
    ----------
    values : array_like, shape (N, D)
        Where they lie; finite.
    seed : int
        For whatever is approximated: same seed, same bytes, whatever the order of the songs.
    limits : Limits
        From how many songs on.
    keeper : Keeper, optional
        Where graph and micro-clusters are looked for before they are found, and kept.
    """

    def __init__(
        self,
        values: ArrayLike,
        *,
        seed: int = 0,
        limits: Limits | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self.values: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
        self.seed, self.limits, self.keeper = seed, limits or Limits(), keeper
        self._graphs: dict[int, Graph] = {}
        self._micro: Micro | None = None

    @property
    def few(self) -> bool:
        """Whether all songs can be compared with all."""
        return len(self.values) <= self.limits.exact

    @property
    def many(self) -> bool:
        """Whether there are so many that micro-clusters stand in for them, whatever is asked."""
        return not self.few and len(self.values) > self.limits.micro_above

    def graph(self, k: int = 2) -> Graph:
        """Return the graph of nearest neighbours, of k at least, a song itself counted.

        Which one does not depend on what was asked for before.
        """
        width = min(max(k, self.limits.width), len(self.values))
        if width not in self._graphs:
            graph = None if self.keeper is None else self.keeper.graph(width)
            if graph is None:
                graph = neighbour_graph(self.values, width, seed=self.seed, exact=self.limits.exact)
                if self.keeper is not None:
                    self.keeper.keep_graph(graph)
            self._graphs[width] = graph
        return self._graphs[width]

    @property
    def micro(self) -> Micro:
        """The micro-clusters."""
        if self._micro is None:
            self._micro = None if self.keeper is None else self.keeper.micro()
        if self._micro is None:
            self._micro = micro_clusters(self.values, self.limits.micro_clusters, seed=self.seed)
            if self.keeper is not None:
                self.keeper.keep_micro(self._micro)
        return self._micro
