"""Vectors of texts, remembered by content: one SQLite file that survives whatever kills the process."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from musaic.errors import MusaicError
from musaic.files import cache_folder, content_id
from musaic.progress import SILENT, Reporter

FOLDER = "sentences"
FILE = "vectors.sqlite"
KEYS_AT_ONCE = 500  # SQLite takes a limited number of parameters

TABLES = (
    "CREATE TABLE IF NOT EXISTS vectors (space BLOB, text BLOB, vector BLOB, checked BLOB, "
    "PRIMARY KEY (space, text)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, size INTEGER, changed INTEGER, content_id TEXT)",
)

Answer = TypeVar("Answer")
Vectors = dict[bytes, NDArray[np.float32]]


def text_key(text: str) -> bytes:
    """Return the BLAKE2b hash, 16 bytes, of a text in NFC."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class VectorCache:
    """Vectors by space and text; a space is everything but the text that a vector depends on.

    Parameters
    ----------
    cache : Path, optional
        The cache folder; `musaic.files.cache_folder` by default.
    reporter : Reporter
        Where it is said that a damaged file was put aside.

    Notes
    -----
    SQLite's rollback journal, not a write-ahead log: that one does not work on network folders, where homes of
    computing clusters are, and commits are seconds apart here. What was committed outlives a kill; two processes wait
    for each other. Each vector stands beside a hash of itself, so that a bit that flipped is computed again.
    A file that is no database any more takes the name ``vectors.sqlite.damaged`` and a new one is begun.

    Every method raises `MusaicError` where the cache folder cannot be written.
    """

    def __init__(self, cache: Path | None = None, *, reporter: Reporter = SILENT) -> None:
        self.file = cache_folder(cache) / FOLDER / FILE
        self.reporter = reporter
        self._memory: sqlite3.Connection | None = None

    def close(self) -> None:
        """Let go of the file; it is opened again when it is asked."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def get(self, space: bytes, keys: Iterable[bytes]) -> Vectors:
        """Return the vectors that are known, by key."""
        wanted = list(keys)

        def ask(memory: sqlite3.Connection) -> Vectors:
            known: Vectors = {}
            for start in range(0, len(wanted), KEYS_AT_ONCE):
                part = wanted[start : start + KEYS_AT_ONCE]
                marks = ", ".join("?" * len(part))
                query = f"SELECT text, vector, checked FROM vectors WHERE space = ? AND text IN ({marks})"
                for key, vector, checked in memory.execute(query, (space, *part)):
                    if checked == _check(key, vector):
                        known[key] = np.frombuffer(vector, dtype="<f4").astype(np.float32)
            return known

        return self._ask(ask)

    def put(self, space: bytes, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Keep vectors, all of them or none."""
        rows = []
        for key, vector in vectors.items():
            data = np.ascontiguousarray(vector, dtype="<f4").tobytes()
            rows.append((space, key, data, _check(key, data)))

        def ask(memory: sqlite3.Connection) -> None:
            with memory:
                memory.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", rows)

        self._ask(ask)

    def n_dims(self, space: bytes) -> int | None:
        """Return how many dimensions the vectors of a space have, where one is known."""
        query = "SELECT length(vector) FROM vectors WHERE space = ? LIMIT 1"
        row = self._ask(lambda memory: memory.execute(query, (space,)).fetchone())
        return None if row is None else int(row[0]) // np.dtype("<f4").itemsize

    def content_id(self, path: Path) -> str:
        """Return the hash of a file's bytes; a file of the same path, size and time of change is not read again."""
        info = path.stat()
        name = os.fsencode(os.path.abspath(path))
        changed = max(info.st_mtime_ns, info.st_ctime_ns)
        query = "SELECT content_id FROM files WHERE path = ? AND size = ? AND changed = ?"
        row = self._ask(lambda memory: memory.execute(query, (name, info.st_size, changed)).fetchone())
        if row is not None:
            return str(row[0])
        found = content_id(path)

        def ask(memory: sqlite3.Connection) -> None:
            with memory:
                memory.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", (name, info.st_size, changed, found))

        self._ask(ask)
        return found

    def _ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Ask the file; one that is damaged is put aside, and its successor asked."""
        try:
            try:
                return question(self._open())
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._put_aside(error)
                return question(self._open())
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise MusaicError(
                f"cannot write {self.file}: {getattr(error, 'strerror', None) or error}; make room or permissions "
                "there, or name another cache folder (--cache, MUSAIC_CACHE)."
            ) from error

    def _open(self) -> sqlite3.Connection:
        if self._memory is None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            memory = sqlite3.connect(self.file, timeout=60)
            try:
                for table in TABLES:
                    memory.execute(table)
                memory.execute("SELECT space, text, vector, checked FROM vectors LIMIT 1").fetchone()
                memory.execute("SELECT path, size, changed, content_id FROM files LIMIT 1").fetchone()
            except BaseException:
                memory.close()
                raise
            self._memory = memory
        return self._memory

    def _put_aside(self, error: Exception) -> None:
        self.close()
        aside = self.file.with_name(self.file.name + ".damaged")
        with contextlib.suppress(FileNotFoundError):
            os.replace(self.file, aside)
        # the journal belongs to the file that went: beside the new one it would undo what it never did
        self.file.with_name(self.file.name + "-journal").unlink(missing_ok=True)
        self.reporter.say(f"{self.file} is damaged ({error}); it is now {aside.name}, and lyrics are encoded again.")


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    if isinstance(error, sqlite3.OperationalError):  # locked, full, read-only: not damage
        return "no such column" in str(error)
    return True


def _check(key: bytes, data: bytes) -> bytes:
    return hashlib.blake2b(key + data, digest_size=8).digest()
