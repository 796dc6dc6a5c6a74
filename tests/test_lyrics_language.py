"""Languages of lyrics: the script rules out, the letters decide, and two languages are told as two."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import musaic.demo
from musaic.lyrics import scripts
from musaic.lyrics.language import detect, macrolanguage
from musaic.lyrics.terms.vocables import without_vocables

SONGS = Path(musaic.demo.__file__).parent / "lyrics"
CODES = {"arabic": "ar", "bangla": "bn", "english": "en", "hindi": "hi", "spanish": "es"}


def _verses(name: str) -> list[str]:
    themes = yaml.safe_load((SONGS / f"{name}.yaml").read_text(encoding="utf-8"))["themes"].values()
    return ["\n".join(theme["hooks"] + theme["lines"]) for theme in themes]


@pytest.mark.parametrize("name", CODES)
def test_songs_of_five_languages_are_told_and_no_mixture_is_seen(name):
    for verse in _verses(name):
        found = detect(verse)
        assert found.language == CODES[name]
        assert found.confidence > 0.6
        assert found.languages == ((CODES[name], pytest.approx(1.0)),)


@pytest.mark.parametrize("name", CODES)
def test_single_lines_are_rarely_wrong_where_they_are_told(name):
    found = [detect(line).language for verse in _verses(name) for line in verse.split("\n")]
    told = [language for language in found if language != "und"]
    assert told.count(CODES[name]) >= 0.97 * len(told)
    assert len(told) >= 0.75 * len(found)


@pytest.mark.parametrize(
    ("one", "other"), [("hindi", "english"), ("bangla", "english"), ("arabic", "spanish"), ("english", "spanish")]
)
def test_a_song_in_two_languages_is_told_as_two(one, other):
    lines = [line for pair in zip(_verses(one)[:2], _verses(other)[:2], strict=True) for line in pair]
    found = detect("\n\n".join(lines))
    assert {language for language, _ in found.languages} == {CODES[one], CODES[other]}
    assert sum(share for _, share in found.languages) == pytest.approx(1.0)
    assert found.confidence <= found.languages[0][1] + 1e-9
    assert found.language in {found.languages[0][0], "und"}


def test_two_languages_within_each_line_are_told_as_two():
    hindi = detect(
        "तुम मेरे पास आओ ना baby come back to me\nदिल ये मेरा कहता है I love you so\n"
        "चाँद तारे सारे दिन रात जगमग tonight we are dancing\nमेरी जान let us go away from here"
    )
    assert {language for language, _ in hindi.languages} == {"hi", "en"}


def test_one_odd_line_is_not_a_language():
    verses = "\n".join(_verses("spanish")[:3])
    assert detect(verses + "\nI will always love you my darling").languages[0][0] == "es"
    assert len(detect(verses + "\nI will always love you my darling").languages) == 1


@pytest.mark.parametrize(
    "text",
    ["la la la\noh oh oh la la", "ooh yeah, hey hey!", "লা লা লা লা", "ラララ", "ला ला ला", "ああ", "", "12 3", "🎵"],
)
def test_where_nothing_but_syllables_is_sung_no_language_is_known(text):
    found = detect(text)
    assert (found.language, found.confidence, found.languages) == ("und", 0.0, ())


def test_words_are_not_syllables():
    assert without_vocables("De la nada, la luna y la mar") == "De la nada, la luna y la mar"
    assert without_vocables("oh la la la, mi amor, lalala").replace(",", "").split() == ["mi", "amor"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("دلم گرفته ای دوست هوای گریه دارم\nمی‌خواهم با تو باشم", "fa"),
        ("تم مجھے بہت یاد آتے ہو\nیہ دل تمہارے بغیر نہیں لگتا ہے", "ur"),
        ("انا عايز اقولك اني بحبك قوي\nازيك يا حبيبي عامل ايه", "ar"),
        ("মই তোমাক বহুত ভাল পাওঁ\nতুমি মোৰ জীৱনৰ আশা", "as"),
        ("माझे तुझ्यावर खूप प्रेम आहे\nतू माझी आहेस", "mr"),
        ("Ніч яка місячна, зоряна, ясная\nВидно, хоч голки збирай", "uk"),
        ("君を見つけたこの街で\n永遠\nいつまでも一緒にいよう", "ja"),
        ("月亮代表我的心\n你问我爱你有多深", "zh"),
        ("사랑해 너를 사랑해\n보고 싶어 오늘 밤", "ko"),
        ("σ' αγαπώ γιατί είσαι ωραία", "el"),
        ("אני אוהב אותך כל הלילה", "he"),
        ("ฉันรักเธอ", "th"),
        ("Jeg elsker deg hele natten og dagen\nDu er alt jeg trenger", "no"),
        ("I WILL ALWAYS LOVE YOU\nAND I WILL BE THERE", "en"),
    ],
)  # fmt: skip
def test_scripts_and_letters_tell_the_language(text, language):
    assert detect(text).language == language


@settings(deadline=None, max_examples=50)
@given(st.sampled_from([name for name, languages in scripts.LANGUAGES.items() if languages]), st.data())
def test_no_language_is_told_that_the_script_cannot_write(script, data):
    letters = [chr(code) for code in range(0x370, 0xB000) if scripts.script(chr(code)) == script]
    text = data.draw(st.text(st.sampled_from([*letters, " "]), max_size=60))
    found = detect(text, threshold=0.0)
    told = {found.language, *(language for language, _ in found.languages)}
    assert told <= {*scripts.LANGUAGES[script].split(), "und"}


@settings(deadline=None)
@given(st.text(st.characters()), st.floats(0, 1))
def test_any_text_has_a_language_or_none(text, threshold):
    found = detect(text, threshold)
    assert 0 <= found.confidence <= 1
    assert found.language == "und" or found.confidence >= threshold
    shares = [share for _, share in found.languages]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1 + 1e-9


def test_a_threshold_only_withholds():
    line = "Llévame, camino, llévame"
    assert detect(line, 1.0).language == "und"
    assert detect(line, 0.0).language != "und"
    assert detect(line, 1.0).confidence == detect(line, 0.0).confidence > 0


def test_narrow_languages_are_told_as_the_wide_one():
    assert [macrolanguage(code) for code in ("arz", "nb", "cmn", "ar", "hr")] == ["ar", "no", "zh", "ar", "hr"]


def test_pieces_of_one_script_are_the_text():
    text = "(दिल) ने कहा, come back… ফিরে এসো!"
    pieces = scripts.runs(text)
    assert "".join(piece for _, piece in pieces) == text
    assert [name for name, _ in pieces] == ["Devanagari", "Latin", "Bengali"]
