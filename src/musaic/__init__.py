"""Songs in any language in; a learned latent space, clusters to be believed, and a map to listen to out.

>>> import musaic
>>> run = musaic.run("default", corpus="songs", out="runs/songs")  # doctest: +SKIP
>>> run.leaderboard.head()  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from musaic.corpus import Corpus
    from musaic.errors import MusaicError, UsageError
    from musaic.experiment import assign, load_experiment, read_corpus, run
    from musaic.features import extract
    from musaic.listening.making import playlist
    from musaic.listening.neighbours import neighbours
    from musaic.listening.path import song_path
    from musaic.report import draw_report
    from musaic.runs import Run, open_run

_HOMES = {
    "assign": "musaic.experiment",
    "Corpus": "musaic.corpus",
    "read_corpus": "musaic.experiment",
    "draw_report": "musaic.report",
    "extract": "musaic.features",
    "load_experiment": "musaic.experiment",
    "run": "musaic.experiment",
    "neighbours": "musaic.listening.neighbours",
    "playlist": "musaic.listening.making",
    "song_path": "musaic.listening.path",
    "Run": "musaic.runs",
    "open_run": "musaic.runs",
    "MusaicError": "musaic.errors",
    "UsageError": "musaic.errors",
}

__all__ = [
    "Corpus",
    "MusaicError",
    "Run",
    "UsageError",
    "assign",
    "draw_report",
    "extract",
    "load_experiment",
    "neighbours",
    "open_run",
    "playlist",
    "read_corpus",
    "run",
    "song_path",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
