"""Which words of the lyrics are a cluster's own.

Letters: N songs, V terms, L languages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from musaic.clustering.base import NOISE
from musaic.experiment.cards.card import CardTerm
from musaic.lyrics.encoders import TextEncoder
from musaic.lyrics.terms import Term, TermCounts, rank_terms
from musaic.lyrics.terms.ctfidf import take_turns

LEVEL = 0.05
"""Chance that a cluster without words of its own is given one."""
N_TERMS = 10
"""Terms on a card."""
CANDIDATES = 40
"""Terms of a cluster that are looked at: those of most class-based TF-IDF."""

Vector = NDArray[np.float32]
_VECTORS: WeakKeyDictionary[TextEncoder, dict[str, Vector]] = WeakKeyDictionary()


def words(
    counts: TermCounts, clusters: NDArray[np.int64], *, encoder: TextEncoder | None = None, merge_at: float = 0.85
) -> dict[int, tuple[CardTerm, ...]]:
    """Return the terms of every cluster, clear ones first, then by class-based TF-IDF, languages in turn.

    Parameters
    ----------
    counts : TermCounts
        The terms of N songs.
    clusters : ndarray, shape (N,)
        The cluster of each; noise has no terms.
    encoder : TextEncoder, optional
        Where given, words of one meaning are one term: the first of them, which stands for the others.
    merge_at : float, above 0 to 1
        Cosine from which two words mean the same.

    Notes
    -----
    A term is clear where more songs of the cluster have it than songs of the same languages drawn from all would: the
    exact test of a sum of hypergeometric counts, one a language. A cluster of Bangla songs is thus not named for
    words that all Bangla songs have. The p-value is Bonferroni's over the terms of the vocabulary that could be found
    in that cluster at all (Tarone, doi:10.2307/2531456), so that it may be looked for among all of them.
    """
    known = np.array(counts.known, dtype=bool)
    if not known.any():
        return {}
    codes, language = np.unique(np.array(counts.languages, dtype=object).astype(str), return_inverse=True)
    table = _Table(counts, np.where(known, language, -1), len(codes))
    out = {}
    for cluster, ranked in rank_terms(counts, clusters.tolist(), n_terms=CANDIDATES).items():
        rows = known & (clusters == cluster)
        texts = Counter(counts.languages[row] for row in np.flatnonzero(rows))
        candidates = take_turns(ranked, {code: texts[code] for code in ranked}, CANDIDATES)
        groups = _merged(candidates, encoder, merge_at)
        found = _judged(table, rows, groups)
        out[int(cluster)] = tuple(sorted(found, key=lambda term: not term.clear)[:N_TERMS])
    return {cluster: terms for cluster, terms in out.items() if cluster != NOISE}


class _Table:
    """Which songs have which term."""

    def __init__(self, counts: TermCounts, language: NDArray[np.int64], n_languages: int) -> None:
        from scipy.special import gammaln

        self.language = language
        self.n_languages = n_languages
        self.column = {term: j for j, term in enumerate(counts.vocabulary)}
        by_term = counts.counts.tocsc()
        self._rows, self._ends = by_term.indices, by_term.indptr
        self.texts = np.bincount(language[language >= 0], minlength=n_languages)
        of_term = np.repeat(np.arange(len(counts.vocabulary)), np.diff(self._ends))
        spread = np.zeros((n_languages, len(counts.vocabulary)), dtype=np.int64)
        np.add.at(spread, (language[self._rows], of_term), 1)
        self.spread = np.unique(spread[:, spread.sum(axis=0) >= 2], axis=1, return_counts=True)
        self.log_factorial = gammaln(np.arange(len(language) + 1) + 1.0)

    def rows(self, term: str) -> NDArray[np.intp]:
        """Return the songs that have a term."""
        j = self.column[term]
        return np.asarray(self._rows[self._ends[j] : self._ends[j + 1]], dtype=np.intp)

    def log_choose(self, n: Any, k: Any) -> Any:
        """Return the logarithm of a binomial coefficient."""
        return self.log_factorial[n] - self.log_factorial[k] - self.log_factorial[n - k]

    def pmf(self, texts: int, having: Any, drawn: int, k: Any) -> Any:
        """Return the logarithm of the hypergeometric probability of k."""
        return self.log_choose(having, k) + self.log_choose(texts - having, drawn - k) - self.log_choose(texts, drawn)

    def testable(self, drawn: NDArray[np.int64]) -> int:
        """Return Tarone's number of terms that songs drawn from each language could show to be their own."""
        patterns, times = self.spread
        least = np.zeros(patterns.shape[1])
        for texts, having, n in zip(self.texts.tolist(), patterns, drawn.tolist(), strict=True):
            # all that can be drawn are drawn: the largest count there is
            of_number = np.arange(having.max(initial=0) + 1)
            least += self.pmf(texts, of_number, n, np.minimum(of_number, n))[having]
        order = np.argsort(least, kind="stable")
        # m is large enough once at most m terms can reach level / m
        reach = np.concatenate([[0], np.cumsum(times[order])])
        bounds = np.log(LEVEL / np.arange(1, int(times.sum()) + 1))
        enough = reach[np.searchsorted(least[order], bounds, "right")] <= np.arange(1, len(bounds) + 1)
        return int(enough.argmax()) + 1 if len(bounds) else 1

    def tail(self, k: int, having: NDArray[np.int64], drawn: NDArray[np.int64]) -> float:
        """Return the chance of k or more songs with a term among songs drawn from each language."""
        pmf = np.ones(1)
        for texts, n, size in zip(self.texts.tolist(), having.tolist(), drawn.tolist(), strict=True):
            if n and size:
                low = max(0, n + size - texts)
                found = np.arange(low, min(n, size) + 1)
                pmf = np.convolve(pmf, np.concatenate([np.zeros(low), np.exp(self.pmf(texts, n, size, found))]))
        return float(min(1.0, pmf[k:].sum()))


def _judged(table: _Table, rows: NDArray[np.bool_], groups: Sequence[Sequence[Term]]) -> list[CardTerm]:
    """Return the terms of a cluster with how sure they are."""
    drawn = np.bincount(table.language[rows], minlength=table.n_languages)
    tests = table.testable(drawn) + sum(len(group) > 1 for group in groups)
    found = []
    for head, *others in groups:
        having = table.rows(head.term)
        if others:
            having = np.unique(np.concatenate([having, *(table.rows(other.term) for other in others)]))
        n_tracks = int(rows[having].sum())
        spread = np.bincount(table.language[having], minlength=table.n_languages)
        p = min(1.0, tests * table.tail(n_tracks, spread, drawn))
        same = tuple((other.term, other.language) for other in others)
        found.append(CardTerm(head.term, head.language, head.weight, n_tracks, p, p <= LEVEL, same))
    return found


def _merged(terms: Sequence[Term], encoder: TextEncoder | None, merge_at: float) -> list[list[Term]]:
    """Put terms of one meaning together, each with the first that is near enough."""
    if encoder is None or not terms:
        return [[term] for term in terms]
    vectors = _VECTORS.setdefault(encoder, {})
    if new := sorted({term.term for term in terms} - set(vectors)):
        vectors.update(zip(new, encoder.transform(new), strict=True))
    groups: list[list[Term]] = []
    for term in terms:
        near = (group for group in groups if float(vectors[group[0].term] @ vectors[term.term]) >= merge_at)
        if (group := next(near, None)) is None:
            groups.append([term])
        else:
            group.append(term)
    return groups
