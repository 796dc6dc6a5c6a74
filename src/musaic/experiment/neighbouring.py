"""What stands in for the distances of a cell's many songs, found before several tasks ask for it at once."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from musaic.experiment.crowds import crowd_of
from musaic.experiment.spaces import read_points
from musaic.graph.crowd import Limits
from musaic.runs import Run


@dataclass(frozen=True)
class NeighbourTask:
    """The songs of one cell and seed in a space whose points stand in the run, and from how many on they are many."""

    run: Run
    cell: str
    seed: int
    space: str
    limits: Limits


def find_neighbours(task: NeighbourTask) -> float:
    """Find and keep the graph of the songs, or their micro-clusters; return the seconds it took."""
    start = time.perf_counter()
    points = read_points(task.run, task.cell, task.seed, task.space)
    values = points.to_numpy(np.float64)
    crowd = crowd_of(task.run, task.cell, task.seed, task.space, list(points.index), values, task.limits)
    if crowd.many:
        _ = crowd.micro
    elif not crowd.few:
        crowd.graph()
    return time.perf_counter() - start
