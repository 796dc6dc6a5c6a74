"""The tree of an agglomerative clustering, cut to a few branches, with what each holds most of."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from musaic.report.palette import MARKERS, REST, Classes, cut, label_classes
from musaic.report.planned import Planned
from musaic.report.plotting import INK, LTR, SOFT, WIDTH, new_figure
from musaic.report.reading import Cell, Results, parameters
from musaic.report.stacked import HATCHES

MOST_LEAVES = 30

MOST_SONGS = 6000
"""Above this many the tree is not built again: its distances would not fit into a small machine."""


def plan(results: Results) -> list[Planned]:
    """Return the tree of each cell that was clustered agglomeratively."""
    return [
        Planned(
            f"dendrogram-{cell.name}",
            "dendrogram",
            cell.name,
            f"Tree of the agglomerative clustering of {cell.title}, its last {MOST_LEAVES} branches.",
            partial(dendrogram_figure, results, cell),
        )
        for cell in results.done
        if _clustering(results, cell) is not None
    ]


def _clustering(results: Results, cell: Cell) -> dict[str, Any] | None:
    """Return a cell's best agglomerative clustering."""
    fitting = {str(entry.get("id")): entry for entry in cell.clusterings if entry.get("algorithm") == "agglomerative"}
    table = results.leaderboard
    mine = table[table["cell"] == cell.name] if "clustering_id" in table else table.iloc[:0]
    ranked = [name for name in mine.get("clustering_id", ()) if name in fitting]
    return fitting[ranked[0]] if ranked else next(iter(fitting.values()), None)


def dendrogram_figure(results: Results, cell: Cell) -> Figure | None:
    """Draw the tree from left to right, and beside each leaf its songs and its commonest classes."""
    from scipy.cluster import hierarchy

    entry = _clustering(results, cell)
    points = results.points(cell, entry.get("space")) if entry else None
    if entry is None or points is None or not 3 <= len(points) <= MOST_SONGS:
        return None
    linkage = parameters(entry.get("params")).get("linkage", "ward")
    # Rows are in the order of their track_ids, so that equal songs are joined alike.
    tree = hierarchy.linkage(points.to_numpy(np.float64), method=cast(Any, linkage))
    drawn = hierarchy.dendrogram(tree, p=MOST_LEAVES, truncate_mode="lastp", no_plot=True)
    leaves = [_members(tree, node) for node in drawn["leaves"] or ()]
    columns = [label_classes(results.tracks[name].reindex(points.index), name=name) for name in results.shown_labels]
    row, beside = 0.235, 0.6 + 2.35 * len(columns)
    height = 0.55 + row * len(leaves) + 0.45
    figure = new_figure(height)
    box = (0.2 / WIDTH, 0.45 / height, (WIDTH - beside - 0.3) / WIDTH, row * len(leaves) / height)
    axes = figure.add_axes(box)
    lines = [
        np.column_stack([distances, np.asarray(places) / 10 - 0.5])
        for places, distances in zip(drawn["icoord"], drawn["dcoord"], strict=True)
    ]
    axes.add_collection(LineCollection(lines, colors=INK, linewidths=1.1))
    axes.set_xlim(1.03 * float(tree[-1, 2]), 0)
    axes.set_ylim(len(leaves) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("distance at which branches are joined")
    n_clusters = int(entry.get("n_clusters") or 0)
    if 2 <= n_clusters <= len(tree):
        cut_at = float(tree[-n_clusters + 1, 2] + tree[-n_clusters, 2]) / 2
        axes.axvline(cut_at, color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
        told = f"; dashed: {n_clusters} clusters"
    else:
        told = ""
    title = f"{linkage} linkage in {entry.get('space')}: {len(points):,} songs in {len(leaves)} branches{told}"
    axes.set_title(title, size=10)
    left = WIDTH - beside
    figure.text((left + 0.45) / WIDTH, (height - 0.42) / height, "songs", size=9, color=SOFT, ha="right")
    for place, (name, classes) in enumerate(zip(results.shown_labels, columns, strict=True)):
        _leaves(figure, left + 0.6 + 2.35 * place, height, row, classes, leaves, cut(name))
    for i, members in enumerate(leaves):
        y = (height - 0.55 - (i + 0.5) * row) / height
        figure.text((left + 0.45) / WIDTH, y, f"{len(members):,}", size=9, ha="right", va="center")
    return figure


def _members(tree: np.ndarray, node: int) -> np.ndarray:
    """Return the rows below a node of a tree as SciPy numbers them."""
    n, found, open_nodes = len(tree) + 1, [], [int(node)]
    while open_nodes:
        at = open_nodes.pop()
        if at < n:
            found.append(at)
        else:
            open_nodes += [int(tree[at - n, 0]), int(tree[at - n, 1])]
    return np.array(found)


def _leaves(
    figure: Figure, left: float, height: float, row: float, classes: Classes, leaves: list[np.ndarray], title: str
) -> None:
    """Draw beside each leaf its commonest class, and how many of its songs are of it."""
    figure.text(left / WIDTH, (height - 0.42) / height, title, size=9, color=SOFT)
    axes = figure.add_axes((left / WIDTH, 0.45 / height, 0.5 / WIDTH, row * len(leaves) / height))
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(len(leaves) - 0.5, -0.5)
    for i, members in enumerate(leaves):
        codes = classes.codes[members]
        counts = np.bincount(codes[codes >= 0], minlength=len(classes.names))
        y = (height - 0.55 - (i + 0.5) * row) / height
        if not counts.any():
            figure.text((left + 0.6) / WIDTH, y, classes.rest, size=8.5, va="center", color=SOFT)
            continue
        most = int(counts.argmax())
        share = counts[most] / len(members)
        _bar(axes, i, 1.0, REST, MARKERS[0])
        _bar(axes, i, share, classes.styles[most].color, classes.styles[most].marker)
        text = f"{LTR}{cut(classes.names[most], 16)}{LTR} {100 * share:.0f} %"
        figure.text((left + 0.6) / WIDTH, y, text, size=8.5, va="center", color=INK if share > 0.5 else SOFT)


def _bar(axes: Axes, place: int, share: float, color: str, marker: str) -> None:
    """Draw one bar from 0 to a share."""
    axes.barh(place, share, height=0.62, color=color, hatch=HATCHES[marker], edgecolor="white", linewidth=0)
