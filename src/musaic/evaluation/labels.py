"""Label columns as they come: what is missing, what a composite has seen, which group a track is of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def known_labels(column: Sequence[Any]) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Return labels as text, and which of them are there (None, NaN and '' are missing)."""
    values = np.empty(len(column), dtype=object)
    values[:] = list(column)
    gone = np.asarray(pd.isna(values), dtype=bool)
    known: NDArray[np.bool_] = ~gone & (np.where(gone, "", values) != "")
    return values.astype(np.str_), known


def is_leaked(label: str, labels_used: Sequence[str]) -> bool:
    """Return whether a representation has seen a label, or a part of it where it is composite (``a+b``)."""
    used = {part for name in labels_used for part in name.split("+")}
    return bool(label) and not used.isdisjoint(label.split("+"))


def group_numbers(groups: Sequence[Any] | None, n_tracks: int) -> NDArray[np.int64]:
    """Return a number for every track, the same within a group (its artist); a track without one is alone."""
    if groups is None:
        return np.arange(n_tracks)
    named, known = known_labels(groups)
    numbers = np.unique(named, return_inverse=True)[1].reshape(-1)
    return np.where(known, numbers, -1 - np.arange(len(known)))
