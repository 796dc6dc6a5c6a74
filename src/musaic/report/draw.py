"""Figures and page in one go, from what a run folder holds."""

from __future__ import annotations

from pathlib import Path

from musaic.progress import SILENT, Reporter
from musaic.report.figures import write_figures
from musaic.report.page import write_report
from musaic.runs import Run, open_run


def draw_report(run: Run | Path | str, *, workers: int | None = None, reporter: Reporter = SILENT) -> Path:
    """Draw a run's figures and write its report.

    Parameters
    ----------
    run : Run, Path or str
        A run, or its folder. Nothing but the folder is read.
    workers : int >= 0, optional
        Processes that draw, as `write_figures` takes them.
    reporter : Reporter
        Where progress is told.

    Returns
    -------
    Path
        ``report.html`` in the run folder.

    Raises
    ------
    UsageError
        Where ``run`` is not a run folder.
    """
    folder = (run if isinstance(run, Run) else open_run(run)).path
    write_figures(folder, workers=workers, reporter=reporter)
    return write_report(folder)
