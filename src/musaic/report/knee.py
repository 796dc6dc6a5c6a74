"""The distances of songs to their k-th neighbour, in order: where DBSCAN's eps was put, and where the knee is."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from musaic.report.palette import OKABE_ITO
from musaic.report.planned import Planned
from musaic.report.plotting import new_figure
from musaic.report.reading import Cell, Results, number, parameters

Key = tuple[str, int]
"""A space, and ``min_samples``."""

MOST_SONGS = 20_000
"""Above this many, distances that the run has not kept are not found again: all songs with all would take hours."""


class Curve(NamedTuple):
    """Distances of songs to a neighbour, rising; shares of the songs up to each, in percent; the knee, if any."""

    share: np.ndarray
    distances: np.ndarray
    eps: float | None = None


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


def undrawn(results: Results) -> bool:
    """Say whether there are curves that nobody asked for, of too many songs to be found now."""
    return any(
        len(results.tracks) > MOST_SONGS and _kept(results, cell, entries) is None
        for cell in results.done
        for entries in _asked(cell).values()
    )


def knee_figure(results: Results, cell: Cell) -> Figure | None:
    """Draw a curve for each space and ``min_samples``, with every eps that was used as a point on it.

    A curve is the one that eps was read from; where eps was given as a number there is none, and the distances are
    found again, up to `MOST_SONGS` songs.
    """
    asked = _asked(cell)
    found = {key: _kept(results, cell, asked[key]) or _found(results, cell, key) for key in sorted(asked)}
    curves = {key: curve for key, curve in found.items() if curve is not None}
    if not curves:
        return None
    figure = new_figure(3.9, 8.6)
    axes = figure.add_axes((0.08, 0.14, 0.58, 0.76))
    for color, (key, curve) in zip(OKABE_ITO, curves.items(), strict=False):
        used = dict(sorted(_used(entry, curve) for entry in asked[key]))
        words = [f"{eps:.3g}{' (knee)' if knee else ''}" for eps, knee in used.items()]
        label = f"{key[0]}, min_samples {key[1]}\neps {', '.join(words)}"
        axes.plot(curve.share, curve.distances, color=color, linewidth=1.5, label=label)
        for eps, knee in used.items():
            at = float(np.interp(eps, curve.distances, curve.share, left=0.0))
            axes.plot(at, eps, "o" if knee else "s", color=color, markersize=8, fillstyle="none", markeredgewidth=1.6)
    axes.set_title("distance to neighbour number min_samples; circles: knees, squares: eps as given", size=10)
    axes.set_xlabel("% of songs, nearest neighbours first")
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, 103)
    axes.grid(axis="y")
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0)
    return figure


def _asked(cell: Cell) -> dict[Key, list[dict[str, Any]]]:
    """Return the clusterings by DBSCAN that have their numbers, by what their distances depend on."""
    found: dict[Key, list[dict[str, Any]]] = {}
    for entry in cell.clusterings:
        told = parameters(entry.get("params"))
        min_samples = number(told.get("min_samples"))
        if entry.get("algorithm") == "dbscan" and min_samples is not None and _eps(told) is not None:
            found.setdefault((str(entry.get("space")), int(min_samples)), []).append(entry)
    return found


def _eps(told: dict[str, str]) -> float | None:
    return number(told.get("eps", "").split(" ")[0])


def _used(entry: dict[str, Any], curve: Curve) -> tuple[float, bool]:
    """Return eps, and whether it was read from a curve: then that of the first seed, whose curve this is."""
    told = parameters(entry.get("params"))
    knee = "knee" in told["eps"]
    eps = curve.eps if knee and curve.eps is not None else _eps(told)
    assert eps is not None
    return eps, knee


def _kept(results: Results, cell: Cell, entries: list[dict[str, Any]]) -> Curve | None:
    """Return the curve that eps was read from."""
    for entry in entries:
        table = results.choice(cell, entry)
        if table is not None and (table["parameter"] == "rank").any():
            ranks = table["value"].to_numpy(float)
            chosen = table.loc[table["chosen"].astype(bool), "score"]
            eps = float(chosen.iloc[0]) if len(chosen) else None
            return Curve(100 * (ranks + 1) / (ranks[-1] + 1), table["score"].to_numpy(float), eps)
    return None


def _found(results: Results, cell: Cell, key: Key) -> Curve | None:
    """Return the curve of all songs, where they are there and not too many."""
    space, min_samples = key
    points = results.points(cell, space)
    if points is None or not min_samples <= len(points) <= MOST_SONGS:
        return None
    from sklearn.neighbors import NearestNeighbors

    # As DBSCAN counts, a song is the first of its own neighbours.
    found, _ = NearestNeighbors(n_neighbors=min_samples).fit(points.to_numpy()).kneighbors()
    distances = np.sort(np.concatenate([np.zeros((len(found), 1)), found], axis=1)[:, min_samples - 1])
    return Curve(100 * np.arange(1, len(distances) + 1) / len(distances), distances)
