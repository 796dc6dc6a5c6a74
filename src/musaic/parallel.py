"""The one executor: independent tasks over processes, one thread each, and no task can take the others down."""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
import multiprocessing as mp
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import connection
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@dataclass(frozen=True)
class Failure:
    """What is left of a task that did not end well: what it said, where, and the name of what it raised."""

    message: str
    detail: str = ""
    kind: str = ""


@dataclass(frozen=True)
class _Guarded(Generic[Item, Result]):
    """Runs the task and turns whatever it raises into a `Failure`."""

    function: Callable[[Item], Result]

    def __call__(self, item: Item) -> Result | Failure:
        try:
            return self.function(item)
        except Exception as error:
            summary = str(error).strip() or type(error).__name__
            return Failure(summary, traceback.format_exc(), type(error).__name__)


def default_workers() -> int:
    """Return the number of cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else (os.cpu_count() or 1)


def run(
    function: Callable[[Item], Result], items: Sequence[Item], *, workers: int | None = None
) -> Iterator[tuple[int, Result | Failure]]:
    """Yield ``(position, outcome)`` for every item, in the order in which they end.

    Parameters
    ----------
    function : callable
        Importable by name (not a lambda), and pure of shared state; runs in another process with one thread.
    items : sequence
        One argument a task; each must be picklable.
    workers : int >= 0, optional
        Processes; all cores by default. 0 runs the tasks in this process, one after another.

    Notes
    -----
    What a task raises comes back as a `Failure`. So does a task whose process dies (a crash in a decoder, the
    system's memory guard): its neighbours are run again, it alone is given up.
    """
    guarded = _Guarded(function)
    if workers == 0:
        for position, item in enumerate(items):
            yield position, guarded(item)
        return
    workers = min(workers or default_workers(), max(1, len(items)))
    waiting = list(range(len(items)))[::-1]
    while waiting:
        lost = yield from _run_pool(guarded, items, waiting, workers)
        for position in lost:
            outcome = _run_alone(guarded, items[position])
            yield position, outcome


def _run_pool(
    guarded: _Guarded[Item, Result], items: Sequence[Item], waiting: list[int], workers: int
) -> Generator[tuple[int, Result | Failure], None, list[int]]:
    """Run tasks from the end of ``waiting`` until none is left or a process dies; return those that were in flight."""
    pool = _pool(workers)
    running: dict[futures.Future[Result | Failure], int] = {}
    try:
        while waiting or running:
            while waiting and len(running) < 2 * workers:
                try:
                    with _caller_left_alone():
                        running[pool.submit(guarded, items[waiting[-1]])] = waiting[-1]
                except BrokenProcessPool:
                    return sorted(running.values())
                waiting.pop()
            ended, _ = futures.wait(running, return_when=futures.FIRST_COMPLETED)
            for future in sorted(ended, key=running.__getitem__):
                if isinstance(future.exception(), BrokenProcessPool):
                    return sorted(running.values())
                position = running.pop(future)
                yield position, future.result()
        return []
    finally:
        _stop(pool, busy=bool(running))


def _run_alone(guarded: _Guarded[Item, Result], item: Item) -> Result | Failure:
    """Run one task in a process of its own, so that its death is known to be its own doing."""
    pool = _pool(1)
    try:
        with _caller_left_alone():
            future = pool.submit(guarded, item)
        return future.result()
    except BrokenProcessPool:
        return Failure("its process died (out of memory, or a crash in a native library)")
    finally:
        _stop(pool, busy=True)


def _pool(workers: int) -> futures.ProcessPoolExecutor:
    method = "forkserver" if "forkserver" in mp.get_all_start_methods() else "spawn"
    return futures.ProcessPoolExecutor(workers, mp_context=mp.get_context(method), initializer=_start_worker)


@contextlib.contextmanager
def _caller_left_alone() -> Iterator[None]:
    """Start workers that do not import the caller's script again: it needs no ``if __name__ == "__main__"``."""
    main = sys.modules["__main__"]
    hidden: dict[str, object] = {
        name: main.__dict__.pop(name) for name in ("__file__", "__spec__") if name in main.__dict__
    }
    main.__spec__ = None
    try:
        yield
    finally:
        main.__dict__.update(hidden)


def _stop(pool: futures.ProcessPoolExecutor, *, busy: bool) -> None:
    """End a pool: idle processes leave by themselves, what still runs is not waited for."""
    if busy:
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            process.terminate()
        # A process ended while it writes its result leaves the reader in the middle of it, waiting for ever.
        queue = getattr(pool, "_result_queue", None)
        if queue is not None:
            queue._writer.close()
    pool.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    """One thread a process; the keyboard belongs to the parent; nobody outlives the parent."""
    for name in THREAD_VARIABLES:
        os.environ[name] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = mp.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
