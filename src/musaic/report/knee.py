"""The distances of songs to their k-th neighbour, in order: where DBSCAN's eps was put, and where the knee is."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from musaic.report.palette import OKABE_ITO
from musaic.report.planned import Planned
from musaic.report.plotting import new_figure
from musaic.report.reading import Cell, Results, number, parameters

MOST_CURVES = len(OKABE_ITO)


def plan(results: Results) -> list[Planned]:
    """Return the curve of each cell that was clustered by DBSCAN."""
    return [
        Planned(
            f"knee-{cell.name}",
            "knee",
            cell.name,
            f"Distance of the songs of {cell.title} to their k-th neighbour, smallest first, with DBSCAN's eps.",
            partial(knee_figure, results, cell),
        )
        for cell in results.done
        if any(entry.get("algorithm") == "dbscan" for entry in cell.clusterings)
    ]


def knee_figure(results: Results, cell: Cell) -> Figure | None:
    """Draw a curve for each space and ``min_samples``, with every eps that was used as a point on it."""
    curves: dict[tuple[str, int], np.ndarray] = {}
    used: dict[tuple[str, int], dict[float, str]] = {}
    for entry in [entry for entry in cell.clusterings if entry.get("algorithm") == "dbscan"]:
        told = parameters(entry.get("params"))
        min_samples, eps = number(told.get("min_samples")), number(told.get("eps", "").split(" ")[0])
        if min_samples is None or eps is None:
            continue
        key = (str(entry.get("space")), int(min_samples))
        if key not in curves:
            distances = _distances(results, cell, entry, int(min_samples))
            if distances is None:
                continue
            curves[key] = distances
        used.setdefault(key, {})[eps] = "knee" if "knee" in told["eps"] else ""
    if not curves:
        return None
    figure = new_figure(3.9, 8.6)
    axes = figure.add_axes((0.08, 0.14, 0.58, 0.76))
    for place, (key, distances) in enumerate(sorted(curves.items())[:MOST_CURVES]):
        share = 100 * np.arange(1, len(distances) + 1) / len(distances)
        color = OKABE_ITO[place]
        words = [f"{eps:.3g}{' (knee)' if source else ''}" for eps, source in sorted(used[key].items())]
        label = f"{key[0]}, min_samples {key[1]}\neps {', '.join(words)}"
        axes.plot(share, distances, color=color, linewidth=1.5, label=label)
        for eps, source in sorted(used[key].items()):
            at = float(100 * np.searchsorted(distances, eps, side="right") / len(distances))
            axes.plot(at, eps, "o" if source else "s", color=color, markersize=8, fillstyle="none", markeredgewidth=1.6)
    axes.set_title("distance to neighbour number min_samples; circles: knees, squares: eps as given", size=10)
    axes.set_xlabel("% of songs, nearest neighbours first")
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, 103)
    axes.grid(axis="y")
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0)
    return figure


def _distances(results: Results, cell: Cell, entry: dict[str, Any], min_samples: int) -> np.ndarray | None:
    """Return the sorted distances: as they were written, else those of the points where they are there."""
    table = results.choice(cell, entry)
    if table is not None and (table["parameter"] == "eps").any():
        return np.sort(table.loc[table["parameter"] == "eps", "score"].to_numpy(float))
    points = results.points(cell, entry.get("space"))
    if points is None or len(points) < min_samples:
        return None
    from sklearn.neighbors import NearestNeighbors

    # As DBSCAN counts, a song is the first of its own neighbours.
    found, _ = NearestNeighbors(n_neighbors=min_samples).fit(points.to_numpy()).kneighbors()
    found = np.sort(np.concatenate([np.zeros((len(found), 1)), found], axis=1)[:, min_samples - 1])
    return np.asarray(found)
