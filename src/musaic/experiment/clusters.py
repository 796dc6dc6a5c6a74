"""More clusterings of a finished run: its latents stand, nothing is trained again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from musaic.clustering.config import ClusteringConfig
from musaic.errors import UsageError, nearest
from musaic.experiment.added import add, every_clustering
from musaic.experiment.cell import Cell
from musaic.experiment.checks import matches
from musaic.experiment.config import CellConfig
from musaic.experiment.explaining import explain
from musaic.experiment.inputs import Inputs
from musaic.experiment.loading import load_experiment
from musaic.experiment.runner import run as run_experiment
from musaic.experiment.scoring import restored_context
from musaic.experiment.stages import Stages
from musaic.experiment.summary import describe_cell, summarise_run
from musaic.files import read_parquet, remove, write_json
from musaic.progress import SILENT, Reporter
from musaic.runs import Run


def cluster(
    run: Run | str | Path,
    configs: Sequence[ClusteringConfig],
    *,
    cache: Path | None = None,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> Run:
    """Add clusterings to the cells of a run, and score them.

    Parameters
    ----------
    run : Run, str or Path
        A finished run.
    configs : sequence of ClusteringConfig
        What is added; what stands already is kept.
    cache : Path, optional
        Where features are kept: read only where a space of the inputs is asked for that the run does not have yet.
    workers : int >= 0, optional
        Processes; all cores by default.
    reporter : Reporter
        Where progress is told.

    Returns
    -------
    Run
        The run with its tables made anew.

    Raises
    ------
    UsageError
        Where there is no such run, or no cell is meant.
    """
    folder = run if isinstance(run, Run) else Run.open(run)
    experiment = load_experiment(folder.experiment_file)
    _check_cells(folder, configs)
    add(folder, configs)
    cells = [_cell(folder, described) for described in folder.cells]
    clusterings = every_clustering(folder, experiment)
    stages = Stages(folder, experiment, clusterings, restored_context(folder, experiment), cells, workers, reporter)
    done = [cell for cell in cells if cell.status == "done"]
    if stages.lack_inputs(done):
        return run_experiment(experiment, out=folder.path, cache=cache, workers=workers, reporter=reporter)
    for cell in done:
        cell.status = "pending"
    stages.cluster(done)
    for cell in done:
        if cell.status == "pending":
            cell.status = "done"
        if cell.reason:
            reporter.say(f"{cell.status}: {cell.config.slug}: {cell.reason}")
    described = {cell.name: describe_cell(folder, experiment, cell) for cell in done}
    write_json(folder.cells_file, {"cells": [described.get(cell["cell"], cell) for cell in folder.cells]})
    remove(folder.report_file)
    summarise_run(Run(folder.path), experiment)
    explain(Run(folder.path), reporter)
    return Run(folder.path)


def _check_cells(run: Run, configs: Sequence[ClusteringConfig]) -> None:
    """Raise `UsageError` where a clustering is for no cell of the run."""
    names = {cell["cell"]: str(cell["cell"]).rpartition("-")[0] for cell in run.cells}
    for config in configs:
        if not any(matches(name, slug, config.cells) for name, slug in names.items()):
            glob = config.cells[0]
            raise UsageError(
                f"no cell of {run.path} is called {glob!r}{nearest(glob, names.values()) or ';'} "
                f"it has {', '.join(names)}."
            )


def _cell(run: Run, described: dict[str, Any]) -> Cell:
    """Return a cell as it stands in a run, without what it was given."""
    name, first = str(described["cell"]), int(described["seeds"][0])
    config = CellConfig.parse(dict(described["config"]), name)
    file = run.embedding_file(name, first)
    ids = tuple(read_parquet(file)["track_id"]) if file.exists() else ()
    everyone = np.ones(len(ids), dtype=bool)
    seen = {"": tuple(described.get("labels_used", ()))}
    inputs = Inputs(ids, {}, {}, np.array(ids, dtype=str), {}, everyone, seen)
    return Cell(name, config, inputs, str(described["status"]), described["reason"])
