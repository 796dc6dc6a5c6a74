"""Labels as judges: a language that was read from lyrics is none of what reads lyrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from musaic.corpus.words import FROM_LYRICS

if TYPE_CHECKING:
    import pandas as pd

LANGUAGE = "language"
Column = Sequence[str | None]


def label_values(tracks: pd.DataFrame, label: str) -> list[str | None]:
    """Return a label column of tracks, or a composite's (``language+genre``): None where a part is missing."""
    rows = tracks[label.split("+")].to_numpy()
    return ["+".join(row) if all(isinstance(part, str) for part in row) else None for row in rows]


def known_apart(label: str, values: Column, sources: Column) -> tuple[list[str | None], bool]:
    """Return a label as it is known apart from the lyrics, and whether it is.

    Parameters
    ----------
    label : str
        A label column, or several joined by ``+``.
    values : sequence of str or None, length N
        Its values.
    sources : sequence of str or None, length N
        Where the language of each track is known from (``language_source``).

    Returns
    -------
    values : list of str or None, length N
        None for tracks whose language was read from their lyrics; all values where no other track has one.
    apart : bool
        False where all values were read from lyrics.
    """
    if LANGUAGE not in label.split("+"):
        return list(values), True
    kept = [None if source == FROM_LYRICS else value for value, source in zip(values, sources, strict=True)]
    if any(value is not None for value in kept):
        return kept, True
    return list(values), all(value is None for value in values)


def judges(annotations: Mapping[str, Column], sources: Column) -> tuple[dict[str, list[str | None]], tuple[str, ...]]:
    """Return the labels that a representation of lyrics is scored against, and those of them that it has seen."""
    found = {name: known_apart(name, values, sources) for name, values in annotations.items()}
    seen = (LANGUAGE,) if any(not apart for _, apart in found.values()) else ()
    return {name: values for name, (values, _) in found.items()}, seen
