"""The stages of a run: each does in parallel what is not on disk yet, and notes failures on the cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from musaic.clustering.config import ClusteringConfig
from musaic.clustering.spaces import SpaceConfig
from musaic.experiment.cell import Cell
from musaic.experiment.checks import matches
from musaic.experiment.clustering_plan import ClusteringPlan
from musaic.experiment.config import Experiment
from musaic.experiment.crowds import limits_of
from musaic.experiment.fitting import FitTask, fit_cell
from musaic.experiment.language import LanguageTask, ask_cell
from musaic.experiment.leaving_out import LeaveOutTask, leave_out
from musaic.experiment.mapping import MapTask, map_cell
from musaic.experiment.neighbouring import NeighbourTask, find_neighbours
from musaic.experiment.scoring import (
    ScoringContext,
    ScoringTask,
    note_failure,
    read_failures,
    read_scores,
    score_space,
)
from musaic.experiment.spaces import LATENT, RAW, SpaceTask, make_space
from musaic.experiment.spaces import stands as space_stands
from musaic.files import WriteError, read_json, remove, write_json
from musaic.parallel import Failure, tasks_beside
from musaic.parallel import run as run_parallel
from musaic.progress import Reporter
from musaic.runs import Run

Task = TypeVar("Task")
Sharing = TypeVar("Sharing", FitTask, SpaceTask, LeaveOutTask)
Job = tuple[Cell, str, Task]


class Stages:
    """What is done to the cells, one stage after the other.

    Parameters
    ----------
    run : Run
        Where everything is written.
    experiment : Experiment
        What was asked for.
    clusterings : tuple of ClusteringConfig
        Every way to cluster, one value a parameter: the experiment's own, and those added later.
    context : ScoringContext
        What all cells are scored with.
    cells : list of Cell
        All cells of the run, whether or not anything is done to them now.
    workers : int, optional
        Processes.
    reporter : Reporter
        Where progress is told.
    """

    def __init__(
        self,
        run: Run,
        experiment: Experiment,
        clusterings: tuple[ClusteringConfig, ...],
        context: ScoringContext,
        cells: Sequence[Cell],
        workers: int | None,
        reporter: Reporter,
    ) -> None:
        self.cells = [cell for cell in cells if cell.status != "skipped"]
        self.run, self.experiment, self.context = run, experiment, context
        self.plan = ClusteringPlan(clusterings, context, self.cells)
        self.workers, self.reporter = workers, reporter
        self.limits = limits_of(experiment.compute, clusterings)
        self.timings: dict[str, dict[str, float]] = read_json(run.timings_file) if run.timings_file.exists() else {}

    def fit(self, cells: list[Cell]) -> None:
        """Train every cell with every seed."""
        compute = self.experiment.compute
        jobs = [
            (
                cell,
                f"seed-{seed}",
                FitTask(
                    self.run,
                    cell.name,
                    cell.config.model,
                    seed,
                    cell.inputs,
                    compute.device,
                    compute.tensorboard,
                    samples=seed == self._seeds(cell)[0],
                    devices=compute.devices,
                ),
            )
            for cell in cells
            for seed in self._seeds(cell)
            if not self._fitted(cell, seed)
        ]
        # what trains longest begins first, so that no core waits for it in the end
        jobs.sort(key=lambda job: -_effort(job[0]))
        alone = compute.devices > 1 and self.workers != 0  # a training has all devices of its machine
        workers = 1 if alone else self.workers
        self._do("training", fit_cell, _sharing(jobs, workers), workers=workers)

    def cluster(self, cells: list[Cell]) -> None:
        """Make the spaces that are clustered beside the latent one; cluster and score every cell in each.

        What cannot be clustered in one way, or one space, is noted; the cell stands with the others.
        """
        for cell in _pending(cells):  # what failed is tried again
            remove(self.run.clustering_failure_file(cell.name, "x").parent)
        spaces = [
            (
                cell,
                f"{space.name}-{seed}",
                SpaceTask(self.run, cell.name, cell.config.model, seed, space, cell.inputs, self.limits),
            )
            for cell in _pending(cells)
            for space in self.plan.by_space(cell)
            for seed in self._seeds(cell)
            if not space_stands(self.run, cell.name, seed, space.name)
        ]
        self._stand_in_for_bases(spaces)
        spaces = [job for job in spaces if not space_stands(self.run, job[0].name, job[2].seed, job[2].space.name)]
        for cell, task, why in self._do("spaces", make_space, _sharing(spaces, self.workers), contained=True):
            for config in self.plan.by_space(cell)[task.space]:
                note_failure(self.run, cell.name, config, f"its space cannot be made: {why}")
        jobs = [
            (
                cell,
                f"clustering-{space.name}",
                ScoringTask(
                    self.run,
                    cell.name,
                    cell.config,
                    self._seeds(cell),
                    space,
                    configs,
                    cell.labels_used,
                    cell.reads_lyrics,
                    self.context,
                    self.limits,
                ),
            )
            for cell in _pending(cells)
            for space, configs in self.plan.by_space(cell).items()
            if not self._tried(cell, configs)
        ]
        jobs.sort(key=lambda job: -len(job[2].clusterings) * len(job[2].seeds))
        self._do("clustering", score_space, jobs)
        for cell in _pending(cells):
            if failed := read_failures(self.run, cell.name):
                if not len(read_scores(self.run, cell.name)):
                    cell.fail("; ".join(failed))
                else:
                    cell.reason = "; ".join(failed)

    def ask(self, cells: list[Cell]) -> None:
        """Ask every cell's latents about language, and train classifiers on them."""
        self._do(
            "questions",
            ask_cell,
            [
                (
                    cell,
                    "questions",
                    LanguageTask(
                        self.run,
                        cell.name,
                        self._seeds(cell),
                        dict(zip(cell.inputs.track_ids, cell.inputs.groups.tolist(), strict=True)),
                        cell.labels_used,
                        cell.reads_lyrics,
                        self._spoken(cell),
                        self.context,
                    ),
                )
                for cell in _pending(cells)
                if not self.run.probes_cell_file(cell.name).exists()
            ],
        )

    def leave_out(self, cells: list[Cell]) -> None:
        """Train without one value of a label after the other, and see what carries over to it."""
        asked = self.experiment.evaluation.leave_out
        if asked is None:
            return
        jobs = [
            (
                cell,
                f"without-{value}-{seed}",
                LeaveOutTask(
                    self.run,
                    cell.name,
                    cell.config.model,
                    seed,
                    cell.inputs,
                    asked,
                    value,
                    cell.labels_used,
                    self.context,
                    self.experiment.compute.device,
                ),
            )
            for cell in _pending(cells)
            for value, seed in self._left_out(cell)
            if not self.run.transfer_file(cell.name, seed, value).exists()
        ]
        self._do("leaving out", leave_out, _sharing(jobs, self.workers))

    def draw(self, cells: list[Cell]) -> None:
        """Lay every cell's first seed out on two-dimensional maps."""
        jobs: list[Job[MapTask]] = [
            (cell, method, MapTask(self.run, cell.name, self._seeds(cell)[0], method, self.limits))
            for cell in _pending(cells)
            for method in self.experiment.figures.maps
            if not self.run.map_file(cell.name, method).exists()
        ]
        self._find_neighbours((cell, task.seed, LATENT) for cell, _, task in jobs)
        self._do("maps", map_cell, jobs)

    def stands(self, cell: Cell) -> bool:
        """Return whether everything of a cell is on disk, by this or an earlier command."""
        if not all(self._fitted(cell, seed) for seed in self._seeds(cell)):
            return False
        files = [self.run.map_file(cell.name, method) for method in self.experiment.figures.maps]
        files += [self.run.transfer_file(cell.name, seed, value) for value, seed in self._left_out(cell)]
        return all(self._tried(cell, configs) for configs in self.plan.by_space(cell).values()) and all(
            file.exists() for file in [*files, self.run.probes_cell_file(cell.name)]
        )

    def lack_inputs(self, cells: Iterable[Cell]) -> bool:
        """Return whether a space is asked for that is made of what cells were given, and is not there yet."""
        return any(
            space.needs_raw and not space_stands(self.run, cell.name, seed, space.name)
            for cell in cells
            for space in self.plan.by_space(cell)
            for seed in self._seeds(cell)
        )

    def _stand_in_for_bases(self, jobs: Sequence[Job[SpaceTask]]) -> None:
        """Find who is near to whom where UMAP spaces are made of: several spaces share it."""
        based = [
            (cell, task, RAW if task.space.needs_raw else LATENT)
            for cell, _, task in jobs
            if task.space.kind == "umap" and len(cell.inputs.track_ids) > self.limits.exact
        ]
        inputs = {
            (cell.name, task.seed): (cell, f"{RAW}-{task.seed}", replace(task, space=SpaceConfig.read(RAW)))
            for cell, task, base in based
            if base == RAW and not space_stands(self.run, cell.name, task.seed, RAW)
        }
        # what cannot be made is told by the spaces that are made of it
        self._do("spaces", make_space, _sharing(list(inputs.values()), self.workers), contained=True)
        self._find_neighbours((cell, task.seed, base) for cell, task, base in based)

    def _find_neighbours(self, wanted: Iterable[tuple[Cell, int, str]]) -> None:
        """Find who is near to whom in a cell's space, where there are many tracks, before several ask for it."""
        jobs = {
            (cell.name, seed, space): (
                cell,
                f"neighbours-{space}-{seed}",
                NeighbourTask(self.run, cell.name, seed, space, self.limits),
            )
            for cell, seed, space in wanted
            if len(cell.inputs.track_ids) > self.limits.exact
        }
        self._do("neighbours", find_neighbours, list(jobs.values()), contained=True)

    def _tried(self, cell: Cell, configs: Iterable[ClusteringConfig]) -> bool:
        """Return whether a cell has been clustered so, or it is written why it cannot be."""
        files = (self.run.clustering_scores_file, self.run.clustering_failure_file)
        return all(any(file(cell.name, config.identity).exists() for file in files) for config in configs)

    def _spoken(self, cell: Cell) -> str | None:
        """Return the clustering that answers questions about clusters: the first there is in the latent space."""
        spaces = {space.name: configs for space, configs in self.plan.by_space(cell).items()}
        names = (config.identity for config in spaces.get(LATENT, ()))
        return next((name for name in names if self.run.clustering_scores_file(cell.name, name).exists()), None)

    def _left_out(self, cell: Cell) -> list[tuple[str, int]]:
        """Return the values of a label that a cell is trained without, where its tracks have several, by seed."""
        asked = self.experiment.evaluation.leave_out
        if asked is None or not matches(cell.name, cell.config.slug, asked.cells):
            return []
        column = self.context.columns(cell.inputs.track_ids).get(asked.label, [])
        values = sorted({value for value in column if value is not None})
        return [(value, seed) for value in values for seed in self._seeds(cell)] if len(values) > 1 else []

    def _seeds(self, cell: Cell) -> tuple[int, ...]:
        return self.experiment.seeds_of(cell.config)

    def _fitted(self, cell: Cell, seed: int) -> bool:
        """Return whether model and embedding stand; the embedding is written last."""
        model = self.run.model_folder(cell.name, seed) / "config.json"
        return model.exists() and self.run.embedding_file(cell.name, seed).exists()

    def _do(
        self,
        label: str,
        function: Callable[[Task], float],
        jobs: list[Job[Task]],
        workers: int | None = None,
        *,
        contained: bool = False,
    ) -> list[tuple[Cell, Task, str]]:
        """Do what is not done; a cell fails with its task, unless that is contained: then what failed is returned."""
        failed: list[tuple[Cell, Task, str]] = []
        if not jobs:
            return failed
        workers = self.workers if workers is None else workers
        remove(self.run.report_file)  # it shows what is about to change
        with self.reporter.bar(label, len(jobs)) as advance:
            for position, outcome in run_parallel(function, [task for _, _, task in jobs], workers=workers):
                cell, part, task = jobs[position]
                if isinstance(outcome, Failure) and outcome.kind == WriteError.__name__:
                    raise WriteError(outcome.message)
                if isinstance(outcome, Failure) and contained:
                    failed.append((cell, task, outcome.message))
                elif isinstance(outcome, Failure):
                    cell.fail(f"{label}: {outcome.message}")
                else:
                    self.timings.setdefault(cell.name, {})[part] = round(outcome, 3)
                    write_json(self.run.timings_file, self.timings)
                advance(1)
        return failed


def _pending(cells: Iterable[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell.status == "pending"]


def _sharing(jobs: list[Job[Sharing]], workers: int | None) -> list[Job[Sharing]]:
    """Return jobs that know how many of them share the memory of a machine."""
    beside = min(len(jobs), tasks_beside(workers)) if jobs else 1
    return [(cell, part, replace(task, beside=beside)) for cell, part, task in jobs]


def _effort(cell: Cell) -> float:
    """Return about how long a cell trains compared with others."""
    training = getattr(cell.config.model, "training", None)
    frames = any(not isinstance(values, np.ndarray) for values in cell.inputs.values.values())
    return 0.0 if training is None else training.epochs * (100.0 if frames else 1.0)
