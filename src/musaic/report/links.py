"""Addresses in the page of what lies beside it: relative, so that a folder can be moved as a whole."""

from __future__ import annotations

import math
import os
from pathlib import Path
from urllib.parse import quote


def link(file: Path, page: Path, *, start: float = math.nan, stop: float = math.nan) -> str:
    """Return the address of a file for a page.

    Parameters
    ----------
    file, page : Path
        Both on disk; the page need not be there yet.
    start, stop : float, s
        From where to where it is to be heard (media fragment); NaN for no such limit.

    Returns
    -------
    str
        Relative and percent-encoded byte by byte, so that ``#``, ``?``, ``%``, ``:`` and any script in a name are
        part of the name; an absolute ``file:`` address where no relative path leads there (another drive).
    """
    try:
        path = os.path.relpath(file, page.parent.resolve())
    except ValueError:
        address = file.as_uri()
    else:
        address = quote(os.fsencode(Path(path).as_posix()))
    if math.isnan(start):
        return address
    return f"{address}#t={start:.2f}" + ("" if math.isnan(stop) else f",{stop:.2f}")
