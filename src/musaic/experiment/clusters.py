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
from musaic.experiment.config import CellConfig, EvaluationConfig
from musaic.experiment.explaining import explain
from musaic.experiment.inputs import Inputs
from musaic.experiment.loading import load_experiment
from musaic.experiment.runner import run as run_experiment
from musaic.experiment.scoring import lacking, restored_context
from musaic.experiment.stages import Stages
from musaic.experiment.summary import describe_cell, summarise_run
from musaic.files import read_parquet, remove, write_json
from musaic.parallel import must_see
from musaic.progress import SILENT, Reporter
from musaic.runs import Run


def cluster(
    run: Run | str | Path,
    configs: Sequence[ClusteringConfig],
    *,
    corpus: str | Path | None = None,
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
    corpus : str or Path, optional
        Where the songs lie, if they were moved.
    cache : Path, optional
        Where features are kept. Songs and features are read only where a space of the inputs is asked for that the
        run does not have yet.
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
        Where there is no such run, it is not finished, or a clustering can be had of none of its cells.
    """
    folder = run if isinstance(run, Run) else Run.open(run)
    if not folder.cells_file.exists():
        raise UsageError(f"{folder.path} is not finished (it has no cells.json); end it with 'musaic run' first.")
    experiment = load_experiment(folder.experiment_file)
    cells = [_cell(folder, described) for described in folder.cells]
    done = [cell for cell in cells if cell.status == "done"]
    _check(folder, configs, done, experiment.evaluation)
    add(folder, configs)
    clusterings = every_clustering(folder, experiment)
    context = restored_context(folder, experiment.evaluation, clusterings)
    must_see(folder.experiment_file)
    stages = Stages(folder, experiment, clusterings, context, cells, workers, reporter)
    if stages.lack_inputs(done):
        only = [cell.name for cell in done]
        return run_experiment(
            experiment, corpus=corpus, out=folder.path, only=only, cache=cache, workers=workers, reporter=reporter
        )
    for cell in done:
        cell.status, cell.reason = "pending", None
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


def _check(run: Run, configs: Sequence[ClusteringConfig], cells: Sequence[Cell], evaluation: EvaluationConfig) -> None:
    """Raise `UsageError` where a clustering is for none of the cells, or can be had of none."""
    context = restored_context(run, evaluation, configs)
    for config in (one for several in configs for one in several.expand()):
        meant = [cell for cell in cells if matches(cell.name, cell.config.slug, config.cells)]
        if not meant:
            names, glob = [cell.config.slug for cell in cells], config.cells[0]
            listed = f"it has {', '.join(names)}" if names else "none of its cells is done"
            raise UsageError(f"no cell of {run.path} is called {glob!r}{nearest(glob, names) or ';'} {listed}.")
        lacks = [
            lacking(config, cell.config, context.columns(cell.inputs.track_ids), len(cell.inputs.track_ids))
            for cell in meant
        ]
        if all(lacks):
            raise UsageError(f"{config.algorithm} can be had of no cell of {run.path}: none has {lacks[0]}.")


def _cell(run: Run, described: dict[str, Any]) -> Cell:
    """Return a cell as it stands in a run, without what it was given."""
    name, first = str(described["cell"]), int(described["seeds"][0])
    config = CellConfig.parse(dict(described["config"]), name)
    file = run.embedding_file(name, first)
    ids = tuple(read_parquet(file)["track_id"]) if file.exists() else ()
    everyone = np.ones(len(ids), dtype=bool)
    seen = {"": tuple(described.get("labels_used", ()))}
    of_lyrics = frozenset(config.input if described["reads_lyrics"] else ())
    inputs = Inputs(ids, {}, {}, np.array(ids, dtype=str), {}, everyone, seen, of_lyrics=of_lyrics)
    return Cell(name, config, inputs, str(described["status"]), described["reason"])
