"""What goes into a model, checked once: vectors or frames by modality, and which tracks have which.

Letters: N tracks, D features of a modality, M modalities, T frames of a track, F features of a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError, nearest
from musaic.models.rows import TrackRows

Presence = ArrayLike | Mapping[str, ArrayLike] | None

LARGEST = float(np.finfo(np.float32).max)
"""What models compute with goes no further."""

ONLY = "x"
"""The name of the one modality where ``X`` is an array and not a mapping."""


class InputError(UsageError, ValueError):
    """An array that a model cannot take."""


class Rows(Protocol):
    """Anything of shape (rows, F) that gives a stretch of its rows as an array: NumPy, a memory map, Zarr."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""

    def __getitem__(self, rows: slice, /) -> Any:
        """Return a stretch of rows."""


@dataclass(frozen=True)
class Frames:
    """A modality of sequences: the frames of all tracks, end to end.

    Parameters
    ----------
    values : ndarray, memory map, Zarr array or the like, shape (sum of T, F)
        Read a stretch at a time where it does not fit in memory.
    offsets : ndarray of int, shape (N + 1,)
        The frames of track ``i`` are rows ``offsets[i]`` to ``offsets[i + 1]``; none for a track without.
    present : ndarray of bool, shape (N,), optional
        Tracks whose frames count; the others are as if they had none, and theirs are never read. All where nothing is
        said.

    Raises
    ------
    InputError
        Where the offsets do not rise from 0 to the number of rows, or the values are no real numbers.
    """

    values: Rows
    offsets: NDArray[np.int64]
    present: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        offsets = np.asarray(self.offsets, dtype=np.int64)
        object.__setattr__(self, "offsets", offsets)
        if len(self.values.shape) != 2 or self.values.shape[1] == 0:
            raise InputError(f"frames have shape {self.values.shape}; it must be (frames of all tracks, features).")
        if self.dtype.kind not in "fiub":
            raise InputError(f"frames are of type {self.dtype}; they must be real numbers.")
        ends = (offsets[0], offsets[-1]) if offsets.ndim == 1 and len(offsets) else (-1, -1)
        if ends != (0, self.values.shape[0]) or (np.diff(offsets) < 0).any():
            raise InputError(
                f"the offsets of {self.values.shape[0]} frames must rise from 0 to {self.values.shape[0]}, "
                "one more of them than tracks."
            )

    @classmethod
    def of(cls, tracks: Iterable[ArrayLike]) -> Self:
        """Return the frames of tracks given one by one, shape (T, F) each."""
        arrays = [np.asarray(track) for track in tracks]
        if any(array.ndim != 2 for array in arrays) or len({array.shape[1] for array in arrays}) != 1:
            raise InputError("tracks of frames must have shape (frames, features) each, with as many features.")
        return cls(np.concatenate(arrays), np.cumsum([0, *(len(array) for array in arrays)]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values; single precision where they do not say, as it is what they are read as."""
        told = getattr(self.values, "dtype", None)
        return told if isinstance(told, np.dtype) else np.dtype(np.float32)

    @property
    def nbytes(self) -> int:
        """Memory that all of the values take."""
        return int(self.values.shape[0]) * self.width * self.dtype.itemsize

    @property
    def width(self) -> int:
        """F."""
        return int(self.values.shape[1])

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """T of every track, shape (N,)."""
        lengths = np.diff(self.offsets)
        return lengths if self.present is None else np.where(self.present, lengths, 0)

    def track(self, row: int, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        """Return the frames of one track, or a stretch of them, shape (T, F)."""
        first = int(self.offsets[row])
        last = first + int(self.lengths[row])
        last = last if stop is None else min(last, first + stop)
        return np.asarray(self.values[first + start : last], dtype=np.float32)

    def take(self, rows: NDArray[np.intp]) -> Frames:
        """Return the frames of some tracks, in the order given; nothing is read."""
        chosen = TrackRows(self._stretch, self.offsets, self.width).take(rows)
        return Frames(chosen, chosen.offsets, None if self.present is None else self.present[rows])

    def _stretch(self, row: int, start: int, stop: int) -> NDArray[Any]:
        return np.asarray(self.values[int(self.offsets[row]) + start : int(self.offsets[row]) + stop])


Modality = ArrayLike | Frames
Input = Modality | Mapping[str, Modality]


@dataclass(frozen=True)
class Blocks:
    """Modalities side by side.

    Attributes
    ----------
    values : dict of str to (ndarray, shape (N, D), or Frames)
        Floating point; vectors of absent tracks are 0 and mean nothing, absent frames are none.
    present : dict of str to ndarray of bool, shape (N,)
        Which tracks have the modality.
    """

    values: dict[str, NDArray[Any] | Frames]
    present: dict[str, NDArray[np.bool_]]

    @property
    def n_tracks(self) -> int:
        """Number of tracks."""
        return len(next(iter(self.present.values())))

    @property
    def dims(self) -> dict[str, int]:
        """Number of features of every modality: of a vector, or of a frame."""
        return {
            name: values.width if isinstance(values, Frames) else values.shape[1]
            for name, values in self.values.items()
        }

    @property
    def forms(self) -> dict[str, Form]:
        """What every modality looks like."""
        return {name: _form(values) for name, values in self.values.items()}

    @property
    def vectors(self) -> dict[str, NDArray[Any]]:
        """The modalities that are vectors."""
        return {name: values for name, values in self.values.items() if not isinstance(values, Frames)}

    @property
    def frames(self) -> dict[str, Frames]:
        """The modalities that are frames."""
        return {name: values for name, values in self.values.items() if isinstance(values, Frames)}

    def mask(self) -> NDArray[np.bool_]:
        """Return which track has which modality, shape (N, M)."""
        return np.stack([self.present[name] for name in self.values], axis=1)


class Form(NamedTuple):
    """What a modality looks like.

    Attributes
    ----------
    kind : {'vector', 'frames'}
        One vector a track, or a sequence of them.
    width : int
        Features of a vector, or of a frame.
    """

    kind: str
    width: int


def read_blocks(X: Input, present: Presence = None, *, expected: Mapping[str, Form] | None = None) -> Blocks:
    """Check what a model is given.

    Parameters
    ----------
    X : array_like, shape (N, D) or (N, T, F), or Frames, or mapping of str to such
        Features, by modality where there are several.
    present : array_like of bool, shape (N,), or mapping of str to such, optional
        Which tracks have the modality; all where nothing is said. Rows of tracks without it are never read.
    expected : mapping of str to Form, optional
        Names and forms that the model was fitted on. A modality left out of ``X`` is absent for every track.

    Raises
    ------
    InputError
        Where a shape, a value or a name is wrong, or a track has no modality at all; the row is named.
    """
    # a sparse matrix, which is refused below, may be a mapping too
    several = isinstance(X, Mapping) and not hasattr(X, "tocsr")
    arrays: dict[str, Modality] = dict(cast("Any", X)) if several else {ONLY: cast("Modality", X)}
    masks = dict(present) if isinstance(present, Mapping) else {}
    if present is not None and not isinstance(present, Mapping):
        if len(arrays) != 1:
            raise InputError(f"present must be a mapping by modality ({', '.join(arrays)}), as X is one.")
        masks = dict.fromkeys(arrays, present)
    if not arrays:
        raise InputError("X holds no modality; give at least one array of shape (tracks, features).")
    for name in arrays:
        if not isinstance(name, str):
            raise InputError(f"a modality is called {name!r}; call it by a text, such as 'audio'.")
    check_names(masks, arrays, "present")
    if expected is not None:
        check_names(arrays, expected, "X")
    values: dict[str, NDArray[Any] | Frames] = {}
    flags: dict[str, NDArray[np.bool_]] = {}
    n_tracks: int | None = None
    for name, array in arrays.items():
        block, flag = _read_block(name, array, masks.get(name))
        if n_tracks not in (None, len(block)):
            raise InputError(f"modality {name!r} has {len(block)} rows where another has {n_tracks}; align them first.")
        n_tracks = len(block)
        if expected is not None and _form(block) != expected[name]:
            kind, width = _form(block)
            was = expected[name]
            raise InputError(
                f"modality {name!r} has {width} features{_a_frame(kind)}; the model was fitted on "
                f"{was.width}{_a_frame(was.kind)}."
            )
        values[name], flags[name] = block, flag
    assert n_tracks is not None
    for name, form in (expected or {}).items():
        if name not in values:
            values[name], flags[name] = _nothing(form, n_tracks), np.zeros(n_tracks, bool)
    order = expected if expected is not None else values
    blocks = Blocks({name: values[name] for name in order}, {name: flags[name] for name in order})
    without = np.flatnonzero(~blocks.mask().any(axis=1))
    if len(without):
        raise InputError(f"{_rows(without)} in no modality present; leave out tracks that have nothing.")
    return blocks


def _read_block(name: str, given: Modality, mask: ArrayLike | None) -> tuple[NDArray[Any] | Frames, NDArray[np.bool_]]:
    block = given if isinstance(given, Frames) else _array(name, given)
    has = block.lengths > 0 if isinstance(block, Frames) else np.ones(len(block), bool)
    flags = has if mask is None else np.asarray(mask)
    if flags.shape != (len(block),) or flags.dtype != bool:
        raise InputError(
            f"present of {name!r} has shape {flags.shape} of {flags.dtype}; it must be {len(block)} true-or-false "
            "values."
        )
    if isinstance(block, Frames):
        here = np.flatnonzero(flags)
        bad = here[[not has[row] or not np.isfinite(block.track(int(row))).all() for row in here]]
    else:
        bad = np.flatnonzero(flags & ~(np.abs(block) <= LARGEST).all(axis=1))
    if len(bad):
        raise InputError(
            f"{_rows(bad)} not finite (NaN, inf, or too large for single precision) in modality {name!r}; mark such "
            "tracks absent in present, or leave them out."
        )
    if isinstance(block, Frames):
        return replace(block, present=flags), flags
    if flags.all():
        return block, flags
    return np.where(flags[:, None], block, block.dtype.type(0)), flags


def _array(name: str, given: ArrayLike) -> NDArray[Any] | Frames:
    """Return numbers as vectors of shape (N, D); those of shape (N, T, F) as frames."""
    if hasattr(given, "tocsr"):
        raise InputError(f"modality {name!r} is a sparse matrix; give a dense one (toarray).")
    try:
        values = np.asarray(given)
        if values.dtype not in (np.float32, np.float64) and values.dtype.kind != "c":
            values = values.astype(np.float64 if values.dtype.kind in "iubO" else np.float32)
    except (TypeError, ValueError):
        raise InputError(f"modality {name!r} holds values that are not numbers; give an array of floats.") from None
    if values.dtype.kind == "c":
        raise InputError(f"modality {name!r} is complex: Complex data not supported; give its magnitude, say.")
    if values.ndim not in (2, 3):
        raise InputError(
            f"modality {name!r} has shape {values.shape}; it must be (tracks, features), or (tracks, frames, "
            "features): Reshape your data."
        )
    if 0 in values.shape[1:]:
        raise InputError(f"modality {name!r} has 0 feature(s) (shape={values.shape}) while a minimum of 1 is required.")
    if len(values) == 0:
        raise InputError(f"modality {name!r} has no rows; give at least one track.")
    if values.ndim == 2:
        return values
    return Frames(values.reshape(-1, values.shape[2]), np.arange(len(values) + 1) * values.shape[1])


def _form(block: NDArray[Any] | Frames) -> Form:
    return Form("frames", block.width) if isinstance(block, Frames) else Form("vector", block.shape[1])


def _nothing(form: Form, n_tracks: int) -> NDArray[Any] | Frames:
    """Return a modality that no track has."""
    if form.kind == "vector":
        return np.zeros((n_tracks, form.width), np.float32)
    return Frames(np.zeros((0, form.width), np.float32), np.zeros(n_tracks + 1, np.int64))


def _a_frame(kind: str) -> str:
    return " a frame" if kind == "frames" else ""


def read_groups(groups: ArrayLike, n_tracks: int) -> NDArray[np.intp]:
    """Return the number of every track's group, shape (N,); a track without one (None, NaN) is by itself.

    Raises
    ------
    InputError
        Where there is not one value a track.
    """
    import pandas as pd

    given = np.asarray(groups, dtype=object)
    if given.shape != (n_tracks,):
        raise InputError(f"groups has shape {given.shape}; it must be one value for each of {n_tracks} tracks.")
    alone = pd.isna(given)
    # names sorted, as the held-out split draws groups in that order
    numbers = np.unique(np.asarray(given[~alone].tolist()), return_inverse=True)[1]
    found = np.empty(n_tracks, np.intp)
    found[~alone], found[alone] = numbers, len(given) + np.arange(int(alone.sum()))
    return np.unique(found, return_inverse=True)[1]


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
