"""A run as a conference paper, from its folder alone: PDF, the source to edit, LaTeX tables and BibTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.paper.write import Paper, compile_paper, write_paper

__all__ = ["Paper", "compile_paper", "write_paper"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module("musaic.paper.write"), name)
