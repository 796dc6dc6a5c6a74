"""Where a cell is clustered beside its latent space: its inputs, their principal components, a UMAP of either."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from musaic.experiment.crowds import crowd_of
from musaic.files import read_parquet, write_parquet
from musaic.graph.crowd import Limits
from musaic.models.registry import build, parse_config
from musaic.runs import Run
from musaic.runs.state import save_state

if TYPE_CHECKING:
    from musaic.clustering.spaces import SpaceConfig
    from musaic.experiment.inputs import Inputs
    from musaic.models.base import Representation
    from musaic.models.config import ModelConfig

LATENT = "latent"
RAW = "raw"
INPUTS = "inputs"
"""The folder of what scales the inputs of a cell."""
MEMORY = 4.0
"""Gigabytes of frames that may lie in the memory of a machine."""


@dataclass(frozen=True)
class SpaceTask:
    """A space to make for one cell and seed.

    Parameters
    ----------
    run : Run
        The run.
    cell : str
        Its name; ``model`` is what it is configured as.
    seed : int
        Which of its seeds.
    space : SpaceConfig
        What is made.
    inputs : Inputs
        What the cell is given.
    limits : Limits
        From how many songs on something stands in for all their distances.
    beside : int
        Spaces that are made at once on one machine.
    """

    run: Run
    cell: str
    model: ModelConfig
    seed: int
    space: SpaceConfig
    inputs: Inputs
    limits: Limits = field(default_factory=Limits)
    beside: int = 1


def stands(run: Run, cell: str, seed: int, space: str) -> bool:
    """Return whether a space is there with what leads into it: points of the inputs are left by other spaces too."""
    led = run.space_folder(cell, seed, space) / "config.json"
    return space == LATENT or (led.exists() and run.space_file(cell, seed, space).exists())


def make_space(task: SpaceTask) -> float:
    """Make and write the space; return the seconds it took. The points are written last."""
    from musaic.clustering.spaces import build_space

    start = time.perf_counter()
    latents = read_points(task.run, task.cell, task.seed, LATENT)
    raw = None
    if task.space.needs_raw:
        features = raw_representation(task.model)
        given: dict[str, Any] = {"present": task.inputs.present, "condition": task.inputs.labels or None}
        loaded = task.inputs.loaded(MEMORY / task.beside)
        features.fit(loaded.values, **given)
        save_state(task.run.space_folder(task.cell, task.seed, INPUTS), *features.get_state())
        table = pd.DataFrame(features.transform(loaded.values, **given), index=list(task.inputs.track_ids))
        raw = table.loc[latents.index].to_numpy(np.float64)
        _write_points(task, RAW, list(latents.index), raw)
    space = build_space(task.space)
    crowd = None
    if task.space.kind == "umap":
        of, base = (RAW, raw) if task.space.needs_raw else (LATENT, latents.to_numpy(np.float64))
        assert base is not None
        crowd = crowd_of(task.run, task.cell, task.seed, of, list(latents.index), base, task.limits)
    points = space.fit_transform(latents.to_numpy(np.float64), raw, random_state=task.seed, crowd=crowd)
    save_state(task.run.space_folder(task.cell, task.seed, task.space.name), *space.get_state(), name="space")
    _write_points(task, task.space.name, list(latents.index), points)
    return time.perf_counter() - start


def _write_points(task: SpaceTask, space: str, track_ids: list[str], points: np.ndarray) -> None:
    columns = {f"x_{dim:03d}": points[:, dim] for dim in range(points.shape[1])}
    file = task.run.space_file(task.cell, task.seed, space)
    write_parquet(file, pd.DataFrame({"track_id": track_ids, **columns}))


def raw_representation(model: ModelConfig) -> Representation:
    """Return the unfitted baseline ``raw`` that takes a model's inputs scaled, laid out and freed of labels as it does.

    Weights of a VAE weigh likelihoods and not features; they are left out.
    """
    plain = model.plain()
    shared: dict[str, Any] = {key: plain[key] for key in ("scaling", "without", "removal", "n_frames") if key in plain}
    return build(parse_config({"model": RAW, **shared}))


def read_points(run: Run, cell: str, seed: int, space: str) -> pd.DataFrame:
    """Return where a cell's tracks lie in a space, indexed by ``track_id``."""
    if space != LATENT:
        return read_parquet(run.space_file(cell, seed, space)).set_index("track_id")
    table = read_parquet(run.embedding_file(cell, seed)).set_index("track_id")
    return table[[name for name in table.columns if name.startswith("z_")]]
