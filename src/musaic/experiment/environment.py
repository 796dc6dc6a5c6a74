"""With what a run was made: versions and platform, so that equal bytes can be expected or doubted."""

from __future__ import annotations

import importlib.metadata as metadata
import os
import platform
from pathlib import Path
from typing import Any

from musaic import __version__
from musaic.parallel.versions import LIBRARIES
from musaic.storage import is_url


def relative(path: Path | str, folder: Path) -> str:
    """Return a path as seen from a folder, POSIX; absolute where there is no way from one to the other, or a URL."""
    if is_url(path):
        return str(path)
    there = Path(path).expanduser().resolve()
    try:
        return Path(os.path.relpath(there, folder.resolve())).as_posix()
    except ValueError:  # another drive on Windows
        return there.as_posix()


def environment(
    run: Path, corpus_root: Path, notes: list[str], pretrained: dict[str, dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Return what `environment.json` holds; nothing in it changes from one run to the next on one machine."""
    return {
        "musaic": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "corpus_root": relative(corpus_root, run),
        "corpus_notes": notes,
    } | ({"pretrained": pretrained} if pretrained else {})
