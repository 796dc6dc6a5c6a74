"""What latent dimensions stand for: features while one dimension moves and the others stand still."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from musaic.report.palette import cut
from musaic.report.planned import Planned
from musaic.report.plotting import FAINT, INK, SOFT, WIDTH, bare, new_figure
from musaic.report.reading import Cell, Results
from musaic.report.reconstructions import SHADES, bands, modalities, picture, standardised

MOST_DIMS = 6

MOST_FEATURES = 8
"""Of a vector, those that move the most with a dimension."""

FRAMES = 4
"""Dimensions of an array of frames along latent dimensions and steps; one of vectors has one less."""

STEPS = colormaps["cividis"]


def plan(results: Results) -> list[Planned]:
    """Return the traversals of each cell."""
    return [
        Planned(
            f"traversals-{cell.name}",
            "traversals",
            cell.name,
            f"What {cell.title} decodes while one latent dimension moves: the dimensions that tell the most.",
            partial(traversals_figure, results, cell),
        )
        for cell in results.done
        if results.decoded_file("traversals", cell).is_file()
    ]


def traversals_figure(results: Results, cell: Cell) -> Figure | None:
    """Draw, for each modality, a row of pictures a dimension for frames, a panel a dimension for vectors."""
    data = results.decoded("traversals", cell)
    if data is None or not len(data.get("dims", ())):
        return None
    dims, steps = [int(d) for d in data["dims"][:MOST_DIMS]], data["steps"]
    names = modalities(data, "values")
    songs = results.decoded("reconstructions", cell) or {}
    heights = {name: _height(data[f"{name}.values"], len(dims)) for name in names}
    height = 0.1 + sum(heights.values())
    figure = new_figure(height)
    top = height - 0.1
    for name in names:
        values = data[f"{name}.values"][: len(dims)]
        figure.text(0.2 / WIDTH, (top - 0.2) / height, cut(name, 40), size=11)
        if values.ndim == FRAMES:
            # One band's unit says little beside another's; songs tell how much each varies.
            originals = songs.get(f"{name}.original")
            scale = None if originals is None else bands(originals)
            _pictures(figure, top - 0.4, height, values, scale, dims, steps)
        else:
            _panels(figure, top - 0.4, height, data, name, values, dims, steps)
        top -= heights[name]
    return figure


def _height(values: np.ndarray, n_dims: int) -> float:
    """Return the height of a modality's part, heading included, inches."""
    if values.ndim == FRAMES:
        return 0.75 + 0.95 * n_dims
    rows = math.ceil(n_dims / 3)
    return 0.5 + (0.62 + 0.21 * min(MOST_FEATURES, int(values.shape[2]))) * rows


def _scale(figure: Figure, y: float, height: float, steps: np.ndarray) -> None:
    """Explain the colours of the steps."""
    place = WIDTH - 0.2
    figure.text(place / WIDTH, y / height, _sd(steps[-1]), size=9, color=SOFT, ha="right")
    for step in reversed(range(len(steps))):
        figure.text(
            (place - 0.62 - 0.14 * (len(steps) - 1 - step)) / WIDTH,
            y / height,
            "●",
            size=9,
            color=_color(step, len(steps)),
        )
    figure.text(
        (place - 0.7 - 0.14 * (len(steps) - 1)) / WIDTH,
        y / height,
        f"dimension at {_sd(steps[0])}",
        size=9,
        color=SOFT,
        ha="right",
    )


def _sd(step: float) -> str:
    """Return where a step stands, in words."""
    return f"{step:+.3g} sd".replace("-", "−") if step else "mean"


def _color(step: int, n_steps: int) -> tuple[float, float, float, float]:
    """Return the colour of a step."""
    red, green, blue, alpha = STEPS(0.95 * step / max(n_steps - 1, 1))
    return red, green, blue, alpha


