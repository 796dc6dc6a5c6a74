"""What a person looks at: figures and one HTML page, remade from a run folder at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.report.figures import write_figures
    from musaic.report.fonts import missing_fonts
    from musaic.report.page import write_report

__all__ = ["missing_fonts", "write_figures", "write_report"]


def __getattr__(name: str) -> Any:
    if name == "write_figures":
        from musaic.report.figures import write_figures

        return write_figures
    if name == "write_report":
        from musaic.report.page import write_report

        return write_report
    if name == "missing_fonts":
        from musaic.report.fonts import missing_fonts

        return missing_fonts
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
