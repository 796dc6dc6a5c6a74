"""The state of fitted objects on disk: a JSON configuration and a safetensors file, never a pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from musaic.errors import MusaicError
from musaic.files import atomic, read_json, write_json


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
