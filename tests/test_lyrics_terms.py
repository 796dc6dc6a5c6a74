"""Terms: words as their scripts write them, and what sets classes of texts apart."""

from __future__ import annotations

import math
import random
import unicodedata

import numpy as np
import pandas as pd
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.errors import UsageError
from musaic.lyrics.terms import (
    VOCALISES,
    class_terms,
    count_terms,
    has_stopwords,
    is_vocalise,
    language_terms,
    rank_terms,
    stopwords,
    tokens,
)
from musaic.lyrics.terms.ctfidf import take_turns


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "Don’t stop! rock-n-roll, a_b; singin' 'bout", "don't stop rock n roll a b singin bout"),
        ("fr", "L’amour qu'il m'aime, jusqu’à aujourd'hui", "l amour qu il m aime jusqu à aujourd'hui"),
        ("it", "dell'amore, un'altra: c'è", "dell amore un altra c è"),
        ("en", "l'amour", "l'amour"),
        ("de", "STRASSE Straße", "strasse strasse"),
        ("tr", "IŞIK İstanbul", "ışık istanbul"),
        ("es", "IŞIK İstanbul ¿Qué?", "işik istanbul qué"),
        ("el", "ΟΔΟΣ", "οδος"),
        ("bn", "আমি তোমাকে ভালোবাসি, রাত্রি কর্ম।", "আমি তোমাকে ভালোবাসি রাত্রি কর্ম"),
        ("bn", "ক্‍ষ", "ক্‍ষ"),
        ("hi", "प्यार करता हूँ। ज़िंदगी ॥ कर्म", "प्यार करता हूँ ज़िंदगी कर्म"),
        ("ar", "مُحَمَّدٌ كتــاب، الليل؟ \u202bقرآن\u202c", "محمد كتاب الليل قرآن"),
        ("fa", "می‌خواهم كتابي", "می‌خواهم کتابی"),
        ("ur", "میں تُم سے", "میں تم سے"),
        ("he", "צה״ל שָׁלוֹם", "צה״ל שלום"),
        ("uk", "об’єкт", "об'єкт"),
        ("ko", "사랑해 너를", "사랑해 너를"),
        ("ta", "என் காதல்", "என் காதல்"),
        ("ja", "東京タワー、love 夢", "東京 京タ タワ ワー love 夢"),
        ("zh", "我愛你2024年", "我愛 愛你 年"),
        ("th", "รักคุณ", "รัก กคุ คุณ"),
        (None, "12th ٣٤ २० 4ever x² 1️⃣ 👩‍👩‍👧 🇫🇷 …—!", ""),
        (None, "ﻛﺘﺎﺏ ﬁn Ｌｏｖｅ co\u00adop", "كتاب fin love coop"),
        (None, "", ""),
    ],
)
def test_words_of_every_script(language: str | None, text: str, words: str) -> None:
    expected = unicodedata.normalize("NFC", words).split()
    assert tokens(text, language) == expected
    assert tokens(unicodedata.normalize("NFD", text), language) == expected


@given(st.text(max_size=60), st.sampled_from([None, "tr", "fr", "ar", "fa", "yi", "th"]))
@settings(max_examples=200, deadline=None)
def test_any_text_falls_into_words_that_stay_as_they_are(text: str, language: str | None) -> None:
    for word in tokens(text, language):
        assert regex.search(r"\p{L}|\p{Nl}|\p{Han}", word)
        assert not regex.search(r"[\s\p{Nd}]|^\p{M}", word)


@given(st.text(alphabet=st.characters(codec="utf-8", categories=["Ll", "Lo", "Mn", "Mc"]), max_size=30))
@settings(max_examples=100, deadline=None)
def test_no_letter_is_lost(text: str) -> None:
    """Every base letter of the text is in a word, in the spelling that compatibility gives it."""
    text = unicodedata.normalize("NFKC", text).lower()
    joined = "".join(tokens(text))
    for letter in unicodedata.normalize("NFC", text).replace("ß", "ss"):
        assert unicodedata.category(letter) not in ("Ll", "Lo") or letter in joined


