"""Lyrics vectors: any script, any number of texts, the same bytes again."""

from __future__ import annotations

import json
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from musaic.errors import UsageError
from musaic.lyrics.encoders.tfidf import TfidfEncoder

TEXTS = [
    "the river runs down to the sea and the night is long",
    "the night is young and the river is singing to the moon",
    "النهر يجري إلى البحر والليل طويل",
    "الليل طويل والقمر يغني للنهر",
    "নদী বয়ে যায় সাগরের দিকে, রাত অনেক দীর্ঘ",
    "রাত দীর্ঘ, চাঁদ নদীর কাছে গান গায়",
    "नदी सागर की ओर बहती है और रात लंबी है",
    "रात लंबी है, चाँद नदी के लिए गाता है",
    "el río corre hacia el mar y la noche es larga",
    "la noche es larga y la luna canta al río",
]
LANGUAGES = np.repeat(np.arange(5), 2)


def test_vectors_have_length_one_and_neighbours_share_the_language() -> None:
    vectors = TfidfEncoder(6).fit_transform(TEXTS)
    assert vectors.shape == (10, 6)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-6)
    likeness = vectors @ vectors.T - 2 * np.eye(10)
    assert (LANGUAGES[likeness.argmax(axis=1)] == LANGUAGES).all()


def test_the_same_as_scikit_learns_pipeline() -> None:
    vectors = TfidfEncoder(5).fit_transform(TEXTS)
    weighed = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, lowercase=False).fit_transform(
        [unicodedata.normalize("NFC", text).lower() for text in TEXTS]
    )
    theirs = TruncatedSVD(5, n_iter=7, random_state=0).fit_transform(weighed)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors @ vectors.T, theirs @ theirs.T, atol=1e-5)


@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_few_texts_have_few_dimensions(n: int) -> None:
    vectors = TfidfEncoder(64).fit_transform(TEXTS[:n])
    assert vectors.shape == (n, n)
    assert np.isfinite(vectors).all()


def test_the_same_bytes_again_and_after_loading() -> None:
    encoder = TfidfEncoder(6).fit(TEXTS)
    vectors = encoder.transform(TEXTS)
    assert TfidfEncoder(6).fit(TEXTS).transform(TEXTS).tobytes() == vectors.tobytes()
    head, arrays = encoder.get_state()
    loaded = TfidfEncoder.from_state(
        json.loads(json.dumps(head)), {name: array.copy() for name, array in arrays.items()}
    )
    assert loaded.transform(TEXTS).tobytes() == vectors.tobytes()
    assert loaded.get_state()[0] == head


def test_composed_and_combining_characters_are_one_spelling() -> None:
    encoder = TfidfEncoder(6).fit(TEXTS)
    apart = [unicodedata.normalize("NFD", text) for text in TEXTS]
    assert encoder.transform(apart).tobytes() == encoder.transform(TEXTS).tobytes()


def test_signs_are_settled() -> None:
    components = TfidfEncoder(6).fit(TEXTS).components_
    assert (components[np.arange(6), np.abs(components).argmax(axis=1)] > 0).all()


def test_the_commonest_ngrams_are_kept() -> None:
    encoder = TfidfEncoder(3, max_features=40).fit(TEXTS)
    assert len(encoder.vocabulary_) == 40
    assert encoder.vocabulary_ == sorted(encoder.vocabulary_)


def test_of_a_script_that_was_never_seen_nothing_is_known() -> None:
    vectors = TfidfEncoder(2).fit(TEXTS[:2]).transform([TEXTS[2], TEXTS[0]])
    assert not vectors[0].any()
    assert vectors[1].any()


@pytest.mark.parametrize("nothing", ["", "  \n\t ", "\u200b\u200e", "\ufeff"])
def test_empty_texts_are_refused_by_their_position(nothing: str) -> None:
    with pytest.raises(UsageError, match="in text 1; "):
        TfidfEncoder().fit(["words", nothing])
    with pytest.raises(UsageError, match="no words in text 0"):
        TfidfEncoder(2).fit(TEXTS).transform([nothing])


def test_wrong_use_is_refused_in_one_sentence() -> None:
    for call in (
        lambda: TfidfEncoder().fit([]),
        lambda: TfidfEncoder().fit("one text"),
        lambda: TfidfEncoder().transform(["words"]),
        lambda: TfidfEncoder(0).fit(TEXTS),
        lambda: TfidfEncoder(ngram=(4, 2)).fit(TEXTS),
    ):
        with pytest.raises(UsageError):
            call()


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_any_text_becomes_a_finite_vector_or_a_clear_word(texts: list[str]) -> None:
    try:
        vectors = TfidfEncoder(4).fit_transform(texts)
    except UsageError:
        return
    assert vectors.shape[0] == len(texts)
    assert np.isfinite(vectors).all()
