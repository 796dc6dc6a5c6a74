"""Bytes of any common encoding become the text that was meant."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musaic.corpus.text import decode, fold

WORDS = {
    "bangla": "আমার সোনার বাংলা, আমি তোমায় ভালোবাসি।\nচিরদিন তোমার আকাশ\n",
    "arabic": "يا ليل يا عين\nحبيبي يا نور العين\n",
    "hindi": "चाँद सी महबूबा हो मेरी\nकब ऐसा मैंने सोचा था\n",
    "spanish": "¡Óyeme, tiburón!\n¿Dónde está el corazón?\n",
    "russian": "Очи чёрные, очи страстные, очи жгучие и прекрасные\nКак люблю я вас, как боюсь я вас\n",
    "chinese": "月亮代表我的心\n你问我爱你有多深\n",
}
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\0\ufeff"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("language", WORDS)
def test_every_script_survives_every_unicode_encoding(language, encoding):
    assert decode(WORDS[language].encode(encoding)) == unicodedata.normalize("NFC", WORDS[language])


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
@pytest.mark.parametrize(
    "words", ["¡Óyeme, tiburón! ¿Dónde está?", "Für Elise, schöne Grüße", "Déjà vu à l'été", "Café", "señor"]
)
def test_western_text_survives_one_byte_encodings_however_short(words, encoding):
    assert decode(words.encode(encoding)) == words


def test_cyrillic_one_byte_text_is_recognised():
    text = WORDS["russian"] * 3
    assert decode(text.encode("cp1251")) == text


@given(TEXT)
def test_utf8_text_comes_back_composed(text):
    assert decode(text.encode()) == unicodedata.normalize("NFC", text)


@given(TEXT)
def test_marked_utf16_text_comes_back_composed(text):
    assert decode(text.encode("utf-16")) == unicodedata.normalize("NFC", text)


@given(st.binary(max_size=200))
def test_any_bytes_give_composed_text_and_nothing_is_raised(data):
    text = decode(data)
    assert text == unicodedata.normalize("NFC", text)
    assert "\r" not in text


@given(st.text())
def test_folding_twice_is_folding_once_and_ignores_case_and_composition(text):
    assert fold(fold(text)) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)
