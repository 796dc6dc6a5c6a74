"""What can be known to be wrong before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from musaic.clustering.config import LABELS
from musaic.errors import UsageError, nearest
from musaic.experiment.config import Experiment

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


def labels_for_k(experiment: Experiment) -> list[str]:
    """Return the labels whose values are counted to know a number of clusters."""
    asked = [getattr(config, "n_clusters", None) for given in experiment.clusterings for config in given.expand()]
    found = [number.removeprefix(LABELS) for number in asked if isinstance(number, str) and number.startswith(LABELS)]
    return list(dict.fromkeys(found))


def check_labels(experiment: Experiment, there: Sequence[str]) -> None:
    """Raise `UsageError` where a label is asked for that the corpus does not have; genre and language may lack."""
    evaluation = experiment.evaluation
    given = [name for cell in experiment.cells for name in (*cell.model.labels, *cell.labels_given)]
    left = (evaluation.leave_out.label, evaluation.leave_out.target) if evaluation.leave_out else ()
    asked = (*evaluation.labels, *evaluation.rank_by, *evaluation.probes, *left, *labels_for_k(experiment), *given)
    for name in asked:
        for part in name.split("+"):
            if part not in there and part not in USUAL:
                listed = f"it has {', '.join(there)}" if there else "it has none"
                raise UsageError(f"the corpus has no label {part!r}{nearest(part, there) or ';'} {listed}.")
