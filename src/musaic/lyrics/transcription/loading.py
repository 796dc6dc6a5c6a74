"""Samples of tracks, decoded ahead of the model that listens to them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from musaic import parallel
from musaic.errors import TrackError
from musaic.files import WRITING, WriteError, write_error
from musaic.lyrics.transcription.table import Outcome

Load = Callable[[Path], NDArray[np.float32]]
"""Returns the mono samples of a file, or raises `TrackError`."""


@dataclass(frozen=True)
class Loaded:
    """The samples of a track, or why there are none.

    Parameters
    ----------
    y : ndarray, shape (n,), float32, or None
        The samples.
    status, reason : str
        What is wrong with the file.
    """

    y: NDArray[np.float32] | None
    status: str = Outcome.OK
    reason: str | None = None


def load_all(paths: Sequence[Path], load: Load, workers: int, beside: Path) -> Iterator[tuple[int, Loaded]]:
    """Yield positions and samples of files as they are decoded, in other processes unless ``workers`` is 0.

    Parameters
    ----------
    paths : sequence of Path
        The files.
    load : callable
        Returns the samples of one.
    workers : int >= 0
        Processes.
    beside : Path
        A folder in which samples wait until they are asked for.

    Notes
    -----
    Samples come by way of a file: a process that is ended while it writes so much into a pipe would leave the reader
    of the pipe waiting for ever.
    """
    with tempfile.TemporaryDirectory(dir=beside, prefix=WRITING, ignore_cleanup_errors=True) as folder:
        items = [(path, Path(folder) / f"{position}.npy") for position, path in enumerate(paths)]
        for position, outcome in parallel.run(partial(_load_into, load), items, workers=workers):
            if isinstance(outcome, parallel.Failure):
                why = outcome.message.splitlines()[0].rstrip(".")
                if outcome.kind == "WriteError":
                    raise WriteError(outcome.message)
                yield position, Loaded(None, "crashed", f"{paths[position].name} could not be decoded: {why}.")
            else:
                yield position, _taken(outcome, items[position][1])


def load_one(load: Load, path: Path) -> Loaded:
    """Return the samples of one file, or why there are none."""
    try:
        return Loaded(load(path))
    except TrackError as error:
        return Loaded(None, error.status, error.reason)


def _load_into(load: Load, item: tuple[Path, Path]) -> Loaded:
    """Decode a file and leave its samples in another."""
    path, samples = item
    loaded = load_one(load, path)
    if loaded.y is None:
        return loaded
    try:
        np.save(samples, loaded.y, allow_pickle=False)
    except OSError as error:
        raise write_error(samples, error) from error
    return Loaded(None)


def _taken(loaded: Loaded, samples: Path) -> Loaded:
    """Return what was loaded with its samples, whose file goes."""
    if loaded.status != Outcome.OK:
        return loaded
    y = np.load(samples, allow_pickle=False)
    samples.unlink()
    return Loaded(y)
