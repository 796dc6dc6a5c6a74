"""The paper's figures, drawn at the size in which they are printed: their letters are as large as a caption's."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from musaic.paper.facts import Facts
from musaic.report.palette import OKABE_ITO, Classes, cluster_classes, cut, label_classes
from musaic.report.plotting import FAINT, INK, LTR, SOFT, new_figure, save_vector, style
from musaic.report.points import draw_points
from musaic.report.reading import Cell, number
from musaic.report.scatter import METHODS

COLUMN, PAGE = 3.23, 6.77
"""Widths of a column and of the page's text, inches."""

LETTERS = 7.0
"""Points."""

FIGURES = ("intervals", "training", "map")
"""All that there may be."""

MOST_CLASSES, MOST_CELLS = 12, 30
"""Classes of a label that a map tells apart, and representations of the figure of intervals."""

MOST_SHOWN, LINE = 26, 28
"""Characters of a name in a figure, and of a line beside its intervals."""


def write_figures(facts: Facts, folder: Path) -> list[str]:
    """Draw the figures that a run can have, as SVG; return their names.

    Parameters
    ----------
    facts : Facts
        A run.
    folder : Path
        Where they are written.
    """
    drawn = []
    with _style(facts):
        for name, draw in (("intervals", intervals), ("training", training), ("map", maps)):
            figure = draw(facts)
            if figure is not None:
                save_vector(figure, folder / f"{name}.svg")
                drawn.append(name)
    return drawn


@contextlib.contextmanager
def _style(facts: Facts) -> Iterator[None]:
    """Draw with the report's settings and the letters of a paper."""
    texts = facts.results.texts() | {facts.called(cell.name) for cell in facts.done}
    with style(texts):
        sizes = ("font", "axes.title", "axes.label", "xtick.label", "ytick.label", "legend.font")
        for key in sizes:
            matplotlib.rcParams[f"{key}.size" if key == "font" else f"{key}size"] = LETTERS  # type: ignore[index]
        yield


def map_method(facts: Facts) -> str | None:
    """Return the first kind of map that the best representation has."""
    cell = facts.best_cell
    return next((one for one in METHODS if cell and facts.results.run.map_file(cell.name, one).is_file()), None)


