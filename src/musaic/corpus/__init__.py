"""What the songs are: a `Corpus` out of a folder tree or a table, one row a track, each with what is wrong with it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.corpus.config import CorpusConfig
    from musaic.corpus.corpus import Corpus
    from musaic.corpus.read import read_corpus
    from musaic.corpus.status import Status
    from musaic.corpus.verify import VerifyReport

__all__ = ["Corpus", "CorpusConfig", "Status", "VerifyReport", "read_corpus"]

_HOMES = {
    "Corpus": "musaic.corpus.corpus",
    "CorpusConfig": "musaic.corpus.config",
    "Status": "musaic.corpus.status",
    "VerifyReport": "musaic.corpus.verify",
    "read_corpus": "musaic.corpus.read",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: the door of the room stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
