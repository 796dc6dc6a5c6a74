"""Files against a published list of checksums, one ``<hex digits>  <path>`` a line."""

from __future__ import annotations

import hashlib
from pathlib import Path

from musaic.datasets.description import Checked
from musaic.progress import Reporter

ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256"}
"""By number of hexadecimal digits."""


def compare(listing: Path, root: Path, reporter: Reporter, *, only: frozenset[str] | None = None) -> Checked:
    """Hash the files that a list names.

    Parameters
    ----------
    listing : Path
        What ``md5sum``, ``sha1sum`` or ``sha256sum`` write.
    root : Path
        Where the paths of the list start.
    reporter : Reporter
        Where a bar is drawn.
    only : frozenset of str, optional
        Compare these paths alone: a copy may hold a part of the dataset on purpose.
    """
    wanted: dict[str, str] = {}
    for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
        digest, _, path = line.strip().partition(" ")
        path = path.strip().removeprefix("*").removeprefix("./")
        if len(digest) in ALGORITHMS and path and ".." not in Path(path).parts and (only is None or path in only):
            wanted[path] = digest.casefold()
    missing, differing = [], []
    with reporter.bar("comparing checksums", len(wanted)) as advance:
        for path, digest in sorted(wanted.items()):
            advance(1)
            if not (root / path).is_file():
                missing.append(path)
                continue
            with (root / path).open("rb") as file:
                if hashlib.file_digest(file, ALGORITHMS[len(digest)]).hexdigest() != digest:
                    differing.append(path)
    return Checked(f"checksums of {listing.name}", len(wanted), missing, differing)
