"""The run folder: where results live, under which names, and how they are read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.runs.folder import Run

__all__ = ["Run", "open_run"]


def __getattr__(name: str) -> Any:
    if name == "Run":
        from musaic.runs.folder import Run

        return Run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def open_run(path: Any) -> Run:
    """Open a run folder for reading.

    Parameters
    ----------
    path : str or Path
        A folder that ``musaic run`` or ``musaic demo`` made.

    Raises
    ------
    UsageError
        Where ``path`` is not a run folder.
    """
    from musaic.runs.folder import Run

    return Run.open(path)
