"""A real Dask scheduler and real worker processes on loopback, and tasks that tell what happens to them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DASK = [sys.executable, "-m", "dask"]
QUIET = {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical", "PYTHONWARNINGS": "ignore"}


@dataclass
class Grid:
    """A scheduler and its workers, each a process."""

    file: Path
    workers: list[subprocess.Popen[bytes]]
    scheduler: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        import json

        return str(json.loads(self.file.read_text())["address"])

    def add(self, *options: str) -> subprocess.Popen[bytes]:
        """Start one more worker, without anybody who would start it again."""
        command = ["worker", "--scheduler-file", str(self.file), "--no-nanny", "--no-dashboard", "--memory-limit", "0"]
        command += options or ["--nthreads", "1"]
        process = _start(command, self.file.parent)
        self.workers.append(process)
        return process

    def kill(self, number: int) -> None:
        """Kill a worker as the system would."""
        self.workers[number].send_signal(signal.SIGKILL)
        self.workers[number].wait()

    def stop(self) -> None:
        """Kill the scheduler."""
        self.scheduler.kill()
        self.scheduler.wait()


@contextlib.contextmanager
def grid(folder: Path, n_workers: int = 2) -> Iterator[Grid]:
    """Yield a scheduler on loopback with workers of one thread, started as a person starts them."""
    file = folder / "scheduler.json"
    command = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    command += ["--idle-timeout", "600"]  # where the tests are killed, it does not stay
    scheduler = _start(command, folder)
    found = Grid(file, [], scheduler)
    try:
        while not file.exists():
            assert scheduler.poll() is None
            time.sleep(0.05)
        for _ in range(n_workers):
            found.add()
        yield found
    finally:
        for process in (*found.workers, scheduler):
            process.kill()
            process.wait()


def _start(arguments: list[str], folder: Path) -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [*DASK, *arguments, *(["--local-directory", str(folder)] if arguments[0] == "worker" else [])],
        env={**os.environ, **QUIET, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def note_and_wait(task: tuple[str, int, float]) -> int:
    """Note that the task has begun, and by whom; take a while."""
    folder, number, seconds = task
    Path(folder, f"{number}-{os.getpid()}").touch()
    time.sleep(seconds)
    return number * number


def stumble(number: int) -> int:
    if number == 3:
        raise ValueError("three is too many")
    return number


def surroundings(_: int) -> tuple[str, str | None, int]:
    """Return where relative paths begin, and how many threads there are."""
    import torch

    return os.getcwd(), os.environ.get("OMP_NUM_THREADS"), torch.get_num_threads()


def die(folder: str) -> None:
    """End the process, whoever runs it."""
    Path(folder, str(os.getpid())).touch()
    os.kill(os.getpid(), signal.SIGKILL)
