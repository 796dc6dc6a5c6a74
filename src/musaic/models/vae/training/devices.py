"""Where a model is trained: the device, its precision, and the processes that share the work.

Letters: B tracks of a batch.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from musaic.errors import MusaicError, unknown

if TYPE_CHECKING:
    from lightning_fabric import Fabric

PRECISIONS = {"float32": "32-true", "bfloat16": "bf16-mixed", "float16": "16-mixed"}
"""What Fabric calls them."""


def make_fabric(accelerator: str, precision: str, *, convolves: bool) -> Fabric:
    """Return the devices and the precision to train with.

    Where ``torchrun`` or ``fabric run`` started several processes, all of them train one model: on CPUs over gloo, on
    GPUs, one a process, over NCCL.

    Parameters
    ----------
    accelerator : {'auto', 'cpu', 'cuda', 'mps'}
        What trains.
    precision : {'auto', 'float32', 'bfloat16', 'float16'}
        As in `TrainingConfig`.
    convolves : bool
        Whether there are convolutions, which gain from bfloat16 on processors that multiply matrices of it.

    Raises
    ------
    UsageError
        For an accelerator of another name.
    MusaicError
        For one that is not there, and for float16 on a CPU.
    """
    there = {"auto": True, "cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if accelerator not in there:
        raise unknown("accelerator", accelerator, there)
    if not there[accelerator]:
        raise MusaicError(f"there is no {accelerator!r} device on this machine; choose 'auto' or 'cpu'.")
    fabric = _fabric(accelerator, "float32")
    kind = fabric.device.type
    if precision == "auto":
        precision = "float32"
        if kind == "cuda":
            precision = "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
        elif kind == "cpu" and convolves and torch.cpu._is_amx_tile_supported():
            precision = "bfloat16"
    if precision == "float16" and kind == "cpu":
        raise MusaicError("training in float16 needs a GPU; choose precision 'bfloat16' or 'float32'.")
    return fabric if precision == "float32" else _fabric(accelerator, precision)


def _fabric(accelerator: str, precision: str) -> Fabric:
    from lightning_fabric import Fabric

    options: dict[str, Any] = {"accelerator": accelerator, "precision": PRECISIONS[precision]}
    if (n := launched()) == 1:
        return _alone(accelerator) if precision == "float32" else Fabric(**options, devices=1)
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    fabric = Fabric(**options, strategy="ddp", devices=here, num_nodes=n // here)
    if not os.environ.get("LT_CLI_USED"):  # 'fabric run' has brought the processes together already
        fabric.launch()
    return fabric


@functools.cache
def _alone(accelerator: str) -> Fabric:
    """Return the one device for single precision; looking for it takes longer than a few epochs of a small model."""
    from lightning_fabric import Fabric

    return Fabric(accelerator=accelerator, devices=1)


def launched() -> int:
    """Return how many processes a launcher started to train together; 1 without one, and inside a pool's worker."""
    by_launcher = torch.distributed.is_available() and torch.distributed.is_torchelastic_launched()
    one_of_them = multiprocessing.parent_process() is None or _joined
    return int(os.environ["WORLD_SIZE"]) if by_launcher and one_of_them else 1


_joined = False


def join(rank: int, n: int, port: int) -> None:
    """Make this process one of ``n`` on this machine that train together, as ``torchrun`` would.

    Parameters
    ----------
    rank : int, 0 to n - 1
        Which; the first one keeps checkpoints.
    n : int
        How many.
    port : int
        Where they meet.
    """
    global _joined
    _joined = True
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "GROUP_RANK": "0",
        "WORLD_SIZE": str(n),
        "LOCAL_WORLD_SIZE": str(n),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_RUN_ID": "musaic",
    }


def is_first() -> bool:
    """Return whether this process writes what several of them have trained; alone it does."""
    return launched() == 1 or os.environ["RANK"] == "0"


class Together:
    """The processes that train one model: each takes its share of every batch, and all end with the same weights.

    Parameters
    ----------
    fabric : Fabric
        Of this process.
    """

    def __init__(self, fabric: Fabric) -> None:
        self.fabric, self.rank, self.n = fabric, fabric.global_rank, fabric.world_size

    def check_share(self, size: int) -> None:
        """Refuse batches of so few tracks that a process would have less than two."""
        if self.n > 1 and size < 2 * self.n:
            raise MusaicError(
                f"batches of {size} tracks are too small for {self.n} processes; start fewer, or set "
                f"training.batch_size to {2 * self.n} or more."
            )

    def own(self, batch: Tensor) -> Tensor:
        """Return this process's rows of what was drawn for a batch, shape (B, …)."""
        return batch[self.rank :: self.n] if self.n > 1 else batch

    def total(self, tensor: Tensor) -> Tensor:
        """Return the sum over the processes."""
        if self.n == 1:
            return tensor
        summed = self.fabric.all_reduce(tensor, reduce_op="sum")
        assert isinstance(summed, Tensor)
        return summed

    def total_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give every process the sum of the gradients, in place and all in one message."""
        if self.n > 1:
            gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
            summed = self.total(nn.utils.parameters_to_vector(gradients))
            nn.utils.vector_to_parameters(summed, gradients)

    def average_buffers(self, module: nn.Module) -> None:
        """Give every process the mean of what batch norms saw."""
        if self.n > 1:
            for buffer in module.buffers():
                if buffer.is_floating_point():
                    buffer.copy_(self.total(buffer.clone()) / self.n)
