"""Training curves: the parts of the ELBO, beta, and the KL divergence of every latent dimension."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import MaxNLocator

from musaic.report.palette import OKABE_ITO
from musaic.report.planned import Planned
from musaic.report.plotting import INK, SOFT, new_figure
from musaic.report.reading import Cell, Results

PARTS = (("loss", "loss (−ELBO, weighted by β)"), ("reconstruction", "reconstruction"), ("kl", "KL divergence"))
"""Columns of the history, and what they are called."""

ACTIVE_NATS = 0.01
"""For the picture only: a dimension below this carries next to nothing."""


def plan(results: Results) -> list[Planned]:
    """Return the training curves of each cell."""
    alt = "Training of {}: loss, reconstruction, KL and beta over the epochs, and KL per dimension."
    return [
        Planned(
            f"training-{cell.name}",
            "training",
            cell.name,
            alt.format(cell.title),
            partial(training_figure, results, cell),
        )
        for cell in results.done
        if (results.run.model_folder(cell.name, cell.seeds[0]) / "history.csv").is_file()
    ]


def training_figure(results: Results, cell: Cell) -> Figure | None:
    """Draw how a cell was trained: every seed a line, held-out dashed; then KL per dimension for the first seed."""
    histories = results.histories(cell)
    if not histories:
        return None
    first = next(iter(histories.values()))
    parts = [(column, title) for column, title in PARTS if column in first]
    kl = kl_columns(first)
    figure = new_figure(6.6 if kl else 3.3)
    rows = 2 if kl else 1
    bottom = 0.085 if kl else 0.17
    grid = figure.add_gridspec(rows, 12, left=0.06, right=0.985, top=0.93, bottom=bottom, hspace=0.45, wspace=2.2)
    spans = [round(12 * i / (len(parts) + ("beta" in first) or 1)) for i in range(len(parts) + 2)]
    for place, (column, title) in enumerate(parts):
        _part(
            figure.add_subplot(grid[0, spans[place] : spans[place + 1]]), histories, column, title, labelled=place == 0
        )
    if "beta" in first and parts:
        axes = figure.add_subplot(grid[0, spans[len(parts)] : 12])
        axes.plot(first["epoch"], first["beta"], color=OKABE_ITO[2], linewidth=1.5)
        axes.set_ylim(bottom=0)
        _epochs(axes, "β (warm-up)")
    if kl:
        _heat(figure, grid[1, :6], first, kl)
        _bars(figure.add_subplot(grid[1, 7:]), cell, first, kl)
    return figure


def kl_columns(history: pd.DataFrame) -> list[str]:
    """Return the columns that hold the KL divergence of one dimension each."""
    return sorted(str(name) for name in history.columns if str(name).startswith("kl_") and str(name)[3:].isdigit())


def _part(axes: Axes, histories: dict[int, pd.DataFrame], column: str, title: str, *, labelled: bool) -> None:
    """Draw one part of the ELBO over the epochs, cut so that the first epochs do not hide the rest."""
    ends = []
    for place, history in enumerate(histories.values()):
        strong: dict[str, Any] = {"linewidth": 0.8, "alpha": 0.4} if place else {"linewidth": 1.5, "alpha": 1.0}
        axes.plot(history["epoch"], history[column], color=OKABE_ITO[0], label="train" if not place else None, **strong)
        ends.append(history[column])
        if f"val_{column}" in history:
            axes.plot(
                history["epoch"],
                history[f"val_{column}"],
                color=OKABE_ITO[3],
                linestyle=(0, (4, 2)),
                label="held out" if not place else None,
                **strong,
            )
            ends.append(history[f"val_{column}"])
    values = pd.concat(ends).replace([np.inf, -np.inf], np.nan).dropna()
    if len(values):
        low, high = float(values.min()), float(values.quantile(0.99))
        room = 0.08 * ((high - low) or 1.0)
        axes.set_ylim(low - room, high + room)
    _epochs(axes, title)
    axes.set_ylabel("nats a track")
    if labelled:
        axes.legend(loc="best", handlelength=2.2)


def _epochs(axes: Axes, title: str) -> None:
    """Settle an axis over epochs."""
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y")


def _heat(figure: Figure, place: SubplotSpec, history: pd.DataFrame, kl: list[str]) -> None:
    """Draw KL per dimension over the epochs, strongest dimension on top."""
    axes = figure.add_subplot(place)
    final = history[kl].iloc[-1].fillna(0)
    order = list(final.sort_values(ascending=False, kind="stable").index)
    values = history[order].to_numpy(dtype=float).T
    epochs = history["epoch"].to_numpy(dtype=float)
    high = float(np.nanquantile(values, 0.995)) if np.isfinite(values).any() else 0.0
    image = axes.imshow(
        values,
        aspect="auto",
        cmap="cividis",
        interpolation="nearest",
        vmin=0,
        vmax=max(high, ACTIVE_NATS),
        extent=(epochs.min() - 0.5, epochs.max() + 0.5, len(order), 0),
    )
    axes.set_title("KL per dimension (nats), strongest on top")
    axes.set_xlabel("epoch")
    axes.set_ylabel("dimension (by rank)")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    bar = figure.colorbar(image, ax=axes, pad=0.02, fraction=0.04)
    bar.outline.set_visible(False)


def _bars(axes: Axes, cell: Cell, history: pd.DataFrame, kl: list[str]) -> None:
    """Draw the last epoch's KL of each dimension, and how many dimensions the model uses."""
    final = np.sort(history[kl].iloc[-1].fillna(0).to_numpy(dtype=float))[::-1]
    colors = [OKABE_ITO[0] if value >= ACTIVE_NATS else "#C9CCD1" for value in final]
    axes.bar(np.arange(len(final)), final, color=colors, width=0.85)
    active = cell.data.get("active_units")
    told = f"{float(active):g} of {len(final)} dimensions active" if active is not None else "last epoch"
    axes.set_title(f"KL at the end (nats): {told}", color=INK)
    axes.set_xlabel("dimension (by rank)")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlim(-0.7, max(len(final), 2) - 0.3)
    # Where all dimensions are next to nothing, they shall look it.
    axes.set_ylim(0, max(1.05 * float(final[0]), ACTIVE_NATS))
    axes.grid(axis="y")
    if cell.data.get("collapsed"):
        axes.text(0.98, 0.94, "collapsed posterior", transform=axes.transAxes, ha="right", va="top", color=SOFT)
