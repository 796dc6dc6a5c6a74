"""One file to hand on: everything as CSV, frames as ``.npz``, and the manifest; the same content, the same bytes."""

from __future__ import annotations

import zipfile
from pathlib import Path

from musaic.exports.formats import csv
from musaic.exports.registry import Format
from musaic.files import atomic
from musaic.runs.archive import add_file


def pack(folder: Path, file: Path) -> None:
    """Make one archive of a folder; what is in it lies under the archive's name."""
    with atomic(file) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            add_file(archive, f"{file.stem}/{path.relative_to(folder).as_posix()}", path)


FORMAT = Format(csv.FORMAT.about, csv.write, pack)
