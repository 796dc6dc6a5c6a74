"""What a run or a corpus holds, in the files that other tools read, and in the trackers that teams keep."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.exports.making import Exported, export
    from musaic.exports.tracking import track

__all__ = ["Exported", "export", "track"]

_HOMES = {
    "Exported": "musaic.exports.making",
    "export": "musaic.exports.making",
    "track": "musaic.exports.tracking",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
