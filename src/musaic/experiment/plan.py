"""What an experiment would do, how long it takes here and how large it gets, without doing it.

Nothing is guessed from tables: one of everything is done on made-up data, timed, and multiplied (`trial`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from musaic.errors import UsageError
from musaic.experiment.checks import check_only, labels_for_k, matches, settle_labels
from musaic.experiment.config import CellConfig, Experiment
from musaic.experiment.scoring import lacking
from musaic.experiment.songs import read_corpus
from musaic.experiment.trial import CLUSTERED, TRIED, TRIED_FRAMES, Trial
from musaic.parallel import default_workers
from musaic.progress import SILENT, Reporter


@dataclass(frozen=True)
class PlannedCell:
    """What one cell would cost.

    Attributes
    ----------
    cell, model, input, phase
        Which.
    seeds, fits, clusterings : int
        Its seeds, how often it is trained (also without one value of a label), and in how many ways each seed is
        clustered.
    seconds : float
        Of one core, in all: training to the last epoch, clustering, questions, maps.
    bytes : int
        On disk.
    """

    cell: str
    model: str
    input: str
    phase: str | None
    seeds: int
    fits: int
    clusterings: int
    seconds: float
    bytes: int


@dataclass(frozen=True)
class Plan:
    """What a whole experiment would cost.

    Attributes
    ----------
    n_tracks, n_sounds : int
        Tracks, and those with sound.
    workers : int
        Processes that share the work.
    feature_seconds : float
        Of one core, for all features, with an empty cache.
    feature_bytes : int
        In the cache.
    cells : list of PlannedCell
        The cells.
    """

    n_tracks: int
    n_sounds: int
    workers: int
    feature_seconds: float
    feature_bytes: int
    cells: list[PlannedCell] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Wall-clock seconds with all workers busy, at most: trainings that stop early are shorter."""
        return (self.feature_seconds + sum(cell.seconds for cell in self.cells)) / self.workers

    @property
    def bytes(self) -> int:
        """What the run folder holds, without figures and report."""
        return sum(cell.bytes for cell in self.cells)

    @property
    def text(self) -> str:
        """The plan for a person."""
        width = max((len(cell.cell) for cell in self.cells), default=4)
        lines = [f"{'cell':{width}}  {'phase':<12} {'fits':>5} {'clusterings':>11} {'time':>8} {'disk':>9}"]
        for cell in self.cells:
            ways = cell.seeds * cell.clusterings
            lines.append(
                f"{cell.cell:{width}}  {cell.phase or '–':<12} {cell.fits:>5} {ways:>11} {_time(cell.seconds):>8} "
                f"{_size(cell.bytes):>9}"
            )
        fits = sum(cell.fits for cell in self.cells)
        ways = sum(cell.seeds * cell.clusterings for cell in self.cells)
        return "\n".join(
            [
                *lines,
                "",
                f"{self.n_tracks} tracks, {self.n_sounds} with sound; {len(self.cells)} cells, {fits} fits, "
                f"{ways} clusterings.",
                f"Features: {_time(self.feature_seconds)} of one core and {_size(self.feature_bytes)} of cache, "
                "for sound that is not measured yet.",
                f"In all about {_time(self.seconds)} with {self.workers} "
                f"{'process' if self.workers == 1 else 'processes'}, at most ({_size(self.bytes)} of disk): every "
                "training is counted to its last epoch, nothing as done already; report and figures come on top.",
                f"Timed here on made-up songs, {CLUSTERED} to be clustered, {TRIED} to train on ({TRIED_FRAMES} with "
                "frames), in proportion to the songs there are; UMAP is counted as t-SNE.",
            ]
        )

    def json(self) -> str:
        """Return the plan as JSON."""
        told = {**asdict(self), "seconds": self.seconds, "bytes": self.bytes}
        return json.dumps(told, ensure_ascii=False, indent=2)


def plan(
    experiment: Experiment,
    *,
    corpus: str | Path | None = None,
    only: Sequence[str] = (),
    phases: Sequence[str] = (),
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> Plan:
    """Return what an experiment would do.

    Parameters
    ----------
    experiment : Experiment
        What is asked for.
    corpus, only, phases, workers, reporter
        As for `musaic.experiment.run`.

    Raises
    ------
    UsageError
        Where the corpus is empty or not there, or a cell or phase that is named is not.
    """
    source = corpus if corpus is not None else experiment.corpus.path
    if source is None or not str(source):
        raise UsageError("no corpus was named; add --corpus PATH, a folder of songs or a table of them.")
    check_only(experiment, only, phases)
    songs = read_corpus(source, experiment.corpus, lyrics=experiment.lyrics, workers=workers, reporter=reporter)
    experiment = settle_labels(experiment, songs.labels)
    trial = Trial(experiment, songs)
    chosen = [
        cell
        for cell in experiment.cells
        if matches(experiment.cell_name(cell), cell.slug, only) and (not phases or cell.phase in phases)
    ]
    with reporter.bar("planning", len(chosen)) as advance:
        cells = []
        for cell in chosen:
            cells.append(_planned(experiment, trial, cell, len(songs)))
            advance(1)
    n_sounds = int(songs.tracks["audio"].notna().sum())
    seconds, size = trial.sound.seconds * n_sounds, trial.sound.bytes * n_sounds
    return Plan(len(songs), n_sounds, max(1, default_workers() if workers is None else workers), seconds, size, cells)


def _planned(experiment: Experiment, trial: Trial, cell: CellConfig, n: int) -> PlannedCell:
    """Return what one cell of an experiment over n tracks would cost."""
    name, seeds, dims = experiment.cell_name(cell), len(experiment.seeds_of(cell)), trial.latents(cell)
    training, size = trial.fit(cell)
    columns = {label: trial.values(label) for label in labels_for_k(experiment.clusterings)}
    clusterings = [
        one
        for config in experiment.clusterings
        for one in config.expand()
        if matches(name, cell.slug, one.cells) and lacking(one, cell, columns, n) is None
    ]
    ways = [trial.cluster(config, dims) for config in clusterings]
    asked = experiment.evaluation.leave_out
    left_out = trial.values(asked.label) if asked and matches(name, cell.slug, asked.cells) else []
    fits = seeds * (1 + (len(left_out) if len(left_out) > 1 else 0))
    seconds = fits * training + seeds * (sum(found for found, _ in ways) + trial.ask(dims))
    seconds += len(experiment.figures.maps) * trial.map()
    stored = seeds * (size + 8 * n * dims + sum(kept for _, kept in ways))
    return PlannedCell(
        name, cell.model.model, cell.told, cell.phase, seeds, fits, len(clusterings), round(seconds, 2), stored
    )


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 1 else "< 1 s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
