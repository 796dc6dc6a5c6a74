"""What goes into a model, checked once: blocks of numbers by modality, and which tracks have which.

Letters: N tracks, D features of a modality, M modalities.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError, nearest

Input = ArrayLike | Mapping[str, ArrayLike]
Presence = ArrayLike | Mapping[str, ArrayLike] | None

ONLY = "x"
"""The name of the one modality where ``X`` is an array and not a mapping."""


class InputError(UsageError, ValueError):
    """An array that a model cannot take."""


@dataclass(frozen=True)
class Blocks:
    """Modalities side by side.

    Attributes
    ----------
    values : dict of str to ndarray, shape (N, D)
        Floating point; rows of absent tracks are 0 and mean nothing.
    present : dict of str to ndarray of bool, shape (N,)
        Which tracks have the modality.
    """

    values: dict[str, NDArray[Any]]
    present: dict[str, NDArray[np.bool_]]

    @property
    def n_tracks(self) -> int:
        """Number of tracks."""
        return len(next(iter(self.present.values())))

    @property
    def dims(self) -> dict[str, int]:
        """Number of features of every modality."""
        return {name: values.shape[1] for name, values in self.values.items()}

    def mask(self) -> NDArray[np.bool_]:
        """Return which track has which modality, shape (N, M)."""
        return np.stack([self.present[name] for name in self.values], axis=1)


def read_blocks(X: Input, present: Presence = None, *, expected: Mapping[str, int] | None = None) -> Blocks:
    """Check what a model is given.

    Parameters
    ----------
    X : array_like, shape (N, D), or mapping of str to array_like
        Features, by modality where there are several.
    present : array_like of bool, shape (N,), or mapping of str to such, optional
        Which tracks have the modality; all where nothing is said. Rows of tracks without it are never read.
    expected : mapping of str to int, optional
        Names and widths that the model was fitted on. A modality left out of ``X`` is absent for every track.

    Raises
    ------
    InputError
        Where a shape, a value or a name is wrong, or a track has no modality at all; the row is named.
    """
    arrays = dict(X) if isinstance(X, Mapping) else {ONLY: X}
    masks = dict(present) if isinstance(present, Mapping) else {}
    if present is not None and not isinstance(present, Mapping):
        if len(arrays) != 1:
            raise InputError(f"present must be a mapping by modality ({', '.join(arrays)}), as X is one.")
        masks = dict.fromkeys(arrays, present)
    if not arrays:
        raise InputError("X holds no modality; give at least one array of shape (tracks, features).")
    check_names(masks, arrays, "present")
    if expected is not None:
        check_names(arrays, expected, "X")
    values, flags = {}, {}
    n_tracks: int | None = None
    for name, array in arrays.items():
        block, flag = _read_block(name, array, masks.get(name))
        if n_tracks not in (None, len(block)):
            raise InputError(f"modality {name!r} has {len(block)} rows where another has {n_tracks}; align them first.")
        n_tracks = len(block)
        if expected is not None and block.shape[1] != expected[name]:
            raise InputError(
                f"modality {name!r} has {block.shape[1]} features; the model was fitted on {expected[name]}."
            )
        values[name], flags[name] = block, flag
    assert n_tracks is not None
    for name, width in (expected or {}).items():
        if name not in values:
            values[name], flags[name] = np.zeros((n_tracks, width), np.float32), np.zeros(n_tracks, bool)
    order = expected if expected is not None else values
    blocks = Blocks({name: values[name] for name in order}, {name: flags[name] for name in order})
    without = np.flatnonzero(~blocks.mask().any(axis=1))
    if len(without):
        raise InputError(f"{_rows(without)} in no modality present; leave out tracks that have nothing.")
    return blocks


def _read_block(name: str, array: ArrayLike, mask: ArrayLike | None) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    try:
        values = np.asarray(array)
        if values.dtype not in (np.float32, np.float64):
            values = values.astype(np.float64 if values.dtype.kind in "iubO" else np.float32)
    except (TypeError, ValueError):
        raise InputError(f"modality {name!r} holds values that are not numbers; give an array of floats.") from None
    if values.ndim != 2 or values.shape[1] == 0:
        raise InputError(f"modality {name!r} has shape {values.shape}; it must be (tracks, features).")
    if len(values) == 0:
        raise InputError(f"modality {name!r} has no rows; give at least one track.")
    flags = np.ones(len(values), bool) if mask is None else np.asarray(mask)
    if flags.shape != (len(values),) or flags.dtype != bool:
        raise InputError(
            f"present of {name!r} has shape {flags.shape} of {flags.dtype}; it must be {len(values)} true-or-false "
            "values."
        )
    bad = np.flatnonzero(flags & ~np.isfinite(values).all(axis=1))
    if len(bad):
        raise InputError(
            f"{_rows(bad)} not finite in modality {name!r}; mark such tracks absent in present, or leave them out."
        )
    return (values if flags.all() else np.where(flags[:, None], values, values.dtype.type(0))), flags


def check_names(given: Iterable[str], allowed: Iterable[str], where: str) -> None:
    """Raise `InputError` for the first name of a modality that is not among those allowed."""
    choices = list(allowed)
    for name in given:
        if name not in choices:
            raise InputError(
                f"unknown modality {name!r} in {where}{nearest(name, choices) or '.'} Allowed: {', '.join(choices)}."
            )


def _rows(rows: NDArray[np.intp]) -> str:
    named = ", ".join(str(row) for row in rows[:5]) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
    return f"row {named} is" if len(rows) == 1 else f"rows {named} are"
