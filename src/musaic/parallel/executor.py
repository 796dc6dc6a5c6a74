"""The one executor: independent tasks, one thread each, and no task can take the others down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from musaic.parallel.cluster import current
from musaic.parallel.outcome import Failure, Guarded, Item, Result
from musaic.parallel.processes import default_workers, run_processes


def run(
    function: Callable[[Item], Result], items: Sequence[Item], *, workers: int | None = None, here: bool = False
) -> Iterator[tuple[int, Result | Failure]]:
    """Yield ``(position, outcome)`` for every item, in the order in which they end.

    Parameters
    ----------
    function : callable
        Importable by name (not a lambda), and pure of shared state; runs in another process with one thread.
    items : sequence
        One argument a task; each must be picklable.
    workers : int >= 0, optional
        Processes; all cores by default. 0 runs the tasks in this process, one after another. Inside
        `musaic.parallel.cluster` any other number means the workers of the cluster.
    here : bool
        Stay on this machine whatever cluster there is: the tasks share memory with their caller.

    Raises
    ------
    MusaicError
        On a cluster: where a worker would not give the same bytes as this machine, or the scheduler is lost.

    Notes
    -----
    What a task raises comes back as a `Failure`. So does a task whose process dies (a crash in a decoder, the
    system's memory guard): its neighbours are run again, it alone is given up.
    """
    guarded = Guarded(function)
    cluster = None if here else current()
    if workers == 0:
        for position, item in enumerate(items):
            yield position, guarded(item)
    elif cluster is not None:
        yield from cluster.run(guarded, items)
    else:
        yield from run_processes(guarded, items, workers or default_workers())


def tasks_beside(workers: int | None = None) -> int:
    """Return how many tasks `run` lets one machine do at once, so that they can share what it has.

    Parameters
    ----------
    workers : int >= 0, optional
        As `run` is given it. On a cluster, the machine with the most workers of now counts.
    """
    cluster = current()
    if workers == 0:
        return 1
    return (workers or default_workers()) if cluster is None else cluster.most_on_a_machine()