def test_only_text_has_words() -> None:
    with pytest.raises(UsageError, match="float"):
        tokens(math.nan)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "the don't i'm you gonna cause"),
        ("es", "el que no tú"),
        ("fr", "l d qu je est y'a"),
        ("de", "ich nicht dass hab"),
        ("it", "dell l che"),
        ("ar", "في من أنا انا على يا"),
        ("bn", "আমি তুমি আমার তোমায়"),
        ("hi", "है मैं तुम हूँ हूं मेरा the"),
        ("tr", "ben için"),
        ("zh", "我们 因为"),
    ],
)
def test_function_words_are_stop_words(language: str, words: str) -> None:
    assert set(tokens(words, language)) <= stopwords(language)
    assert stopwords(language.upper()) is not None
    assert has_stopwords(language)


@pytest.mark.parametrize("language", ["ar", "bn", "de", "en", "es", "fr", "hi", "it", "ja", "th", "tr", "vi", "zh"])
def test_stop_words_are_spelt_as_tokens_are(language: str) -> None:
    words = [word for word in stopwords(language) if "'" not in word]
    assert [word for word in words if tokens(word, language) != [word]] == []


@pytest.mark.parametrize(
    ("language", "word"),
    [("en", "home"), ("en", "love"), ("es", "tiempo"), ("hi", "घर"), ("vi", "yêu"), ("de", "welt")],
)
def test_what_songs_are_about_is_no_stop_word(language: str, word: str) -> None:
    assert word not in stopwords(language)


def test_stop_words_by_code() -> None:
    assert stopwords("pt-BR") == stopwords("PT") == stopwords("pt_PT")
    assert stopwords("fil") == stopwords("tl")
    for nothing in (None, "", "und", "xx", "ta"):
        assert stopwords(nothing) == frozenset()
        assert not has_stopwords(nothing)


@pytest.mark.parametrize(
    "word", ["la", "oooooh", "yeahhhhh", "nanananana", "हाय", "ওহ", "آآآآه", "라라", "mmmmm", "ля"]
)
def test_sung_without_being_words(word: str) -> None:
    assert is_vocalise(tokens(word)[0])


@pytest.mark.parametrize("word", ["love", "dumm", "mama", "banana", "حب", "মা", "गाना", "夢"])
def test_words_are_not_vocalises(word: str) -> None:
    assert not is_vocalise(word)
    assert word not in VOCALISES


def weights(named: dict[object, list]) -> dict[object, dict[str, float]]:
    return {c: {term.term: term.weight for term in terms} for c, terms in named.items()}


PLAIN = {"min_tracks": 1, "stop": False, "n_terms": 100}


def test_closed_form() -> None:
    # class 0: sun 2, moon 2, sea 1; class 1: sun 1, rain 2; 5 and 3 words, A = 4
    texts = ["sun moon", "sun moon sea", "rain", "rain sun"]
    found = weights(class_terms(texts, [0, 0, 1, 1], **PLAIN))
    assert found[0] == pytest.approx(
        {"sun": 2 / 5 * math.log(1 + 4 / 3), "moon": 2 / 5 * math.log(3), "sea": 1 / 5 * math.log(5)}
    )
    assert found[1] == pytest.approx({"rain": 2 / 3 * math.log(3), "sun": 1 / 3 * math.log(1 + 4 / 3)})
    assert list(found[0]) == ["moon", "sun", "sea"]


def test_a_refrain_counts_by_its_logarithm() -> None:
    # baby 1 + ln 200 ≈ 6.298, river 5
    texts = ["baby " * 200, *["river " + "abcde"[i] * 3 for i in range(5)]]
    found = class_terms(texts, [0] * 6, **PLAIN)[0]
    share = (1 + math.log(200)) / (1 + math.log(200) + 10)
    baby = next(term for term in found if term.term == "baby")
    assert baby.weight == pytest.approx(share * math.log(1 + 1 / share), rel=1e-5)
    assert [term.term for term in class_terms(texts, [0] * 6)[0]] == ["river"]


