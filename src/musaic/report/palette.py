"""Colours, markers and the order of classes: told apart by people who see colours differently, and by print."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
import pandas as pd

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#D2C000")
"""Okabe and Ito (2008), the readable ones on white first, and yellow darkened until it is one of them."""

TOL_MUTED = ("#332288", "#CC6677", "#117733", "#C8B450", "#62B5DF", "#882255", "#44AA99", "#999933", "#AA4499")
"""Paul Tol's muted scheme, sand and cyan a little darker; with five markers it names 45 classes."""

MARKERS = ("o", "^", "s", "D", "v", "P", "X")

REST = "#C9CCD1"
"""For what has no class."""

MOST_CLASSES = 45

DIRECTION_CONTROLS = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
"""Classes of characters that turn the direction of what follows, beyond the name that they stand in."""


@dataclass(frozen=True)
class Style:
    """How one class is drawn."""

    color: str
    marker: str


@dataclass(frozen=True)
class Classes:
    """The classes of a column, in drawing order.

    Parameters
    ----------
    names : tuple of str
        Readable names, cut to a length that a legend bears.
    counts : tuple of int
        Tracks in each.
    codes : ndarray of int, shape (N,)
        Position of each track's class in ``names``; -1 for none.
    styles : tuple of Style
        One a class.
    rest : str
        What having no class is called.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...]
    codes: np.ndarray
    styles: tuple[Style, ...]
    rest: str

    @property
    def n_rest(self) -> int:
        """Tracks without a class."""
        return int((self.codes < 0).sum())


def styles(n: int) -> tuple[Style, ...]:
    """Return ``n`` styles that differ: by colour alone up to eight, then by colour and marker."""
    colors = OKABE_ITO if n <= len(OKABE_ITO) else TOL_MUTED
    return tuple(Style(colors[i % len(colors)], MARKERS[(i // len(colors)) % len(MARKERS)]) for i in range(n))


def label_classes(column: pd.Series, *, name: str, most: int = MOST_CLASSES) -> Classes:
    """Return the classes of a label column: most frequent first; beyond ``most``, the rarest share one "other"."""
    counts = column.dropna().astype(str).value_counts()
    order = sorted(counts.index, key=lambda value: (-int(counts[value]), value))
    kept = order if len(order) <= most else order[: most - 1]
    names = [cut(value) for value in kept]
    numbers = [int(counts[value]) for value in kept]
    place = {value: position for position, value in enumerate(kept)}
    if len(order) > len(kept):
        names.append(f"other ({len(order) - len(kept)})")
        numbers.append(int(counts[order[len(kept) :]].sum()))
        place |= dict.fromkeys(order[len(kept) :], len(kept))
    codes = np.array([place[str(value)] if pd.notna(value) else -1 for value in column], dtype=int)
    return Classes(tuple(names), tuple(numbers), codes, styles(len(names)), f"no {name}")


def cluster_classes(column: pd.Series, *, most: int = MOST_CLASSES) -> Classes:
    """Return the classes of a cluster column, by number; noise (-1) and tracks without a cluster are the rest."""
    values = pd.to_numeric(column, errors="coerce")
    given = values.where(values >= 0)
    found = sorted(int(value) for value in given.dropna().unique())
    as_text = given.map(lambda value: f"{int(value):09d}", na_action="ignore")
    if len(found) > most:
        classes = label_classes(as_text, name="cluster", most=most)
        names = tuple(str(int(name)) if name.isdigit() else name for name in classes.names)
        return Classes(names, classes.counts, classes.codes, classes.styles, _rest_name(values))
    codes = np.array([found.index(int(value)) if pd.notna(value) else -1 for value in given], dtype=int)
    counts = tuple(int((codes == position).sum()) for position in range(len(found)))
    return Classes(tuple(map(str, found)), counts, codes, styles(len(found)), _rest_name(values))


def _rest_name(values: pd.Series) -> str:
    """Return what tracks outside every cluster are called."""
    return "noise" if bool((values < 0).any()) else "no cluster"


def cut(text: object, length: int = 24) -> str:
    """Return a text on one line, without control characters, cut to ``length`` characters as people count them."""
    shown = (c for c in str(text) if unicodedata.bidirectional(c) not in DIRECTION_CONTROLS)
    clean = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in shown).strip()
    kept: list[str] = []
    seen = 0
    for character in clean:
        joins = unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf")
        seen += not joins
        if seen > length:
            return "".join(kept[: _last_whole(kept)]).rstrip() + "…"
        kept.append(character)
    return clean


def _last_whole(characters: list[str]) -> int:
    """Return where the last character with its marks begins, so that an ellipsis replaces it whole."""
    position = len(characters) - 1
    while position > 0 and unicodedata.category(characters[position]) in ("Mn", "Mc", "Me", "Cf"):
        position -= 1
    return position
