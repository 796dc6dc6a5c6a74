"""What can be known to be wrong before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from musaic.clustering.config import LABELS, ClusteringConfig
from musaic.errors import UsageError, nearest
from musaic.experiment.config import ALL, EvaluationConfig, Experiment

USUAL = ("genre", "language")
"""Labels that the shipped experiments ask for and that a corpus may well lack."""


def matches(name: str, slug: str, only: Sequence[str]) -> bool:
    """Return whether a cell is among those asked for: by its name, or by its name without the digits."""
    return not only or any(fnmatchcase(name, glob) or fnmatchcase(slug, glob) for glob in only)


def check_only(experiment: Experiment, only: Sequence[str], phases: Sequence[str] = ()) -> None:
    """Raise `UsageError` where ``only`` matches no cell, or a phase is none of the experiment's."""
    known = dict.fromkeys(cell.phase for cell in experiment.cells if cell.phase)
    for phase in phases:
        if phase not in known:
            listed = f"it has {', '.join(known)}" if known else "its cells have none"
            raise UsageError(f"the experiment has no phase {phase!r}{nearest(phase, known) or ';'} {listed}.")
    cells = {experiment.cell_name(cell): cell.slug for cell in experiment.cells}
    if not any(matches(name, slug, only) for name, slug in cells.items()):
        raise UsageError(f"--only {' '.join(only)} matches no cell; the cells are {', '.join(cells)}.")


def labels_for_k(clusterings: Iterable[ClusteringConfig]) -> list[str]:
    """Return the labels whose values are counted to know a number of clusters."""
    asked = [number for given in clusterings for number in given.wanted()]
    found = [number.removeprefix(LABELS) for number in asked if isinstance(number, str) and number.startswith(LABELS)]
    return list(dict.fromkeys(found))


def labels_read(evaluation: EvaluationConfig, clusterings: Iterable[ClusteringConfig]) -> list[str]:
    """Return the label columns that scores and numbers of clusters are made with, each once."""
    left = (evaluation.leave_out.label, evaluation.leave_out.target) if evaluation.leave_out else ()
    read = (*evaluation.labels, *evaluation.rank_by, *evaluation.probes, *left, *labels_for_k(clusterings))
    return list(dict.fromkeys(read))


def settle_labels(experiment: Experiment, there: Sequence[str]) -> Experiment:
    """Return the experiment with the labels of its corpus in the place of ``all``.

    Raises
    ------
    UsageError
        Where a label is asked for that the corpus does not have; genre and language may lack.
    """
    asked = experiment.evaluation.labels
    labels = tuple(dict.fromkeys(name for one in asked for name in (there if one == ALL else (one,))))
    experiment = experiment.model_copy(
        update={"evaluation": experiment.evaluation.model_copy(update={"labels": labels})}
    )
    given = [name for cell in experiment.cells for name in (*cell.model.labels, *cell.labels_given)]
    for name in (*labels_read(experiment.evaluation, experiment.clusterings), *given):
        for part in name.split("+"):
            if part not in there and part not in USUAL:
                listed = f"it has {', '.join(there)}" if there else "it has none"
                raise UsageError(f"the corpus has no label {part!r}{nearest(part, there) or ';'} {listed}.")
    return experiment
