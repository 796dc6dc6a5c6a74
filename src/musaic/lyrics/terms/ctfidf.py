"""The terms that set classes of texts apart: class-based TF-IDF.

Grootendorst, BERTopic (arXiv:2203.05794), section 3.3: ``W[t, c] = tf[t, c] · log(1 + A / tf[t])``.

Letters: N texts, V terms, K classes.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from musaic.errors import UsageError
from musaic.lyrics.terms.stopwords import tells
from musaic.lyrics.terms.tokens import is_unspaced, language_key, tokens

if TYPE_CHECKING:
    import numpy as np
    from scipy import sparse

C = TypeVar("C", bound=Hashable)

GRAIN = 2.0**-20
"""Counts are multiples of this, so that their sums are exact and the order of the texts changes no bit."""


@dataclass(frozen=True)
class Term:
    """A term of a class.

    Parameters
    ----------
    term : str
        One word, or several with spaces between them.
    weight : float > 0
        Its class-based TF-IDF; comparable within a class.
    n_tracks : int
        Texts of the class that hold it.
    language : str
        The language of most of them; empty where none was given.
    """

    term: str
    weight: float
    n_tracks: int
    language: str = ""


def class_terms(
    texts: Sequence[str | None],
    classes: Sequence[C],
    *,
    languages: Sequence[str | None] | None = None,
    n_terms: int = 10,
    min_tracks: int = 2,
    stop: bool = True,
    vocalises: bool = False,
    ngrams: int = 1,
) -> dict[C, list[Term]]:
    """Return the terms that set each class apart from the others.

    Parameters
    ----------
    texts : sequence of str or None, length N
        Lyrics; None (or NaN) for a track without, which counts nowhere.
    classes : sequence, length N
        The cluster or label of each text. Texts of class -1 (noise), None or NaN tell how common a word is, as one
        class more, but that class is not named.
    languages : sequence of str or None, length N, optional
        ISO 639 code of each text: settles how its words are found and which are stop words.
    n_terms : int >= 1
        Terms a class, fewer where there are not as many.
    min_tracks : int >= 1
        Texts of the class that a term must be in; a class of fewer texts has no terms.
    stop : bool
        Leave out stop words and single letters.
    vocalises : bool
        With ``stop``: keep what is sung without being a word (``la``, ``oh``).
    ngrams : {1, 2, 3}
        Longest term, in words that follow each other in a line; none of them may be a stop word. Scripts without
        spaces have single terms only, which are pairs of characters already.

    Returns
    -------
    dict of class to list of Term
        Classes in ascending order, each term list most telling first, ties by number of texts and then by spelling.
        With ``languages``, the languages of a class take turns in proportion to the texts it has of each
        (`language_terms` merged by the method of Sainte-Laguë), so that no language hides the others.

    Raises
    ------
    UsageError
        Where lengths differ, a text is no text, a number is out of its range or classes cannot be ordered.

    Notes
    -----
    ``tf[t, c]`` is the share of term t in the words of class c, ``tf[t]`` the count of t in all texts, A the mean
    count of words a class. A text counts a term it holds n times as 1 + ln(n), so that one song's refrain does not
    name its cluster.
    """
    named = language_terms(
        texts,
        classes,
        languages=languages,
        n_terms=n_terms,
        min_tracks=min_tracks,
        stop=stop,
        vocalises=vocalises,
        ngrams=ngrams,
    )
    counts = Counter(
        (_plain(c), language)
        for text, c, language in zip(texts, classes, _codes(languages, len(texts)), strict=True)
        if not _is_missing(text)
    )
    return {
        c: _take_turns(groups, {language: counts[c, language] for language in groups}, n_terms)
        for c, groups in named.items()
    }


def language_terms(
    texts: Sequence[str | None],
    classes: Sequence[C],
    *,
    languages: Sequence[str | None] | None = None,
    n_terms: int = 10,
    min_tracks: int = 2,
    stop: bool = True,
    vocalises: bool = False,
    ngrams: int = 1,
) -> dict[C, dict[str, list[Term]]]:
    """Return the terms that set each class apart, by language: up to ``n_terms`` of each.

    A term is filed under the language of most of the class's texts that hold it, so that no word appears twice.
    Languages with most texts in the class come first; one without terms is left out. Parameters, errors and weights
    as in `class_terms`.
    """
    import numpy as np

    codes = _codes(languages, len(texts))
    _check(texts, classes, codes, n_terms, min_tracks, ngrams)
    tracks = [
        (text, _plain(label), code)
        for text, label, code in zip(texts, classes, codes, strict=True)
        if not _is_missing(text)
    ]
    labels, spoken = [label for _, label, _ in tracks], [code for _, _, code in tracks]
    named = _in_order({label for label in labels if not (_is_missing(label) or label == -1)})
    vocabulary, counts = _count(
        Counter(_terms(cast(str, text), code, stop=stop, vocalises=vocalises, ngrams=ngrams))
        for text, _, code in tracks
    )
    column = {label: k for k, label in enumerate(named)}
    rows = np.array([column.get(label, len(named)) for label in labels], dtype=np.int64)
    weights = _weigh(_sum_by(counts, rows, len(named) + 1))
    out: dict[C, dict[str, list[Term]]] = {}
    for k, label in enumerate(named):
        members = np.flatnonzero(rows == k)
        by_language = _n_tracks(counts[members], [spoken[row] for row in members])
        out[label] = _rank(vocabulary, weights[[k]], by_language, n_terms, min_tracks)
    return out


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


def _sum_by(counts: sparse.csr_array[Any], rows: np.ndarray, n_classes: int) -> sparse.csr_array[Any]:
    """Return the counts of each class, shape (K, V)."""
    import numpy as np
    from scipy import sparse

    members = sparse.csr_array((np.ones(len(rows)), (rows, np.arange(len(rows)))), shape=(n_classes, len(rows)))
    return sparse.csr_array(members @ counts)


def _weigh(counts: sparse.csr_array[Any]) -> sparse.csr_array[Any]:
    """Return the class-based TF-IDF, shape (K, V), of counts by class; a class without words is not counted in A."""
    import numpy as np
    from scipy import sparse

    words = np.asarray(counts.sum(axis=1)).ravel()
    total = np.asarray(counts.sum(axis=0)).ravel()
    mean = words.sum() / max(np.count_nonzero(words), 1)
    coo = counts.tocoo()
    values = coo.data / words[coo.row] * np.log1p(mean / total[coo.col])
    return sparse.csr_array((values, (coo.row, coo.col)), shape=counts.shape)


def _n_tracks(counts: sparse.csr_array[Any], spoken: Sequence[str]) -> dict[str, np.ndarray]:
    """Return in how many texts of each language every term is, shape (V,); languages with most texts first."""
    import numpy as np

    frequency = Counter(spoken)
    at = np.array(spoken, dtype=object)
    return {
        language: np.bincount(counts[np.flatnonzero(at == language)].indices, minlength=counts.shape[1])
        for language in sorted(frequency, key=lambda code: (-frequency[code], code))
    }


def _rank(
    vocabulary: Sequence[str],
    weights: sparse.csr_array[Any],
    by_language: dict[str, np.ndarray],
    n_terms: int,
    min_tracks: int,
) -> dict[str, list[Term]]:
    """Return the heaviest terms of one class by language."""
    import numpy as np

    spread = np.stack([frequency[weights.indices] for frequency in by_language.values()])
    n_tracks, home = spread.sum(axis=0), spread.argmax(axis=0)
    order = np.lexsort((weights.indices, -n_tracks, -weights.data))
    order = order[n_tracks[order] >= min_tracks]
    ranked: dict[str, list[Term]] = {}
    for i, language in enumerate(by_language):
        best = order[home[order] == i][:n_terms]
        terms = [Term(vocabulary[weights.indices[j]], float(weights.data[j]), int(n_tracks[j]), language) for j in best]
        if terms:
            ranked[language] = terms
    return ranked


def _take_turns(groups: dict[str, list[Term]], shares: dict[str, int], n_terms: int) -> list[Term]:
    """Merge lists so that at any length each has its share (Sainte-Laguë), until all are used up."""
    taken = dict.fromkeys(groups, 0)
    merged: list[Term] = []
    while len(merged) < n_terms:
        left = [language for language in groups if taken[language] < len(groups[language])]
        if not left:
            break
        turn = max(left, key=lambda language: shares[language] / (2 * taken[language] + 1))
        merged.append(groups[turn][taken[turn]])
        taken[turn] += 1
    return merged


def _check(
    texts: Sequence[str | None],
    classes: Sequence[Hashable],
    codes: Sequence[str],
    n_terms: int,
    min_tracks: int,
    ngrams: int,
) -> None:
    if isinstance(texts, str):
        raise UsageError("texts is one text; give a sequence of texts.")
    if not len(texts) == len(classes) == len(codes):
        raise UsageError(
            f"{len(texts)} texts, {len(classes)} classes and {len(codes)} languages; give one of each a track."
        )
    if n_terms < 1 or min_tracks < 1:
        raise UsageError(f"n_terms is {n_terms} and min_tracks {min_tracks}; give whole numbers from 1.")
    if ngrams not in (1, 2, 3):
        raise UsageError(f"ngrams is {ngrams!r}; give 1, 2 or 3 words a term.")


def _codes(languages: Sequence[str | None] | None, n: int) -> list[str]:
    if languages is None:
        return [""] * n
    return [language_key(language) if isinstance(language, str) else "" for language in languages]


def _plain(label: Any) -> Any:
    """Return NumPy's scalars as Python's."""
    return label.item() if hasattr(label, "item") else label


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _in_order(labels: set[C]) -> list[C]:
    try:
        return sorted(labels)  # type: ignore[type-var]
    except TypeError:
        kinds = ", ".join(sorted({type(label).__name__ for label in labels}))
        raise UsageError(f"classes are a mixture of {kinds}, which have no order; give numbers or words.") from None
