"""Which classes a cluster holds: cluster × language and cluster × genre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from musaic.report.palette import MOST_CLASSES, cut
from musaic.report.plotting import INK, SOFT, WIDTH, new_figure
from musaic.report.reading import Cell, Results


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


def clusters_figure(results: Results, cell: Cell) -> Figure | None:
    """Draw cluster × each label for a cell's best row: share of the cluster, with the number of tracks."""
    clusters = results.clusters(cell, results.clustering(cell))
    if clusters is None:
        return None
    tables = [cross_table(clusters, results.tracks[name], name) for name in results.shown_labels]
    found = [table for table in tables if table is not None]
    if not found:
        return None
    rows = max(len(table.clusters) for table in found)
    row = 0.3 if rows <= 20 else max(0.13, 6.0 / rows)
    names = max((len(cut(name, 18)) for table in found for name in table.classes), default=4)
    below, above, margin = 0.35 + 0.06 * names, 0.45, 0.7
    widths = [min(max(0.62 * len(table.classes), 1.8), WIDTH - margin - 0.2) for table in found]
    beside = sum(widths) + margin * len(found) <= WIDTH
    heights = [len(table.clusters) * row for table in found]
    total = max(heights) + above + below if beside else sum(heights) + (above + below) * len(found)
    figure = new_figure(total)
    left, top = margin, total - above
    for table, width, body in zip(found, widths, heights, strict=True):
        axes = figure.add_axes((left / WIDTH, (top - body) / total, width / WIDTH, body / total))
        _heat(axes, table, width / len(table.classes), row)
        left, top = (left + width + margin, top) if beside else (left, top - body - below - above)
    return figure


def _heat(axes: Axes, table: CrossTable, width: float, height: float) -> None:
    """Draw one table: shade is the share of the cluster's row, the number is of tracks."""
    totals = table.counts.sum(axis=1, keepdims=True)
    share = table.counts / np.maximum(totals, 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for spine in axes.spines.values():
        spine.set_visible(False)
    named = [cut(name, 18) for name in table.classes]
    axes.set_xticks(range(len(named)), named, rotation=50, ha="right", rotation_mode="anchor", color=INK)
    axes.set_yticks(range(len(table.clusters)), [("noise" if k < 0 else str(k)) for k in table.clusters], color=INK)
    axes.set_title(f"cluster × {cut(table.label)}", pad=8)
    # Inches of a cell decide whether numbers fit in it, and how large.
    size = min(8.5, 72 * height * 0.62, 72 * width / (0.75 * max(len(str(table.counts.max())), 2)))
    if size >= 4.5:
        for i, j in zip(*np.nonzero(table.counts), strict=True):
            tone = "white" if share[i, j] > 0.55 else (INK if share[i, j] > 0.08 else SOFT)
            axes.text(j, i, str(table.counts[i, j]), ha="center", va="center", size=size, color=tone)
