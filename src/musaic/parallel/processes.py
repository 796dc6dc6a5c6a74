"""Tasks over processes of this machine, one thread each."""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
import multiprocessing as mp
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection

from musaic.parallel.outcome import Failure, Guarded, Item, Result

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


_idle: dict[int, futures.ProcessPoolExecutor] | None = None
"""Pools that wait for the next call, by number of workers; None where none are kept."""


def default_workers() -> int:
    """Return the number of cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else (os.cpu_count() or 1)


def run_processes(
    guarded: Guarded[Item, Result], items: Sequence[Item], workers: int
) -> Iterator[tuple[int, Result | Failure]]:
    """Yield ``(position, outcome)`` as the tasks end; what was in flight when a process died is run again alone."""
    waiting = list(range(len(items)))[::-1]
    while waiting:
        lost = yield from _run_pool(guarded, items, waiting, workers)
        for position in lost:
            outcome = _run_alone(guarded, items[position])
            yield position, outcome


def _run_pool(
    guarded: Guarded[Item, Result], items: Sequence[Item], waiting: list[int], workers: int
) -> Generator[tuple[int, Result | Failure], None, list[int]]:
    """Run tasks from the end of ``waiting`` until none is left or a process dies; return those that were in flight."""
    pool, sound = _idle.pop(workers, None) if _idle else None, False
    pool = pool or _pool(workers)
    running: dict[futures.Future[Result | Failure], int] = {}
    try:
        while waiting or running:
            while waiting and len(running) < 2 * workers:
                try:
                    with caller_left_alone():
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
        sound = True
        return []
    finally:
        if sound and _idle is not None:
            _idle[workers] = pool
        else:
            _stop(pool, busy=bool(running))


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Keep worker processes from one call to the next inside the block, with what they have imported and compiled."""
    global _idle
    if _idle is not None:  # an outer block does
        yield
        return
    _idle = {}
    try:
        yield
    finally:
        pools, _idle = _idle, None
        for pool in pools.values():
            _stop(pool, busy=False)


def _run_alone(guarded: Guarded[Item, Result], item: Item) -> Result | Failure:
    """Run one task in a process of its own, so that its death is known to be its own doing."""
    pool = _pool(1)
    try:
        with caller_left_alone():
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
def caller_left_alone() -> Iterator[None]:
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
