"""Reading: any text becomes lyrics with a language, or a word and a sentence on why not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic import parallel
from musaic.errors import UsageError
from musaic.lyrics.reading import REPAIRED, Reader
from musaic.lyrics.status import LyricsStatus

BANGLA = "আমার সোনার বাংলা, আমি তোমায় ভালোবাসি\nচিরদিন তোমার আকাশ"
ARABIC = "حبيبي يا نور العين يا ساكن خيالي"
ENGLISH = "I have been waiting for you\nhere in the pouring rain"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (ENGLISH, "ok"),
        (BANGLA, "ok"),
        ("\u202b" + ARABIC + "\u202c\u200f", "ok"),
        (ENGLISH + "\0", "ok"),
        (None, "missing"),
        ("", "empty"),
        (" \n\t\r\n\u3000", "empty"),
        ("la " * 700_000, "too-long"),
        ("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        ("{\\rtf1\\ansi hello}", "binary"),
        ("I \ufffd\ufffd you", "garbled"),
        (ARABIC.encode("cp1256").decode("cp1252"), "garbled"),
        ("Очи чёрные, очи страстные".encode("cp1251").decode("latin-1"), "garbled"),
        ("चाँद सी महबूबा हो मेरी".encode().decode("cp1252", "replace"), "garbled"),
        ("... ?! — ؟ । 12 ৩", "no-words"),
        ("🎵🎶👩‍💻❤️", "no-words"),
        ("\u200f\u200e\u202b\u2067", "no-words"),
        ("\u200b\ufeff\u00ad\u200d", "no-words"),
        ("[Verse 1]\n\n[Chorus]", "no-words"),
        ("[00:01.00]\n[00:02.00]", "no-words"),
        ("[Instrumental]", "instrumental"),
        ("(instrumental break)\n[Instrumental]", "instrumental"),
        ("موسيقى", "instrumental"),
        ("যন্ত্রসঙ্গীত", "instrumental"),
        ("वाद्य संगीत", "instrumental"),
        ("[00:00.00]纯音乐，请欣赏", "instrumental"),
    ],
)
def test_every_text_has_a_status_and_a_reason(text, status):
    lyrics = Reader()(text)
    assert lyrics.status == LyricsStatus(status)
    assert (lyrics.text is not None) == (status == "ok")
    assert (lyrics.reason is None) == (status == "ok")
    assert (lyrics.language == "und") == (status != "ok")


def test_text_of_a_length_that_is_refused_is_not_read(monkeypatch):
    monkeypatch.setattr("musaic.lyrics.cleaning.repair", None)
    assert Reader()("x" * 2**21).status == "too-long"


@pytest.mark.parametrize("words", [BANGLA, ARABIC, "déjà vu à l'été, mon amour perdu"])
def test_text_decoded_twice_is_repaired_and_said_to_be(words):
    lyrics = Reader()(words.encode().decode("latin-1"))
    assert (lyrics.text, lyrics.status, lyrics.reason) == (Reader()(words).text, "ok", REPAIRED)


def test_words_about_instruments_are_words():
    assert Reader()("An instrumental part of my heart\nplays the music only for you").status == "ok"


SONG = """[ar:Someone]
[00:01.00][Verse 1]
[00:02.00]I walk along the river (x2)
[00:04.00]and I sing to the sea

[00:06.00][Chorus]
[00:07.00]Come back to me
[00:09.00]Come back to me

[00:11.00][Chorus]
"""


def test_marks_repeats_and_times_are_treated_as_asked():
    assert Reader()(SONG).text == "I walk along the river\nand I sing to the sea\n\nCome back to me\nCome back to me"
    assert Reader(repeats="once")(SONG).text == "I walk along the river\nand I sing to the sea\n\nCome back to me"
    written = Reader(repeats="expand")(SONG).text
    assert written is not None
    assert written.count("river") == 2
    assert written.count("Come back") == 4
    kept = Reader(times="keep", sections="keep")(SONG).text
    assert kept is not None
    assert kept.startswith("[00:01.00][Verse 1]\n[00:02.00]I walk along the river (x2)")
    assert Reader(diacritics="remove")("حُبِّي يَا حُبِّي").text == "حبي يا حبي"


@pytest.mark.parametrize("option", [{"times": "yes"}, {"sections": ""}, {"repeats": "twice"}, {"threshold": 1.5}])
def test_options_that_are_not_allowed_are_named(option):
    with pytest.raises(UsageError, match=next(iter(option))):
        Reader(**option)


def test_a_reader_can_be_sent_to_another_process():
    reader = Reader(repeats="once", threshold=0.3)
    texts = [BANGLA, None, ENGLISH]
    assert dict(parallel.run(reader, texts, workers=1)) == dict(enumerate(map(reader, texts)))


@settings(deadline=None)
@given(
    st.one_of(
        st.text(st.characters()),
        st.binary(max_size=80).map(lambda data: data.decode("cp1252", "replace")),
        st.lists(
            st.sampled_from(["[Chorus]", "la", "[00:01]", "(x2)", "সুর", "\n", "&lt;", "<br>", "Ã©", "\u200d"])
        ).map("".join),
    ),
    st.sampled_from(["keep", "once", "expand"]),
    st.sampled_from(["keep", "remove"]),
    st.sampled_from(["keep", "remove"]),
)
def test_no_text_raises_and_what_comes_out_is_whole(text, repeats, sections, times):
    lyrics = Reader(repeats=repeats, sections=sections, times=times)(text)
    assert (lyrics.status == "ok") == (lyrics.text is not None)
    if lyrics.text is not None:
        assert any(character.isalpha() for character in lyrics.text)
