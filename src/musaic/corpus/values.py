"""Label values as people meant them: one spelling a value, nothing where nothing was meant, and every change told."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from musaic.corpus.languages import language_code
from musaic.corpus.rows import Row
from musaic.corpus.text import fold, nfc

MISSING = frozenset(("", "nan", "none", "null", "n/a", "<na>", "unknown", "und", "xxx", "zxx", "undefined", "?", "-"))
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])[-_\s]+(?=[^\W\d_])")


def normalise_labels(rows: Sequence[Row]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Clean the label values of all rows, in place.

    Values are stripped and in NFC; ``unknown``, ``und``, ``nan`` and the like are missing values. Spellings that differ
    only in case, or in space, ``-`` or ``_`` between letters, are read as the most frequent of them; names of one
    language (``bn``, ``Bengali``, ``bangla``) likewise. A name that stands alone is left as it is. In further columns
    one- and two-letter values are codes whose case may matter (``Am``, ``A``): they are never merged.

    Returns
    -------
    merged : dict
        By label: each spelling that was replaced, and by what.
    notes : list of str
        The same in words, and how many values were missing.
    """
    merged: dict[str, dict[str, str]] = {}
    notes = []
    for label in ("language", "genre", *dict.fromkeys(name for row in rows for name in row.labels)):
        emptied: Counter[str] = Counter()
        for row in rows:
            value = row.get(label)
            cleaned = clean(value)
            if value and cleaned is None:
                emptied[value.strip()] += 1
            row.set(label, cleaned)
        spelling = spellings((value for row in rows if (value := row.get(label)) is not None), label)
        changes: Counter[tuple[str, str]] = Counter()
        for row in rows:
            value = row.get(label)
            if value is not None and spelling[value] != value:
                changes[value, spelling[value]] += 1
                row.set(label, spelling[value])
        if changes:
            merged[label] = {old: new for old, new in sorted(changes)}
        notes += [f"{label}: {old!r} is read as {new!r} ({_tracks(n)})" for (old, new), n in sorted(changes.items())]
        notes += [f"{label}: {old!r} is read as missing ({_tracks(n)})" for old, n in sorted(emptied.items()) if old]
    return merged, notes


def clean(value: str | None) -> str | None:
    """Return a value in NFC without space around or doubled inside, or None where it says that nothing is known."""
    if value is None:
        return None
    value = nfc(" ".join(value.split()))
    return None if value.casefold() in MISSING or value == "NA" else value


def spellings(values: Iterable[str], label: str) -> dict[str, str]:
    """Return for each value the spelling to be used: the most frequent one (the first in order, if two are)."""
    counts = Counter(values)
    groups: dict[str, list[str]] = defaultdict(list)
    for value in counts:
        groups[_key(value, label)].append(value)
    chosen = {key: min(group, key=lambda value: (-counts[value], value)) for key, group in groups.items()}
    return {value: chosen[_key(value, label)] for value in counts}


def _key(value: str, label: str) -> str:
    if label == "language" and (code := language_code(value)) is not None:
        return f"language {code}"
    if label not in ("language", "genre") and len(value) <= 2:
        return f"code {value}"
    return _BETWEEN_LETTERS.sub("", fold(value))


def _tracks(number: int) -> str:
    return "1 track" if number == 1 else f"{number} tracks"
