"""Maps coloured by language, genre and cluster: one figure a map, and one grid over all spaces."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from musaic.report.palette import REST, Classes, cluster_classes, cut, label_classes
from musaic.report.plotting import SOFT, WIDTH, bare, counted, new_figure, rows_needed
from musaic.report.reading import Cell, Results

LEGEND_ROW = 0.19
"""Height of a legend entry, inches."""

TALLEST_LEGEND = 9
"""A legend with more rows than this under its panel takes the whole width of the figure instead."""

METHODS = {"umap": "UMAP", "tsne": "t-SNE"}


class Panel(NamedTuple):
    """One coloured map."""

    title: str
    classes: Classes


def map_figure(results: Results, cell: Cell, method: str) -> Figure | None:
    """Draw a cell's map once for each label and once for its clusters, each with its legend below."""
    positions = results.map(cell, method)
    if positions is None or positions.empty:
        return None
    panels = _panels(results, cell, positions)
    columns = max(len(panels), 2)
    side = min((WIDTH - 0.2) / columns - 0.2, 5.0)
    own = [panel for panel in panels if _rows(panel.classes, side) <= TALLEST_LEGEND]
    wide = {panel.title: panel.classes for panel in panels if panel not in own}
    under = max((_rows(panel.classes, side) for panel in own), default=0) * LEGEND_ROW + 0.2
    height = 0.4 + side + under + sum(_block_height(classes, WIDTH) for classes in wide.values())
    figure = new_figure(height)
    for place, panel in enumerate(panels):
        left = (0.2 + place * (side + 0.2)) / WIDTH
        axes = figure.add_axes((left, (height - 0.4 - side) / height, side / WIDTH, side / height))
        _draw(axes, positions, panel.classes)
        axes.set_title(panel.title, pad=6)
        if panel in own:
            _legend(axes, panel.classes, _legend_columns(panel.classes, side))
    _blocks(figure, wide, height - 0.4 - side - under)
    used = str(positions["method"].iloc[0]) if "method" in positions else method
    note = METHODS[method] if used == method else f"{used.upper()}: too few different songs for {METHODS[method]}"
    edge = 0.2 + len(panels) * (side + 0.2) - 0.2
    figure.text(edge / WIDTH, (height - 0.33) / height, note, ha="right", size=9.5, color=SOFT)
    return figure


def grid_method(results: Results) -> str:
    """Return the first kind of map that the run has."""
    cells = [cell for cell in results.cells if cell.done]
    there = [method for method in METHODS if any(results.run.map_file(cell.name, method).is_file() for cell in cells)]
    return there[0] if there else next(iter(METHODS))


def grid_figure(results: Results, method: str = "umap") -> Figure | None:
    """Draw every cell's map, a row each, coloured by each label and by cluster."""
    found = [(cell, results.map(cell, method)) for cell in results.cells if cell.done]
    rows = [(cell, positions) for cell, positions in found if positions is not None and len(positions)]
    if not rows:
        return None
    shared = {name: label_classes(results.tracks[name], name=name) for name in results.shown_labels}
    n_columns = len(shared) + 1
    margin, gap = 1.75, 0.12
    side = 3.0 if len(rows) <= 3 else 2.3
    width = max(margin + n_columns * (side + gap) + 0.1, 5.0)
    legend = sum(_block_height(classes, width) for classes in shared.values())
    height = 0.4 + len(rows) * (side + gap) + 0.1 + legend
    figure = new_figure(height, width)
    for i, (cell, positions) in enumerate(rows):
        bottom = height - 0.4 - side - i * (side + gap)
        for j, panel in enumerate(_panels(results, cell, positions, shared)):
            left = (margin + j * (side + gap)) / width
            axes = figure.add_axes((left, bottom / height, side / width, side / height))
            _draw(axes, positions, panel.classes, shrink=0.45)
            if i == 0 or j == len(shared):
                title = panel.title.split(" · ")
                axes.set_title(title[0] if i == 0 else "", pad=6)
                if j == len(shared) and len(title) > 1:
                    axes.text(0.99, 0.012, title[1], transform=axes.transAxes, ha="right", size=8, color=SOFT)
        lines = _wrapped(cell)
        for place, line in enumerate(lines):
            y = bottom + side / 2 + (len(lines) / 2 - place) * 0.2
            figure.text(0.15 / width, y / height, line, va="top", size=10)
    _blocks(figure, shared, legend)
    return figure


def _panels(
    results: Results, cell: Cell, positions: pd.DataFrame, shared: dict[str, Classes] | None = None
) -> list[Panel]:
    """Return what a map is coloured by: each label, then the clusters of the cell's best row."""
    panels = []
    for name in results.shown_labels:
        column = results.tracks[name].reindex(positions.index)
        classes = label_classes(column, name=name)
        if shared is not None:
            everything = shared[name]
            codes = pd.Series(everything.codes, index=results.tracks.index).reindex(positions.index, fill_value=-1)
            classes = Classes(everything.names, everything.counts, codes.to_numpy(), everything.styles, everything.rest)
        panels.append(Panel(cut(name), classes))
    clustering = results.clustering(cell)
    clusters = results.clusters(cell, clustering)
    if clusters is not None and clustering is not None:
        classes = cluster_classes(clusters.reindex(positions.index))
        panels.append(
            Panel(f"cluster · {clustering.get('algorithm', '')}, {len(set(clusters[clusters >= 0]))}", classes)
        )
    if not panels:
        none = Classes((), (), np.full(len(positions), -1), (), "tracks")
        panels.append(Panel("all tracks", none))
    return panels


