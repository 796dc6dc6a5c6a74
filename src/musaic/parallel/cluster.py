"""Tasks over a Dask cluster: a worker that dies loses nothing, for what it had is done again elsewhere."""

from __future__ import annotations

import contextlib
import logging
import queue
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from musaic.errors import MusaicError, UsageError
from musaic.parallel.local import local_scheduler
from musaic.parallel.outcome import Failure, Guarded, Item, Result
from musaic.parallel.processes import default_workers, kept
from musaic.parallel.worker import PATIENCE, Expected, Refused, Remote, inquire
from musaic.progress import SILENT, Reporter

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"
PROTOCOLS = ("tcp://", "tls://")
LOOK_EVERY = 5.0
"""Seconds after which the workers are counted again."""
FEWEST_AT_ONCE = 8
"""Tasks given to a cluster however few workers it has, so that one that grows with its load sees some."""

GIVEN_UP = object()
DIED = "the workers that ran it died, one after the other (out of memory, or a crash in a library)"

_current: ContextVar[Cluster | None] = ContextVar("cluster", default=None)


def current() -> Cluster | None:
    """Return the cluster that tasks go to, None where they go to processes of this machine."""
    return _current.get()


def on_cluster() -> bool:
    """Return whether tasks go to a cluster."""
    return _current.get() is not None


@contextlib.contextmanager
def cluster(address: str | None, *, workers: int | None = None, reporter: Reporter = SILENT) -> Iterator[None]:
    """Let every `run` inside the block give its tasks to a Dask cluster.

    Parameters
    ----------
    address : str or None
        A scheduler, such as ``tcp://host:8786`` or ``tls://host:8786``; the file that ``dask scheduler
        --scheduler-file`` writes (``.json``); ``local`` for a cluster on this machine, made for the block. With
        None the processes of this machine are kept from one `run` to the next. A block inside another one changes
        nothing.
    workers : int >= 1, optional
        With ``local``: how many workers; all cores by default. A scheduler elsewhere knows its workers itself.
    reporter : Reporter
        Is told while no worker is there.

    Raises
    ------
    UsageError
        For another kind of address, and for ``workers`` with a scheduler elsewhere.
    MusaicError
        Where Dask is not installed, no scheduler answers, or a worker differs from this machine in what results
        depend on: Python, libraries, files.
    """
    if _current.get() is not None:
        yield
        return
    if address is None:
        with kept():
            yield
        return
    _check(address, workers)
    _require()
    with _quiet_logs(), _client(address, workers) as client:
        joined = Cluster(client, address, reporter)
        joined.check()
        token = _current.set(joined)
        try:
            yield
        finally:
            _current.reset(token)


def must_see(*files: Path) -> None:
    """See to it that the workers of the cluster, if there is one, see these files as this machine does.

    Raises
    ------
    MusaicError
        Where one does not; it is named.
    """
    joined = _current.get()
    if joined is not None:
        joined.expected = joined.expected.seeing(iter(files))
        joined.check()


