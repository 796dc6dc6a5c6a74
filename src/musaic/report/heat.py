"""Which classes a cluster holds: cluster × language and cluster × genre."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from musaic.report.palette import MOST_CLASSES, OKABE_ITO, cut
from musaic.report.planned import Planned
from musaic.report.plotting import INK, SOFT, WIDTH, new_figure
from musaic.report.reading import Cell, Results

LONGEST_NAME = 18
"""Characters of a class beside a table."""


@dataclass(frozen=True)
class CrossTable:
    """How many tracks of each class lie in each cluster.

    Parameters
    ----------
    label : str
        The label column.
    classes : tuple of str
        Names of the columns, most frequent first; the rarest together where there are many.
    clusters : tuple of int
        Names of the rows; -1 is noise, and last.
    counts : ndarray of int, shape (clusters, classes)
        Tracks.
    """

    label: str
    classes: tuple[str, ...]
    clusters: tuple[int, ...]
    counts: np.ndarray


def cross_table(clusters: pd.Series, labels: pd.Series, name: str, *, most: int = MOST_CLASSES) -> CrossTable | None:
    """Count tracks by cluster and class, joined on ``track_id``; tracks that lack either are left out."""
    joined = pd.DataFrame({"cluster": clusters, "label": labels.reindex(clusters.index)}).dropna()
    if joined.empty:
        return None
    joined["label"] = joined["label"].astype(str)
    sizes = joined["label"].value_counts()
    order = sorted(sizes.index, key=lambda value: (-int(sizes[value]), value))
    kept = order if len(order) <= most else order[: most - 1]
    if len(order) > len(kept):
        rest = f"other ({len(order) - len(kept)})"
        joined["label"] = joined["label"].where(joined["label"].isin(kept), rest)
        kept = [*kept, rest]
    numbers = sorted({int(value) for value in joined["cluster"]}, key=lambda value: (value < 0, value))
    counts = pd.crosstab(joined["cluster"].astype(int), joined["label"]).reindex(
        index=numbers, columns=kept, fill_value=0
    )
    return CrossTable(name, tuple(kept), tuple(numbers), counts.to_numpy(dtype=int))


def plan(results: Results) -> list[Planned]:
    """Return the heat maps of each cell."""
    names = " and ".join(results.shown_labels)
    return [
        Planned(
            f"clusters-{cell.name}",
            "clusters",
            cell.name,
            f"Number of tracks of each {names} in each cluster of {cell.title}.",
            partial(clusters_figure, results, cell),
        )
        for cell in results.done
        if results.shown_labels
    ]


def clusters_figure(results: Results, cell: Cell) -> Figure | None:
    """Draw cluster × each label for a cell's best row: share of the cluster, with the number of tracks."""
    sheets = []
    for table in cross_tables(results, cell):
        names = tuple("noise" if k < 0 else str(k) for k in table.clusters)
        share = table.counts / np.maximum(table.counts.sum(axis=1, keepdims=True), 1)
        sheets.append(Sheet(f"cluster × {cut(table.label)}", names, table.classes, table.counts, share))
    return sheets_figure(sheets)


def cross_tables(results: Results, cell: Cell, *, most: int = MOST_CLASSES) -> list[CrossTable]:
    """Return a cross table for each shown label that shares tracks with the clusters of a cell's best row."""
    clusters = results.clusters(cell, results.clustering(cell))
    if clusters is None:
        return []
    tables = [cross_table(clusters, results.tracks[name], name, most=most) for name in results.shown_labels]
    return [table for table in tables if table is not None]


@dataclass(frozen=True)
class Sheet:
    """A table of numbers to be drawn as shades.

    Parameters
    ----------
    title : str
        What is crossed with what.
    rows, columns : tuple of str
        Their names.
    counts : ndarray of int, shape (rows, columns)
        The numbers written.
    share : ndarray of float, shape (rows, columns)
        The shades, 0 to 1.
    marked : tuple of (int, int)
        Row and column of the numbers that are framed.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: np.ndarray
    share: np.ndarray
    marked: tuple[tuple[int, int], ...] = ()


def sheets_figure(sheets: list[Sheet]) -> Figure | None:
    """Draw tables beside each other where they fit, else one below the other."""
    if not sheets:
        return None
    most = max(len(sheet.rows) for sheet in sheets)
    row = 0.3 if most <= 20 else max(0.13, 6.0 / most)
    longest = max(len(cut(name, LONGEST_NAME)) for sheet in sheets for name in sheet.columns)
    below = 0.35 + (0.06 * longest if any(_slanted(sheet) for sheet in sheets) else 0.0)
    above = 0.45
    margins = [0.4 + 0.085 * max(len(cut(name, LONGEST_NAME)) for name in sheet.rows) for sheet in sheets]
    widths = [
        min(max((0.62 if _slanted(sheet) else 0.43) * len(sheet.columns), 1.8), WIDTH - margin - 0.2)
        for sheet, margin in zip(sheets, margins, strict=True)
    ]
    # A title may be longer than its table.
    slots = [max(width, 0.09 * len(sheet.title)) for sheet, width in zip(sheets, widths, strict=True)]
    beside = sum(slots) + sum(margins) <= WIDTH
    heights = [len(sheet.rows) * row for sheet in sheets]
    total = max(heights) + above + below if beside else sum(heights) + (above + below) * len(sheets)
    figure = new_figure(total)
    left, top = 0.0, total - above
    for sheet, margin, width, slot, body in zip(sheets, margins, widths, slots, heights, strict=True):
        left += margin
        axes = figure.add_axes((left / WIDTH, (top - body) / total, width / WIDTH, body / total))
        _draw(axes, sheet, width / len(sheet.columns), row)
        left, top = (left + slot, top) if beside else (0.0, top - body - below - above)
    return figure


def _slanted(sheet: Sheet) -> bool:
    """Say whether the names of columns are too long to stand upright."""
    return max(len(name) for name in sheet.columns) > 5


def _draw(axes: Axes, sheet: Sheet, width: float, height: float) -> None:
    """Draw one table; inches of a number's field decide whether it fits in it, and how large."""
    axes.imshow(sheet.share, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for spine in axes.spines.values():
        spine.set_visible(False)
    columns = [cut(name, LONGEST_NAME) for name in sheet.columns]
    axes.set_xticks(range(len(columns)), columns, color=INK)
    if _slanted(sheet):
        axes.tick_params(axis="x", labelrotation=50)
        for text in axes.get_xticklabels():
            text.set(ha="right", rotation_mode="anchor")
    else:
        axes.tick_params(axis="x", labelsize=min(9, 72 * width * 0.36))
    axes.set_yticks(range(len(sheet.rows)), [cut(name, LONGEST_NAME) for name in sheet.rows], color=INK)
    axes.tick_params(axis="y", labelsize=min(9, 72 * height * 0.8))
    axes.set_title(sheet.title, pad=8)
    for i, j in sheet.marked:
        axes.add_patch(
            Rectangle(
                (j - 0.47, i - 0.47), 0.94, 0.94, fill=False, edgecolor=OKABE_ITO[3], linewidth=1.4, clip_on=False
            )
        )
    size = min(8.5, 72 * height * 0.62, 72 * width / (0.75 * max(len(str(sheet.counts.max())), 2)))
    if size >= 4.5:
        for i, j in zip(*np.nonzero(sheet.counts), strict=True):
            tone = "white" if sheet.share[i, j] > 0.55 else (INK if sheet.share[i, j] > 0.08 else SOFT)
            axes.text(j, i, str(sheet.counts[i, j]), ha="center", va="center", size=size, color=tone)
