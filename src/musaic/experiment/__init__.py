"""An experiment file in, a finished run folder out; what is unfinished is resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.experiment.assigning.assign import assign
    from musaic.experiment.config import Experiment
    from musaic.experiment.loading import load_experiment
    from musaic.experiment.runner import run
    from musaic.experiment.songs import read_corpus

__all__ = ["Experiment", "assign", "load_experiment", "read_corpus", "run"]

_HOMES = {
    "Experiment": "config",
    "assign": "assigning.assign",
    "load_experiment": "loading",
    "read_corpus": "songs",
    "run": "runner",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: the door of the room stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
