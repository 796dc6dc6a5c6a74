"""The state of fitted objects on disk, and of those being fitted: JSON and safetensors, never a pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from musaic.errors import MusaicError
from musaic.files import atomic, read_json, remove, write_json


def save_state(folder: Path, config: dict[str, Any], arrays: dict[str, np.ndarray], name: str = "model") -> None:
    """Write a fitted object; the configuration last, so that its presence says that all is there."""
    with atomic(folder / f"{name}.safetensors") as temporary:
        save_file({key: np.ascontiguousarray(array) for key, array in sorted(arrays.items())}, temporary)
    write_json(folder / "config.json", config)


def load_state(folder: Path, name: str = "model") -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a fitted object's configuration and arrays.

    Raises
    ------
    MusaicError
        Where a file is missing or damaged.
    """
    try:
        return read_json(folder / "config.json"), load_file(folder / f"{name}.safetensors")
    except Exception as error:
        raise MusaicError(f"cannot read the saved state in {folder}: {error}; run the experiment again.") from error


@dataclass(frozen=True)
class CheckpointFolder:
    """Where a training is kept while it goes on: one file, so that a kill leaves the old checkpoint or the new one.

    Parameters
    ----------
    folder : Path
        Where the file lies; made where it is needed.
    every : float >= 0, seconds
        How long a training goes on before it is kept again. Quick ones leave nothing.
    """

    folder: Path
    every: float = 20.0

    @property
    def file(self) -> Path:
        """The checkpoint."""
        return self.folder / "checkpoint.safetensors"

    def load(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """Return what was last saved; None where there is nothing, or it is damaged."""
        try:
            with safe_open(self.file, framework="numpy") as opened:
                told = opened.metadata()
                arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (not a mapping)
            head: dict[str, Any] = json.loads(told["state"])
            return (head, arrays) if told["content"] == _content(told["state"], arrays) else None
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None

    def keep(self, state: tuple[dict[str, Any], dict[str, np.ndarray]]) -> None:
        """Keep a JSON-ready dict and arrays in place of what was saved before."""
        head, arrays = json.dumps(state[0]), {name: np.asarray(array, order="C") for name, array in state[1].items()}
        with atomic(self.file) as temporary:
            save_file(arrays, temporary, {"state": head, "content": _content(head, arrays)})

    def clear(self) -> None:
        """Remove the checkpoint, if there is one."""
        remove(self.file)


def _content(head: str, arrays: dict[str, np.ndarray]) -> str:
    """Return a hash by which a damaged file is told from a whole one."""
    found = hashlib.blake2b(head.encode(), digest_size=16)
    for name in sorted(arrays):
        found.update(name.encode())
        found.update(arrays[name].tobytes())
    return found.hexdigest()
