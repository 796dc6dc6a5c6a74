from __future__ import annotations

from importlib import resources
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from matplotlib.ft2font import FT2Font

from musaic.report import fonts, missing_fonts
from musaic.report.plotting import new_figure, style

FOLDER = Path(str(resources.files("musaic.report"))) / "fonts"
WORDS = {
    "Musaic Noto Sans Arabic": "موسيقى",
    "Musaic Noto Sans Bengali": "রবীন্দ্রসঙ্গীত",
    "Musaic Noto Sans Devanagari": "शास्त्रीय",
}


@pytest.mark.parametrize(("family", "file"), fonts.SHIPPED.items())
def test_shipped_fonts_are_small_free_and_keep_their_shaping(family, file):
    path = FOLDER / file
    font = TTFont(path)
    assert path.stat().st_size < 150_000
    assert {"GSUB", "GPOS", "GDEF"} <= set(font.keys())
    assert font["name"].getDebugName(1) == family
    assert "Open Font License" in font["name"].getDebugName(13)
    assert set(map(ord, WORDS[family])) <= set(font.getBestCmap())
    assert not set(map(ord, "abcXYZ019")) & set(font.getBestCmap()), "Latin would no longer come from DejaVu"


def test_the_licence_is_beside_the_fonts():
    text = (FOLDER / "OFL.txt").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE" in text
    assert "Google" in text


@pytest.mark.parametrize("word", WORDS.values())
def test_words_are_shaped_not_spelled(word):
    # Joined or conjunct letters take another width than the same letters held apart.
    def width(text: str) -> float:
        with style([text]):
            figure = new_figure(1)
            drawn = figure.text(0, 0, text, size=20)
            return float(drawn.get_window_extent(figure.canvas.get_renderer()).width)

    assert width(word) < 0.97 * sum(width(letter) for letter in word)


def test_nothing_of_matplotlib_is_changed_for_others():
    before = dict(matplotlib.rcParams)
    with style(["বাংলা"]):
        assert matplotlib.rcParams["font.family"] != before["font.family"]
    assert dict(matplotlib.rcParams) == before


def test_every_script_draws_ink_of_its_own_and_no_warning(recwarn):
    drawn = []
    with style(WORDS.values()):
        for word in [*WORDS.values(), "Łódź Việt ọ̀rọ̀"]:
            figure = new_figure(0.5, 4)
            figure.text(0, 0.3, word, size=20)
            figure.canvas.draw()
            drawn.append(np.asarray(figure.canvas.buffer_rgba()).tobytes())
    assert len(set(drawn)) == len(drawn)
    assert not [w for w in recwarn if "Glyph" in str(w.message)]


def test_missing_scripts_are_named(monkeypatch):
    monkeypatch.setattr(fonts, "_installed", lambda: [])
    fonts._machine_font.cache_clear()
    try:
        assert {"Chinese", "Japanese", "Korean", "Thai"} <= set(missing_fonts())
        assert not {"Arabic", "Bangla", "Devanagari", "Greek", "Cyrillic"} & set(missing_fonts())
        assert missing_fonts(["rock", "موسيقى", "中文 and 日本", "한국"]) == ["Chinese", "Korean"]
        assert missing_fonts(["plain", "tab\tand\u200dnewline\n"]) == []
    finally:
        fonts._machine_font.cache_clear()


def test_a_font_of_the_machine_is_used_where_ours_lack_the_letters(monkeypatch):
    stand_in = str(FOLDER / fonts.SHIPPED["Musaic Noto Sans Bengali"])
    monkeypatch.setattr(fonts, "_installed", lambda: [(stand_in, frozenset({ord("中")}))])
    fonts._machine_font.cache_clear()
    try:
        assert fonts.families(["中"])[-1] == FT2Font(stand_in).family_name
        assert missing_fonts(["中"]) == []
    finally:
        fonts._machine_font.cache_clear()
