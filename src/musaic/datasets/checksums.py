"""Files against a published list of checksums, one ``<hex digits>  <path>`` a line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from musaic.datasets.description import Checked
from musaic.progress import Reporter

ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256"}
"""By number of hexadecimal digits."""


def listed(listing: Path) -> dict[str, str]:
    """Return the digests in a list that ``md5sum``, ``sha1sum`` or ``sha256sum`` wrote, by path."""
    found: dict[str, str] = {}
    for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
        digest, _, path = line.strip().partition(" ")
        path = path.strip().removeprefix("*").removeprefix("./")
        if len(digest) in ALGORITHMS and path and ".." not in Path(path).parts:
            found[path] = digest.casefold()
    return found


def compare(wanted: Mapping[str, str], root: Path, reporter: Reporter, how: str) -> Checked:
    """Hash files and compare.

    Parameters
    ----------
    wanted : mapping of str to str
        Digests by path (`listed`).
    root : Path
        Where the paths start.
    reporter : Reporter
        Where a bar is drawn.
    how : str
        What they are compared with, in words.
    """
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
    return Checked(how, len(wanted), missing, differing)
