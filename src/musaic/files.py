"""Reading and writing files so that a reader never meets half a file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from musaic.errors import MusaicError

if TYPE_CHECKING:
    import pandas as pd


WRITING = ".writing-"
"""How the names of folders begin in which something is being written."""

FORMULA = re.compile(r"[=+\-@\t\r]")
"""How a text begins that spreadsheets take for a formula."""
GUARDED = re.compile("'+" + FORMULA.pattern)
_DANGEROUS = re.compile("'*" + FORMULA.pattern)


def guard(value: Any) -> Any:
    """Return a value as a spreadsheet may read it: a text that looks like a formula begins with ``'``."""
    return f"'{value}" if isinstance(value, str) and _DANGEROUS.match(value) else value


def unguard(value: Any) -> Any:
    """Return what `guard` was given."""
    return value[1:] if isinstance(value, str) and GUARDED.match(value) else value


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; what was written there takes its name if the block succeeds.

    Works for a file, and for a folder that the block makes. An existing file is replaced; an existing folder
    is kept and the new one discarded (folders written this way are named by their content).

    Raises
    ------
    MusaicError
        Where the disk is full or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=WRITING) as folder:
            temporary = Path(folder) / path.name
            yield temporary
            if temporary.is_dir() and path.is_dir():
                return
            _sync(temporary)
            os.replace(temporary, path)
    except OSError as error:
        raise write_error(path, error) from error


class WriteError(MusaicError):
    """Something could not be written; nothing that follows could be either."""


def write_error(path: Path, error: OSError) -> WriteError:
    """Return the sentence for a path that could not be written."""
    cause = error.strerror or str(error)
    return WriteError(
        f"cannot write {path}: {cause}; make room or permissions there, or name another folder, and run the same "
        "command again: what was done is kept."
    )


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, atomically, with newlines as given."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_json(path: Path, data: Any) -> None:
    """Write JSON, atomically, readable by people."""
    write_text(path, json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file; `MusaicError` where it is damaged or gone."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet table; `MusaicError` where it is damaged or gone."""
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> MusaicError:
    cause = getattr(error, "strerror", None) or str(error).splitlines()[0].rstrip(".")
    return MusaicError(f"cannot read {path}: {cause}; run the experiment again with --force to make it anew.")


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet, atomically, without its index."""
    with atomic(path) as temporary:
        table.to_parquet(temporary, index=False)


def content_id(path: Path) -> str:
    """Return the BLAKE2b hash (32 hexadecimal digits) of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


HOME = "home.json"
"""In a cache folder that is the copy of one elsewhere: its URL."""


def cache_folder(override: Path | str | None = None) -> Path:
    """Return where derived data is kept: ``override``, else ``MUSAIC_CACHE``, else the user's cache folder.

    Where that is a URL, such as ``s3://bucket/musaic``, it is a folder in the user's cache folder that keeps a copy
    of what lies there (`musaic.storage`).
    """
    named = override or os.environ.get("MUSAIC_CACHE")
    own = Path(platformdirs.user_cache_path("musaic"))
    if not named:
        return own
    if "://" not in str(named):
        return Path(named).expanduser()
    url = str(named).rstrip("/")
    folder = own / "homes" / hashlib.blake2b(url.encode(), digest_size=8).hexdigest()
    if not (folder / HOME).exists():
        write_json(folder / HOME, {"url": url})
    return folder


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Flush a file's bytes to the disk, so that a rename never outlives its content."""
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())
