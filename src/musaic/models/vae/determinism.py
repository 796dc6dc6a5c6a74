"""One place where torch's process-wide state is set, and put back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from musaic.threads import torch_on_one_thread


@contextlib.contextmanager
def same_bytes(random_state: int) -> Iterator[None]:
    """Seed torch inside the block, on one thread and without denormals; leave everything outside as it was.

    One thread, because the order of summation (hence the last bit) depends on the number of threads, and because
    networks of this size only lose time by more.
    """
    flushing = _flushes_denormals()
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch_on_one_thread(), torch.random.fork_rng(devices=devices):
        try:
            torch.set_flush_denormal(True)
            torch.manual_seed(random_state)
            yield
        finally:
            torch.set_flush_denormal(flushing)


def _flushes_denormals() -> bool:
    return bool((torch.tensor([1e-300], dtype=torch.float64) * 1e-15 == 0).item())
