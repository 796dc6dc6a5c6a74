"""Each label beside the clusters, the clusters in the colours of the classes they stand for."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from musaic.report.alignment import Alignment, align
from musaic.report.palette import Classes, Style, cut, label_classes
from musaic.report.planned import Planned
from musaic.report.plotting import SOFT, WIDTH, new_figure
from musaic.report.points import LEGEND_ROW, draw_legend, draw_points, legend_columns, legend_rows
from musaic.report.reading import Cell, Results
from musaic.report.scatter import METHODS, map_note

GAP = 0.2
"""Between panels, inches."""

HEADING = 0.4
"""Above the panels, inches."""


def plan(results: Results) -> list[Planned]:
    """Return the labels beside the clusters, for each map of each cell."""
    names = " and ".join(results.shown_labels)
    return [
        Planned(
            f"truth-{cell.name}-{method}",
            "truth",
            cell.name,
            f"{title} map of {cell.title}: {names} beside the clusters in the colours of the classes they stand for.",
            partial(truth_figure, results, cell, method),
        )
        for cell in results.done
        for method, title in METHODS.items()
        if results.shown_labels and results.run.map_file(cell.name, method).is_file()
    ]


def truth_figure(results: Results, cell: Cell, method: str) -> Figure | None:
    """Draw pairs of maps: what songs are, and what their clusters take them for."""
    positions = results.map(cell, method)
    clustering = results.clustering(cell)
    clusters = results.clusters(cell, clustering)
    if positions is None or positions.empty or clusters is None or clustering is None or not results.shown_labels:
        return None
    found = clusters.reindex(positions.index)
    pairs = [_pair(results.tracks[name].reindex(positions.index), found, name) for name in results.shown_labels]
    named = [replace(classes, names=_names(classes, alignment)) for classes, _, alignment in pairs]
    side = min((WIDTH - 0.2) / (2 * len(pairs)) - GAP, 4.4)
    block = 2 * side + GAP
    legend = max(legend_rows(classes, block) for classes in named) * LEGEND_ROW
    height = HEADING + side + legend + 0.45
    figure = new_figure(height)
    for place, (name, (classes, seen, alignment)) in enumerate(zip(results.shown_labels, pairs, strict=True)):
        left = 0.2 + place * (block + GAP)
        share = f"{100 * alignment.agreeing:.0f} % of songs agree"
        panels = [(cut(name), map_note(positions, method), classes), ("as its clusters", share, seen)]
        for column, (title, note, shown) in enumerate(panels):
            x = left + column * (side + GAP)
            axes = figure.add_axes((x / WIDTH, (height - HEADING - side) / height, side / WIDTH, side / height))
            draw_points(axes, positions, shown)
            axes.set_title(title, pad=6)
            figure.text((x + side) / WIDTH, (height - HEADING + 0.08) / height, note, size=9, color=SOFT, ha="right")
            if column == 0:
                draw_legend(axes, named[place], legend_columns(named[place], block))
    told = (
        f"Before a class: the cluster ({clustering.get('algorithm', '')}) that stands for it. Pale: further clusters, "
        "in the colour of the class that they hold most of."
    )
    figure.text(0.2 / WIDTH, 0.1 / height, told, size=9, color=SOFT)
    return figure


def _pair(column: pd.Series, clusters: pd.Series, name: str) -> tuple[Classes, Classes, Alignment]:
    """Return the classes of a label, the classes that the clusters stand for, and how they are aligned."""
    classes = label_classes(column, name=name)
    numbers = np.unique(clusters[clusters >= 0].astype(int))
    rows = np.searchsorted(numbers, clusters.fillna(-1).astype(int).clip(lower=0))
    clustered = (clusters >= 0).to_numpy()
    counts = np.zeros((len(numbers), len(classes.names)), dtype=int)
    both = clustered & (classes.codes >= 0)
    np.add.at(counts, (rows[both], classes.codes[both]), 1)
    alignment = align(counts)
    # Codes of further clusters follow those of the classes, in a paler colour.
    n = len(classes.names)
    code = {**alignment.matched, **{k: n + j for k, j in alignment.further.items()}}
    codes = np.array([code.get(int(k), -1) if inside else -1 for k, inside in zip(rows, clustered, strict=True)])
    pale = tuple(Style(_pale(style.color), style.marker) for style in classes.styles)
    seen = replace(
        classes, names=classes.names * 2, counts=classes.counts * 2, codes=codes, styles=classes.styles + pale
    )
    named = {int(numbers[k]): j for k, j in alignment.matched.items()}
    agreeing = counts[list(alignment.matched), list(alignment.matched.values())].sum() if alignment.matched else 0
    n_labelled = int((classes.codes >= 0).sum())
    return classes, seen, replace(alignment, matched=named, agreeing=float(agreeing / max(n_labelled, 1)))


def _names(classes: Classes, alignment: Alignment) -> tuple[str, ...]:
    """Return the names of classes, each with the cluster that stands for it."""
    cluster = {j: k for k, j in alignment.matched.items()}
    return tuple(f"{cluster.get(j, '–')} · {name}" for j, name in enumerate(classes.names))


def _pale(color: str) -> str:
    """Return a colour mixed with white."""
    red, green, blue = (0.45 * part + 0.55 for part in to_rgb(color))
    return to_hex((red, green, blue))
