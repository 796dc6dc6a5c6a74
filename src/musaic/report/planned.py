"""One figure of a run: where it belongs, what it shows in words, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Planned:
    """One figure.

    Parameters
    ----------
    name : str
        Its name in ``figures/``, without its ending.
    kind : str
        A key of `musaic.report.figures.KINDS`.
    cell : str or None
        The cell it is about; None for the whole run.
    alt : str
        What it shows, for those who cannot see it.
    draw : callable
        Returns the figure, or None where the run has nothing to draw.
    """

    name: str
    kind: str
    cell: str | None
    alt: str
    draw: Callable[[], Figure | None]

    @property
    def file(self) -> str:
        """The PNG's name in ``figures/``."""
        return f"{self.name}.png"
