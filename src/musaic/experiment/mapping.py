"""A cell's latent space laid out in two dimensions."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from musaic.experiment.crowds import crowd_of
from musaic.experiment.spaces import LATENT
from musaic.files import read_parquet, write_parquet
from musaic.graph.crowd import Limits
from musaic.maps import EmbeddingMap, tsne_map, umap_map
from musaic.runs import Run

MAPS: dict[str, Callable[..., EmbeddingMap]] = {"umap": umap_map, "tsne": tsne_map}


@dataclass(frozen=True)
class MapTask:
    """A map to make of one cell and seed; ``method`` is a key of `MAPS`.

    ``limits`` says from how many songs on something stands in for all their distances.
    """

    run: Run
    cell: str
    seed: int
    method: str
    limits: Limits = field(default_factory=Limits)


def map_cell(task: MapTask) -> float:
    """Make and write the map; return the seconds it took."""
    start = time.perf_counter()
    table = read_parquet(task.run.embedding_file(task.cell, task.seed))
    Z = table[[name for name in table.columns if name.startswith("z_")]].to_numpy(np.float32)
    crowd = crowd_of(task.run, task.cell, task.seed, LATENT, list(table["track_id"]), Z, task.limits)
    drawn = MAPS[task.method](Z, seed=task.seed, crowd=crowd)
    places = pd.DataFrame({"track_id": table["track_id"], "x": drawn.xy[:, 0], "y": drawn.xy[:, 1]})
    write_parquet(task.run.map_file(task.cell, task.method), places.assign(method=drawn.method, note=drawn.note))
    return time.perf_counter() - start
