"""What clusters are made of, as stacked bars: a bar a cluster, a part a class."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from musaic.report.heat import CrossTable, cross_tables
from musaic.report.palette import MARKERS, REST, Style, cut, styles
from musaic.report.planned import Planned
from musaic.report.plotting import INK, LTR, SOFT, WIDTH, new_figure, rows_needed
from musaic.report.reading import Cell, Results

MOST_PARTS = 24
"""Classes in a bar; the rarest share one part."""

HATCHES = dict(zip(MARKERS, ("", "////", "....", "xxxx", "\\\\\\\\", "----", "++++"), strict=True))
"""What markers are in maps, hatches are in bars."""


def plan(results: Results) -> list[Planned]:
    """Return the bars of each cell's best clustering."""
    names = " and ".join(results.shown_labels)
    return [
        Planned(
            f"composition-{cell.name}",
            "composition",
            cell.name,
            f"Stacked bars: share of each {names} in each cluster of {cell.title}.",
            partial(composition_figure, results, cell),
        )
        for cell in results.done
        if results.shown_labels
    ]


def composition_figure(results: Results, cell: Cell) -> Figure | None:
    """Draw a panel a label: each cluster a bar of equal length, its size beside it."""
    tables = cross_tables(results, cell, most=MOST_PARTS)
    if not tables:
        return None
    n_rows = max(len(table.clusters) for table in tables)
    row = 0.28 if n_rows <= 24 else max(0.14, 7.0 / n_rows)
    margin, gap = 0.75, 0.55
    width = min((WIDTH - 0.35) / len(tables) - margin, 7.5)
    columns = [_columns(table, width) for table in tables]
    legend = max(rows_needed(len(table.classes), n) for table, n in zip(tables, columns, strict=True)) * 0.21
    body = n_rows * row
    height = 0.45 + body + gap + legend
    figure = new_figure(height)
    for place, (table, n) in enumerate(zip(tables, columns, strict=True)):
        left, bottom = place * (width + margin) + margin, height - 0.45 - len(table.clusters) * row
        axes = figure.add_axes((left / WIDTH, bottom / height, width / WIDTH, len(table.clusters) * row / height))
        sizes = table.counts.sum(axis=1)
        share = table.counts / np.maximum(sizes[:, None], 1)
        starts = np.cumsum(share, axis=1) - share
        looks = _looks(table)
        for j, look in enumerate(looks):
            axes.barh(
                range(len(share)),
                share[:, j],
                left=starts[:, j],
                height=0.78,
                color=look.color,
                hatch=HATCHES[look.marker],
                edgecolor="white",
                linewidth=0.4,
            )
        named = [f"{'noise' if k < 0 else k} ({size:,})" for k, size in zip(table.clusters, sizes, strict=True)]
        axes.set_yticks(range(len(named)), named, color=INK)
        axes.tick_params(axis="y", labelsize=min(9, 72 * row * 0.72))
        axes.set_ylim(len(named) - 0.4, -0.6)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
        axes.set_title(f"{cut(table.label)} in each cluster (songs)")
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_visible(False)
        handles = [Patch(facecolor=s.color, hatch=HATCHES[s.marker], edgecolor="white", linewidth=0.4) for s in looks]
        shown = axes.legend(
            handles,
            [" "] * len(handles),
            loc="upper left",
            bbox_to_anchor=(0, -0.3 / (len(table.clusters) * row)),
            borderaxespad=0,
            borderpad=0,
            ncols=n,
            handlelength=1.2,
            handletextpad=0.4,
            columnspacing=1.2,
            labelspacing=0.35,
        )
        for text, name in zip(shown.get_texts(), table.classes, strict=True):
            text.set_text(f"{LTR}{cut(name)}{LTR}")
            text.set_color(INK if not name.startswith("other (") else SOFT)
    return figure


def _looks(table: CrossTable) -> list[Style]:
    """Return a style a class, grey for the part that the rarest share."""
    return [
        Style(REST, MARKERS[0]) if name.startswith("other (") else look
        for name, look in zip(table.classes, styles(len(table.classes)), strict=True)
    ]


def _columns(table: CrossTable, width: float) -> int:
    """Return how many columns a legend has in a width, inches."""
    longest = max(len(cut(name)) for name in table.classes)
    return max(1, int((width + 0.1) / (0.072 * longest + 0.42)))
