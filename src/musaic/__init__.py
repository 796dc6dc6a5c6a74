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
    from musaic.demo.corpus import write_corpus as demo_corpus
    from musaic.errors import MusaicError, UsageError
    from musaic.experiment import assign, load_experiment, read_corpus, run
    from musaic.experiment.compare import compare
    from musaic.experiment.decoding import decoder
    from musaic.exports import export, track
    from musaic.features import extract
    from musaic.listening.making import playlist
    from musaic.listening.neighbours import neighbours
    from musaic.listening.path import song_path
    from musaic.listening.sound import sound_files
    from musaic.paper import write_paper
    from musaic.report import draw_report
    from musaic.runs import Run, open_run

_HOMES = {
    "assign": "musaic.experiment",
    "compare": "musaic.experiment.compare",
    "Corpus": "musaic.corpus",
    "decoder": "musaic.experiment.decoding",
    "demo_corpus": "musaic.demo.corpus:write_corpus",
    "read_corpus": "musaic.experiment",
    "draw_report": "musaic.report",
    "export": "musaic.exports",
    "extract": "musaic.features",
    "load_experiment": "musaic.experiment",
    "run": "musaic.experiment",
    "track": "musaic.exports",
    "write_paper": "musaic.paper",
    "neighbours": "musaic.listening.neighbours",
    "playlist": "musaic.listening.making",
    "song_path": "musaic.listening.path",
    "sound_files": "musaic.listening.sound",
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
    "compare",
    "decoder",
    "demo_corpus",
    "draw_report",
    "export",
    "extract",
    "load_experiment",
    "neighbours",
    "open_run",
    "playlist",
    "read_corpus",
    "run",
    "song_path",
    "sound_files",
    "track",
    "write_paper",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        import importlib

        module, _, called = _HOMES[name].partition(":")
        return getattr(importlib.import_module(module), called or name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
