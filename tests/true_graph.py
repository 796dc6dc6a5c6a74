"""What a run gives a crowd of songs, without the descent, which is compiled anew in every process."""

from __future__ import annotations

from typing import Any

from musaic.graph import Graph, Micro, neighbour_graph


class TrueGraph:
    """Gives out true graphs of some songs, and has no micro-clusters."""

    def __init__(self, Z: Any) -> None:
        self.Z = Z

    def graph(self, width: int) -> Graph:
        return neighbour_graph(self.Z, width)

    def keep_graph(self, graph: Graph) -> None:
        raise AssertionError("there is a graph")

    def micro(self) -> None:
        return None

    def keep_micro(self, micro: Micro) -> None:
        pass
