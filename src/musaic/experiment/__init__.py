"""An experiment file in, a finished run folder out; what is unfinished is resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.experiment.config import Experiment
    from musaic.experiment.runner import run

__all__ = ["Experiment", "load_experiment", "run"]


def __getattr__(name: str) -> Any:
    if name == "run":
        from musaic.experiment.runner import run

        return run
    if name in ("Experiment", "load_experiment"):
        from musaic.experiment import config

        return getattr(config, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
