"""What texts are about: words by script, stop words by language, and the terms that set classes of texts apart."""

from musaic.lyrics.terms.counts import TermCounts, count_terms
from musaic.lyrics.terms.ctfidf import Term, class_terms, language_terms, rank_terms
from musaic.lyrics.terms.stopwords import has_stopwords, stopwords
from musaic.lyrics.terms.tokens import tokens
from musaic.lyrics.terms.vocables import VOCALISES, is_vocalise

__all__ = [
    "VOCALISES",
    "Term",
    "TermCounts",
    "class_terms",
    "count_terms",
    "has_stopwords",
    "is_vocalise",
    "language_terms",
    "rank_terms",
    "stopwords",
    "tokens",
]
