"""Where a training of several stages has come, so that a killed one goes on from there."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from musaic.models.base import State
from musaic.models.vae.training.loop import Save, Training


class Checkpoints(Protocol):
    """A place that keeps the last checkpoint: `musaic.runs.state.CheckpointFolder`, or anything alike.

    Attributes
    ----------
    every : float >= 0, seconds
        How long a training goes on before it is kept again.
    """

    @property
    def every(self) -> float:
        """How long a training goes on before it is kept again."""

    def load(self) -> State | None:
        """Return what was last saved, or None."""

    def keep(self, state: State) -> None:
        """Keep a state in place of the last one."""


class Stages:
    """The stages of one training, of which those that are over are not repeated.

    Parameters
    ----------
    place : Checkpoints or None
        Where checkpoints are kept; without one nothing is. Several processes that train together read one place.
    identity : str
        Which training it is. A checkpoint of another is not taken up.

    Attributes
    ----------
    notes : dict of str to ndarray
        What later stages need of earlier ones.
    """

    def __init__(self, place: Checkpoints | None, identity: str) -> None:
        self.place, self.identity = place, identity
        self.notes: dict[str, NDArray[Any]] = {}
        self._done: dict[str, dict[str, Any]] = {}
        self._stage: str | None = None
        self._progress: State | None = None
        self._saved = time.monotonic()
        found = place.load() if place is not None else None
        if found is not None and found[0].get("identity") == identity:
            head, arrays = found
            self._stage, self._done = head["stage"], head["done"]
            self.notes = _under(arrays, "notes.")
            self._progress = head["progress"], _under(arrays, "progress.")

    def run(self, stage: str, training: Callable[[Save | None, State | None], Training]) -> Training:
        """Run a stage, or what is left of it; of one that is over, return what it left."""
        if stage in self._done:
            return Training(**self._done[stage])
        resume = self._progress if stage == self._stage else None
        result = training(None if self.place is None else lambda state: self._save(stage, state), resume)
        self._done[stage] = {"history": result.history, "best_epoch": result.best_epoch}
        return result

    def _save(self, stage: str, state: Callable[[], State]) -> None:
        assert self.place is not None
        if time.monotonic() - self._saved < self.place.every:
            return
        head, arrays = state()
        notes = {f"notes.{name}": array for name, array in self.notes.items()}
        self.place.keep(
            (
                {"identity": self.identity, "stage": stage, "done": self._done, "progress": head},
                {**notes, **{f"progress.{name}": array for name, array in arrays.items()}},
            )
        )
        self._saved = time.monotonic()


def identity(told: str, arrays: dict[str, NDArray[Any]]) -> str:
    """Return a hash of what a training depends on."""
    found = hashlib.blake2b(told.encode(), digest_size=16)
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype} {array.shape} ".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _under(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
