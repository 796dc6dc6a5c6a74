"""Where a dataset's files lie, seen from the folder of its corpus: always below ``files/``, by a link if need be.

A corpus table names paths inside its own folder alone, and neither copies nor changes what somebody keeps elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path

from musaic.datasets.writing import RECORD
from musaic.errors import MusaicError, UsageError

FILES = "files"


def prefix(root: Path, to: Path) -> str:
    """Return how the paths of a dataset begin, relative to the corpus folder; makes the link where one is needed.

    Parameters
    ----------
    root : Path
        The dataset's folder.
    to : Path
        The corpus folder.

    Raises
    ------
    UsageError
        Where another copy lies in the way.
    MusaicError
        Where the file system makes no links.
    """
    here, there = Path(os.path.realpath(to)), Path(os.path.realpath(root))
    if there == here:
        return ""
    if there.is_relative_to(here):
        return f"{there.relative_to(here).as_posix()}/"
    link = to / FILES
    if link.is_symlink() and Path(os.path.realpath(link)) == there:
        return f"{FILES}/"
    _unlink_own(to)
    if os.path.lexists(link):
        raise UsageError(f"{link} holds another copy of the dataset already; name another folder with --to.")
    try:
        to.mkdir(parents=True, exist_ok=True)
        link.symlink_to(there, target_is_directory=True)
    except (OSError, NotImplementedError) as error:
        raise MusaicError(
            f"{link} cannot be made as a link to {there} ({getattr(error, 'strerror', None) or error}); name a folder "
            f"that holds the copy, such as --to {there}."
        ) from None
    return f"{FILES}/"


def folder_to_fetch(to: Path) -> Path:
    """Return the folder that is fetched into; a link to somebody's copy is never written through."""
    _unlink_own(to)
    folder = to / FILES
    if folder.is_symlink():
        raise UsageError(f"{folder} is a link, and nothing is fetched through it; name another folder with --to.")
    return folder


def _unlink_own(to: Path) -> None:
    """Take away the link of an earlier download into this folder, and no other."""
    if (to / RECORD).is_file() and (to / FILES).is_symlink():
        (to / FILES).unlink()
