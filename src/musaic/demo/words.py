"""What the songs are about, in the scripts of their languages: titles, artists, and lyrics with verse and chorus."""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import yaml

THEMES = ("love", "night", "city", "rain", "journey", "dance", "home", "hope")

LONGEST_NAME = 60
"""Bytes of a title inside a file name."""

_FORBIDDEN = frozenset("/\\:*?\"<>|.¿¡!,;'’‘“”…،؛؟।")


@dataclass(frozen=True)
class Theme:
    """Material of one theme in one language: titles, lines of choruses, lines of verses."""

    titles: tuple[str, ...]
    hooks: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """Everything the songs of one language are written with."""

    names: tuple[str, ...]
    surnames: tuple[str, ...]
    bands: tuple[str, ...]
    joined_by: str
    themes: dict[str, Theme]


@functools.cache
def vocabulary(language: str) -> Vocabulary:
    """Read a language's material from the package."""
    text = resources.files("musaic.demo").joinpath("lyrics", f"{language}.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.safe_load(unicodedata.normalize("NFC", text))
    themes = {
        name: Theme(tuple(theme["titles"]), tuple(theme["hooks"]), tuple(theme["lines"]))
        for name, theme in data["themes"].items()
    }
    return Vocabulary(
        tuple(data["names"]), tuple(data["surnames"]), tuple(data["bands"]), str(data["joined_by"]), themes
    )


def artist_name(language: str, number: int, rng: np.random.Generator) -> str:
    """Return the name of the ``number``-th artist of a language; names do not repeat until thousands are used.

    Parameters
    ----------
    language : str
    number : int >= 0
    rng : numpy.random.Generator
        The same one for every artist of the corpus: it orders the names.
    """
    words = vocabulary(language)
    singers = [f"{name} {surname}" for name in words.names for surname in words.surnames]
    rng.shuffle(singers)
    # The first dozens are half bands, half singers.
    head = [*words.bands, *singers[: len(words.bands)]]
    rng.shuffle(head)
    pool = [*head, *singers[len(words.bands) :]]
    if number < len(pool):
        return pool[number]
    first, second = divmod(number - len(pool), len(words.names) - 1)
    one = words.names[first % len(words.names)]
    two = words.names[(first + 1 + second) % len(words.names)]
    again = first // len(words.names)
    return f"{one} {words.joined_by} {two}" + (f" {again + 1}" if again else "")


def song_title(language: str, theme: str, rng: np.random.Generator) -> str:
    """Return a title: mostly one of the theme's, at times its chorus's first line where that is short."""
    material = vocabulary(language).themes[theme]
    short = [hook.rstrip("!؟?।,،") for hook in material.hooks if len(hook) <= 26]
    choices = [*material.titles, *material.titles, *short]
    return choices[int(rng.integers(len(choices)))]


def write_lyrics(language: str, genre: str, theme: str, second: str, rng: np.random.Generator) -> str:
    """Return a song's words: verses and choruses of one theme, with a glance at a second one.

    Parameters
    ----------
    language : str
    genre : str
        Sets the form: rap has long verses, dance music few words.
    theme, second : str
        What it is about; what one line of a verse, or the bridge, thinks of.
    rng : numpy.random.Generator
    """
    material, other = vocabulary(language).themes[theme], vocabulary(language).themes[second]
    lines = [material.lines[place] for place in rng.permutation(len(material.lines))]
    hooks = [material.hooks[place] for place in rng.permutation(len(material.hooks))]
    asides = [other.lines[place] for place in rng.permutation(len(other.lines))]
    length = {"hip-hop": 6, "electronic": 2, "ballad": 4, "bhangra": 3}.get(genre, 4)
    verses = [lines[:length], lines[length : 2 * length]]
    if rng.random() < 0.6:
        place = int(rng.integers(1, length))
        verses[1][place % len(verses[1])] = asides[0]
    chorus = [hooks[0], hooks[1], hooks[0], hooks[2]] if rng.random() < 0.5 else [hooks[0], hooks[1]]
    bridge = asides[1:3] if rng.random() < 0.35 else lines[2 * length : 2 * length + 2]
    form = {
        "electronic": [chorus, verses[0], chorus, verses[1], chorus, [hooks[0], hooks[0]]],
        "folk": [verses[0], chorus, verses[1], chorus],
    }.get(genre, [verses[0], chorus, verses[1], chorus, bridge, chorus])
    return "\n\n".join("\n".join(block) for block in form if block) + "\n"


def file_name(title: str) -> str:
    """Return a title as part of a file name: NFC, words joined by underscores, nothing a file system refuses."""
    kept = "".join(
        " " if character in _FORBIDDEN or unicodedata.category(character)[0] in "CZ" else character
        for character in unicodedata.normalize("NFC", title)
    )
    name = "_".join(kept.split())
    while len(name.encode()) > LONGEST_NAME:
        # Whole words go first: half a word in another script is no word.
        name = name.rpartition("_")[0] or _shorter(name)
    return name or "untitled"


def _shorter(name: str) -> str:
    """Return a name without its last letter and the marks that belong to it."""
    name = name[:-1]
    while name and unicodedata.category(name[-1])[0] == "M":
        name = name[:-1]
    return name
