"""Maps coloured by language, genre and cluster: one figure a map, and one grid over all spaces."""

from __future__ import annotations

import textwrap
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from musaic.report.palette import Classes, cluster_classes, cut, label_classes
from musaic.report.planned import Planned
from musaic.report.plotting import SOFT, WIDTH, new_figure
from musaic.report.points import (
    LEGEND_ROW,
    block_height,
    draw_legend,
    draw_points,
    legend_blocks,
    legend_columns,
    legend_rows,
)
from musaic.report.reading import Cell, Results

TALLEST_LEGEND = 9
"""A legend with more rows than this under its panel takes the whole width of the figure instead."""

METHODS = {"umap": "UMAP", "tsne": "t-SNE"}


class Panel(NamedTuple):
    """One coloured map."""

    title: str
    classes: Classes


def plan_grid(results: Results) -> list[Planned]:
    """Return the figure of all maps."""
    method = grid_method(results)
    colored = _colored(results)
    alt = f"{METHODS[method]} maps of the songs in all {len(results.done)} spaces, one row each, {colored}."
    return [Planned("grid", "grid", None, alt, partial(grid_figure, results, method))]


def plan_maps(results: Results) -> list[Planned]:
    """Return the maps of each cell."""
    return [
        Planned(
            f"map-{cell.name}-{method}",
            "map",
            cell.name,
            f"{title} map of the songs in the space of {cell.title}, {_colored(results)}.",
            partial(map_figure, results, cell, method),
        )
        for cell in results.done
        for method, title in METHODS.items()
        if results.run.map_file(cell.name, method).is_file()
    ]


def _colored(results: Results) -> str:
    """Return by what maps are coloured, in words."""
    return f"coloured by {' and by '.join([*results.shown_labels, 'cluster'])}"


def map_figure(results: Results, cell: Cell, method: str) -> Figure | None:
    """Draw a cell's map once for each label and once for its clusters, each with its legend below."""
    positions = results.map(cell, method)
    if positions is None or positions.empty:
        return None
    panels = _panels(results, cell, positions)
    columns = max(len(panels), 2)
    side = min((WIDTH - 0.2) / columns - 0.2, 5.0)
    own = [panel for panel in panels if legend_rows(panel.classes, side) <= TALLEST_LEGEND]
    wide = {panel.title: panel.classes for panel in panels if panel not in own}
    under = max((legend_rows(panel.classes, side) for panel in own), default=0) * LEGEND_ROW + 0.2
    height = 0.4 + side + under + sum(block_height(classes, WIDTH) for classes in wide.values())
    figure = new_figure(height)
    for place, panel in enumerate(panels):
        left = (0.2 + place * (side + 0.2)) / WIDTH
        axes = figure.add_axes((left, (height - 0.4 - side) / height, side / WIDTH, side / height))
        draw_points(axes, positions, panel.classes)
        axes.set_title(panel.title, pad=6)
        if panel in own:
            draw_legend(axes, panel.classes, legend_columns(panel.classes, side))
    legend_blocks(figure, wide, height - 0.4 - side - under)
    note = map_note(positions, method)
    edge = 0.2 + len(panels) * (side + 0.2) - 0.2
    figure.text(edge / WIDTH, (height - 0.33) / height, note, ha="right", size=9.5, color=SOFT)
    return figure


def map_note(positions: pd.DataFrame, method: str) -> str:
    """Return what kind of map it is, and why where it is not the one asked for."""
    used = str(positions["method"].iloc[0]) if "method" in positions else method
    return METHODS[method] if used == method else f"{used.upper()}: too few different songs for {METHODS[method]}"


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
    legend = sum(block_height(classes, width) for classes in shared.values())
    height = 0.4 + len(rows) * (side + gap) + 0.1 + legend
    figure = new_figure(height, width)
    for i, (cell, positions) in enumerate(rows):
        bottom = height - 0.4 - side - i * (side + gap)
        for j, panel in enumerate(_panels(results, cell, positions, shared)):
            left = (margin + j * (side + gap)) / width
            axes = figure.add_axes((left, bottom / height, side / width, side / height))
            draw_points(axes, positions, panel.classes, shrink=0.45)
            if i == 0 or j == len(shared):
                title = panel.title.split(" · ")
                axes.set_title(title[0] if i == 0 else "", pad=6)
                if j == len(shared) and len(title) > 1:
                    axes.text(0.99, 0.012, title[1], transform=axes.transAxes, ha="right", size=8, color=SOFT)
        lines = _wrapped(cell)
        for place, line in enumerate(lines):
            y = bottom + side / 2 + (len(lines) / 2 - place) * 0.2
            figure.text(0.15 / width, y / height, line, va="top", size=10)
    legend_blocks(figure, shared, legend)
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