class Cluster:
    """A connection to a scheduler.

    Parameters
    ----------
    client : distributed.Client
        The connection.
    address : str
        What the person called it.
    reporter : Reporter
        Is told while no worker is there.
    """

    def __init__(self, client: Client, address: str, reporter: Reporter) -> None:
        self.expected = Expected.here()
        self._client, self._address, self._reporter = client, address, reporter
        self._counted, self._n_workers, self._told = 0.0, 0, False

    def check(self) -> None:
        """Raise `MusaicError` where a worker of now would not do what this machine does; later ones say so in time."""
        until = time.monotonic() + PATIENCE
        while True:
            with self._connected():
                answers = self._client.run(inquire, self.expected, on_error="return")
            # a worker that cannot be reached any more takes no task either
            wrong = {who: told for who, told in answers.items() if told is not None and not isinstance(told, OSError)}
            if not wrong:
                return
            worker, answer = min(wrong.items())
            if isinstance(answer, Exception):
                raise _unfit(worker, answer)
            if time.monotonic() > until or not self.expected.files:
                raise _refused(Refused(worker, answer))
            time.sleep(0.5)

    def most_on_a_machine(self) -> int:
        """Return how many workers the machine has now that has the most; 1 where there are none."""
        with self._connected():
            workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        return max(Counter(worker["host"] for worker in workers).values(), default=1)

    def run(self, guarded: Guarded[Item, Result], items: Sequence[Item]) -> Iterator[tuple[int, Result | Failure]]:
        """Yield ``(position, outcome)`` as the tasks end.

        The scheduler runs a task again whose worker died, ``distributed.scheduler.allowed-failures`` times. It blames
        all tasks that a dying worker had: those are tried once more, each alone, before one is given up.
        """
        lost: list[int] = []
        for position, outcome in self._run(guarded, items, list(range(len(items)))):
            if outcome is GIVEN_UP:
                lost.append(position)
            else:
                yield position, outcome
        for position in sorted(lost):
            for _, outcome in self._run(guarded, items, [position]):
                yield position, outcome if outcome is not GIVEN_UP else Failure(DIED)

    def _run(
        self, guarded: Guarded[Item, Result], items: Sequence[Item], positions: list[int]
    ) -> Iterator[tuple[int, Any]]:
        """Yield outcomes, `GIVEN_UP` for tasks that the scheduler gave up with their workers."""
        waiting = positions[::-1]
        running: dict[str, tuple[Future[Any], int]] = {}
        ended: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        try:
            while waiting or running:
                while waiting and len(running) < self._at_once():
                    remote = Remote(guarded, items[waiting[-1]], self.expected)
                    with self._connected():
                        future = self._client.submit(remote, key=f"musaic-{guarded.name}-{uuid4().hex}", pure=False)
                    running[future.key] = (future, waiting.pop())
                    future.add_done_callback(ended.put)
                future = self._next(ended)
                _, position = running[future.key]
                outcome = self._outcome(future)
                del running[future.key]
                yield position, outcome
        finally:
            if running:  # what a worker is busy with it ends; nothing waits for it
                with contextlib.suppress(Exception):
                    self._client.cancel([future for future, _ in running.values()], force=True)

    def _next(self, ended: queue.SimpleQueue[Future[Any]]) -> Future[Any]:
        """Return a future that has ended; say so where there is nobody to end one."""
        while True:
            try:
                return ended.get(timeout=LOOK_EVERY)
            except queue.Empty:
                self._at_once()

    def _at_once(self) -> int:
        """Return how many tasks are given out together."""
        if time.monotonic() - self._counted > LOOK_EVERY:
            with self._connected():
                self._n_workers = len(self._client.nthreads())
            self._counted = time.monotonic()
            if not self._n_workers and not self._told:
                self._reporter.say(
                    f"{self._address} has no worker now, and this waits for one: "
                    f"dask worker {self._client.scheduler.address} --nthreads 1"
                )
            self._told = not self._n_workers
        return max(2 * self._n_workers, FEWEST_AT_ONCE)

    def _outcome(self, future: Future[Any]) -> Any:
        from distributed import KilledWorker

        if future.status == "cancelled":
            raise self._lost()
        with self._connected():
            error = future.exception()
            if error is None:
                outcome = future.result()
                if isinstance(outcome, Refused):
                    raise _refused(outcome)
                return outcome
        if isinstance(error, KilledWorker):
            return GIVEN_UP
        if isinstance(error, ModuleNotFoundError) and str(error.name).startswith("musaic"):
            raise _unfit("somewhere", error)
        return Failure(str(error).strip() or type(error).__name__, kind=type(error).__name__)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[None]:
        """Turn what Dask raises where the scheduler went away into one sentence."""
        from distributed import CancelledError
        from distributed.client import ClosedClientError

        try:
            yield
        except (OSError, TimeoutError, CancelledError, ClosedClientError) as error:
            raise self._lost() from error

    def _lost(self) -> MusaicError:
        return MusaicError(
            f"lost the scheduler at {self._address}; see whether it runs, and run the same command again: what was "
            "done is kept."
        )


def _check(address: str, workers: int | None) -> None:
    if address == LOCAL:
        if workers == 0:
            raise UsageError("a local cluster has at least one worker; leave --workers 0 out, or --scheduler local.")
        return
    if not address.startswith(PROTOCOLS) and not address.endswith(".json"):
        raise UsageError(
            f"{address!r} is no scheduler; give an address such as tcp://host:8786 or tls://host:8786, the .json file "
            "that 'dask scheduler --scheduler-file' writes, or 'local'."
        )
    if workers is not None:
        raise UsageError(
            f"--workers {workers} counts processes of this machine, and {address} has its own; leave one out."
        )


def _require() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise MusaicError(
            f"a cluster needs Dask, which cannot be imported ({error}); run: pip install 'musaic[cluster]'"
        ) from error


@contextlib.contextmanager
def _client(address: str, workers: int | None) -> Iterator[Client]:
    import dask
    from distributed import Client

    with contextlib.ExitStack() as stack:
        # Inputs of a training are large; that they travel with each task lets any worker die.
        stack.enter_context(dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}))
        named = stack.enter_context(local_scheduler(workers or default_workers())) if address == LOCAL else address
        try:
            if named.endswith(".json"):
                client = Client(scheduler_file=named, set_as_default=False)
            else:
                client = Client(named, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            cause = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
            raise MusaicError(
                f"no scheduler answers at {address} ({cause}); start one with 'dask scheduler', and see that the "
                "address is right and no firewall stands between."
            ) from error
        yield stack.enter_context(client)


@contextlib.contextmanager
def _quiet_logs() -> Iterator[None]:
    """Leave the terminal to musaic: what Dask logs about connections is told in sentences."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _refused(refused: Refused) -> MusaicError:
    return MusaicError(f"the worker {refused.worker} {refused.why}.")


def _unfit(worker: str, error: Exception) -> MusaicError:
    cause = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    return MusaicError(f"the worker {worker} cannot run musaic ({cause}); install musaic there, in the same version.")
