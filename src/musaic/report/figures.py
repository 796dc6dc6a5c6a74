"""Every figure of a run: which kinds there are, which of them this run can have, and the writing of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from musaic.errors import MusaicError
from musaic.files import WriteError
from musaic.parallel import Failure
from musaic.parallel import run as run_parallel
from musaic.progress import SILENT, Reporter
from musaic.report import (
    bars,
    breakdown,
    choices,
    confusion,
    curves,
    dendrogram,
    heat,
    knee,
    reconstructions,
    scatter,
    stacked,
    traversals,
    truth,
)
from musaic.report.fonts import missing_fonts
from musaic.report.planned import Planned
from musaic.report.plotting import save, save_vector, style
from musaic.report.reading import Results

FEW = 60
"""Fewer figures than this are drawn before other processes have begun to."""


@dataclass(frozen=True)
class Kind:
    """A kind of figure.

    Parameters
    ----------
    plan : callable
        Returns the figures of this kind that a run can have.
    weight : int
        Figures of a greater weight are the first to stay outside the page, where it would grow too heavy.
    few_colors : bool
        Points and flat colours: the PNG may do with 256 colours.
    vector : bool
        Whether lines and text gain by an SVG; where most is raster, there is none.
    """

    plan: Callable[[Results], Iterable[Planned]]
    weight: int
    few_colors: bool = False
    vector: bool = True


KINDS = {
    "corpus": Kind(breakdown.plan, 0),
    "grid": Kind(scatter.plan_grid, 0, few_colors=True, vector=False),
    "map": Kind(scatter.plan_maps, 3, few_colors=True),
    "truth": Kind(truth.plan, 3, few_colors=True),
    "scores": Kind(bars.plan, 0, few_colors=True),
    "clusters": Kind(heat.plan, 4),
    "composition": Kind(stacked.plan, 2, few_colors=True),
    "confusion": Kind(confusion.plan, 4),
    "choices": Kind(choices.plan, 2, few_colors=True),
    "knee": Kind(knee.plan, 2, few_colors=True),
    "dendrogram": Kind(dendrogram.plan, 2, few_colors=True),
    "training": Kind(curves.plan, 1),
    "reconstructions": Kind(reconstructions.plan, 2),
    "traversals": Kind(traversals.plan, 2),
}
"""Every kind of figure, in the order in which they are drawn; a new one is a module and a line here."""


def plan(results: Results) -> list[Planned]:
    """Return the figures a run can have, kind by kind; a cell's figures show its best clustering only."""
    return [item for kind in KINDS.values() for item in kind.plan(results)]


def write_figures(
    run: Path, *, only: Sequence[str] = ("*",), workers: int | None = None, reporter: Reporter = SILENT
) -> list[Path]:
    """Draw a run's figures into ``figures/``: as PNG, and as SVG where its experiment asks for it.

    Parameters
    ----------
    run : Path
        The run folder; nothing else is read.
    only : sequence of str
        Globs of the names of the figures that are drawn, such as ``map-*``.
    workers : int >= 0, optional
        Processes that draw, 0 for this one alone; all cores by default where there are many figures. The files are
        the same.
    reporter : Reporter
        Told how far it is, and which scripts no font here can draw.

    Returns
    -------
    list of Path
        The files written; figures for which the run has no data are left out.

    Raises
    ------
    MusaicError
        Where a file of the run is damaged, or a figure cannot be written.
    """
    results = Results(Path(run))
    texts = results.texts()
    lacking = missing_fonts(texts)
    if lacking:
        reporter.say(
            f"no font on this machine draws {', '.join(lacking)}: figures show boxes there; install one, such as "
            "Debian's fonts-noto-core and fonts-noto-cjk, and run 'musaic report' again."
        )
    planned = [item for item in plan(results) if any(fnmatchcase(item.name, glob) for glob in only)]
    if workers is None and len(planned) < FEW:
        workers = 0
    tasks = [_Task(results.run.path, tuple(sorted(texts)), names) for names in _parts(planned)]
    written: dict[str, list[Path]] = {}
    with reporter.bar("figures", len(planned)) as advance:
        for position, outcome in run_parallel(_draw, tasks, workers=workers):
            if isinstance(outcome, Failure):
                failed = WriteError if outcome.kind == WriteError.__name__ else MusaicError
                raise failed(outcome.message)
            written |= outcome
            advance(len(tasks[position].names))
    return [path for item in planned for path in written.get(item.name, ())]


@dataclass(frozen=True)
class _Task:
    """Figures of a run to draw, by name."""

    run: Path
    texts: tuple[str, ...]
    names: tuple[str, ...]


def _parts(planned: list[Planned]) -> list[tuple[str, ...]]:
    """Return the names of the figures in parts that share what they read: those of the whole run, and of each cell."""
    parts: dict[str | None, list[str]] = {}
    for item in planned:
        parts.setdefault(item.cell, []).append(item.name)
    return [tuple(names) for names in parts.values()]


def _draw(task: _Task) -> dict[str, list[Path]]:
    """Draw and write figures; return the files of each."""
    results = Results(task.run)
    folder = task.run / "figures"
    written: dict[str, list[Path]] = {}
    with style(task.texts):
        for item in plan(results):
            figure = item.draw() if item.name in task.names else None
            if figure is None:
                continue
            kind = KINDS[item.kind]
            # The page is made of the PNGs, so they are there whatever else is asked for.
            written[item.name] = [save(figure, folder / item.file, few_colors=kind.few_colors)]
            if kind.vector and "svg" in results.formats:
                written[item.name].append(save_vector(figure, folder / f"{item.name}.svg"))
    return written
