"""What a cell can be given, by name: features of sound, texts that an encoder turns into vectors, labels.

``statistics`` is a feature; ``lyrics`` and ``descriptions`` are texts, read by the encoder that the experiment names,
or by another: ``lyrics:sentence-transformers:<model>``. ``label:genre`` is a label column, one column a value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from musaic.config import digest

LYRICS, DESCRIPTIONS = "lyrics", "descriptions"
TEXTS = (LYRICS, DESCRIPTIONS)
LABEL = "label:"


@dataclass(frozen=True)
class TextInput:
    """A text as an input.

    Parameters
    ----------
    name : str
        As a cell names it.
    text : {'lyrics', 'descriptions'}
        Which text of a track.
    encoder : str, optional
        What turns it into vectors; the experiment's encoder where a cell names none.
    """

    name: str
    text: str
    encoder: str | None

    @property
    def folder(self) -> str:
        """What the folder of its fitted encoder is called; models of one name in two places are two."""
        return f"{file_name(self.name)}-{digest(self.encoder)}" if self.encoder else self.text


def text_input(name: str) -> TextInput | None:
    """Return the text that an input's name stands for, or None where it is no text."""
    text, _, encoder = name.partition(":")
    return TextInput(name, text, encoder or None) if text in TEXTS else None


def label_input(name: str) -> str | None:
    """Return the label column that an input's name stands for, or None where it is no label."""
    return name.removeprefix(LABEL) if name.startswith(LABEL) and name != LABEL else None


def modality(name: str) -> str:
    """Return ``lyrics``, ``descriptions``, ``label`` or ``audio``."""
    text = text_input(name)
    if text:
        return text.text
    return "label" if label_input(name) else "audio"


def file_name(name: str) -> str:
    """Return an input's name as files and folders can be called: of a model's place, the last part."""
    kind, separator, model = name.rpartition(":")
    last = re.split(r"[/\\]", model.rstrip("/\\"))[-1]
    return re.sub(r"[^\w.+-]+", "-", f"{kind}{separator}{last}").strip("-")
