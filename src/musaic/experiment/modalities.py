"""What a cell can be given, by name: features of sound, texts that an encoder turns into vectors, labels.

``statistics`` is a feature; ``lyrics`` and ``descriptions`` are texts, read by the encoder that the experiment names,
or by another: ``lyrics:sentence-transformers:<model>``. ``label:genre`` is a label column, one column a value.
``latents:<file>`` are vectors from elsewhere, joined on ``track_id``; ``run:<folder>#<cell>`` a cell of another run,
with its first seed or with one that is named: ``run:<folder>#<cell>@3``. ``pretrained:<model>`` is a feature as well:
what a pretrained network makes of the sound (see `musaic.features.pretrained`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from musaic.config import digest

LYRICS, DESCRIPTIONS = "lyrics", "descriptions"
TEXTS = (LYRICS, DESCRIPTIONS)
LABEL = "label:"
FILE, RUN = "latents:", "run:"
LATENTS = (f"{FILE}<file>", f"{RUN}<folder>#<cell>")


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


@dataclass(frozen=True)
class LatentsInput:
    """Vectors from elsewhere as an input.

    Parameters
    ----------
    name : str
        As a cell names it.
    path : str
        The file, or the run folder.
    cell : str, optional
        The cell of the run; None for a file.
    seed : int, optional
        The run's seed; its first where nothing is said.
    """

    name: str
    path: str
    cell: str | None = None
    seed: int | None = None

    @property
    def rest(self) -> str:
        """What follows the path in the name."""
        return "" if self.cell is None else f"#{self.cell}" + ("" if self.seed is None else f"@{self.seed}")


def latents_input(name: str) -> LatentsInput | None:
    """Return the latents that an input's name stands for, or None where it stands for none."""
    if name.startswith(FILE) and name != FILE:
        return LatentsInput(name, name.removeprefix(FILE))
    path, _, cell = name.removeprefix(RUN).rpartition("#")
    if not (name.startswith(RUN) and path and cell):
        return None
    cell, _, seed = cell.partition("@")
    return LatentsInput(name, path, cell, int(seed) if seed.isdecimal() else None)


def relocated(data: Any, move: Callable[[str], str]) -> Any:
    """Return plain data of cells with the paths of latents from elsewhere moved."""
    if isinstance(data, Mapping):
        return {key: relocated(value, move) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [relocated(value, move) for value in data]
    found = latents_input(data) if isinstance(data, str) else None
    return f"{data[: data.index(':') + 1]}{move(found.path)}{found.rest}" if found else data


def portable(data: Any) -> Any:
    """Return plain data of cells without the folders of latents from elsewhere: folders are moved."""
    return relocated(data, lambda path: re.split(r"[/\\]", path.rstrip("/\\"))[-1])


def modality(name: str) -> str:
    """Return ``lyrics``, ``descriptions``, ``label``, ``latents`` or ``audio``."""
    text = text_input(name)
    if text:
        return text.text
    if latents_input(name):
        return "latents"
    return "label" if label_input(name) else "audio"


def file_name(name: str) -> str:
    """Return an input's name as files and folders can be called: of a model's place, the last part."""
    kind, separator, model = name.rpartition(":")
    last = re.split(r"[/\\]", model.rstrip("/\\"))[-1]
    return re.sub(r"[^\w.+-]+", "-", f"{kind}{separator}{last}").strip("-")
