"""Trainings as TensorBoard shows them: the parts of the ELBO, beta and learning rate, an epoch a step."""

from __future__ import annotations

import contextlib
import importlib.util
import math
from collections.abc import Iterator
from pathlib import Path

from musaic.errors import MusaicError
from musaic.models.base import OnEpoch, Representation, Row


def check_tensorboard() -> None:
    """Raise `MusaicError` where what writes the events is not installed."""
    if importlib.util.find_spec("tensorboardX") is None:
        raise MusaicError(
            "compute.tensorboard needs tensorboardX, which is not installed; run pip install 'musaic[tensorboard]', or "
            "set compute.tensorboard to false."
        )


@contextlib.contextmanager
def events(folder: Path, model: Representation) -> Iterator[OnEpoch]:
    """Yield what writes every epoch of a model's training to a folder of events.

    The epochs of a pretraining come first. A training that goes on after a kill writes a second file, which repeats
    epochs since the last checkpoint with the same numbers.
    """
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(folder), flush_secs=10) as writer:

        def write(epoch: int, row: Row) -> None:
            step = len(getattr(model, "pretraining_", ())) + epoch
            for name, value in row.items():
                if name != "epoch" and math.isfinite(value):
                    writer.add_scalar(name, value, step)

        yield write
