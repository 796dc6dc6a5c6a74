"""Text in one spelling: what is damaged is repaired, what is not seen goes, and no word is lost."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.lyrics import repeats, sections
from musaic.lyrics.cleaning import clean
from musaic.lyrics.times import timed_lines, with_times, without_times

ANY = st.text(st.characters())
_PARTS = """
& &amp; amp; lt; < &lt;br&gt; br> &#38; &#x26; #38; &eacute; <br> <i> \u200c \u200d \u200b \ufeff \u200f \u09a4 \u09cd
\u09be \u09c7 \u0985 \u0905 \u094d \u093e \u0627 \u0653 \u0654 \u064e \u0651 \u0640 \u0645 \ufdfa \ufe76 \uff76 \uff9e
e \u0301 ا ل ﷲ Ã © â € ™ \x00 \ud800 \udc00 \u1100 \u1161 👩 💻 \u0d28 fi ﬁ
"""
ODD = st.lists(st.sampled_from([*_PARTS.split(), *"\x85\xa0\r\n\t "]), max_size=12).map("".join)


@settings(deadline=None)
@given(st.one_of(ANY, ODD), st.sampled_from(["keep", "remove"]))
def test_cleaning_twice_is_cleaning_once(text, diacritics):
    once = clean(text, diacritics=diacritics)
    assert clean(once, diacritics=diacritics) == once
    assert once == unicodedata.normalize("NFC", once)
    assert not set("\r\t\0\ufeff\u200e\u200f\u2028").intersection(once)


@pytest.mark.parametrize(
    "words",
    [
        "আমার সোনার বাংলা, আমি তোমায় ভালোবাসি",
        "حبيبي يا نور العين يا ساكن خيالي",
        "चाँद सी महबूबा हो मेरी",
        "déjà vu à l'été",
        "Очи чёрные, очи страстные",
    ],
)
@pytest.mark.parametrize("wrong", ["latin-1", "cp1252"])
def test_text_decoded_twice_is_the_text_that_was_written(words, wrong):
    damaged = words.encode().decode("sloppy-windows-1252" if wrong == "cp1252" else wrong)
    assert damaged != words
    assert clean(damaged) == unicodedata.normalize("NFC", words)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("I&#39;m &quot;here&quot; &amp;amp; now", 'I\'m "here" & now'),
        ("R&B, &not quite, AT&T; &nosuch;", "R&B, &not quite, AT&T; &nosuch;"),
        ("one<br>two<br />\nthree <i>four</i> 5 < 6 > 4", "one\ntwo\nthree four 5 < 6 > 4"),
        ("a\r\nb\rc\u2028d\te \n\n\n\n\nf", "a\nb\nc\nd e\n\nf"),
        ("e\u0301te\u0301", "été"),
        ("ﻣﺮﺣﺒﺎ ﻻ", "مرحبا لا"),
        ("حبيـــــبي", "حبيبي"),
        ("Ｌｏｖｅ １２ ｶﾞ ﬁre 𝓁𝑜𝓋𝑒、！", "Love 12 ガ fire love、！"),
        ("گل یک ۀ ہے ٹوٹا", "گل یک ۀ ہے ٹوٹا"),
        ("হঠাত্\u200d", "হঠাৎ"),
        ("ত\u09c7\u09be অ\u09beমার", "তো আমার"),
        ("\u09dc", "ড\u09bc"),  # a composition exclusion
        ("अ\u093eज", "आज"),
        ("അവന\u0d4d\u200d", "അവൻ"),
        (
            "zero\u200bwidth soft\u00adhyphen \u202bembedded\u202c \u2067isolate\u2069",
            "zerowidth softhyphen embedded isolate",
        ),
        ("ab\u200dc d\u200c", "abc d"),
    ],
)
def test_what_is_written_becomes_what_is_meant(written, meant):
    assert clean(written) == unicodedata.normalize("NFC", meant)


@pytest.mark.parametrize(
    "words",
    ["می\u200cخواهم", "র\u200d্যাব", "ক্\u200cষ", "क्\u200dष", "ශ්\u200dරී", "👩\u200d💻", "❤️\u200d🔥", "👩🏽\u200d🚀"],
)
def test_joiners_stay_where_they_change_what_is_seen(words):
    assert clean(words) == unicodedata.normalize("NFC", words)


@pytest.mark.parametrize(
    ("vocalised", "plain"), [("حُبِّي هٰذَا", "حبي هذا"), ("قُرْآن", "قرآن"), ("שָׁלוֹם", "שלום"), ("آؤ ئ أ", "آؤ ئ أ")]
)
def test_short_vowels_go_only_where_asked(vocalised, plain):
    assert clean(vocalised) == unicodedata.normalize("NFC", vocalised)
    assert clean(vocalised, diacritics="remove") == plain


LRC = "[ar:Someone]\n[ti:A song]\n[00:12.00]Line one\n[00:17.2][01:17:200] Line <00:18.00>two\n[02:03]\n[Chorus] la\n"


def test_lrc_times_and_headers_go_and_words_stay():
    assert without_times(LRC) == "Line one\nLine two\n\n[Chorus] la"


@pytest.mark.parametrize("words", ["[Chorus]\nla la", "at 12:30 I wait", "[ar:x] stays where no line has a time"])
def test_text_without_times_is_left_alone(words):
    assert without_times(words) == with_times(words) == words


def test_kept_times_are_in_one_form_and_can_be_read_again():
    kept = with_times(LRC)
    assert kept == "[00:12.00]Line one\n[00:17.20][01:17.20]Line two\n[02:03.00]\n[Chorus] la"
    assert with_times(kept) == kept
    assert without_times(kept) == without_times(LRC)
    assert timed_lines(kept) == timed_lines(LRC)
    sooner = "[offset:+500]\n" + LRC
    assert timed_lines(with_times(sooner)) == timed_lines(sooner)


def test_timed_lines_come_in_the_order_in_which_they_are_sung():
    expected = [(12.0, "Line one"), (17.2, "Line two"), (77.2, "Line two"), (123.0, "")]
    assert timed_lines(LRC) == expected
    sooner = timed_lines("[offset:+500]\n" + LRC)
    assert [seconds for seconds, _ in sooner] == pytest.approx([seconds - 0.5 for seconds, _ in expected])
    assert timed_lines("[offset:+60000]\n[00:01]ابدأ") == [(0.0, "ابدأ")]


@pytest.mark.parametrize(
    "mark",
    [
        "[Chorus]", "Chorus", "CHORUS:", "Verse 2:", "(Bridge)", "[Bridge: Asha & Co]", "Pre-Chorus", "Refrain 2x",
        "Coro", "Estribillo:", "Strophe 1", "Couplet 3", "المقطع", "لازمة", "(اللازمة)", "অন্তরা", "স্থায়ী:", "अंतरा 2",
        "मुखड़ा", "副歌：", "후렴", "Припев:", "(x2)", "[x4]", "×3", "bis", "(2 veces)", "(২ বার)", "[00:12.00][Chorus]",
        "Hook:", "Solo 1",
    ],
)  # fmt: skip
def test_a_line_that_is_only_a_mark_goes(mark):
    assert sections.without_sections(clean(f"one\n{mark}\ntwo")).split() == ["one", "two"]


@pytest.mark.parametrize(
    "line",
    [
        "Chorus of angels", "verse upon verse I write", "Solo", "Bridge", "the end", "Warte bis", "(I love you)",
        "Hook", "coro de niños", "la la [laughs] la", "solve for 2x4", "লাল অন্তরা নদী", "अंतरा में गाओ", "x", "All I",
    ],
)  # fmt: skip
def test_lines_that_are_sung_stay(line):
    assert sections.without_sections(clean(line)) == clean(line)


def test_a_count_goes_and_its_line_stays():
    assert sections.without_sections("Come back (x2)\ncome ×3\nvuelve (bis)") == "Come back\ncome\nvuelve"


def test_once_keeps_the_first_of_each_line_whatever_its_case_and_punctuation():
    assert (
        repeats.once("ফিরে এসো\nCome back!\n\nফিরে এসো\n\ncome back\n...\nنعم\n...")
        == "ফিরে এসো\nCome back!\n\n...\nنعم\n..."
    )


def test_expanding_writes_out_counts_and_bare_marks():
    text = "[Verse 1]\na (x2)\nb\n\n[Chorus]\nfly\nhigh\n\n[Verse 2]\nc\n(x2)\n\n[Chorus x2]"
    full = sections.without_sections(repeats.expanded(text))
    assert full.split() == ["a", "a", "b", "fly", "high", "c", "c", "fly", "high", "fly", "high"]
    assert "[Chorus]" in repeats.expanded(text)
    assert "x2" not in repeats.expanded(text)


def test_expanding_leaves_alone_what_names_nothing():
    assert repeats.expanded("[Refrain]\n\n[Verse]\nla") == "[Refrain]\n\n[Verse]\nla"


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "b (x2)", "[Chorus]", "Chorus 2:", "", "(x3)", "[x20]", "bis"]), max_size=12))
def test_expanding_loses_no_word_and_leaves_nothing_to_expand(lines):
    text = "\n".join(lines)
    plain = sections.without_sections(text).split()
    full = sections.without_sections(repeats.expanded(text)).split()
    assert set(full) == set(plain)
    assert len(full) >= len(plain)
    assert set(repeats.once("\n".join(plain)).split()) == set(plain)
