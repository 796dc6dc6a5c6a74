"""Vectors of lyrics from their characters: no model to fetch, any script.

Character n-grams within words, weighted by TF-IDF, reduced by a truncated singular value decomposition, each vector
of length 1.

Letters: n texts, V n-grams of the vocabulary, d components.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from musaic.errors import UsageError
from musaic.lyrics.encoders.base import TextEncoder, check_texts

MAX_FEATURES = 50_000
"""The commonest n-grams that are kept: with 64 components the state stays under 15 MB whatever the corpus."""


class TfidfEncoder(TextEncoder):
    """Character n-gram TF-IDF with a truncated SVD.

    Parameters
    ----------
    n_components : int >= 1
        Dimensions of a vector; fewer where there are fewer texts or n-grams.
    ngram : tuple of int
        Shortest and longest n-gram, inside words with a space at either end.
    max_features : int >= 1
        The commonest n-grams of the corpus that are kept, which bounds the memory.
    random_state : int
        Of the randomised decomposition.

    Attributes
    ----------
    vocabulary_ : list of str
        The n-grams, V of them, in order.
    idf_ : ndarray of float64, shape (V,)
        Inverse document frequency, smoothed: ln((1 + n) / (1 + df)) + 1.
    components_ : ndarray of float32, shape (d, V)
        Singular directions, most telling first; the largest entry of each is positive.

    Notes
    -----
    Text is brought to NFC and lower case first, so that one word written with composed or combining characters is one
    word. Term counts enter as 1 + ln(count). A text that shares no n-gram with the corpus of the fit (a script it
    does not hold) is a vector of zeros: nothing is known of it.
    """

    name: ClassVar[str] = "tfidf"

    def __init__(
        self,
        n_components: int = 64,
        *,
        ngram: tuple[int, int] = (2, 4),
        max_features: int = MAX_FEATURES,
        random_state: int = 0,
    ) -> None:
        self.n_components = n_components
        self.ngram = ngram
        self.max_features = max_features
        self.random_state = random_state

    @property
    def n_dims_(self) -> int:
        """Dimensions of a vector, at most ``n_components``."""
        return int(self.components_.shape[0])

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn vocabulary, weights and directions from a corpus.

        Raises
        ------
        UsageError
            Where a text is empty; its position is named.
        """
        from sklearn.feature_extraction.text import CountVectorizer

        if self.n_components < 1 or self.max_features < 1 or not 1 <= self.ngram[0] <= self.ngram[1]:
            raise UsageError(
                f"n_components {self.n_components}, max_features {self.max_features} and ngram {self.ngram} must be "
                "whole numbers from 1, the shorter n-gram first."
            )
        prepared = _prepare(texts)
        counter = CountVectorizer(
            analyzer="char_wb", ngram_range=self.ngram, lowercase=False, max_features=self.max_features
        )
        counts = sparse.csr_array(counter.fit_transform(prepared))
        self.vocabulary_: list[str] = [str(term) for term in counter.get_feature_names_out()]
        frequency = np.bincount(counts.indices, minlength=len(self.vocabulary_))
        self.idf_ = np.log((1 + len(prepared)) / (1 + frequency)) + 1
        self.components_ = self._directions(self._weigh(counts))
        return self

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector a text, shape (n, d), of length 1 (or 0, see the notes)."""
        from sklearn.feature_extraction.text import CountVectorizer

        if not hasattr(self, "components_"):
            raise UsageError("TfidfEncoder is not fitted yet; call fit first.")
        prepared = _prepare(texts)
        vocabulary = {term: position for position, term in enumerate(self.vocabulary_)}
        counter = CountVectorizer(analyzer="char_wb", ngram_range=self.ngram, lowercase=False, vocabulary=vocabulary)
        weighed = self._weigh(sparse.csr_array(counter.transform(prepared)))
        projected = np.asarray(weighed @ self.components_.T.astype(np.float64))
        length = np.linalg.norm(projected, axis=1, keepdims=True)
        unit = np.divide(projected, length, out=np.zeros_like(projected), where=length > 0)
        return np.asarray(unit, dtype=np.float32)

    def get_state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return what was learned: a JSON-ready dict with the vocabulary, and arrays by name."""
        head = {
            "name": self.name,
            "n_components": self.n_components,
            "ngram": list(self.ngram),
            "max_features": self.max_features,
            "random_state": self.random_state,
            "vocabulary": list(self.vocabulary_),
        }
        return head, {"idf": self.idf_, "components": self.components_}

    @classmethod
    def from_state(cls, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the encoder that `get_state` was called on: the same bytes come out of `transform`."""
        low, high = head["ngram"]
        encoder = cls(
            head["n_components"],
            ngram=(low, high),
            max_features=head["max_features"],
            random_state=head["random_state"],
        )
        encoder.vocabulary_ = list(head["vocabulary"])
        encoder.idf_, encoder.components_ = arrays["idf"], arrays["components"]
        return encoder

    def _weigh(self, counts: sparse.csr_array[Any]) -> sparse.csr_array[Any]:
        """Return TF-IDF rows of length 1, shape (n, V), from counts."""
        data = (1 + np.log(counts.data)) * self.idf_[counts.indices]
        weighed = sparse.csr_array((data, counts.indices, counts.indptr), shape=counts.shape)
        length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
        scale = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
        return sparse.csr_array(sparse.diags_array(scale) @ weighed)

    def _directions(self, weighed: sparse.csr_array[Any]) -> NDArray[np.float32]:
        from sklearn.decomposition import TruncatedSVD
        from threadpoolctl import threadpool_limits

        n_components = min(self.n_components, *weighed.shape)
        # one thread: the last bits of the decomposition depend on the number of threads
        with threadpool_limits(1), np.errstate(invalid="ignore"):
            svd = TruncatedSVD(n_components, n_iter=7, random_state=self.random_state).fit(weighed)
        largest = np.abs(svd.components_).argmax(axis=1)
        signs = np.sign(svd.components_[np.arange(n_components), largest])
        return np.ascontiguousarray(svd.components_ * signs[:, None], dtype=np.float32)


def _prepare(texts: Sequence[str]) -> list[str]:
    """Return texts in one spelling and lower case, or say which are empty."""
    return [unicodedata.normalize("NFC", text.lower()) for text in check_texts(texts)]
