"""Classes against clusters, each cluster moved under the class it is matched with."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from musaic.report.alignment import align
from musaic.report.heat import CrossTable, Sheet, cross_tables, sheets_figure
from musaic.report.palette import cut
from musaic.report.planned import Planned
from musaic.report.reading import Cell, Results


def plan(results: Results) -> list[Planned]:
    """Return the confusion of each cell's best clustering."""
    alt = "Confusion of classes and clusters of {}, clusters in the order of the classes they are matched with."
    return [
        Planned(
            f"confusion-{cell.name}",
            "confusion",
            cell.name,
            alt.format(cell.title),
            partial(confusion_figure, results, cell),
        )
        for cell in results.done
        if results.shown_labels
    ]


def confusion_figure(results: Results, cell: Cell) -> Figure | None:
    """Draw each label's classes as rows and the clusters as columns; shade is the share of the class."""
    return sheets_figure([_sheet(table) for table in cross_tables(results, cell)])


def _sheet(table: CrossTable) -> Sheet:
    """Return the table with matched pairs on its diagonal; classes that no cluster stands for come last."""
    noise = table.clusters.index(-1) if -1 in table.clusters else None
    found = align(table.counts, noise=noise)
    taken = set(found.matched.values())
    classes = sorted(range(len(table.classes)), key=lambda j: (j not in taken, j))
    clusters = sorted(found.order(len(table.clusters)), key=lambda k: k == noise)
    counts = table.counts[np.ix_(clusters, classes)].T
    return Sheet(
        f"{cut(table.label)} × cluster: {100 * found.agreeing:.0f} % in the cluster of their class",
        tuple(table.classes[j] for j in classes),
        tuple("noise" if k == noise else str(table.clusters[k]) for k in clusters),
        counts,
        counts / np.maximum(counts.sum(axis=1, keepdims=True), 1),
        tuple((classes.index(j), clusters.index(k)) for k, j in found.matched.items()),
    )