def maps(facts: Facts) -> Figure | None:
    """Draw the map of the best representation, once for each label and once for its clusters."""
    cell, method = facts.best_cell, map_method(facts)
    positions = facts.results.map(cell, method) if cell and method else None
    if cell is None or positions is None or positions.empty:
        return None
    results = facts.results
    panels: list[tuple[str, Classes]] = []
    for label in results.shown_labels:
        classes = label_classes(results.tracks[label].reindex(positions.index), name=label, most=MOST_CLASSES)
        panels.append((label, classes))
    clusters = results.clusters(cell, results.clustering(cell, facts.best))
    if clusters is not None:
        panels.append(("cluster", cluster_classes(clusters.reindex(positions.index), most=MOST_CLASSES)))
    if not panels:
        return None
    gap = 0.12
    side = min((PAGE - gap * (len(panels) - 1)) / len(panels), 2.6)
    rows = max(-(-(len(classes.names) + (classes.n_rest > 0)) // 2) for _, classes in panels)
    under = 0.14 * rows + 0.1
    height = 0.2 + side + under
    figure = new_figure(height, PAGE)
    left = (PAGE - len(panels) * side - (len(panels) - 1) * gap) / 2
    for place, (title, classes) in enumerate(panels):
        x = (left + place * (side + gap)) / PAGE
        axes = figure.add_axes((x, under / height, side / PAGE, side / height))
        draw_points(axes, positions, classes, shrink=0.5)
        axes.set_title(cut(title, MOST_SHOWN), pad=3)
        _legend(axes, classes)
    return figure


def _legend(axes: Axes, classes: Classes) -> None:
    """Name the classes below a map, in two columns."""
    entries = [(style.color, style.marker, name, n) for style, name, n in
               zip(classes.styles, classes.names, classes.counts, strict=True)]  # fmt: skip
    if classes.n_rest:
        entries.append(("#C9CCD1", "o", classes.rest, classes.n_rest))
    half = -(-len(entries) // 2)
    points = 72 * axes.figure.get_figure().get_size_inches()  # type: ignore[union-attr]
    box = axes.get_position()
    wide, high = box.width * points[0], box.height * points[1]
    for i, (color, marker, name, n) in enumerate(entries):
        x = (i // half) * 0.5
        y = -(9 + 10 * (i % half)) / high
        axes.plot([x + 4 / wide], [y + 2.4 / high], marker=marker, color=color, markersize=3.6, markeredgewidth=0,
                  transform=axes.transAxes, clip_on=False)  # fmt: skip
        told = f"{LTR}{cut(name, 16)}{LTR} ({n:,})"
        axes.text(x + 10 / wide, y, told, transform=axes.transAxes, size=LETTERS - 0.5, color=INK)


def intervals(facts: Facts) -> Figure | None:
    """Draw AMI with its interval for the best honest clustering of each representation, best first."""
    rows = facts.each[:MOST_CELLS]
    known = [row for row in rows if number(row.get("ami_low")) is not None and number(row.get("ami_high")) is not None]
    if facts.label is None or len(known) < 2:
        return None
    vaes = {cell.name for cell in facts.vaes}
    line = 0.17
    height = 0.36 + line * len(known)
    figure = new_figure(height, COLUMN)
    names = [_wrapped(facts.called(row["cell"])) for row in known]
    margin = 0.08 + 0.051 * max(len(line) for name in names for line in name.split("\n"))
    axes = figure.add_axes((margin / COLUMN, 0.3 / height, 1 - (margin + 0.06) / COLUMN, line * len(known) / height))
    axes.axvline(0, color=SOFT, linewidth=0.7)
    for place, row in enumerate(known):
        low, high, middle = (float(row[key]) for key in ("ami_low", "ami_high", "ami"))
        color = OKABE_ITO[0] if row["cell"] in vaes else OKABE_ITO[3]
        axes.plot([low, high], [place, place], color=color, linewidth=1.1, solid_capstyle="butt")
        face = color if row["cell"] in vaes else "white"
        axes.plot([middle], [place], "o", color=color, markerfacecolor=face, markersize=3.4, markeredgewidth=0.9)
    axes.set_yticks(range(len(known)), names, color=INK, linespacing=0.9)
    for text in axes.get_yticklabels():
        text.set_fontsize(LETTERS - 1.5 if "\n" in text.get_text() else LETTERS)
    axes.set_ylim(len(known) - 0.5, -0.5)
    axes.grid(axis="x", color=FAINT, linewidth=0.5)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.tick_params(pad=2)
    axes.set_xlabel(f"AMI with {cut(facts.label, MOST_SHOWN)}", labelpad=2)
    axes.spines["left"].set_visible(False)
    return figure


def _wrapped(name: str) -> str:
    """Return a name on one line or two."""
    return "\n".join(cut(line, LINE) for line in textwrap.wrap(cut(name, 2 * LINE), LINE)[:2])


def trained(facts: Facts) -> Cell | None:
    """Return the VAE whose training is shown: the best of those that may be claimed and have a history."""
    vaes = [cell for cell in facts.vaes if facts.results.histories(cell)]
    best = facts.best_of(vaes)
    return facts.results.cell(best["cell"]) if best else None


def training(facts: Facts) -> Figure | None:
    """Draw loss and divergence over the epochs, a line a seed; held-out songs dashed."""
    cell = trained(facts)
    if cell is None or not facts.comparisons:
        return None
    histories = facts.results.histories(cell)
    first = next(iter(histories.values()))
    parts = [(key, title) for key, title in (("loss", "loss"), ("kl", "KL divergence")) if key in first]
    if not parts:
        return None
    height = 1.5
    figure = new_figure(height, COLUMN)
    width = (COLUMN - 0.1) / len(parts)
    for place, (key, title) in enumerate(parts):
        left = 0.05 + place * width + 0.36
        axes = figure.add_axes((left / COLUMN, 0.3 / height, (width - 0.42) / COLUMN, (height - 0.5) / height))
        values = []
        for history in histories.values():
            for column, color, dashes in ((key, OKABE_ITO[0], (1, 0)), (f"val_{key}", OKABE_ITO[3], (3, 1.5))):
                if column in history:
                    axes.plot(history["epoch"], history[column], color=color, dashes=dashes, linewidth=0.8, alpha=0.8)
                    values += [value for value in history[column] if number(value) is not None]
        if values:
            # The first epochs must not hide the rest.
            ordered = sorted(values)
            low, high = ordered[0], ordered[min(len(ordered) - 1, int(0.98 * len(ordered)))]
            room = 0.06 * ((high - low) or 1.0)
            axes.set_ylim(low - room, high + room)
        axes.set_title(f"{title}, nats", pad=3)
        axes.set_xlabel("epoch", labelpad=1.5)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.tick_params(pad=1.5)
        axes.grid(axis="y", color=FAINT, linewidth=0.5)
    return figure
