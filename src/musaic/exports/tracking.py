"""A finished run in the tracker that a team keeps: MLflow, Weights & Biases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from musaic.errors import UsageError
from musaic.exports.of_run import ALL, choose
from musaic.exports.registry import find_tracker
from musaic.exports.tracked import tracked_runs
from musaic.progress import SILENT, Reporter
from musaic.runs import Run


def track(
    run: Run | str | Path,
    to: str,
    *,
    cell: Sequence[str] | str | None = None,
    seed: Sequence[int | str] | int | str | None = None,
    reporter: Reporter = SILENT,
    **options: str,
) -> str:
    """Send a run to an experiment tracker: one tracked run a cell and seed, and one for what belongs to all.

    Parameters
    ----------
    run : Run, str or Path
        A finished run, or its folder.
    to : {'mlflow', 'wandb'}
        See `musaic.exports.registry.TRACKERS`.
    cell : sequence of str, or str, optional
        Cells by name, beginning or pattern; every one that is done by default.
    seed : sequence of int, int or "all", optional
        Seeds; all by default.
    reporter : Reporter
        Where progress is told.
    **options : str
        Of MLflow: ``tracking_uri``, ``experiment``. Of W&B: ``project``, ``mode`` (``online`` or ``offline``).

    Returns
    -------
    str
        A line that says where it is and how much of it is new.

    Raises
    ------
    UsageError
        Where there is no such tracker, option, cell or seed.
    MusaicError
        Where the tracker's library is not installed, or the tracker cannot be reached or refuses.

    Notes
    -----
    What the tracker has is known by a hash of the results: the same run is not sent twice, wherever its folder lies;
    one that was broken off is completed, and one that was added to (``musaic cluster``, ``musaic report``) brought up
    to date.
    """
    tracker = find_tracker(to)
    for name in options:
        if name not in tracker.options:
            told = ", ".join(f"--{own.replace('_', '-')}" for own in tracker.options)
            raise UsageError(f"--{name.replace('_', '-')} is none of {to}'s options; it takes {told}.")
    opened = run if isinstance(run, Run) else Run.open(run)
    cells = ("*",) if cell is None else (cell,) if isinstance(cell, str) else tuple(cell)
    seeds = (ALL,) if seed is None else (seed,) if isinstance(seed, int | str) else tuple(seed)
    return tracker.send(tracked_runs(opened, choose(opened, cells, seeds)), options, reporter)