def _draw(axes: Axes, positions: pd.DataFrame, classes: Classes, *, shrink: float = 1.0) -> None:
    """Draw the points of a map; no class lies systematically on top of another."""
    x, y = positions["x"].to_numpy(), positions["y"].to_numpy()
    n = len(x)
    size = float(np.clip(5200 / max(n, 1), 2.2, 42)) * shrink
    crisp = n <= 2000
    rest = classes.codes < 0
    alpha = 0.9 if crisp else 0.65
    axes.scatter(x[rest], y[rest], s=size * 0.7, c=REST, marker="o", linewidths=0, alpha=alpha, rasterized=True)
    colors = np.array([style.color for style in classes.styles] or [REST])
    markers = np.array([style.marker for style in classes.styles] or ["o"])
    order = np.random.default_rng(0).permutation(np.flatnonzero(~rest))
    # Points are drawn in shuffled parts, so that markers mix where they overlap.
    for part in np.array_split(order, max(1, min(12, len(order) // 250))):
        for marker in sorted(set(markers[classes.codes[part]])):
            chosen = part[markers[classes.codes[part]] == marker]
            axes.scatter(
                x[chosen],
                y[chosen],
                s=size,
                c=colors[classes.codes[chosen]],
                marker=marker,
                linewidths=0.35 if crisp else 0,
                edgecolors="white",
                alpha=alpha,
                rasterized=True,
            )
    reach = 1.06 * float(np.abs(positions[["x", "y"]].to_numpy() - _middle(positions)).max() or 1.0)
    (mx, my) = _middle(positions)
    axes.set_xlim(mx - reach, mx + reach)
    axes.set_ylim(my - reach, my + reach)
    bare(axes)


def _middle(positions: pd.DataFrame) -> np.ndarray:
    """Return the middle of the map's frame."""
    xy = positions[["x", "y"]].to_numpy()
    return np.asarray((xy.min(axis=0) + xy.max(axis=0)) / 2)


def _entries(classes: Classes) -> int:
    """Return the number of entries of a legend."""
    return len(classes.names) + (classes.n_rest > 0)


def _rows(classes: Classes, width: float) -> int:
    """Return the number of rows of a legend in a width, inches."""
    return rows_needed(_entries(classes), _legend_columns(classes, width))


def _block_height(classes: Classes, width: float) -> float:
    """Return the height of a legend that takes the figure's whole width, heading included, inches."""
    return _rows(classes, width) * LEGEND_ROW + 0.45


def _blocks(figure: Figure, blocks: dict[str, Classes], top: float) -> None:
    """Draw legends across the whole figure, one below the other, from ``top`` inches down."""
    width, height = figure.get_size_inches()
    for name, classes in blocks.items():
        figure.text(0.15 / width, (top - 0.22) / height, cut(name), size=11)
        axes = figure.add_axes((0.15 / width, (top - 0.27) / height, 1 - 0.3 / width, 1e-6))
        axes.set_axis_off()
        _legend(axes, classes, _legend_columns(classes, width))
        top -= _block_height(classes, width)


def _legend_columns(classes: Classes, width: float) -> int:
    """Return how many columns of entries fit in a width, inches."""
    longest = max((len(counted(name, 1000)) for name in (*classes.names, classes.rest)), default=4)
    return max(1, int((width + 0.1) / (0.069 * longest + 0.34)))


def _legend(axes: Axes, classes: Classes, n_columns: int) -> None:
    """Draw the legend below a panel: marker, name and number of tracks; right-to-left names as they are read."""
    handles = [
        Line2D([], [], color=style.color, marker=style.marker, linestyle="", markersize=6.2, markeredgewidth=0)
        for style in classes.styles
    ]
    names = [counted(name, count) for name, count in zip(classes.names, classes.counts, strict=True)]
    if classes.n_rest:
        handles.append(Line2D([], [], color=REST, marker="o", linestyle="", markersize=5.5, markeredgewidth=0))
        names.append(counted(classes.rest, classes.n_rest))
    if not handles:
        return
    legend = axes.legend(
        handles,
        [" "] * len(names),
        loc="upper left",
        bbox_to_anchor=(0, 0),
        borderaxespad=0,
        borderpad=0.45,
        ncols=min(n_columns, len(handles)),
        handletextpad=0.25,
        columnspacing=1.1,
        labelspacing=0.32,
        handlelength=1.4,
    )
    # Set afterwards: a label that begins with an underscore would be taken for a hidden one.
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(name)


def _wrapped(cell: Cell) -> list[str]:
    """Return a cell's name for the margin of the grid, at most five lines."""
    if cell.title.startswith(f"{cell.model} on "):
        first, *others = cell.inputs.split(" + ")
        given = [line for part in (first, *(f"+ {other}" for other in others)) for line in textwrap.wrap(part, 20)]
        return [cut(line, 20) for line in (cell.model, *given)][:5]
    lines = [""]
    for word in cell.title.replace("-", "- ").replace("+", "+ ").split(" "):
        if len(lines[-1]) + len(word) > 20 and lines[-1]:
            lines.append("")
        lines[-1] += word
    return [cut(line, 20) for line in lines[:4]]
