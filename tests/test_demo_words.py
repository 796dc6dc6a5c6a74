"""The words of the demo songs: scripts, forms, names that any file system takes."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musaic.demo.genres import LANGUAGES, STYLES
from musaic.demo.words import LONGEST_NAME, THEMES, artist_name, file_name, song_title, vocabulary, write_lyrics

SCRIPTS = {
    "arabic": "ARABIC",
    "bangla": "BENGALI",
    "english": "LATIN",
    "hindi": "DEVANAGARI",
    "spanish": "LATIN",
}


def scripts(text: str) -> set[str]:
    return {unicodedata.name(letter).split()[0] for letter in text if letter.isalpha()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_written_in_the_language_s_script(language: str) -> None:
    words = vocabulary(language)
    texts = [*words.names, *words.surnames, *words.bands]
    for theme in words.themes.values():
        texts += [*theme.titles, *theme.hooks, *theme.lines]
    for text in texts:
        assert scripts(text) == {SCRIPTS[language]}, text
        assert text == unicodedata.normalize("NFC", text).strip()
        assert 0 < len(text) <= 60
    assert len(texts) == len(set(texts)) or language in ("english", "spanish")


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_enough_to_sing(language: str) -> None:
    words = vocabulary(language)
    assert tuple(words.themes) == THEMES
    for theme in words.themes.values():
        assert len(theme.titles) >= 6
        assert len(theme.hooks) >= 4
        assert len(theme.lines) >= 12
        assert len(set(theme.lines)) == len(theme.lines)


def test_the_themes_say_the_same_number_of_things_in_every_language() -> None:
    sizes = {
        language: {name: (len(theme.titles), len(theme.hooks), len(theme.lines)) for name, theme in themes.items()}
        for language in LANGUAGES
        for themes in [vocabulary(language).themes]
    }
    assert all(size == sizes["english"] for size in sizes.values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("genre", STYLES)
def test_lyrics_have_verses_and_a_chorus_that_returns(language: str, genre: str) -> None:
    rng = np.random.default_rng(1)
    text = write_lyrics(language, genre, "night", "city", rng)
    blocks = text.rstrip("\n").split("\n\n")
    assert len(blocks) >= 4
    assert any(blocks.count(block) >= 2 for block in blocks)
    assert all(line.strip() for block in blocks for line in block.split("\n"))
    assert text != write_lyrics(language, genre, "night", "city", np.random.default_rng(2))
    own = set(vocabulary(language).themes["night"].lines) | set(vocabulary(language).themes["night"].hooks)
    lines = [line for block in blocks for line in block.split("\n")]
    assert np.mean([line in own for line in lines]) > 0.6


@pytest.mark.parametrize("language", LANGUAGES)
def test_artists_have_names_of_their_own(language: str) -> None:
    names = [artist_name(language, number, np.random.default_rng(3)) for number in range(600)]
    assert len(set(names)) == len(names)
    assert any(name in vocabulary(language).bands for name in names[:20])
    assert not all(name in vocabulary(language).bands for name in names[:20])


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_are_safe_and_readable_as_file_names(language: str) -> None:
    rng = np.random.default_rng(4)
    for theme in THEMES:
        for _ in range(20):
            title = song_title(language, theme, rng)
            name = file_name(title)
            assert scripts(name) == scripts(title)
            assert name == unicodedata.normalize("NFC", name)


@given(st.text(max_size=200))
def test_no_title_breaks_a_file_name(title: str) -> None:
    name = file_name(title)
    assert name
    assert len(name.encode()) <= LONGEST_NAME
    assert not set(name) & set('/\\:*?"<>| \n\t\0.')
    assert all(unicodedata.category(letter)[0] not in "CZ" for letter in name)
    assert unicodedata.normalize("NFC", name) == name
