"""What every encoder of texts is: fit, transform, and a state that is saved and taken back.

Letters: n texts, d dimensions.
"""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from musaic.errors import UsageError

Head = dict[str, Any]
Arrays = dict[str, NDArray[Any]]


class TextEncoder(ABC):
    """Turns texts into vectors.

    Attributes
    ----------
    name : str
        What it is called in the registry and in its state.
    n_dims_ : int
        Dimensions d of a vector; known once fitted.

    Notes
    -----
    What holds for all of them (the tests run over the registry): a vector has length 1, or is all zeros where nothing
    is known of the text; the same texts and seed give the same bytes; the vector of a text does not depend on the
    order of the texts; spellings that differ in Unicode composition alone have one vector; a text without words is
    refused by its position.
    """

    name: ClassVar[str]

    @property
    @abstractmethod
    def n_dims_(self) -> int:
        """Dimensions of a vector."""

    def find(self) -> None:  # noqa: B027 (most encoders need nothing)
        """Make sure that what the encoder needs is there, before anything long is begun on its account.

        Raises
        ------
        MusaicError
            Where a model is neither on this disk nor to be fetched.
        """

    @abstractmethod
    def fit(self, texts: Sequence[str]) -> Self:
        """Learn what there is to learn from a corpus of texts.

        Raises
        ------
        UsageError
            Where there is no text, or one without words; its position is named.
        """

    @abstractmethod
    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector a text, shape (n, d), of length 1 or 0.

        Raises
        ------
        UsageError
            Before `fit`; where there is no text, or one without words; its position is named.
        """

    def fit_transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Fit, and return the vectors of the same texts, shape (n, d)."""
        return self.fit(texts).transform(texts)

    @abstractmethod
    def get_state(self) -> tuple[Head, Arrays]:
        """Return what was learned: a JSON-ready head with the ``name``, and arrays by name."""

    @classmethod
    @abstractmethod
    def from_state(cls, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the encoder that `get_state` was called on."""


def check_texts(texts: Sequence[str]) -> list[str]:
    """Return texts in NFC, or say which hold no words.

    Raises
    ------
    UsageError
        For one text in place of a sequence, no text, or texts without words; at most five positions are named.
    """
    if isinstance(texts, str):
        raise UsageError("texts must be a sequence of texts, not one text; put it in a list.")
    composed = [unicodedata.normalize("NFC", text) for text in texts]
    if not composed:
        raise UsageError("there are no texts; give at least one.")
    empty = [position for position, text in enumerate(composed) if not has_words(text)]
    if empty:
        named = ", ".join(map(str, empty[:5])) + (f" and {len(empty) - 5} more" if len(empty) > 5 else "")
        raise UsageError(f"no words in text {named}; tracks without lyrics are absent, leave them out.")
    return composed


def has_words(text: str) -> bool:
    """Return whether a text holds anything but spaces and characters that are not seen."""
    return any(not character.isspace() and unicodedata.category(character)[0] != "C" for character in text)
