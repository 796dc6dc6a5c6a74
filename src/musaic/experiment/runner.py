"""The whole way, from a corpus to a finished run folder; what stands already is kept, what is missing is made."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from musaic.corpus import Corpus
from musaic.errors import UsageError
from musaic.experiment.added import every_clustering
from musaic.experiment.cell import Cell
from musaic.experiment.checks import check_only, matches, settle_labels
from musaic.experiment.config import Experiment
from musaic.experiment.environment import environment
from musaic.experiment.explaining import explain
from musaic.experiment.folder import open_folder, write_latents, write_tracks
from musaic.experiment.inputs import Inputs, check_encoders, gather_inputs
from musaic.experiment.loading import load_experiment
from musaic.experiment.pretrained import check_pretrained, check_weights
from musaic.experiment.scoring import scoring_context, write_context
from musaic.experiment.songs import read_corpus
from musaic.experiment.stages import Stages
from musaic.experiment.summary import describe_cell, summarise_run
from musaic.experiment.tensorboard import check_tensorboard
from musaic.features import extract
from musaic.files import remove, write_json
from musaic.parallel import cluster, must_see
from musaic.progress import SILENT, Reporter
from musaic.runs import Run

FEWEST_TRACKS = 2
FEWEST_VALUES = 2


def run(
    experiment: Experiment | str | Path | Mapping[str, Any] = "default",
    *,
    corpus: str | Path | None = None,
    out: str | Path | None = None,
    only: Sequence[str] = (),
    phases: Sequence[str] = (),
    cache: Path | None = None,
    workers: int | None = None,
    force: bool = False,
    reporter: Reporter = SILENT,
) -> Run:
    """Run an experiment, or what is left of it.

    Parameters
    ----------
    experiment : Experiment, str, Path or mapping
        An experiment, the name of a shipped one, a YAML file, or its content.
    corpus : str or Path, optional
        A folder of songs or a table of them; by default what the experiment names.
    out : str or Path, optional
        The run folder; ``runs/<name of the experiment>`` by default.
    only : sequence of str
        Run only the cells whose name, or name without its digits, matches one of these globs.
    phases : sequence of str
        Run only the cells of these phases of the experiment.
    cache : Path, optional
        Where extracted features are kept.
    workers : int >= 0, optional
        Processes; all cores by default. The results do not depend on it.
    force : bool
        Start over, features included.
    reporter : Reporter
        Where progress is told.

    Returns
    -------
    Run
        The finished run; cells that failed are named in its ``cells``.

    Raises
    ------
    UsageError
        Where the corpus is empty or not there, or ``out`` holds something else.
    MusaicError
        Where the disk refuses.
    """
    resolved = experiment if isinstance(experiment, Experiment) else load_experiment(experiment)
    source = corpus if corpus is not None else resolved.corpus.path
    if source is None or not str(source):
        raise UsageError("no corpus was named; add --corpus PATH, a folder of songs or a table of them.")
    if "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("WORLD_SIZE", "1") != "1":
        raise UsageError(
            "a run starts the processes that train together itself; leave torchrun out, and set compute.devices to "
            f"{os.environ['WORLD_SIZE']}."
        )
    folder = Run(Path(out) if out is not None else Path("runs") / resolved.name)
    around: dict[str, Any] = {"cache": cache, "workers": workers, "reporter": reporter}
    with cluster(resolved.compute.scheduler, workers=workers, reporter=reporter):
        return _run(resolved, source, folder, only, phases, force, **around)


def _run(
    resolved: Experiment,
    source: str | Path,
    folder: Run,
    only: Sequence[str],
    phases: Sequence[str],
    force: bool,
    *,
    cache: Path | None,
    workers: int | None,
    reporter: Reporter,
) -> Run:
    check_only(resolved, only, phases)
    songs = read_corpus(
        source, resolved.corpus, lyrics=resolved.lyrics, cache=cache, workers=workers, reporter=reporter
    )
    resolved = settle_labels(resolved, songs.labels)
    check_encoders(resolved, cache=cache, reporter=reporter)
    check_pretrained(resolved.features, reporter=reporter)
    if resolved.compute.tensorboard:
        check_tensorboard()
    open_folder(folder, resolved, source, force=force)
    must_see(folder.experiment_file)
    around: dict[str, Any] = {"cache": cache, "workers": workers, "force": force, "reporter": reporter}
    features = extract(songs, resolved.features, device=resolved.compute.device, **around)
    check_weights(folder, features.pretrained)
    songs = songs.with_status(features.status)
    write_tracks(folder, songs, features)
    made_with = environment(folder.path, songs.root, list(songs.notes), features.pretrained)
    write_json(folder.environment_file, made_with)
    _tell(songs, reporter)

    inputs = gather_inputs(songs, features, resolved, folder, cache=cache, workers=workers, reporter=reporter)
    write_latents(folder, inputs)
    cells = _plan(resolved, inputs)
    clusterings = every_clustering(folder, resolved)
    context = scoring_context(resolved.evaluation, clusterings, songs, inputs)
    write_context(folder, context, inputs)
    stages = Stages(folder, resolved, clusterings, context, cells, workers, reporter)
    chosen = [cell for cell in cells if cell.status == "pending" and _selected(cell, only, phases)]
    stages.fit(chosen)
    stages.cluster(chosen)
    stages.ask(chosen)
    stages.leave_out(chosen)
    stages.draw(chosen)
    for cell in cells:
        if cell.status == "pending" and stages.stands(cell):
            cell.status = "done"
    for cell in cells:
        if cell.reason:
            reporter.say(f"{cell.status}: {cell.config.slug}: {cell.reason}")
    write_json(folder.cells_file, {"cells": [describe_cell(folder, resolved, cell) for cell in cells]})
    before = _text(folder.leaderboard_text_file)
    summarise_run(Run(folder.path), resolved)
    if _text(folder.leaderboard_text_file) != before:
        remove(folder.report_file)  # it shows what has changed
    explain(Run(folder.path), reporter)
    return Run(folder.path)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _plan(experiment: Experiment, inputs: Inputs) -> list[Cell]:
    """Return the experiment's cells with what each is given; those without anything are skipped."""
    cells: dict[str, Cell] = {}
    for config in experiment.cells:
        name = experiment.cell_name(config)
        cell = Cell(name, config, inputs.select(config))
        for given, present in cell.inputs.present.items():
            count = int(present.sum())
            if count < FEWEST_TRACKS:
                cell.skip(f"{count or 'no'} track{'' if count == 1 else 's'} with {given}")
            label = config.model.removed_from(given)
            if label is not None and len(set(cell.inputs.labels[label][present]) - {None}) < FEWEST_VALUES:
                cell.skip(f"the tracks with {given} do not differ in {label}: there is nothing to take out")
        for label, values in cell.inputs.labels.items():
            if len(set(values) - {None}) < FEWEST_VALUES:
                cell.skip(f"the tracks do not differ in {label}: there is nothing to tell a model")
        cells[name] = cell
    return list(cells.values())


def _selected(cell: Cell, only: Sequence[str], phases: Sequence[str]) -> bool:
    return matches(cell.name, cell.config.slug, only) and (not phases or cell.config.phase in phases)


def _tell(songs: Corpus, reporter: Reporter) -> None:
    """Say how many tracks there are, what is wrong with how many, and what was noticed while they were read."""
    for note in songs.notes:
        reporter.say(f"note: {note}")
    counts = songs.tracks["status"].value_counts()
    broken = ", ".join(f"{number} {status}" for status, number in counts.items() if status != "ok")
    with_lyrics = int(songs.tracks["lyrics"].notna().sum())
    number = f"{len(songs)} track{'' if len(songs) == 1 else 's'}"
    reporter.say(f"{number}, {with_lyrics} with lyrics{f'; not ok: {broken}' if broken else ''}")
