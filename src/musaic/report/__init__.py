"""What a person looks at: figures and one HTML page, remade from a run folder at any time."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.report.draw import draw_report
    from musaic.report.figures import write_figures
    from musaic.report.fonts import missing_fonts
    from musaic.report.page import write_report

__all__ = ["draw_report", "missing_fonts", "write_figures", "write_report"]

_HOMES = {
    "draw_report": "musaic.report.draw",
    "missing_fonts": "musaic.report.fonts",
    "write_figures": "musaic.report.figures",
    "write_report": "musaic.report.page",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
