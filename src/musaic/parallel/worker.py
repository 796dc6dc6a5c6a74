"""What happens on a worker of a cluster: one task at a time, with one thread, where this machine would get the same."""

from __future__ import annotations

import contextlib
import importlib.metadata as metadata
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic

from musaic.parallel.outcome import Failure, Guarded, Item, Result
from musaic.parallel.processes import THREAD_VARIABLES
from musaic.parallel.versions import LIBRARIES

PATIENCE = 10.0
"""Seconds that a file system over a network has to show what another machine has written."""
ELSEWHERE = "corpus, cache and run folder lie where all machines of a cluster see them under the same name"

_accepted: set[Expected] = set()


@dataclass(frozen=True)
class Expected:
    """What a worker must share with the machine that gives the tasks, so that it gives the same bytes.

    Parameters
    ----------
    folder : str
        Where relative paths begin.
    versions : tuple of (str, str)
        Python and libraries.
    files : tuple of (str, int, int)
        Absolute path, size in bytes and time of change in seconds of files that must be seen.
    """

    folder: str
    versions: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, int, int], ...] = ()

    @classmethod
    def here(cls) -> Expected:
        """Return what this process has."""
        return cls(
            os.getcwd(), tuple((name, _version(name)) for name in ("python", "musaic", "distributed", *LIBRARIES))
        )

    def seeing(self, files: Iterator[Path]) -> Expected:
        """Return the same with more files; one that is named again is as it is now."""
        more = [mark for file in files if (mark := _mark(os.path.abspath(file))) is not None]
        return replace(self, files=tuple({mark[0]: mark for mark in [*self.files, *more]}.values()))

    def lacking(self, n_threads: int) -> str | None:
        """Return what is wrong with this process in the words that follow "the worker X …", or None."""
        if n_threads > 1:
            return f"runs {n_threads} tasks at once in one process; start it with --nthreads 1 (and --nworkers N)"
        for name, wanted in self.versions:
            if (found := _version(name)) != wanted:
                return f"has {name} {found}, this machine {wanted}; results would differ: install the same everywhere"
        if not os.path.isdir(self.folder):
            return f"does not see the folder {self.folder}; call musaic in one that it sees: {ELSEWHERE}"
        for mark in self.files:
            if _mark(mark[0]) != mark:
                return f"does not see {mark[0]} as this machine does; see to it that {ELSEWHERE}"
        return None


@dataclass(frozen=True)
class Refused:
    """Why a worker takes no task."""

    worker: str
    why: str


@dataclass(frozen=True)
class Remote(Generic[Item, Result]):
    """A task on its way to a worker."""

    guarded: Guarded[Item, Result]
    item: Item
    expected: Expected

    def __call__(self) -> Result | Failure | Refused:
        """Run the task where this worker would give what the asking machine would."""
        from distributed import get_worker

        why = _lacking(self.expected, get_worker())
        if why is not None:
            return Refused(get_worker().address, why)
        with contextlib.chdir(self.expected.folder), _one_thread():
            return self.guarded(self.item)


def inquire(expected: Expected, dask_worker: Any = None) -> str | None:
    """Return what is wrong with a worker; asked outside of tasks, of all workers at once."""
    return expected.lacking(dask_worker.state.nthreads)


def _lacking(expected: Expected, worker: Any) -> str | None:
    """Return what is wrong with this worker, once it has stayed so for a while."""
    until = time.monotonic() + PATIENCE
    while expected not in _accepted:
        why = expected.lacking(worker.state.nthreads)
        if why is None:
            _accepted.add(expected)
        elif time.monotonic() > until:
            return why
        else:
            time.sleep(0.5)
    return None


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Let libraries that are loaded, and those that will be, compute with one thread."""
    from threadpoolctl import threadpool_limits

    for name in THREAD_VARIABLES:
        os.environ[name] = "1"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    with threadpool_limits(1):
        yield


def _mark(path: str) -> tuple[str, int, int] | None:
    with contextlib.suppress(OSError):
        os.listdir(os.path.dirname(path))  # lets a network's file system look again
    try:
        info = os.stat(path)
    except OSError:
        return None
    return path, info.st_size, int(info.st_mtime)


def _version(name: str) -> str:
    if name == "python":
        return platform.python_version()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
