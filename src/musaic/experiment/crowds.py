"""What stands in for the distances of many songs, found once a cell, seed and space, and kept with the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from musaic.clustering.hdbscan import FARTHEST
from musaic.graph.crowd import Crowd, Limits
from musaic.graph.micro import Micro
from musaic.graph.neighbours import WIDTH, Graph
from musaic.runs import Run
from musaic.runs.graphs import read_graph, read_micro, write_graph, write_micro

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from musaic.clustering.config import ClusteringConfig
    from musaic.experiment.config import ComputeConfig


@dataclass(frozen=True)
class Kept:
    """Where the graph and the micro-clusters of a cell's songs in a space are kept, in the order of those songs."""

    run: Run
    cell: str
    seed: int
    space: str
    track_ids: Sequence[str]

    def graph(self, width: int) -> Graph | None:
        """Return the graph of so many neighbours, if it was kept."""
        return read_graph(self.run.graph_file(self.cell, self.seed, self.space, width), self.track_ids)

    def keep_graph(self, graph: Graph) -> None:
        """Keep a graph."""
        write_graph(self.run.graph_file(self.cell, self.seed, self.space, graph.width), self.track_ids, graph)

    def micro(self) -> Micro | None:
        """Return the micro-clusters that were kept, if any."""
        return read_micro(self.run.micro_file(self.cell, self.seed, self.space), self.track_ids)

    def keep_micro(self, micro: Micro) -> None:
        """Keep micro-clusters."""
        write_micro(self.run.micro_file(self.cell, self.seed, self.space), self.track_ids, micro)


def crowd_of(
    run: Run, cell: str, seed: int, space: str, track_ids: Sequence[str], values: ArrayLike, limits: Limits
) -> Crowd:
    """Return a cell's songs in a space, as `musaic.graph.Crowd`."""
    return Crowd(values, seed=seed, limits=limits, keeper=Kept(run, cell, seed, space, track_ids))


def limits_of(compute: ComputeConfig, clusterings: Iterable[ClusteringConfig]) -> Limits:
    """Return the limits of an experiment; its graphs have as many neighbours as any of the clusterings reads."""
    asked = [WIDTH]
    for config in (one for several in clusterings for one in several.expand()):
        settings: dict[str, Any] = dict(config)
        samples = settings.get("min_samples") or settings.get("min_cluster_size")
        if config.algorithm == "hdbscan":
            samples = min(samples or FARTHEST, FARTHEST)
        wanted = (samples, settings.get("n_neighbors"), config.only_space.n_neighbors)
        asked += [number for number in wanted if isinstance(number, int)]
    return Limits(compute.exact_up_to, compute.micro_above, compute.micro_clusters, max(asked))
