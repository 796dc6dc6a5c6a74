"""Tar archives of strangers, unpacked: files and folders alone, and nothing outside of where they are put."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path


class UnsafeMemberError(Exception):
    """What an archive holds and may not be written."""


def unpack_tar(archive: Path, folder: Path) -> None:
    """Unpack a tar archive, compressed or not; links become copies of what they point to within the archive.

    Raises
    ------
    UnsafeMemberError
        Where a member would lie outside of ``folder``, or is neither file nor folder (a device, a broken link).
    tarfile.TarError, zlib.error, lzma.LZMAError, EOFError
        Where the archive is damaged.
    OSError
        Where the disk refuses.
    """
    root = folder.resolve()
    with tarfile.open(archive) as tar:
        for member in tar:
            place = (root / member.name.lstrip("/")).resolve()
            if not place.is_relative_to(root):
                raise UnsafeMemberError(f"{member.name!r} would lie outside of {folder}")
            if member.isdir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            try:
                source = tar.extractfile(member)
            except KeyError:
                source = None
            if source is None:
                raise UnsafeMemberError(f"{member.name!r} is neither a file nor a folder")
            place.parent.mkdir(parents=True, exist_ok=True)
            with source, place.open("wb") as copy:
                shutil.copyfileobj(source, copy)
