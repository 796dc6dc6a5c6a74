"""The terms that set classes of texts apart: class-based TF-IDF.

Grootendorst, BERTopic (arXiv:2203.05794), section 3.3: ``W[t, c] = tf[t, c] · log(1 + A / tf[t])``.

Letters: N texts, V terms, K classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from musaic.errors import UsageError
from musaic.lyrics.terms.counts import TermCounts, count_terms, is_missing, language_codes

if TYPE_CHECKING:
    import numpy as np
    from scipy import sparse

C = TypeVar("C", bound=Hashable)


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
        for text, c, language in zip(texts, classes, language_codes(languages, len(texts)), strict=True)
        if not is_missing(text)
    )
    return {
        c: take_turns(groups, {language: counts[c, language] for language in groups}, n_terms)
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
    _check(texts, classes, n_terms, min_tracks)
    counts = count_terms(texts, languages, stop=stop, vocalises=vocalises, ngrams=ngrams)
    return rank_terms(counts, classes, n_terms=n_terms, min_tracks=min_tracks)


def rank_terms(
    counts: TermCounts, classes: Sequence[C], *, n_terms: int = 10, min_tracks: int = 2
) -> dict[C, dict[str, list[Term]]]:
    """Return what `language_terms` returns, of texts that were counted before (`count_terms`).

    Parameters
    ----------
    counts : TermCounts
        N texts.
    classes : sequence, length N
        The cluster or label of each.
    n_terms, min_tracks : int >= 1
        As in `class_terms`.

    Raises
    ------
    UsageError
        Where lengths differ, a number is out of its range or classes cannot be ordered.
    """
    import numpy as np

    _check(counts.languages, classes, n_terms, min_tracks)
    tracks = [
        (row, _plain(label), code)
        for row, (label, code, known) in enumerate(zip(classes, counts.languages, counts.known, strict=True))
        if known
    ]
    labels, spoken = [label for _, label, _ in tracks], [code for _, _, code in tracks]
    named = _in_order({label for label in labels if not (is_missing(label) or label == -1)})
    column = {label: k for k, label in enumerate(named)}
    rows = np.array([column.get(label, len(named)) for label in labels], dtype=np.int64)
    held = counts.counts[[row for row, _, _ in tracks]]
    weights = _weigh(_sum_by(held, rows, len(named) + 1))
    out: dict[C, dict[str, list[Term]]] = {}
    for k, label in enumerate(named):
        members = np.flatnonzero(rows == k)
        by_language = _n_tracks(held[members], [spoken[row] for row in members])
        out[label] = _rank(counts.vocabulary, weights[[k]], by_language, n_terms, min_tracks)
    return out


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


def take_turns(groups: dict[str, list[Term]], shares: dict[str, int], n_terms: int) -> list[Term]:
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


def _check(texts: Sequence[object], classes: Sequence[Hashable], n_terms: int, min_tracks: int) -> None:
    if isinstance(texts, str):
        raise UsageError("texts is one text; give a sequence of texts.")
    if len(texts) != len(classes):
        raise UsageError(f"{len(texts)} texts and {len(classes)} classes; give one of each a track.")
    if n_terms < 1 or min_tracks < 1:
        raise UsageError(f"n_terms is {n_terms} and min_tracks {min_tracks}; give whole numbers from 1.")


def _plain(label: Any) -> Any:
    """Return NumPy's scalars as Python's."""
    return label.item() if hasattr(label, "item") else label


def _in_order(labels: set[C]) -> list[C]:
    try:
        return sorted(labels)  # type: ignore[type-var]
    except TypeError:
        kinds = ", ".join(sorted({type(label).__name__ for label in labels}))
        raise UsageError(f"classes are a mixture of {kinds}, which have no order; give numbers or words.") from None
