"""Every format and every tracker there is.

A new format is a file with a `Format` called ``FORMAT``, a new tracker one with a `Tracker` called ``TRACKER``, and a
line here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musaic.errors import unknown

if TYPE_CHECKING:
    from musaic.exports.parts import Part
    from musaic.exports.tracked import TrackedRun
    from musaic.progress import Reporter

FORMATS = {
    "csv": "musaic.exports.formats.csv",
    "npy": "musaic.exports.formats.npy",
    "npz": "musaic.exports.formats.npz",
    "parquet": "musaic.exports.formats.parquet",
    "projector": "musaic.exports.formats.projector",
    "zip": "musaic.exports.formats.zip",
}
TRACKERS = {
    "mlflow": "musaic.exports.trackers.mlflow",
    "wandb": "musaic.exports.trackers.wandb",
}


@dataclass(frozen=True)
class Written:
    """A file that was written.

    Parameters
    ----------
    file : str
        Relative to the folder, POSIX.
    part : Part
        What it holds, or belongs to.
    columns : tuple of str
        The names of its columns, in order; none for what has none.
    """

    file: str
    part: Part
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """A format.

    Parameters
    ----------
    about : str
        How its files are read, in one sentence or two; stands in the manifest.
    write : callable
        Takes a folder and parts, writes them there, each file atomically, and yields what was written.
    pack : callable, optional
        Takes the folder, with its manifest, and a path: makes one file of it. None where the folder is the export.
    kinds : tuple of str, optional
        What it can hold; None for everything.
    vectors : str, optional
        Where it holds vectors alone, and what is known of them: the kind of vectors that it shows where nothing else
        is asked for and the source has them.
    """

    about: str
    write: Callable[[Path, Sequence[Part]], Iterator[Written]]
    pack: Callable[[Path, Path], None] | None = None
    kinds: tuple[str, ...] | None = None
    vectors: str | None = None


@dataclass(frozen=True)
class Tracker:
    """A place where a team keeps its experiments.

    Parameters
    ----------
    options : tuple of str
        The options that it takes: of ``tracking_uri``, ``experiment``, ``project`` and ``mode``.
    send : callable
        Takes what is tracked, the options given and a reporter; returns a line that says where it is.
    """

    options: tuple[str, ...]
    send: Callable[[Sequence[TrackedRun], dict[str, str], Reporter], str]


def find_format(name: str) -> Format:
    """Return the format called ``name``; `UsageError` where there is none."""
    if name not in FORMATS:
        raise unknown("format", name, FORMATS)
    found: Format = importlib.import_module(FORMATS[name]).FORMAT
    return found


def find_tracker(name: str) -> Tracker:
    """Return the tracker called ``name``; `UsageError` where there is none."""
    if name not in TRACKERS:
        raise unknown("tracker", name, TRACKERS)
    found: Tracker = importlib.import_module(TRACKERS[name]).TRACKER
    return found
