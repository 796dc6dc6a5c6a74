"""Tables that are written here again and again, and that are left alone once they are anybody else's."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from musaic.errors import MusaicError, UsageError
from musaic.files import WRITING, content_id, read_json, remove, write_json, write_text


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Return rows as CSV (RFC 4180 quoting, UTF-8 when written, lines end in a line feed); None is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\n", extrasaction="raise")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def check_own(path: Path, ledger: Path) -> None:
    """Make sure that a table may be written.

    Parameters
    ----------
    path : Path
        The table.
    ledger : Path
        JSON file that remembers what was written: by the table's name, the content ids of its versions.

    Raises
    ------
    UsageError
        Where there is something at ``path`` that is not, byte for byte, what `write_own` left there.
    """
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_file() or content_id(path) not in _written(path, ledger):
        raise UsageError(
            f"{path} was not written by this command, or was edited since, and is left as it is; move it away, or "
            "name another file with --out."
        )


def write_own(path: Path, text: str, ledger: Path) -> None:
    """Write a table, atomically, where `check_own` allows it; one that says the same already is not touched.

    Notes
    -----
    While the table is being replaced the ledger knows the old version and the new: whatever a kill leaves, it is known.
    """
    import hashlib

    check_own(path, ledger)
    new = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    old = content_id(path) if path.exists() else None
    if new == old:
        return
    known = _known(ledger)
    write_json(ledger, known | {path.name: [version for version in (old, new) if version]})
    write_text(path, text)
    write_json(ledger, known | {path.name: [new]})


def sweep(folder: Path) -> None:
    """Remove what a killed process left half written in a folder of ours."""
    for left in folder.glob(f"{WRITING}*"):
        remove(left)


def _written(path: Path, ledger: Path) -> list[str]:
    versions = _known(ledger).get(path.name, [])
    return versions if isinstance(versions, list) else []


def _known(ledger: Path) -> dict[str, list[str]]:
    """Return what the ledger holds; a damaged one knows nothing, so that nothing is overwritten."""
    try:
        known = read_json(ledger) if ledger.is_file() else {}
    except MusaicError:
        known = {}
    return known if isinstance(known, dict) else {}
