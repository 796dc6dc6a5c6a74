"""Fonts for labels in the world's scripts.

matplotlib's own DejaVu covers Latin, Greek, Cyrillic, Hebrew and more; the package ships Noto subsets for Arabic,
Bangla and Devanagari; for other scripts a font installed on the machine is looked for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

SHIPPED = {
    "Musaic Noto Sans Arabic": "NotoSansArabic-subset.ttf",
    "Musaic Noto Sans Bengali": "NotoSansBengali-subset.ttf",
    "Musaic Noto Sans Devanagari": "NotoSansDevanagari-subset.ttf",
}
"""Families and their files; none has Latin letters, so text in several scripts takes each from its own font."""

BASE = "DejaVu Sans"

SAMPLES = {
    "Arabic": "ب",
    "Bangla": "ক",
    "Devanagari": "क",
    "Greek": "λ",
    "Cyrillic": "ж",
    "Hebrew": "ש",
    "Armenian": "ա",
    "Georgian": "ა",
    "Chinese": "中",
    "Japanese": "あ",
    "Korean": "한",
    "Thai": "ก",
    "Lao": "ກ",
    "Khmer": "ក",
    "Burmese": "က",
    "Tamil": "க",
    "Telugu": "త",
    "Kannada": "ಕ",
    "Malayalam": "ക",
    "Gujarati": "ક",
    "Gurmukhi": "ਕ",
    "Odia": "କ",
    "Sinhala": "ක",
    "Ethiopic": "ሀ",
    "Tibetan": "ཀ",
}
"""One letter for each script that is looked after by name."""

NAMES = {
    "Cjk": "Chinese",
    "Hiragana": "Japanese",
    "Katakana": "Japanese",
    "Hangul": "Korean",
    "Bengali": "Bangla",
    "Myanmar": "Burmese",
    "Oriya": "Odia",
}
"""What people call scripts that Unicode names otherwise."""


def families(texts: Iterable[str] = ()) -> list[str]:
    """Register what ``texts`` need with matplotlib and return the value for ``font.family``.

    Parameters
    ----------
    texts : iterable of str
        What will be written; scripts outside the shipped fonts are looked for on this machine.

    Returns
    -------
    list of str
        Families in the order in which matplotlib tries them for each character.
    """
    texts = list(texts)
    letters = {ord(letter) for text in texts for letter in text}
    # Every family is asked for every text, so one that has nothing to draw only costs time.
    shipped = [name for name in SHIPPED.values() if _own_letters(name) & letters]
    found = [_register(_shipped_path(name)) for name in shipped] + [BASE]
    for path in sorted({font for letter in _unusual(texts).values() if (font := _machine_font(letter))}):
        found.append(_register(Path(path)))
    return found


def missing_fonts(texts: Iterable[str] | None = None) -> list[str]:
    """Return the scripts that no font on this machine can draw, by name.

    Parameters
    ----------
    texts : iterable of str, optional
        Only the scripts in these; without it, all that are looked after.
    """
    letters = {} if texts is None else _unusual(texts)
    if texts is None:
        letters = {script: letter for script, letter in SAMPLES.items() if not _covered(letter)}
    return sorted(script for script, letter in letters.items() if _machine_font(letter) is None)


def _shipped_path(name: str) -> Path:
    """Return the path of a font that came with the package."""
    return Path(str(resources.files("musaic.report") / "fonts" / name))


def _register(path: Path) -> str:
    """Make a font file known to matplotlib, once, and return its family."""
    name = FT2Font(str(path)).family_name
    if not any(Path(entry.fname) == path for entry in font_manager.fontManager.ttflist):
        font_manager.fontManager.addfont(path)
    return str(name)


@lru_cache(maxsize=len(SHIPPED))
def _own_letters(name: str) -> frozenset[int]:
    """Return the letters that a shipped font is there for: not the marks and signs that all fonts have."""
    return frozenset(
        code for code in FT2Font(_shipped_path(name)).get_charmap() if unicodedata.category(chr(code))[0] in "LMN"
    )


@lru_cache(maxsize=1)
def _always_there() -> frozenset[int]:
    """Return the characters that DejaVu and the shipped fonts can draw."""
    paths = [font_manager.findfont(BASE), *(str(_shipped_path(name)) for name in SHIPPED.values())]
    return frozenset(code for path in paths for code in FT2Font(path).get_charmap())


def _covered(letter: str) -> bool:
    """Say whether a character can be drawn anywhere, or is one that is not drawn."""
    return ord(letter) in _always_there() or unicodedata.category(letter) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")


def _unusual(texts: Iterable[str]) -> dict[str, str]:
    """Return script -> one letter of it, for the letters that the fonts at hand lack."""
    letters = sorted({letter for text in texts for letter in text if not _covered(letter)})
    return {_script(letter): letter for letter in reversed(letters)}


def _script(letter: str) -> str:
    """Return the name of a character's script, as people call it where it is known."""
    if unicodedata.category(letter).startswith("S"):
        return "symbols"
    word = unicodedata.name(letter, "unknown").split(" ")[0].split("-")[0].capitalize()
    return NAMES.get(word, word)


@lru_cache(maxsize=256)
def _machine_font(letter: str) -> str | None:
    """Return the path of an installed font that has a character: an upright sans serif before others."""
    having = [path for path, codes in _installed() if ord(letter) in codes]
    return having[0] if having else None


@lru_cache(maxsize=1)
def _installed() -> list[tuple[str, frozenset[int]]]:
    """Return the machine's fonts with the characters each has, best suited for labels first."""
    fonts = []
    for path in font_manager.findSystemFonts():
        try:
            font = FT2Font(path)
            codes = frozenset(font.get_charmap())
        except (OSError, RuntimeError, ValueError):
            # A damaged font file is somebody else's matter.
            continue
        style = font.style_name.lower()
        rank = (
            "sans" not in font.family_name.lower(),
            style not in ("regular", "book", "normal"),
            font.family_name,
            path,
        )
        fonts.append((rank, path, codes))
    return [(path, codes) for _, path, codes in sorted(fonts, key=lambda font: font[0])]