def test_what_every_class_has_alike_tells_least() -> None:
    texts = [f"everywhere {own}" for own in ("desert", "forest", "ocean")]
    for terms in class_terms(texts, list("abc"), **PLAIN).values():
        assert terms[-1].term == "everywhere"
        assert terms[0].weight > terms[-1].weight


def test_the_order_of_tracks_changes_no_bit() -> None:
    rng = random.Random(0)
    words = ["sun", "moon", "sea", "rain", "نهر", "ليل", "নদী", "রাত", "नदी", "रात"]
    tracks = [(" ".join(rng.choices(words, k=rng.randint(1, 40))), rng.randint(-1, 3)) for _ in range(60)]
    found = class_terms(*zip(*tracks, strict=True), ngrams=2)
    rng.shuffle(tracks)
    assert class_terms(*zip(*tracks, strict=True), ngrams=2) == found
    assert list(found) == [0, 1, 2, 3]


def test_ties_go_by_spelling() -> None:
    terms = class_terms(["pear fig apple", "apple pear fig"], [0, 0])[0]
    assert [term.term for term in terms] == ["apple", "fig", "pear"]
    assert len({term.weight for term in terms}) == 1
    assert [term.n_tracks for term in terms] == [2, 2, 2]


def test_noise_is_counted_and_not_named() -> None:
    texts = ["river stone", "river stone", "stone", "stone", "stone"]
    found = class_terms(texts, np.array([0, 0, -1, -1, -1]))
    assert list(found) == [0]
    assert [term.term for term in found[0]] == ["river", "stone"]
    assert class_terms(texts, [0.0, 0.0, None, math.nan, -1]) == found


def test_tracks_without_lyrics_count_nowhere() -> None:
    texts, classes = ["river stone", "river", "sea", "sea"], [0, 0, 1, 1]
    found = class_terms([*texts, None, math.nan, "", "?!"], [*classes, 1, 1, 2, 2])
    assert found.pop(2) == []
    assert found == class_terms(texts, classes)
    assert class_terms([], []) == {}


def test_columns_of_a_table_are_sequences() -> None:
    table = pd.DataFrame({"text": ["river", "river", None], "cluster": [0, 0, 0], "language": ["en", None, "en"]})
    table.index = [7, 8, 9]
    found = class_terms(table["text"], table["cluster"], languages=table["language"])
    assert found == class_terms(["river", "river", None], [0, 0, 0], languages=["en", None, "en"])
    assert [term.term for term in found[0]] == ["river"]


def test_min_tracks_and_n_terms() -> None:
    texts = ["river stone sea", "river stone", "river"]
    assert [[t.term for t in class_terms(texts, [0] * 3, min_tracks=n)[0]] for n in (1, 2, 3, 4)] == [
        ["river", "stone", "sea"],
        ["river", "stone"],
        ["river"],
        [],
    ]
    assert [t.term for t in class_terms(texts, [0] * 3, n_terms=1)[0]] == ["river"]


def test_stop_words_and_vocalises_are_left_out_by_language() -> None:
    texts = ["die Nacht oh oh", "die Nacht oh", "the die is cast oh", "the die is cast"]
    found = class_terms(texts, ["de", "de", "en", "en"], languages=["de", "de", "en", "en"])
    assert [term.term for term in found["de"]] == ["nacht"]
    assert {term.term for term in found["en"]} == {"die", "cast"}
    kept = class_terms(texts, ["de"] * 4, languages=["de", "de", "en", "en"], vocalises=True)["de"]
    assert "oh" in {term.term for term in kept}
    every = class_terms(texts, ["de"] * 4, languages=["de", "de", "en", "en"], stop=False)["de"]
    assert {"die", "the", "is"} <= {term.term for term in every}


