"""Two finished runs held against each other: which songs moved, how the clusters correspond, scores side by side."""

from __future__ import annotations

from musaic.experiment.compare.alignment import Alignment, align
from musaic.experiment.compare.comparison import RunComparison, compare
from musaic.experiment.compare.sides import Side

__all__ = ["Alignment", "RunComparison", "Side", "align", "compare"]
