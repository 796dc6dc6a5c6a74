"""What the corpus is made of: language × genre, and how many songs of each have sound and lyrics."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from musaic.report.heat import LONGEST_NAME
from musaic.report.palette import OKABE_ITO, cut, label_classes
from musaic.report.planned import Planned
from musaic.report.plotting import FAINT, INK, SOFT, WIDTH, new_figure
from musaic.report.reading import Results
from musaic.report.tables import has_lyrics, has_sound

MOST_ROWS = 30
"""Classes of a label; the rarest share one."""

PARTS = (
    ("sound and lyrics", OKABE_ITO[0]),
    ("sound only", OKABE_ITO[5]),
    ("lyrics only", OKABE_ITO[1]),
    ("neither", "#C9CCD1"),
)


def plan(results: Results) -> list[Planned]:
    """Return the figure of the corpus, where it has labels."""
    if not results.shown_labels:
        return []
    alt = f"Number of songs by {' and '.join(results.shown_labels)}, and how many of them have sound and lyrics."
    return [Planned("corpus", "corpus", None, alt, partial(corpus_figure, results))]


def corpus_figure(results: Results) -> Figure | None:
    """Draw the first label as rows and the second as columns, with bars of all songs of a class beside them."""
    tracks = results.tracks
    if tracks.empty:
        return None
    classes = [label_classes(tracks[name], name=name, most=MOST_ROWS) for name in results.shown_labels]
    parts = _parts(tracks)
    rows = [*classes[0].names, *([classes[0].rest] if classes[0].n_rest else [])]
    codes = np.where(classes[0].codes < 0, len(classes[0].names), classes[0].codes)
    row = 0.3
    body = row * len(rows)
    left = 0.3 + 0.085 * max(len(cut(name, LONGEST_NAME)) for name in rows)
    if len(classes) == 1:
        height = body + 1.15
        figure = new_figure(height, 7.5)
        axes = figure.add_axes((left / 7.5, 0.62 / height, (7.2 - left) / 7.5, body / height))
        _bars(axes, codes, parts, rows)
        axes.set_yticks(range(len(rows)), [cut(name, LONGEST_NAME) for name in rows], color=INK)
        axes.set_title(f"songs by {cut(results.shown_labels[0])}")
        _key(figure, parts, 0.05 / height)
        return figure
    columns = [*classes[1].names, *([classes[1].rest] if classes[1].n_rest else [])]
    across = np.where(classes[1].codes < 0, len(classes[1].names), classes[1].codes)
    counts = np.zeros((len(rows), len(columns)), dtype=int)
    np.add.at(counts, (codes, across), 1)
    beside, above, gap = 2.3, 1.25, 0.25
    below = 0.6 + 0.06 * max(len(cut(name, LONGEST_NAME)) for name in columns)
    width = min(0.62 * len(columns), WIDTH - left - beside - gap - 0.15)
    height = 0.4 + above + gap + body + below
    figure = new_figure(height)
    bottom = below / height
    axes = figure.add_axes((left / WIDTH, bottom, width / WIDTH, body / height))
    _table(axes, counts, rows, columns, width / len(columns))
    side = figure.add_axes(((left + width + gap) / WIDTH, bottom, beside / WIDTH, body / height))
    _bars(side, codes, parts, rows)
    side.set_yticks([])
    side.set_title(f"songs by {cut(results.shown_labels[0])}", size=10)
    top = figure.add_axes((left / WIDTH, (below + body + gap) / height, width / WIDTH, above / height))
    _bars(top, across, parts, columns, upright=True)
    top.set_xticks([])
    top.set_title(f"songs by {cut(results.shown_labels[1])}", size=10)
    _key(figure, parts, 0.05 / height)
    return figure


def _parts(tracks: pd.DataFrame) -> np.ndarray:
    """Return which of `PARTS` each track belongs to."""
    sound, lyrics = has_sound(tracks).to_numpy(), has_lyrics(tracks).to_numpy()
    return np.select([sound & lyrics, sound, lyrics], [0, 1, 2], 3)


def _table(axes: Axes, counts: np.ndarray, rows: list[str], columns: list[str], width: float) -> None:
    """Draw the number of songs of each pair; no song is an empty field."""
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=1.5 * max(counts.max(), 1), aspect="auto", interpolation="nearest")
    for spine in axes.spines.values():
        spine.set_visible(False)
    named = [cut(name, LONGEST_NAME) for name in columns]
    axes.set_xticks(range(len(named)), named, rotation=50, ha="right", rotation_mode="anchor", color=INK)
    axes.set_yticks(range(len(rows)), [cut(name, LONGEST_NAME) for name in rows], color=INK)
    size = min(9.0, 72 * width / (0.75 * max(len(str(counts.max())), 2)))
    if size >= 4.5:
        for i, j in np.ndindex(*counts.shape):
            dark = counts[i, j] > 0.8 * counts.max()
            text, tone = (f"{counts[i, j]}", "white" if dark else INK) if counts[i, j] else ("·", FAINT)
            axes.text(j, i, text, ha="center", va="center", size=size, color=tone)


def _bars(axes: Axes, codes: np.ndarray, parts: np.ndarray, names: list[str], *, upright: bool = False) -> None:
    """Draw a bar a class, stacked by what its songs have, with its number at the end."""
    start = np.zeros(len(names))
    for part, (_, color) in enumerate(PARTS):
        counts = np.bincount(codes[parts == part], minlength=len(names))
        if upright:
            axes.bar(range(len(names)), counts, bottom=start, color=color, width=0.72)
        else:
            axes.barh(range(len(names)), counts, left=start, color=color, height=0.72)
        start = start + counts
    for place, n in enumerate(start):
        if upright:
            axes.text(place, n, f"{n:.0f}", ha="center", va="bottom", size=8, color=SOFT)
        else:
            axes.text(n, place, f" {n:.0f}", va="center", size=8, color=SOFT)
    if upright:
        axes.set_xlim(-0.5, len(names) - 0.5)
        axes.set_ylim(0, 1.12 * float(start.max()))
        axes.set_yticks([])
    else:
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(0, 1.12 * float(start.max()))
        axes.set_xticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _key(figure: Figure, parts: np.ndarray, bottom: float) -> None:
    """Explain the parts of the bars that there are."""
    there = [part for place, part in enumerate(PARTS) if (parts == place).any()]
    handles = [Patch(color=color) for _, color in there]
    figure.legend(handles, [name for name, _ in there], loc="lower left", bbox_to_anchor=(0.008, bottom), ncols=4)
