"""The encoders by name: a new one joins by being registered."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from musaic.errors import MusaicError, UsageError, unknown
from musaic.lyrics.encoders.base import TextEncoder
from musaic.progress import SILENT, Reporter


@dataclass(frozen=True)
class Entry:
    """A registered encoder.

    Attributes
    ----------
    home : str
        ``module:class`` of the encoder, imported when it is built.
    options : tuple of str
        What an experiment file can tell it.
    surroundings : tuple of str
        Which of ``random_state``, ``device``, ``workers``, ``cache`` and ``reporter`` it takes.
    takes_model : bool
        Whether a model is named after a colon.
    """

    home: str
    options: tuple[str, ...]
    surroundings: tuple[str, ...]
    takes_model: bool = False

    def load(self) -> type[TextEncoder]:
        """Import the encoder's class."""
        module, name = self.home.split(":")
        found: type[TextEncoder] = getattr(importlib.import_module(module), name)
        return found


ENCODERS: dict[str, Entry] = {
    "tfidf": Entry(
        "musaic.lyrics.encoders.tfidf:TfidfEncoder",
        options=("n_components", "ngram", "max_features"),
        surroundings=("random_state",),
    ),
    "sentence-transformers": Entry(
        "musaic.lyrics.encoders.sentences:SentenceEncoder",
        options=("prompt", "max_tokens", "overlap", "batch_size"),
        surroundings=("device", "workers", "cache", "reporter"),
        takes_model=True,
    ),
}


@dataclass(frozen=True)
class EncoderName:
    """What an encoder's name says.

    Attributes
    ----------
    kind : str
        Key of `ENCODERS`.
    model : str, optional
        The model, as typed; None for encoders that take none.
    """

    kind: str
    model: str | None = None

    def __str__(self) -> str:
        return self.kind if self.model is None else f"{self.kind}:{self.model}"


def parse_encoder(text: str) -> EncoderName:
    """Return what a name such as ``tfidf`` or ``sentence-transformers:sentence-transformers/LaBSE`` says.

    Raises
    ------
    UsageError
        For a kind that is not registered, a model that is missing, or one that is too many.
    """
    kind, colon, model = text.partition(":")
    if kind not in ENCODERS:
        raise unknown("encoder", kind, ENCODERS)
    if ENCODERS[kind].takes_model:
        if not model.strip():
            raise UsageError(f"the encoder {kind!r} does not say which model; write '{kind}:<model>'.")
        return EncoderName(kind, model.strip())
    if colon:
        raise UsageError(f"the encoder {kind!r} takes no model, not {text!r}; write {kind!r}.")
    return EncoderName(kind)


def build(
    name: str,
    *,
    options: Mapping[str, Any] | None = None,
    random_state: int = 0,
    device: str = "auto",
    workers: int | None = None,
    cache: Path | None = None,
    reporter: Reporter = SILENT,
) -> TextEncoder:
    """Return the unfitted encoder of that name.

    Parameters
    ----------
    name : str
        As `parse_encoder` reads it.
    options : mapping, optional
        Of the encoder's own parameters; ``options`` of its `Entry` lists them.
    random_state : int
        For encoders that draw.
    device : {'auto', 'cpu', 'cuda', 'mps'}
        Where models run.
    workers : int >= 0, optional
        Texts that are read at once on a CPU; as many as there are cores by default.
    cache : Path, optional
        The cache folder; `musaic.files.cache_folder` by default.
    reporter : Reporter
        Where bars are drawn and fetching is announced.

    Raises
    ------
    UsageError
        For a name that is not registered, or an option that the encoder does not take.
    """
    parsed = parse_encoder(name)
    entry = ENCODERS[parsed.kind]
    given = dict(options or {})
    for key in given:
        if key not in entry.options:
            raise unknown(f"option of the encoder {parsed.kind!r}", key, entry.options)
    if parsed.model is not None:
        given["model"] = parsed.model
    around = {
        "random_state": random_state,
        "device": device,
        "workers": workers,
        "cache": cache,
        "reporter": reporter,
    }
    return entry.load()(**given, **{key: around[key] for key in entry.surroundings})


def from_state(
    head: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    *,
    device: str = "auto",
    workers: int | None = None,
    cache: Path | None = None,
    reporter: Reporter = SILENT,
) -> TextEncoder:
    """Return the encoder that gave out this state; device, workers, cache and reporter as for `build`.

    Raises
    ------
    MusaicError
        Where the state is of no registered encoder, or its model cannot be had again.
    """
    name = head.get("name")
    if name not in ENCODERS:
        raise MusaicError(f"the saved encoder is called {name!r}, allowed are {', '.join(ENCODERS)}; fit it again.")
    entry = ENCODERS[name]
    around = {"device": device, "workers": workers, "cache": cache, "reporter": reporter}
    taken = {key: around[key] for key in entry.surroundings if key in around}
    return entry.load().from_state(head, arrays, **taken)
