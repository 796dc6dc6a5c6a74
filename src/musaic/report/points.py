"""Points of a map and the legends below: drawn in one way wherever songs are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from musaic.report.palette import REST, Classes, cut
from musaic.report.plotting import bare, counted, rows_needed

LEGEND_ROW = 0.19
"""Height of a legend entry, inches."""


def draw_points(axes: Axes, positions: pd.DataFrame, classes: Classes, *, shrink: float = 1.0) -> None:
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


def legend_rows(classes: Classes, width: float) -> int:
    """Return the number of rows of a legend in a width, inches."""
    return rows_needed(_entries(classes), legend_columns(classes, width))


def block_height(classes: Classes, width: float) -> float:
    """Return the height of a legend that takes the figure's whole width, heading included, inches."""
    return legend_rows(classes, width) * LEGEND_ROW + 0.45


def legend_blocks(figure: Figure, blocks: dict[str, Classes], top: float) -> None:
    """Draw legends across the whole figure, one below the other, from ``top`` inches down."""
    width, height = figure.get_size_inches()
    for name, classes in blocks.items():
        figure.text(0.15 / width, (top - 0.22) / height, cut(name), size=11)
        axes = figure.add_axes((0.15 / width, (top - 0.27) / height, 1 - 0.3 / width, 1e-6))
        axes.set_axis_off()
        draw_legend(axes, classes, legend_columns(classes, width))
        top -= block_height(classes, width)


def legend_columns(classes: Classes, width: float) -> int:
    """Return how many columns of entries fit in a width, inches."""
    longest = max((len(counted(name, 1000)) for name in (*classes.names, classes.rest)), default=4)
    return max(1, int((width + 0.1) / (0.069 * longest + 0.34)))


def draw_legend(axes: Axes, classes: Classes, n_columns: int) -> None:
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
