"""Known factors of tracks, such as tempo, mode and instrument, as what disentanglement is measured against.

Letters: N tracks, n of them with a known value, C classes of a discrete factor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from musaic.errors import unknown
from musaic.evaluation.associations import check_length, read_numbers
from musaic.evaluation.labels import known_labels

BINS = 20
"""Bins of equal width, from the smallest to the largest value; as many whole numbers are still classes."""

MOST_CLASSES = 100
"""Classes of a discrete factor; a title or an artist is a name and no factor."""

Kind = Literal["discrete", "continuous"]
Kinds = Mapping[str, Kind]


@dataclass(frozen=True)
class Factor:
    """A factor where it is known.

    Attributes
    ----------
    kind : {'discrete', 'continuous'}
    rows : ndarray, shape (n,)
        Tracks that have it.
    values : ndarray, shape (n,)
        Their classes, 0 … C-1, or their values.
    """

    kind: Kind
    rows: NDArray[np.intp]
    values: NDArray[Any]

    @property
    def trouble(self) -> str:
        """Why nothing can be measured against it, or an empty string."""
        if not len(self.rows):
            return "no track has it"
        if np.all(self.values == self.values[0]):
            return "it is the same for every track"
        classes = int(self.values.max()) + 1 if self.kind == "discrete" else 0
        return f"it has {classes} classes, more than {MOST_CLASSES}" if classes > MOST_CLASSES else ""


def read_factors(factors: Mapping[str, Sequence[Any]], kinds: Kinds | None, n_tracks: int) -> dict[str, Factor]:
    """Check factors, leave out tracks without a value (None, NaN, ''), and tell classes from quantities.

    Parameters
    ----------
    factors : mapping of str to sequence, length N
    kinds : mapping of str to {'discrete', 'continuous'}, optional
        What a factor is. By itself one of text, of truth values or of at most 20 different whole numbers is discrete,
        any other continuous.
    n_tracks : int
        N.

    Raises
    ------
    UsageError
        Where lengths differ, a value is not a finite number, or ``kinds`` names what is not there.
    """
    for name, kind in (kinds or {}).items():
        if name not in factors:
            raise unknown("factor", name, factors)
        if kind not in ("discrete", "continuous"):
            raise unknown("kind of factor", kind, ("discrete", "continuous"))
    return {name: _read_factor(name, column, (kinds or {}).get(name), n_tracks) for name, column in factors.items()}


def binned(Z: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bin of every value of every column, shape (n, columns); all 0 where a column never changes."""
    width = np.ptp(Z, axis=0)
    share = (Z - Z.min(axis=0)) / np.where(width > 0, width, 1)
    bins: NDArray[np.int64] = (share * BINS).astype(np.int64)
    return np.minimum(bins, BINS - 1)


def _read_factor(name: str, column: Sequence[Any], kind: Kind | None, n_tracks: int) -> Factor:
    check_length(name, column, n_tracks)
    text, known = known_labels(column)
    rows = np.flatnonzero(known)
    values = [value for value, there in zip(column, known.tolist(), strict=True) if there]
    kind = kind or _kind(values)
    if kind == "discrete":
        return Factor(kind, rows, np.unique(text[rows], return_inverse=True)[1])
    return Factor(kind, rows, read_numbers(name, values, len(rows)))


def _kind(values: Sequence[Any]) -> Kind:
    if any(isinstance(value, str | bool | np.bool_) for value in values):
        return "discrete"
    try:
        different = {float(value) for value in values}
    except (TypeError, ValueError):
        return "discrete"
    few = len(different) <= BINS and all(value.is_integer() for value in different)
    return "discrete" if few else "continuous"