def test_pairs_of_words_follow_each_other_in_a_line() -> None:
    texts = ["silver moon rising\nover the silver\nmoon", "silver moon"]
    found = {term.term for term in class_terms(texts, [0, 0], languages=["en"] * 2, ngrams=2, min_tracks=1)[0]}
    assert found == {"silver", "moon", "rising", "silver moon", "moon rising"}
    three = {term.term for term in class_terms(["夢の中 red hot sun"] * 2, [0, 0], ngrams=3)[0]}
    assert {"red hot sun", "red hot", "夢の", "の中"} <= three
    assert "の中 red" not in three


SONGS = [
    "river stone",
    "river stone",
    "نهر ليل",
    "نهر ليل",
    "नदी पत्थर",
    "नदी पत्थर",
    "rain",
    "rain",
    "river river stone",
]
CODES = ["en", "en", "ar", "ar", "hi", "hi", "en", "en", "en-GB"]


def test_terms_by_language_and_by_turns() -> None:
    classes = [0] * 6 + [1, 1, 0]
    grouped = language_terms(SONGS, classes, languages=CODES)
    assert {c: list(groups) for c, groups in grouped.items()} == {0: ["en", "ar", "hi"], 1: ["en"]}
    assert {term.term for term in grouped[0]["hi"]} == {"नदी", "पत्थर"}
    turns = class_terms(SONGS, classes, languages=CODES)[0]
    assert [term.language for term in turns] == ["en", "ar", "hi", "en", "ar", "hi"]
    assert sorted(turns, key=str) == sorted((term for terms in grouped[0].values() for term in terms), key=str)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=4), st.integers(1, 20))
@settings(max_examples=50, deadline=None)
def test_turns_are_in_proportion(shares: list[int], n: int) -> None:
    languages = [f"x{i}" for i in range(len(shares))]
    groups = {language: [language] * 20 for language in languages}
    merged = take_turns(groups, dict(zip(languages, shares, strict=True)), n)  # type: ignore[arg-type]
    assert len(merged) == n
    for language, share in zip(languages, shares, strict=True):
        assert merged.count(language) < n * share / sum(shares) + len(shares)


def test_wrong_use_is_refused_in_one_sentence() -> None:
    for call in (
        lambda: class_terms("one text", [0]),
        lambda: class_terms(["a"], [0, 1]),
        lambda: class_terms(["a"], [0], languages=["en", "en"]),
        lambda: class_terms(["a"], [0], n_terms=0),
        lambda: class_terms(["a"], [0], min_tracks=0),
        lambda: class_terms(["a"], [0], ngrams=4),
        lambda: class_terms(["a", "b"], [0, "x"]),
        lambda: class_terms([b"bytes"], [0]),
    ):
        with pytest.raises(UsageError):
            call()


@given(st.lists(st.tuples(st.text(max_size=20), st.integers(-1, 2)), max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_texts_have_finite_terms(tracks: list[tuple[str, int]]) -> None:
    texts, classes = [text for text, _ in tracks], [c for _, c in tracks]
    found = class_terms(texts, classes, min_tracks=1, ngrams=2)
    assert set(found) == set(classes) - {-1}
    assert all(math.isfinite(term.weight) and term.weight > 0 for terms in found.values() for term in terms)


def test_texts_are_counted_once_for_any_classes() -> None:
    texts = ["প্রেম আকাশ", "प्यार रात", None, "night love", "love rain", "প্রেম নদী"]
    languages = ["bn", "hi", None, "en", "en", "bn"]
    counts = count_terms(texts, languages)
    for classes in ([0, 0, 1, 1, 1, 0], [0, -1, 2, 2, None, 0]):
        assert rank_terms(counts, classes, min_tracks=1) == language_terms(
            texts, classes, languages=languages, min_tracks=1
        )
    some = [5, 0, 3]
    assert rank_terms(counts.take(some), [0, 0, 1], min_tracks=1) == language_terms(
        [texts[row] for row in some], [0, 0, 1], languages=[languages[row] for row in some], min_tracks=1
    )
