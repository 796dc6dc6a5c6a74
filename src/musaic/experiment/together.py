"""One task done by several processes of this machine that train one model together."""

from __future__ import annotations

import logging
import multiprocessing as mp
import os
import socket
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import TypeVar

from musaic.errors import MusaicError
from musaic.parallel import Failure
from musaic.parallel.outcome import Guarded
from musaic.parallel.processes import THREAD_VARIABLES, caller_left_alone

Task = TypeVar("Task")


def together(function: Callable[[Task], float], task: Task, n: int) -> float:
    """Run a function in ``n`` processes that train as one; return what the first of them returns.

    Parameters
    ----------
    function : callable
        Importable by name. Trains with `musaic.models.vae.training.devices.make_fabric`, and writes only where
        `musaic.models.vae.training.devices.is_first`.
    task : object
        Its argument, picklable.
    n : int >= 2
        Processes, each with one device.

    Raises
    ------
    MusaicError
        Where one of them fails or dies: the others are ended.
    """
    if mp.current_process().daemon:
        raise MusaicError(
            "this worker may start no processes, and compute.devices asks for several; start it with "
            "DASK_DISTRIBUTED__WORKER__DAEMON=False in its environment."
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    context = mp.get_context("spawn")
    processes, pipes = [], []
    try:
        for rank in range(n):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(theirs, Guarded(function), task, rank, n, port))
            with caller_left_alone():
                process.start()
            theirs.close()
            processes.append(process)
            pipes.append(ours)
        return _first(pipes)
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _first(pipes: list[Connection]) -> float:
    """Return the result of the first process, once all have ended well."""
    results: dict[int, float] = {}
    while len(results) < len(pipes):
        for pipe in wait([pipe for rank, pipe in enumerate(pipes) if rank not in results]):
            assert isinstance(pipe, Connection)
            try:
                outcome = pipe.recv()
            except EOFError:
                raise MusaicError("a process that trained with others died (out of memory, or a crash).") from None
            if isinstance(outcome, Failure):
                raise MusaicError(outcome.message)
            results[pipes.index(pipe)] = outcome
    return results[0]


def _work(pipe: Connection, guarded: Guarded[Task, float], task: Task, rank: int, n: int, port: int) -> None:
    """Be one of the processes."""
    for name in THREAD_VARIABLES:
        os.environ[name] = "1"
    import lightning_fabric  # noqa: F401  (sets the level of its messages when it is imported)
    import torch

    from musaic.models.vae.training.devices import join

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    torch.set_num_threads(1)
    join(rank, n, port)
    pipe.send(guarded(task))
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
