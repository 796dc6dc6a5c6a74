"""How many clusters: scores against k, and what was tried where a clustering chose k itself."""

from __future__ import annotations

from functools import partial

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from musaic.report.palette import MARKERS, OKABE_ITO, cut
from musaic.report.planned import Planned
from musaic.report.plotting import SOFT, WIDTH, new_figure
from musaic.report.reading import Cell, Results, number, parameters

FEWEST = 3
"""Different numbers of clusters that make a curve."""

MOST_SERIES = len(OKABE_ITO)

MOST_SEARCHES = 4


def plan(results: Results) -> list[Planned]:
    """Return the choice of k in each cell."""
    return [
        Planned(
            f"choices-{cell.name}",
            "choices",
            cell.name,
            f"Scores of the clusterings of {cell.title} against their number of clusters.",
            partial(choices_figure, results, cell),
        )
        for cell in results.done
    ]


def choices_figure(results: Results, cell: Cell) -> Figure | None:
    """Draw AMI with each label, silhouette and stability against k; then each search for k with what it chose."""
    series = _series(results, cell)
    labels = [name for name in results.shown_labels if any(name in set(rows["label"]) for rows in series.values())]
    scores: list[tuple[str, str, str | None]] = [(f"AMI with {cut(name)}", "ami", name) for name in labels]
    scores += [("silhouette, own space", "silhouette", None), ("stability", "stability", None)]
    searches = _searches(results, cell)
    if not series and not searches:
        return None
    n = max(len(scores) if series else 0, len(searches), 3)
    legend = 0.22 * -(-len(series) // 3) + 0.35 if series else 0.0
    rows = (2.9 + legend if series else 0.0) + (2.9 if searches else 0.0)
    figure = new_figure(rows)
    width = (WIDTH - 0.2) / n
    if series:
        for place, (title, column, label) in enumerate(scores):
            axes = _axes(figure, place, width, rows - 2.9, rows)
            _curves(axes, series, column, label)
            axes.set_title(title, size=10)
            axes.set_xlabel("clusters")
        handles = [line for line in figure.axes[0].get_lines() if not str(line.get_label()).startswith("_")]
        figure.legend(
            handles,
            list(series),
            loc="upper left",
            bbox_to_anchor=(0.45 / WIDTH, (rows - 2.9) / rows),
            borderaxespad=0,
            ncols=min(3, len(series)),
        )
        told = "circle: the number was chosen; square: as many as a label has values"
        figure.text(1 - 0.3 / WIDTH, (rows - 2.9 - legend + 0.12) / rows, told, size=9, color=SOFT, ha="right")
    for place, (title, table) in enumerate(searches.items()):
        axes = _axes(figure, place, width, 0.0, rows)
        table = table.sort_values("value")
        axes.plot(table["value"], table["score"], color=OKABE_ITO[0], marker="o", markersize=4)
        chosen = table[table["chosen"]]
        axes.plot(chosen["value"], chosen["score"], "o", color=OKABE_ITO[3], markersize=9, fillstyle="none", mew=1.8)
        axes.set_title(title, size=10)
        axes.set_xlabel(f"clusters tried; circle: chosen ({', '.join(f'{v:g}' for v in chosen['value'])})")
        _settle(axes)
    return figure


def _series(results: Results, cell: Cell) -> dict[str, pd.DataFrame]:
    """Return name -> rows of the leaderboard that differ in the number of clusters alone, by number."""
    table = results.leaderboard
    rows = table[table["cell"] == cell.name] if "cell" in table else table
    if rows.empty:
        return {}
    found = {}
    for name, part in rows.groupby(_others(rows), sort=False):
        if part["n_clusters"].nunique() >= FEWEST:
            found[str(name)] = part.sort_values("n_clusters", kind="stable")
    return dict(list(found.items())[:MOST_SERIES])


def _others(rows: pd.DataFrame) -> list[str]:
    """Return what each row says of its clustering besides k."""
    told = []
    for row in rows.to_dict("records"):
        others = [f"{k}={v}" for k, v in parameters(row.get("params")).items() if k not in ("n_clusters", "choose_by")]
        told.append(f"{row['clustering']} in {row['space']}{': ' if others else ''}{', '.join(others)}")
    return told


def _searches(results: Results, cell: Cell) -> dict[str, pd.DataFrame]:
    """Return title -> what was tried by each clustering that chose its k, at most four."""
    found: dict[str, pd.DataFrame] = {}
    for entry in cell.clusterings:
        table = results.choice(cell, entry)
        if table is None or len(found) == MOST_SEARCHES:
            continue
        for criterion, tried in table[table["parameter"] == "n_clusters"].groupby("criterion", sort=False):
            found[f"{entry.get('algorithm')} in {entry.get('space')}: {criterion}"] = tried
    return found


def _axes(figure: Figure, place: int, width: float, bottom: float, total: float) -> Axes:
    """Return axes in a row of panels that is 2.9 inches high."""
    left = 0.2 + place * width + 0.4
    return figure.add_axes((left / WIDTH, (bottom + 0.6) / total, (width - 0.6) / WIDTH, 1.95 / total))


def _curves(axes: Axes, series: dict[str, pd.DataFrame], column: str, label: str | None) -> None:
    """Draw one score of each series; a number that chose itself is circled, one that a label gave is squared."""
    for place, (name, rows) in enumerate(series.items()):
        mine = rows[rows["label"] == label] if label is not None else rows.drop_duplicates("clustering_id")
        points = [(number(row["n_clusters"]), number(row.get(column)), row) for row in mine.to_dict("records")]
        known = [(k, value, row) for k, value, row in points if k is not None and value is not None]
        color = OKABE_ITO[place]
        axes.plot(
            [k for k, _, _ in known],
            [value for _, value, _ in known],
            color=color,
            marker=MARKERS[place % len(MARKERS)],
            markersize=4.5,
            linewidth=1.3,
            label=name,
        )
        chosen = [(k, value) for k, value, row in known if "auto" in str(row.get("params"))]
        axes.plot(*zip(*chosen, strict=True) if chosen else ([], []), "o", color=color, markersize=10, fillstyle="none")
        source = [(k, value) for k, value, row in known if "labels:" in str(row.get("params"))]
        axes.plot(*zip(*source, strict=True) if source else ([], []), "s", color=color, markersize=10, fillstyle="none")
    _settle(axes)


def _settle(axes: Axes) -> None:
    """Settle an axis over numbers of clusters."""
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y")
    axes.tick_params(labelcolor=SOFT)
