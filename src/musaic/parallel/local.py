"""A Dask cluster on this machine, in a process of its own (``python -m``) that ends when its input does."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from musaic.errors import MusaicError

MODULE = "musaic.parallel.local"


@contextlib.contextmanager
def local_scheduler(n_workers: int) -> Iterator[str]:
    """Yield the address of a scheduler with ``n_workers`` workers, which end with the block or with this process."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(n_workers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the one who gives the tasks
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            address = process.stdout.readline().decode().strip()
            if not address:
                process.wait()
                said.seek(0)
                lines = said.read().decode(errors="replace").strip().splitlines() or ["it said nothing"]
                raise MusaicError(f"no cluster could be started on this machine ({lines[-1]}).")
            yield address
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def serve(n_workers: int) -> None:
    """Run a scheduler and workers, tell the address, and end when nobody listens any more."""
    import dask
    from distributed import LocalCluster

    dask.config.set({"distributed.worker.daemon": False})  # a training with several devices starts processes
    with LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        memory_limit=0,
        dashboard_address=":0",
        silence_logs=logging.CRITICAL,
    ) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.buffer.read()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
