"""What a model makes of songs: reconstructions beside the originals."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from musaic.report.palette import OKABE_ITO, cut
from musaic.report.planned import Planned
from musaic.report.plotting import INK, LTR, SOFT, WIDTH, bare, new_figure
from musaic.report.reading import Cell, Results

MOST_SONGS = 4

MOST_NAMED = 8
"""Features whose names fit below a profile."""


def plan(results: Results) -> list[Planned]:
    """Return the reconstructions of each cell."""
    return [
        Planned(
            f"reconstructions-{cell.name}",
            "reconstructions",
            cell.name,
            f"Features of a few songs beside what {cell.title} makes of them.",
            partial(reconstructions_figure, results, cell),
        )
        for cell in results.done
        if results.decoded_file("reconstructions", cell).is_file()
    ]


def reconstructions_figure(results: Results, cell: Cell) -> Figure | None:
    """Draw a row a song: frames as two images beside each other, vectors as two lines over the features."""
    data = results.decoded("reconstructions", cell)
    if data is None or not len(data.get("tracks", ())):
        return None
    tracks = [str(name) for name in data["tracks"][:MOST_SONGS]]
    names = modalities(data, "original")
    row, head, top = 1.5, 0.32, 0.5
    height = top + len(tracks) * (row + head) + 0.42
    figure = new_figure(height)
    left, gap = 0.5, 0.55
    width = (WIDTH - left - 0.15 - gap * (len(names) - 1)) / len(names)
    for column, name in enumerate(names):
        x = left + column * (width + gap)
        figure.text(x / WIDTH, (height - 0.24) / height, cut(name, 40), size=11)
        for place, track in enumerate(tracks):
            bottom = height - top - (place + 1) * (row + head)
            box = (x / WIDTH, bottom / height, width / WIDTH, row / height)
            original, made = data[f"{name}.original"][place], data[f"{name}.reconstruction"][place]
            here = bool(np.isfinite(original).any())
            note = f"r = {_correlation(data, name, original, made):.2f}".replace("-", "−") if here else f"has no {name}"
            title = f"{LTR}{cut(results.song(track), 44)}{LTR}"
            figure.text(x / WIDTH, (bottom + row + 0.06) / height, title, size=9, color=INK)
            figure.text((x + width) / WIDTH, (bottom + row + 0.06) / height, note, size=9, color=SOFT, ha="right")
            if original.ndim == 2:
                _images(figure, box, original if here else None, made)
            else:
                axes = figure.add_axes(box)
                _lines(axes, standardised(data, name, original), standardised(data, name, made))
                named = data.get(f"{name}.names", ())
                if 0 < len(named) <= MOST_NAMED:
                    axes.set_xticks(range(1, len(named) + 1), [cut(feature, 18) for feature in named])
                if place == len(tracks) - 1:
                    axes.set_xlabel("feature, in standard deviations over the songs", labelpad=2)
                else:
                    axes.set_xticklabels([])
    if any(data[f"{name}.original"].ndim == 3 for name in names):
        figure.text(left / WIDTH, 0.12 / height, "left: original · right: reconstruction", size=9, color=SOFT)
    if any(data[f"{name}.original"].ndim == 2 for name in names):
        _key(figure, height)
    return figure


def modalities(data: dict[str, np.ndarray], part: str) -> list[str]:
    """Return the modalities of a file of decoded features."""
    return sorted(name.removesuffix(f".{part}") for name in data if name.endswith(f".{part}"))


def standardised(data: dict[str, np.ndarray], name: str, values: np.ndarray) -> np.ndarray:
    """Return vectors in standard deviations of their features over the songs."""
    sd = data[f"{name}.sd"]
    return np.asarray((values - data[f"{name}.mean"]) / np.where(sd > 0, sd, 1))


def _correlation(data: dict[str, np.ndarray], name: str, original: np.ndarray, made: np.ndarray) -> float:
    """Return the correlation of original and reconstruction as they are drawn, 0 where one does not vary."""
    if original.ndim == 1:
        original, made = standardised(data, name, original), standardised(data, name, made)
    known = np.isfinite(original) & np.isfinite(made)
    a, b = original[known].astype(float), made[known].astype(float)
    if a.size < 2 or not a.std() or not b.std():
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _images(
    figure: Figure, box: tuple[float, float, float, float], original: np.ndarray | None, made: np.ndarray
) -> None:
    """Draw two pictures of frames, time to the right, in the same shades."""
    x, y, width, height = box
    shown = [values for values in (original, made) if values is not None]
    low, high = np.nanquantile(np.concatenate([part.ravel() for part in shown]), [0.01, 0.99])
    for place, values in enumerate((original, made)):
        axes = figure.add_axes((x + place * width * 0.51, y, width * 0.49, height))
        bare(axes)
        if values is not None:
            picture(axes, values, float(low), float(high))


def picture(axes: Axes, values: np.ndarray, low: float, high: float, *, colors: str = "cividis") -> None:
    """Draw frames, shape (C, F), as a picture: time to the right, frequency upwards."""
    axes.imshow(values.T, origin="lower", aspect="auto", cmap=colors, vmin=low, vmax=high, interpolation="nearest")


def _lines(axes: Axes, original: np.ndarray, made: np.ndarray) -> None:
    """Draw the profile of two vectors over their features."""
    x = np.arange(1, len(original) + 1)
    axes.axhline(0, color=SOFT, linewidth=0.6)
    marker = "o" if len(x) <= 40 else None
    axes.plot(x, original, color=OKABE_ITO[0], linewidth=1.1, marker=marker, markersize=3)
    axes.plot(x, made, color=OKABE_ITO[3], linewidth=1.1, marker=marker, markersize=3)
    axes.set_xlim(0.5, len(x) + 0.5)
    reach = 1.1 * max(1.0, float(np.nanmax(np.abs(np.concatenate([original, made])))))
    axes.set_ylim(-reach, reach)
    axes.locator_params(axis="y", nbins=4)
    axes.locator_params(axis="x", nbins=8, integer=True)
    axes.tick_params(labelsize=8)


def _key(figure: Figure, height: float) -> None:
    """Explain the two lines."""
    from matplotlib.lines import Line2D

    figure.legend(
        [Line2D([], [], color=OKABE_ITO[0]), Line2D([], [], color=OKABE_ITO[3])],
        ["original", "reconstruction"],
        loc="upper right",
        bbox_to_anchor=(1 - 0.1 / WIDTH, 1 - 0.06 / height),
        ncols=2,
    )
