"""Samples of tracks, decoded ahead of the model that listens to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from musaic import parallel
from musaic.errors import TrackError
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


def load_all(paths: Sequence[Path], load: Load, workers: int) -> Iterator[tuple[int, Loaded]]:
    """Yield positions and samples of files as they are decoded, in other processes unless ``workers`` is 0."""
    for position, outcome in parallel.run(partial(_load, load), paths, workers=workers):
        if isinstance(outcome, parallel.Failure):
            why = outcome.message.splitlines()[0].rstrip(".")
            yield position, Loaded(None, "crashed", f"{paths[position].name} could not be decoded: {why}.")
        else:
            yield position, outcome


def _load(load: Load, path: Path) -> Loaded:
    try:
        return Loaded(load(path))
    except TrackError as error:
        return Loaded(None, error.status, error.reason)
