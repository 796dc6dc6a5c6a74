"""The scores of every cell side by side: mean and standard deviation, with chance where chance is."""

from __future__ import annotations

import textwrap
from functools import partial
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from musaic.report.palette import OKABE_ITO, cut
from musaic.report.planned import Planned
from musaic.report.plotting import INK, SOFT, new_figure
from musaic.report.reading import Results, doubts, is_honest, number


class Metric(NamedTuple):
    """A column of the leaderboard, its readable name and the column that holds its chance level."""

    column: str
    title: str
    chance: str | None


EXTERNAL = (
    Metric("ami", "AMI", None),
    Metric("nmi", "NMI", "nmi_chance"),
    Metric("ari", "ARI", "ari_chance"),
    Metric("purity", "purity", "majority"),
)
INTERNAL = (
    Metric("silhouette", "silhouette, own space", None),
    Metric("silhouette_ref", "silhouette, reference", None),
    Metric("stability", "stability (ARI of seeds)", None),
)

GREYED = "#C9CCD1"
LONGEST_LINE = 34
"""Characters of a cell's name beside its bars."""


def plan(results: Results) -> list[Planned]:
    """Return the figure of the scores."""
    alt = "Bars of AMI, NMI, ARI, purity, silhouette and stability for every cell, with intervals and chance."
    return [Planned("scores", "scores", None, alt, partial(scores_figure, results))]


def scores_figure(results: Results) -> Figure | None:
    """Draw one row of panels for each label, and one for what needs no label; each cell by its best row."""
    table = results.leaderboard
    blocks: list[tuple[str, tuple[Metric, ...], list[dict[str, Any]]]] = []
    for name in results.scored_labels:
        rows = _best_rows(results, name)
        if rows:
            blocks.append((name, EXTERNAL, rows))
    if len(table):
        blocks.append(("without labels", INTERNAL, _best_rows(results, None)))
    blocks = [(name, metrics, rows) for name, metrics, rows in blocks if rows]
    if not blocks:
        return None
    heights = [0.72 + 0.27 * len(rows) for _, _, rows in blocks]
    total = sum(heights) + 0.65
    figure = new_figure(total)
    bootstrapped = [metric.title for metric in EXTERNAL if _has_intervals(results, metric)]
    top = total - 0.1
    for (name, metrics, rows), block in zip(blocks, heights, strict=True):
        left, gap = 2.75, 0.36
        width = (12 - left - 0.15 - gap * (len(metrics) - 1)) / len(metrics)
        figure.text(0.012, (top - 0.24) / total, cut(name), size=12)
        for place, metric in enumerate(metrics):
            x = (left + place * (width + gap)) / 12
            axes = figure.add_axes((x, (top - block + 0.32) / total, width / 12, (block - 0.65) / total))
            _bars(axes, metric, rows)
            if place == 0:
                names = [_name(results, row) for row in rows]
                axes.set_yticks(range(len(rows)), names, color=INK, linespacing=0.95)
                for text in axes.get_yticklabels():
                    text.set_fontsize(7.5 if "\n" in text.get_text() else text.get_fontsize())
        top -= block
    _key(figure, total, bootstrapped)
    return figure


def _has_intervals(results: Results, metric: Metric) -> bool:
    """Say whether the leaderboard gives a score's interval."""
    table = results.leaderboard
    return f"{metric.column}_low" in table and bool(table[f"{metric.column}_low"].notna().any())


def _best_rows(results: Results, label: str | None) -> list[dict[str, Any]]:
    """Return each cell's first row in the leaderboard (for a label), in the leaderboard's order."""
    table = results.leaderboard
    if label is not None:
        table = table[table["label"] == label] if "label" in table else table.iloc[:0]
    rows = table.drop_duplicates("cell").to_dict("records") if "cell" in table else []
    return [{str(key): value for key, value in row.items()} for row in rows]