def _pictures(
    figure: Figure,
    top: float,
    height: float,
    values: np.ndarray,
    scale: tuple[np.ndarray, np.ndarray] | None,
    dims: list[int],
    steps: np.ndarray,
) -> None:
    """Draw a row of pictures a dimension, shape (k, S, C, F); ``scale`` is the mean and deviation of bands of songs."""
    left, gap, tall = 0.9, 0.06, 0.87
    width = (WIDTH - left - 0.15) / len(steps) - gap
    still = int(np.abs(steps).argmin())
    mean, sd = bands(values[:, still]) if scale is None else scale
    values = (values - mean) / sd
    # One scale for all, so that a dimension that does little looks like it.
    reach = max(float(np.nanquantile(np.abs(values - values[:, [still]]), 0.995)), 0.1)
    among = "what is decoded there" if scale is None else "a few songs"
    told = (
        f"at the mean: what is decoded, −{SHADES:g} to {SHADES:g} sd of each band of {among}; "
        f"elsewhere: how it differs, orange less, violet more, up to {reach:.2g} sd"
    )
    figure.text(left / WIDTH, (top + 0.02) / height, told, size=9, color=SOFT)
    for i, dim in enumerate(dims):
        bottom = top - 0.1 - (i + 1) * (tall + 0.08)
        figure.text(0.2 / WIDTH, (bottom + tall / 2) / height, f"dim {dim}", size=9.5, va="center")
        for j, step in enumerate(steps):
            x = left + j * (width + gap)
            axes = figure.add_axes((x / WIDTH, bottom / height, width / WIDTH, tall / height))
            if j == still:
                picture(axes, values[i, j], SHADES)
            else:
                # What all steps share would hide what the dimension does.
                picture(axes, values[i, j] - values[i, still], reach, colors="PuOr")
            bare(axes)
            if i == len(dims) - 1:
                axes.set_xlabel(_sd(step), labelpad=3, size=8.5)


def _panels(
    figure: Figure,
    top: float,
    height: float,
    data: dict[str, np.ndarray],
    name: str,
    values: np.ndarray,
    dims: list[int],
    steps: np.ndarray,
) -> None:
    """Draw a panel a dimension: its features that move the most, a dot a step."""
    _scale(figure, top + 0.2, height, steps)
    features = data.get(f"{name}.names", np.array([f"feature {d + 1}" for d in range(values.shape[2])]))
    shown = standardised(data, name, values)
    n = min(MOST_FEATURES, values.shape[2])
    tall, across = 0.62 + 0.21 * n, WIDTH / 3
    names = 1.75
    # One scale for all, so that a dimension that does little looks like it.
    reach = 1.1 * max(float(np.abs(shown).max()), 0.1)
    for i, dim in enumerate(dims):
        moved = np.abs(shown[i].max(axis=0) - shown[i].min(axis=0))
        chosen = np.argsort(-moved, kind="stable")[:n]
        x, bottom = (i % 3) * across + names, top - (i // 3 + 1) * tall + 0.3
        box = (x / WIDTH, bottom / height, (across - names - 0.15) / WIDTH, 0.21 * n / height)
        axes = figure.add_axes(box)
        _dots(axes, shown[i][:, chosen], [cut(feature, 21) for feature in features[chosen]], reach)
        axes.set_title(f"dim {dim}", size=9.5, pad=3)


def _dots(axes: Axes, values: np.ndarray, names: list[str], reach: float) -> None:
    """Draw features as rows, shape (S, features), in standard deviations."""
    n_steps, n = values.shape
    axes.axvline(0, color=SOFT, linewidth=0.6)
    axes.hlines(range(n), values.min(axis=0), values.max(axis=0), color=FAINT, linewidth=1.2)
    for step in range(n_steps):
        axes.plot(values[step], range(n), "o", color=_color(step, n_steps), markersize=4, markeredgewidth=0)
    axes.set_yticks(range(n), names, color=INK, size=8)
    axes.set_ylim(n - 0.5, -0.5)
    axes.set_xlim(-reach, reach)
    axes.locator_params(axis="x", nbins=5)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines["left"].set_visible(False)
