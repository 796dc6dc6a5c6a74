"""Content ids of files, remembered by path, size and time of change: what did not change is not read again."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Hashable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from musaic import parallel
from musaic.errors import MusaicError
from musaic.files import cache_folder, content_id, remove
from musaic.progress import SILENT, Reporter

Key = TypeVar("Key", bound=Hashable)
FILE = "fingerprints.sqlite"
SAVED_EVERY = 2.0  # seconds: what a kill at the worst moment costs


def content_ids(
    paths: Mapping[Key, Path], *, cache: Path | None = None, workers: int | None = None, reporter: Reporter = SILENT
) -> dict[Key, str]:
    """Return the content id (BLAKE2b of the bytes) of every file that can be read.

    Parameters
    ----------
    paths : mapping
        Files by any key, such as the track id.
    cache : Path, optional
        The cache folder; `musaic.files.cache_folder` by default.
    workers : int >= 0, optional
        Processes that read; 0 reads in this one.
    reporter : Reporter
        Where a bar is drawn.

    Raises
    ------
    MusaicError
        Where the cache folder cannot be written.

    Notes
    -----
    The memory is one SQLite file: whatever kills the process, it holds whole entries. One that is damaged is thrown
    away: it can all be read again.
    """
    states = {key: state for key, path in paths.items() if (state := _state(path)) is not None}
    folder = cache_folder(cache)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with closing(_open(folder / FILE)) as memory:
            known = _recall(memory, states)
            unknown = [key for key in states if key not in known]
            fresh = _read(unknown, paths, states, memory, workers, reporter) if unknown else {}
    except (OSError, sqlite3.Error) as error:
        raise MusaicError(
            f"cannot write {folder / FILE}: {getattr(error, 'strerror', None) or error}; make room or permissions "
            "there, or name another cache folder (--cache, MUSAIC_CACHE)."
        ) from error
    return {key: known.get(key) or fresh[key] for key in paths if key in known or key in fresh}


State = tuple[bytes, int, int]  # absolute path, size in bytes, time of change in nanoseconds


def _state(path: Path) -> State | None:
    try:
        info = path.stat()
    except (OSError, ValueError):
        return None
    return os.fsencode(os.path.abspath(path)), info.st_size, max(info.st_mtime_ns, info.st_ctime_ns)


def _open(file: Path) -> sqlite3.Connection:
    for attempt in (1, 2):
        memory = sqlite3.connect(file, timeout=60)
        try:
            memory.execute(
                "CREATE TABLE IF NOT EXISTS files "
                "(path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, content_id TEXT)"
            )
            memory.execute("SELECT path, size, mtime_ns, content_id FROM files LIMIT 1").fetchall()
            return memory
        except sqlite3.DatabaseError as error:
            memory.close()
            damaged = not isinstance(error, sqlite3.OperationalError) or "no such column" in str(error)
            if attempt == 2 or not damaged:
                raise
            remove(file)
    raise AssertionError


def _recall(memory: sqlite3.Connection, states: Mapping[Key, State]) -> dict[Key, str]:
    query = "SELECT content_id FROM files WHERE path = ? AND size = ? AND mtime_ns = ?"
    found = {key: memory.execute(query, state).fetchone() for key, state in states.items()}
    return {key: row[0] for key, row in found.items() if row is not None}


def _read(
    keys: list[Key],
    paths: Mapping[Key, Path],
    states: Mapping[Key, State],
    memory: sqlite3.Connection,
    workers: int | None,
    reporter: Reporter,
) -> dict[Key, str]:
    """Read files and remember them as they come."""
    result: dict[Key, str] = {}
    saved = time.monotonic()
    try:
        with reporter.bar("reading files", len(keys)) as advance:
            for position, outcome in parallel.run(content_id, [paths[key] for key in keys], workers=workers):
                key = keys[position]
                if isinstance(outcome, str):
                    result[key] = outcome
                    if _state(paths[key]) == states[key]:  # a file that changed meanwhile is not remembered
                        memory.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", (*states[key], outcome))
                advance(1)
                if time.monotonic() - saved > SAVED_EVERY:
                    memory.commit()
                    saved = time.monotonic()
    finally:
        memory.commit()
    return result