def _name(results: Results, row: dict[str, Any]) -> str:
    """Return a cell's short name, on one line or two; what is wrong with its row stands on the second."""
    cell = results.cell(row.get("cell"))
    name = cut(cell.title if cell else row.get("cell"), 2 * LONGEST_LINE)
    wrong = doubts(row)
    if wrong:
        return f"{cut(name, LONGEST_LINE)}\n({', '.join(wrong)})"
    return "\n".join(cut(line, LONGEST_LINE) for line in textwrap.wrap(name, LONGEST_LINE)[:2])


def _bars(axes: Axes, metric: Metric, rows: list[dict[str, Any]]) -> None:
    """Draw one metric: a bar a cell, its interval, and its own chance level as a line across it."""
    values = [number(row.get(metric.column)) for row in rows]
    told = [
        (place, row, value) for place, (row, value) in enumerate(zip(rows, values, strict=True)) if value is not None
    ]
    spans = [_span(row, metric, value) for _, row, value in told]
    if told:
        places, shown = [place for place, _, _ in told], [value for _, _, value in told]
        axes.barh(
            places,
            shown,
            height=0.62,
            color=[OKABE_ITO[0] if is_honest(row) else GREYED for _, row, _ in told],
            hatch=["////" if row.get("leaked") else "" for _, row, _ in told],
            edgecolor="white",
            linewidth=0,
        )
        errors = [[value - low for value, (low, _) in zip(shown, spans, strict=True)]]
        errors += [[high - value for value, (_, high) in zip(shown, spans, strict=True)]]
        wide = [i for i, (low, high) in enumerate(spans) if high > low]
        axes.errorbar(
            [shown[i] for i in wide],
            [places[i] for i in wide],
            xerr=[[side[i] for i in wide] for side in errors],
            fmt="none",
            ecolor=INK,
            elinewidth=0.9,
            capsize=2,
        )
    for place, row in enumerate(rows):
        if values[place] is None:
            axes.text(0, place, " –", va="center", color=SOFT, size=9)
        chance = number(row.get(metric.chance)) if metric.chance else None
        if chance is not None:
            axes.plot([chance, chance], [place - 0.46, place + 0.46], color=OKABE_ITO[3], linewidth=1.6)
    axes.axvline(0, color=SOFT, linewidth=0.8)
    axes.set_xlim(min([0.0, *(low for low, _ in spans)]) * 1.08, max([0.05, *(high for _, high in spans)]) * 1.08)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks([])
    axes.set_title(metric.title, size=10)
    axes.grid(axis="x")
    axes.locator_params(axis="x", nbins=4)
    axes.spines["left"].set_visible(False)


def _span(row: dict[str, Any], metric: Metric, value: float) -> tuple[float, float]:
    """Return the ends of a score's interval: the bootstrap's where there is one, else a deviation to either side."""
    low, high = number(row.get(f"{metric.column}_low")), number(row.get(f"{metric.column}_high"))
    if low is not None and high is not None:
        return min(low, value), max(high, value)
    deviation = number(row.get(f"{metric.column}_sd")) or 0.0
    return value - deviation, value + deviation


def _key(figure: Figure, total: float, bootstrapped: list[str]) -> None:
    """Explain bars, intervals, chance and grey."""
    line = "± standard deviation"
    if bootstrapped:
        line = f"95 % interval over songs ({', '.join(bootstrapped)}); else ± sd"
    figure.legend(
        [
            Patch(color=OKABE_ITO[0]),
            Line2D([], [], color=INK, marker="|", linewidth=0.9, markersize=5),
            Line2D([], [], color=OKABE_ITO[3], linewidth=1.6),
            Patch(facecolor=GREYED, hatch="////", edgecolor="white", linewidth=0),
            Patch(facecolor=GREYED),
        ],
        [
            "mean over seeds",
            line,
            "chance (purity: majority)",
            "leaked: saw the label",
            "collapsed or low coverage",
        ],
        loc="lower left",
        bbox_to_anchor=(0.008, 0.0),
        ncols=5,
        columnspacing=1.6,
        handlelength=1.6,
        borderpad=0.6 / max(total, 1),
    )
