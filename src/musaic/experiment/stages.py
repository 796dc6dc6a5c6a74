"""The stages of a run: each does in parallel what is not on disk yet, and notes failures on the cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from musaic.clustering.choice import count_labels
from musaic.clustering.config import LABELS, ClusteringConfig
from musaic.experiment.cell import Cell
from musaic.experiment.checks import matches
from musaic.experiment.config import Experiment
from musaic.experiment.crowds import limits_of
from musaic.experiment.fitting import FitTask, fit_cell
from musaic.experiment.language import LanguageTask, ask_cell
from musaic.experiment.leaving_out import LeaveOutTask, leave_out
from musaic.experiment.mapping import MapTask, map_cell
from musaic.experiment.scoring import ScoringContext, ScoringTask, lacking, score_space
from musaic.experiment.spaces import LATENT, SpaceTask, make_space
from musaic.experiment.spaces import stands as space_stands
from musaic.files import WriteError, read_json, remove, write_json
from musaic.models.registry import MODELS
from musaic.parallel import Failure
from musaic.parallel import run as run_parallel
from musaic.progress import Reporter
from musaic.runs import Run

if TYPE_CHECKING:
    from musaic.clustering.spaces import SpaceConfig

Task = TypeVar("Task")
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
        self.run, self.experiment, self.clusterings, self.context = run, experiment, clusterings, context
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
        self._do("training", fit_cell, jobs, workers=1 if alone else self.workers)

    def cluster(self, cells: list[Cell]) -> None:
        """Make the spaces that are clustered beside the latent one; cluster and score every cell in each."""
        self._do(
            "spaces",
            make_space,
            [
                (
                    cell,
                    f"{space.name}-{seed}",
                    SpaceTask(self.run, cell.name, cell.config.model, seed, space, cell.inputs, self.limits),
                )
                for cell in _pending(cells)
                for space in self._by_space(cell)
                for seed in self._seeds(cell)
                if not space_stands(self.run, cell.name, seed, space.name)
            ],
        )
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
            for space, configs in self._by_space(cell).items()
            if not self._scored(cell, configs)
        ]
        jobs.sort(key=lambda job: -len(job[2].clusterings) * len(job[2].seeds))
        self._do("clustering", score_space, jobs)

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
        self._do(
            "leaving out",
            leave_out,
            [
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
            ],
        )

    def draw(self, cells: list[Cell]) -> None:
        """Lay every cell's first seed out on two-dimensional maps."""
        self._do(
            "maps",
            map_cell,
            [
                (cell, method, MapTask(self.run, cell.name, self._seeds(cell)[0], method, self.limits))
                for cell in _pending(cells)
                for method in self.experiment.figures.maps
                if not self.run.map_file(cell.name, method).exists()
            ],
        )

    def stands(self, cell: Cell) -> bool:
        """Return whether everything of a cell is on disk, by this or an earlier command."""
        if not all(self._fitted(cell, seed) for seed in self._seeds(cell)):
            return False
        files = [self.run.map_file(cell.name, method) for method in self.experiment.figures.maps]
        files += [self.run.transfer_file(cell.name, seed, value) for value, seed in self._left_out(cell)]
        return all(self._scored(cell, configs) for configs in self._by_space(cell).values()) and all(
            file.exists() for file in [*files, self.run.probes_cell_file(cell.name)]
        )

    def lack_inputs(self, cells: Iterable[Cell]) -> bool:
        """Return whether a space is asked for that is made of what cells were given, and is not there yet."""
        return any(
            space.needs_raw and not space_stands(self.run, cell.name, seed, space.name)
            for cell in cells
            for space in self._by_space(cell)
            for seed in self._seeds(cell)
        )

    def _by_space(self, cell: Cell) -> dict[SpaceConfig, tuple[ClusteringConfig, ...]]:
        """Return the clusterings that a cell can be clustered with, by space."""
        columns = self.context.columns(cell.inputs.track_ids)
        found: dict[SpaceConfig, list[ClusteringConfig]] = {}
        for config in self.clusterings:
            fit = lacking(config, cell.config, columns, len(cell.inputs.track_ids)) is None
            if fit and self._asked(config, cell) and self._stands_for(config, cell):
                found.setdefault(config.only_space, []).append(config)
        return {space: tuple(_without_twins(configs, columns)) for space, configs in found.items()}

    def _asked(self, config: ClusteringConfig, cell: Cell) -> bool:
        return matches(cell.name, cell.config.slug, config.cells)

    def _stands_for(self, config: ClusteringConfig, cell: Cell) -> bool:
        """Return whether a clustering is made of a cell's own latents, or the cell is the one that has its input.

        What is clustered in a space of the inputs is the same for all cells of one input: it is done once, for a
        baseline where there is one, so that no model is credited with what it had no part in.
        """
        if not config.only_space.needs_raw:
            return True
        alike = [other for other in self.cells if self._asked(config, other) and _given(other) == _given(cell)]
        return min(alike, key=lambda other: not MODELS[other.config.model.model].baseline) is cell

    def _scored(self, cell: Cell, configs: Iterable[ClusteringConfig]) -> bool:
        return all(self.run.clustering_scores_file(cell.name, config.identity).exists() for config in configs)

    def _spoken(self, cell: Cell) -> str | None:
        """Return the clustering that answers questions about clusters: the first in the latent space."""
        spaces = {space.name: configs for space, configs in self._by_space(cell).items()}
        return spaces[LATENT][0].identity if LATENT in spaces else None

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
        self, label: str, function: Callable[[Task], float], jobs: list[Job[Task]], workers: int | None = None
    ) -> None:
        if not jobs:
            return
        workers = self.workers if workers is None else workers
        remove(self.run.report_file)  # it shows what is about to change
        with self.reporter.bar(label, len(jobs)) as advance:
            for position, outcome in run_parallel(function, [task for _, _, task in jobs], workers=workers):
                cell, part, _ = jobs[position]
                if isinstance(outcome, Failure) and outcome.kind == WriteError.__name__:
                    raise WriteError(outcome.message)
                if isinstance(outcome, Failure):
                    cell.fail(f"{label}: {outcome.message}")
                else:
                    self.timings.setdefault(cell.name, {})[part] = round(outcome, 3)
                    write_json(self.run.timings_file, self.timings)
                advance(1)


def _pending(cells: Iterable[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell.status == "pending"]


def _without_twins(
    configs: Sequence[ClusteringConfig], columns: Mapping[str, Sequence[str | None]]
) -> list[ClusteringConfig]:
    """Return clusterings without those by a number that a label has as many values as: they would be the same."""
    counted = set()
    for config in configs:
        asked = getattr(config, "n_clusters", None)
        if isinstance(asked, str) and asked.startswith(LABELS):
            counted.add(config.model_copy(update={"n_clusters": count_labels(asked, columns)}).identity)
    return [config for config in configs if config.identity not in counted]


def _given(cell: Cell) -> tuple[str, str]:
    """Return what a cell's inputs are before its model sees them."""
    plain = cell.config.model.plain()
    return cell.config.told, str([plain[key] for key in ("scaling", "without", "removal")])


def _effort(cell: Cell) -> float:
    """Return about how long a cell trains compared with others."""
    training = getattr(cell.config.model, "training", None)
    frames = any(not isinstance(values, np.ndarray) for values in cell.inputs.values.values())
    return 0.0 if training is None else training.epochs * (100.0 if frames else 1.0)
