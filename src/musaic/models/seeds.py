"""Several seeds of one model, side by side over processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from mmap import mmap
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import validate_data

from musaic.errors import MusaicError, UsageError
from musaic.models.base import Condition, Representation, State
from musaic.models.config import ModelConfig
from musaic.models.inputs import Blocks, Frames, Input, Presence, read_blocks
from musaic.models.registry import build, from_state
from musaic.parallel import Failure, run

TOLD = ("history_", "pretraining_", "split_", "labels_", "embedding_", "posterior_variance_")
"""What a fit leaves beside the state."""


def fit_seeds(
    config: ModelConfig,
    X: Input,
    seeds: Sequence[int],
    *,
    workers: int | None = None,
    accelerator: str = "auto",
    present: Presence = None,
    condition: Condition = None,
    groups: ArrayLike | None = None,
) -> dict[int, Representation]:
    """Fit one model with several seeds at once, each in a process with one thread.

    The processes share the arrays of ``X``; none copies them, and frames in a memory map stay in their file.

    Parameters
    ----------
    config : ModelConfig
        Which model, and what it is told.
    X, present, condition, groups
        As in `Representation.fit`.
    seeds : sequence of int >= 0
        One fit each.
    workers : int >= 0, optional
        Processes; all cores by default. The results do not depend on it; 0 fits one after another, in this process.
    accelerator : {'auto', 'cpu', 'cuda', 'mps'}
        Where the models train.

    Returns
    -------
    dict of int to Representation
        By seed, in the order given: the same bytes as of single fits.

    Raises
    ------
    UsageError
        Where a seed is given twice.
    InputError
        As in `Representation.fit`.
    MusaicError
        Where a fit fails; the seed is named.
    """
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"seeds are {list(seeds)}; give each once.")
    with _shared(read_blocks(X, present), copied=workers != 0) as (values, here):
        task = _Task(config, 0, accelerator, values, here, condition, None if groups is None else np.asarray(groups))
        tasks = [replace(task, seed=seed) for seed in seeds]
        fitted: dict[int, Representation] = {}
        for position, outcome in run(_fit, tasks, workers=workers, here=True):
            if isinstance(outcome, Failure):
                raise MusaicError(f"seed {seeds[position]}: {outcome.message}")
            state, told = outcome
            model = fitted[seeds[position]] = from_state(*state)
            validate_data(model, X, reset=True, skip_check_array=True, ensure_2d=False)  # notes the names of columns
            for name, value in told.items():
                setattr(model, name, value)
    return {seed: fitted[seed] for seed in seeds}


@dataclass(frozen=True)
class _Array:
    """An array in memory that processes share."""

    memory: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class _File:
    """An array in a file, which every process maps for itself."""

    path: str
    offset: int
    shape: tuple[int, ...]
    dtype: str


Given = dict[str, Any]


@dataclass(frozen=True)
class _Task:
    config: ModelConfig
    seed: int
    accelerator: str
    values: Given
    present: dict[str, NDArray[np.bool_]]
    condition: Condition
    groups: NDArray[Any] | None


def _fit(task: _Task) -> tuple[State, dict[str, Any]]:
    """Return the state of one seed's model, and what its training left beside."""
    with ExitStack() as stack:
        X = {name: _opened(values, stack) for name, values in task.values.items()}
        model = build(task.config, random_state=task.seed, accelerator=task.accelerator)
        model.fit(X, present=task.present, condition=task.condition, groups=task.groups)
        del X
        return model.get_state(), {name: getattr(model, name) for name in TOLD if hasattr(model, name)}


@contextmanager
def _shared(blocks: Blocks, *, copied: bool) -> Iterator[tuple[Given, dict[str, NDArray[np.bool_]]]]:
    """Yield blocks whose arrays lie in shared memory or in files, and which tracks have them."""
    with ExitStack() as stack:
        values: Given = {}
        for name, block in blocks.values.items():
            if isinstance(block, Frames) and isinstance(block.values, np.ndarray) and copied:
                values[name] = (_copied(block.values, stack), block.offsets)
            else:
                values[name] = _copied(block, stack) if isinstance(block, np.ndarray) and copied else block
        yield values, blocks.present


def _copied(array: NDArray[Any], stack: ExitStack) -> _Array | _File:
    source: object = array.base
    # a part of a mapped array, whose source is that, says the offset of the whole
    if isinstance(array, np.memmap) and isinstance(source, mmap) and array.filename and array.flags.c_contiguous:
        return _File(str(array.filename), array.offset, array.shape, array.dtype.str)
    memory = SharedMemory(create=True, size=max(1, array.nbytes))
    stack.callback(memory.unlink)
    stack.callback(memory.close)
    np.ndarray(array.shape, array.dtype, memory.buf)[...] = array
    return _Array(memory.name, array.shape, array.dtype.str)


def _opened(given: Any, stack: ExitStack) -> Any:
    """Return what a process was given as an array or frames."""
    if isinstance(given, tuple):
        return Frames(_opened(given[0], stack), given[1])
    if isinstance(given, _File):
        return np.memmap(given.path, given.dtype, "r", given.offset, given.shape)
    if not isinstance(given, _Array):
        return given
    memory = SharedMemory(given.memory)
    stack.callback(memory.close)
    return np.ndarray(given.shape, given.dtype, memory.buf)
