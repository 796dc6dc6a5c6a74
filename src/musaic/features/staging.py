"""A measured track as one small file: written by the worker that measured it, whole or not at all."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from musaic.features.analysis import Facts, Measured
from musaic.files import atomic, remove, write_error

FACTS = "facts.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # no clock in the bytes


@dataclass(frozen=True)
class Staged:
    """A staged track, its frames still on disk.

    Parameters
    ----------
    path : Path
        The file; its stem is the content id.
    measured : Measured
        Facts and vectors.
    n_frames : int
        Rows of each frame feature.
    """

    path: Path
    measured: Measured
    n_frames: int

    def blocks(self, name: str) -> Iterator[np.ndarray]:
        """Return the rows of a frame feature in the blocks they were written in, float16."""
        return read_blocks(self.path, name)


def write_staged(path: Path, measure: Callable[[Callable[[str, np.ndarray], None]], Measured]) -> Facts:
    """Run ``measure`` and keep what it writes and returns.

    Parameters
    ----------
    path : Path
        Where to; replaced if it is there.
    measure : callable
        As `musaic.features.analysis.measure_file`, waiting for its ``write`` only.

    Raises
    ------
    MusaicError
        Where it cannot be written.
    """
    rows: dict[str, list[int]] = {}
    with atomic(path) as temporary:
        with zipfile.ZipFile(temporary, "w", allowZip64=True) as file:

            def write(name: str, block: np.ndarray) -> None:
                rows.setdefault(name, []).append(len(block))
                try:
                    _write(file, f"frames/{name}/{len(rows[name]):06d}.npy", block)
                except OSError as error:  # of the disk, not of the sound
                    raise write_error(path, error) from error

            measured = measure(write)
        if measured.facts.status not in ("ok", "truncated"):
            remove(temporary)
            rows.clear()
        with zipfile.ZipFile(temporary, "a") as file:
            for name, vector in measured.vectors.items():
                _write(file, f"vectors/{name}.npy", vector)
            n_frames = sum(next(iter(rows.values()), []))
            facts = json.dumps(measured.facts.plain() | {"n_frames": n_frames}, ensure_ascii=False)
            file.writestr(zipfile.ZipInfo(FACTS, _EPOCH), facts)
    return measured.facts


def read_staged(path: Path, *, whole: bool = False) -> Staged | None:
    """Read facts and vectors of a staged track; None where it is gone, or damaged by the disk.

    Parameters
    ----------
    path : Path
        The file.
    whole : bool
        Whether its frames are held against their checksums too.
    """
    try:
        with zipfile.ZipFile(path) as file:
            if whole and file.testzip() is not None:
                return None
            facts = json.loads(file.read(FACTS))
            n_frames = facts.pop("n_frames")
            vectors = {
                entry.removeprefix("vectors/").removesuffix(".npy"): _read(file, entry)
                for entry in file.namelist()
                if entry.startswith("vectors/")
            }
    except (FileNotFoundError, zipfile.BadZipFile, KeyError, ValueError):
        return None
    return Staged(path, Measured(Facts(**facts), vectors), n_frames)


def read_blocks(path: Path, name: str) -> Iterator[np.ndarray]:
    """Yield the rows of a frame feature of a staged track in the blocks they were written in, float16."""
    with zipfile.ZipFile(path) as file:
        for entry in sorted(file.namelist()):
            if entry.startswith(f"frames/{name}/"):
                yield _read(file, entry)


def _write(file: zipfile.ZipFile, entry: str, array: np.ndarray) -> None:
    with file.open(zipfile.ZipInfo(entry, _EPOCH), "w", force_zip64=True) as out:
        np.lib.format.write_array(out, np.ascontiguousarray(array), allow_pickle=False)


def _read(file: zipfile.ZipFile, entry: str) -> np.ndarray:
    return np.asarray(np.lib.format.read_array(io.BytesIO(file.read(entry)), allow_pickle=False))
