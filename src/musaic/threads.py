"""One thread: the order of summation, hence the last bit of a result, depends on how many there are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def torch_on_one_thread() -> Iterator[None]:
    """Let every operation of torch run on one thread inside the block, and on as many as before outside."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
