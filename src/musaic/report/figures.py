"""Every figure of a run: which there are, what each shows in words, and the writing of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from musaic.progress import SILENT, Reporter
from musaic.report.bars import scores_figure
from musaic.report.curves import training_figure
from musaic.report.fonts import missing_fonts
from musaic.report.heat import clusters_figure
from musaic.report.plotting import save, style
from musaic.report.reading import Results
from musaic.report.scatter import METHODS, grid_figure, grid_method, map_figure


@dataclass(frozen=True)
class Planned:
    """One figure.

    Parameters
    ----------
    file : str
        Its name in ``figures/``.
    kind : str
        ``grid``, ``map``, ``scores``, ``training`` or ``clusters``.
    cell : str or None
        The cell it is about; None for the whole run.
    alt : str
        What it shows, for those who cannot see it.
    draw : callable
        Returns the figure, or None where the run has nothing to draw.
    """

    file: str
    kind: str
    cell: str | None
    alt: str
    draw: Callable[[], Figure | None]


def plan(results: Results) -> list[Planned]:
    """Return the figures a run can have, in the order of the report."""
    labels = " and by ".join(results.shown_labels)
    colored = f"coloured by {labels} and by cluster" if labels else "coloured by cluster"
    done = [cell for cell in results.cells if cell.done]
    method = grid_method(results)
    alt = f"{METHODS[method]} maps of the songs in all {len(done)} spaces, one row each, {colored}."
    figures = [Planned("grid.png", "grid", None, alt, partial(grid_figure, results, method))]
    for cell in done:
        for method, title in METHODS.items():
            alt = f"{title} map of the songs in the space of {cell.title}, {colored}."
            draw = partial(map_figure, results, cell, method)
            figures.append(Planned(f"map-{cell.name}-{method}.png", "map", cell.name, alt, draw))
    alt = "Bars of AMI, NMI, ARI, purity, silhouette and stability for every cell, with deviation and chance."
    figures.append(Planned("scores.png", "scores", None, alt, partial(scores_figure, results)))
    for cell in done:
        alt = f"Number of tracks of each {' and '.join(results.shown_labels)} in each cluster of {cell.title}."
        draw = partial(clusters_figure, results, cell)
        figures.append(Planned(f"clusters-{cell.name}.png", "clusters", cell.name, alt, draw))
        alt = f"Training of {cell.title}: loss, reconstruction, KL and beta over the epochs, and KL per dimension."
        draw = partial(training_figure, results, cell)
        figures.append(Planned(f"training-{cell.name}.png", "training", cell.name, alt, draw))
    return figures


def write_figures(run: Path, *, reporter: Reporter = SILENT) -> list[Path]:
    """Draw a run's figures into ``figures/``.

    Parameters
    ----------
    run : Path
        The run folder; nothing else is read.
    reporter : Reporter
        Told how far it is, and which scripts no font here can draw.

    Returns
    -------
    list of Path
        The files written; figures for which the run has no data are left out.
    """
    results = Results(Path(run))
    texts = results.texts()
    lacking = missing_fonts(texts)
    if lacking:
        reporter.say(
            f"no font on this machine draws {', '.join(lacking)}: figures show boxes there; install one, such as "
            "Debian's fonts-noto-core and fonts-noto-cjk, and run 'musaic report' again."
        )
    written = []
    planned = plan(results)
    with style(texts), reporter.bar("figures", len(planned)) as advance:
        for item in planned:
            figure = item.draw()
            if figure is not None:
                written.append(save(figure, Path(run) / "figures" / item.file, few_colors=item.kind in ("grid", "map")))
            advance(1)
    return written
