"""The drawing board: figures without pyplot, in one style whatever the machine's settings, written as equal bytes."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from musaic.files import atomic
from musaic.report.fonts import families

INK = "#1F2328"
SOFT = "#6E7681"
FAINT = "#D8DCE1"
DPI = 140
LTR = "\u200e"
WIDTH = 12.0
"""Of every figure, in inches, so that type has one size on the page."""

SETTINGS: dict[str, Any] = {
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": SOFT,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    # Letters as outlines: joined and stacked as they were laid out here, on any machine and without its fonts.
    "svg.fonttype": "path",
    "svg.hashsalt": "musaic",
}


@contextlib.contextmanager
def style(texts: Iterable[str] = ()) -> Iterator[None]:
    """Draw inside the block with the report's settings and fonts for ``texts``; everything is put back afterwards."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A glyph that no font has is named once, in words, by whoever draws.
        warnings.filterwarnings("ignore", message=".*[Gg]lyph.*missing.*")
        matplotlib.rcdefaults()
        for name, value in {**SETTINGS, "font.family": families(texts)}.items():
            matplotlib.rcParams[name] = value  # type: ignore[index]
        yield


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure, in inches, that belongs to no global state."""
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path, *, few_colors: bool = False) -> Path:
    """Write a figure as PNG: no date, no software, so that equal figures are equal bytes.

    Parameters
    ----------
    figure : Figure
        Drawn by Agg.
    path : Path
        Where; written atomically.
    few_colors : bool
        Store 256 colours, for maps of points: a third of the bytes. Gradients would show steps.
    """
    canvas: Any = figure.canvas
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    if few_colors:
        image = image.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        palette = np.array(image.getpalette() or [], dtype=np.uint8).reshape(-1, 3)
        # The octree takes white for nearly white, and a page shows that.
        palette[(palette > 249).all(axis=1)] = 255
        image.putpalette(palette.ravel().tolist())
    with atomic(path) as temporary:
        image.save(temporary, format="PNG", compress_level=6, dpi=(DPI, DPI))
    return path


def save_vector(figure: Figure, path: Path) -> Path:
    """Write a figure as SVG, letters as outlines, points as raster: no date, so that equal figures are equal bytes."""
    with atomic(path) as temporary:
        figure.savefig(temporary, format="svg", metadata={"Date": None, "Creator": None})
    return path


def bare(axes: Axes) -> None:
    """Take ticks away where positions have no unit, and keep a thin frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)


def counted(name: str, count: int) -> str:
    """Return a legend entry ``name (count)`` that keeps its order whatever way the name is written."""
    # Left-to-right marks before and after hold the number on the right of a right-to-left name.
    return f"{LTR}{name}{LTR} ({count:,})"


def rows_needed(entries: int, columns: int) -> int:
    """Return the number of legend rows."""
    return math.ceil(entries / max(columns, 1))
