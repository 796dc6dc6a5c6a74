"""Which terms each text holds, and how often: counted once, whatever classes are asked for afterwards.

Letters: N texts, V terms.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from musaic.errors import UsageError
from musaic.lyrics.terms.stopwords import tells
from musaic.lyrics.terms.tokens import is_unspaced, language_key, tokens

if TYPE_CHECKING:
    from scipy import sparse

GRAIN = 2.0**-20
"""Counts are multiples of this, so that their sums are exact and the order of the texts changes no bit."""


@dataclass(frozen=True, eq=False)
class TermCounts:
    """The terms of texts.

    Parameters
    ----------
    vocabulary : sequence of str, length V
        The terms, in order of spelling.
    counts : csr_array, shape (N, V)
        1 + ln(n) for a term that a text holds n times, so that one song's refrain does not name its cluster.
    languages : tuple of str, length N
        The language of each text without script and region; empty where none is known.
    known : tuple of bool, length N
        Whether there was a text at all.
    """

    vocabulary: Sequence[str]
    counts: sparse.csr_array[Any]
    languages: tuple[str, ...]
    known: tuple[bool, ...]

    def take(self, rows: Sequence[int]) -> TermCounts:
        """Return these texts alone, in this order."""
        languages, known = (tuple(column[row] for row in rows) for column in (self.languages, self.known))
        return TermCounts(self.vocabulary, self.counts[list(rows)], languages, known)  # type: ignore[arg-type]


def count_terms(
    texts: Sequence[str | None],
    languages: Sequence[str | None] | None = None,
    *,
    stop: bool = True,
    vocalises: bool = False,
    ngrams: int = 1,
) -> TermCounts:
    """Count the terms of texts.

    Parameters and errors are those of `musaic.lyrics.terms.class_terms`; the row of a missing text is empty.
    """
    if isinstance(texts, str):
        raise UsageError("texts is one text; give a sequence of texts.")
    if ngrams not in (1, 2, 3):
        raise UsageError(f"ngrams is {ngrams!r}; give 1, 2 or 3 words a term.")
    codes = language_codes(languages, len(texts))
    vocabulary, counts = _count(
        Counter()
        if text is None or is_missing(text)
        else Counter(_terms(text, code, stop=stop, vocalises=vocalises, ngrams=ngrams))
        for text, code in zip(texts, codes, strict=True)
    )
    return TermCounts(vocabulary, counts, tuple(codes), tuple(not is_missing(text) for text in texts))


def language_codes(languages: Sequence[str | None] | None, n: int) -> list[str]:
    """Return the language of n texts without script and region; empty where none is known.

    Raises
    ------
    UsageError
        Where there are not as many languages as texts.
    """
    if languages is None:
        return [""] * n
    if len(languages) != n:
        raise UsageError(f"{n} texts and {len(languages)} languages; give one of each a track.")
    return [language_key(language) if isinstance(language, str) else "" for language in languages]


def is_missing(value: object) -> bool:
    """Return whether a value is None or NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _terms(text: str, language: str, *, stop: bool, vocalises: bool, ngrams: int) -> list[str]:
    """Return the terms of one text, as often as they occur."""
    found: list[str] = []
    for line in text.splitlines() if ngrams > 1 else [text]:
        words = tokens(line, language)
        known = {word: not stop or tells(word, language, vocalises=vocalises) for word in set(words)}
        telling = [known[word] for word in words]
        found += [word for word, ok in zip(words, telling, strict=True) if ok]
        for n in range(2, ngrams + 1):
            for i in range(len(words) - n + 1):
                if all(telling[i : i + n]) and not any(is_unspaced(word) for word in words[i : i + n]):
                    found.append(" ".join(words[i : i + n]))
    return found


def _count(found: Iterable[Counter[str]]) -> tuple[list[str], sparse.csr_array[Any]]:
    """Return the vocabulary in order of spelling, and damped counts, shape (N, V)."""
    import numpy as np
    from scipy import sparse

    seen: dict[str, int] = {}
    indices, counts, ends = array("q"), array("q"), array("q", [0])
    for counter in found:
        indices.extend(seen.setdefault(term, len(seen)) for term in counter)
        counts.extend(counter.values())
        ends.append(len(indices))
    vocabulary = sorted(seen)
    column = np.empty(len(seen), np.int64)
    column[[seen[term] for term in vocabulary]] = np.arange(len(seen))
    damped = np.rint((1 + np.log(np.array(counts, np.int64))) / GRAIN) * GRAIN
    shape = (len(ends) - 1, len(vocabulary))
    return vocabulary, sparse.csr_array((damped, column[np.array(indices, np.int64)], np.array(ends)), shape=shape)
