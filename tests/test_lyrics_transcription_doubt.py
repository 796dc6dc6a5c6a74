"""What of a transcript is believed: on segments made by hand, whose answer is known."""

from __future__ import annotations

import dataclasses
import json
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musaic.lyrics.transcription.doubt import REPETITIVE, compression_ratio, is_word, mark
from musaic.lyrics.transcription.heard import Heard, Segment, Word
from musaic.lyrics.transcription.table import heard_row, lyrics_of

SURE = (Word(" la", 0, 0.5, 0.9), Word(" noche", 0.5, 1, 0.8), Word(" larga", 1, 2, 0.3))


def segment(words: tuple[Word, ...] = SURE, **numbers: float | None) -> Segment:
    return Segment(0, 2, words, **{"avg_logprob": -0.3, "no_speech_prob": 0.1, "compression_ratio": 1.2} | numbers)


def row(*segments: Segment, keep_low: bool = False, voiced: float = 2.0):
    heard = mark(Heard(segments, "es", 0.9, voiced), 0.5)
    return heard_row("a", heard, keep_low=keep_low, seconds=2.0, model="m", content_id="0")


def test_improbable_words_are_left_out_unless_asked_for() -> None:
    assert row(segment()).lyrics == "la noche"
    assert row(segment()).share_kept == pytest.approx(2 / 3, abs=1e-4)
    assert row(segment()).confidence == pytest.approx((0.9 + 0.8 + 0.3) / 3, abs=1e-4)
    assert row(segment(), keep_low=True).lyrics == "la noche larga"
    assert row(segment(), keep_low=True).share_kept == 1


@pytest.mark.parametrize(
    ("numbers", "doubt"),
    [
        ({}, None),
        ({"no_speech_prob": 0.9}, None),
        ({"avg_logprob": -1.5}, None),
        ({"no_speech_prob": 0.9, "avg_logprob": -1.5}, "no-speech"),
        ({"no_speech_prob": None, "avg_logprob": None}, "no-speech"),
        ({"compression_ratio": 2.5}, "repetitive"),
    ],
)
def test_segments_that_look_made_up_are_marked(numbers: dict, doubt: str | None) -> None:
    marked = mark(Heard((segment(**numbers),)), 0.0)
    assert marked.segments[0].doubt == doubt
    assert {word.low for word in marked.words} == {doubt is not None}
    found = row(segment(**numbers))
    assert found.status == ("ok" if doubt is None else "no-words")
    assert row(segment(**numbers), keep_low=True).lyrics == "la noche larga"
    assert row(segment(), segment(**numbers)).confidence == row(segment()).confidence


def test_lines_are_segments_and_empty_ones_leave_no_line() -> None:
    low = tuple(dataclasses.replace(word, probability=0.1) for word in SURE)
    notes = (Word(" ♪", 0, 1, 0.9), Word(" —", 1, 2, 0.9))
    found = row(segment(), segment(low), segment(notes), segment(SURE[:1]))
    assert found.lyrics == "la noche\nla"
    assert found.share_kept == pytest.approx(3 / 7, abs=1e-4)


def test_scripts_without_spaces_stay_so_and_broken_bytes_are_no_words() -> None:
    words = (Word("夜", 0, 1, 0.9), Word("は長い", 1, 2, 0.9), Word("\ufffd", 2, 3, 0.99))
    assert row(segment(words)).lyrics == "夜は長い"


def test_nothing_heard_says_what_there_was() -> None:
    assert row(voiced=0.0).reason == "no voice was found in it"
    assert "no words" in str(row(voiced=3.0).reason)
    assert "--keep-low" in str(row(segment(tuple(dataclasses.replace(w, probability=0.0) for w in SURE))).reason)
    assert row(voiced=0.0).confidence is None


@given(
    st.lists(
        st.tuples(st.text(max_size=8), st.floats(0, 1), st.floats(-9, 0), st.floats(0, 1), st.floats(0, 9)), max_size=6
    ),
    st.floats(0, 1),
)
def test_a_higher_bar_keeps_less_and_marking_twice_is_marking_once(items: list, bar: float) -> None:
    heard = Heard(
        tuple(
            segment((Word(t, 0, 1, p),), avg_logprob=a, no_speech_prob=n, compression_ratio=c)
            for t, p, a, n, c in items
        )
    )
    low, high = mark(heard, bar / 2), mark(heard, bar)
    assert {id_ for id_, w in enumerate(low.words) if w.low} <= {id_ for id_, w in enumerate(high.words) if w.low}
    assert mark(low, bar) == high
    assert lyrics_of(low, keep_low=True) == lyrics_of(high, keep_low=True)
    assert Heard.parse(json.loads(json.dumps(high.plain()))) == high


ENGLISH = (
    "the river runs down to the sea and the night is long, we walked along the harbour where the lanterns hang, "
    "she told me of her father's boat, the winter that he left, and how the gulls came back in spring and no one wept"
)


def in_script(text: str, first: int) -> str:
    """Return a text with its letters put one for one into the script whose letters begin at ``first``."""
    return "".join(chr(first + ord(c) - ord("a")) if "a" <= c <= "z" else c for c in text)


@pytest.mark.parametrize("first", [0x0995, 0x0915, 0x0627, 0x0430, 0xAC00])
def test_repetition_means_the_same_in_every_script(first: int) -> None:
    ratio = compression_ratio(ENGLISH)
    assert compression_ratio(in_script(ENGLISH, first)) == ratio
    assert ratio < REPETITIVE
    assert compression_ratio(in_script("la noche " * 30, first)) > REPETITIVE
    plain = len(ENGLISH.encode()) / len(zlib.compress(ENGLISH.encode()))
    assert ratio == pytest.approx(plain, rel=0.05)


def test_many_different_characters_are_no_loop() -> None:
    letters = [chr(0x4E00 + i) for i in range(3000)]
    random.Random(0).shuffle(letters)
    assert compression_ratio("".join(letters[:400])) < REPETITIVE
    assert compression_ratio("".join(letters[:300]) * 5) > REPETITIVE
    assert compression_ratio("") == 0


def test_words_have_letters_or_digits() -> None:
    assert all(map(is_word, ("ক", "يا", "la", "7", " é!")))
    assert not any(map(is_word, ("", " ", "♪", "…", "\u200f", "ّ")))
