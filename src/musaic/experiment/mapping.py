"""A cell's latent space laid out in two dimensions."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from musaic.files import read_parquet, write_parquet
from musaic.maps import EmbeddingMap, tsne_map, umap_map
from musaic.runs import Run

MAPS: dict[str, Callable[..., EmbeddingMap]] = {"umap": umap_map, "tsne": tsne_map}


@dataclass(frozen=True)
class MapTask:
    """A map to make of one cell and seed; ``method`` is a key of `MAPS`."""

    run: Run
    cell: str
    seed: int
    method: str


def map_cell(task: MapTask) -> float:
    """Make and write the map; return the seconds it took."""
    start = time.perf_counter()
    table = read_parquet(task.run.embedding_file(task.cell, task.seed))
    Z = table[[name for name in table.columns if name.startswith("z_")]].to_numpy(np.float32)
    drawn = MAPS[task.method](Z, seed=task.seed)
    places = pd.DataFrame({"track_id": table["track_id"], "x": drawn.xy[:, 0], "y": drawn.xy[:, 1]})
    write_parquet(task.run.map_file(task.cell, task.method), places.assign(method=drawn.method))
    return time.perf_counter() - start
