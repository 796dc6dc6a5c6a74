"""Which script a character belongs to, and which languages a script writes.

Scripts are those of Unicode Standard Annex #24, under their long names. Han, Hiragana, Katakana and Bopomofo are told
as one, ``CJK``: Japanese writes with three of them in one word.
"""

from __future__ import annotations

from functools import lru_cache

import regex

LANGUAGES = {
    "Arabic": "ar fa ur ps ku ug",
    "Armenian": "hy",
    "Bengali": "bn as",
    "CJK": "zh ja",
    "Cherokee": "chr",
    "Cyrillic": "ru uk be bg mk sr mn kk ky tg tt ba uz az",
    "Devanagari": "hi mr ne sa kok",
    "Ethiopic": "am",
    "Georgian": "ka",
    "Greek": "el",
    "Gujarati": "gu",
    "Gurmukhi": "pa",
    "Hangul": "ko",
    "Hebrew": "he",
    "Kannada": "kn",
    "Khmer": "km",
    "Lao": "lo",
    "Latin": "",
    "Malayalam": "ml",
    "Meetei_Mayek": "mni",
    "Myanmar": "my",
    "Nko": "nqo",
    "Ol_Chiki": "sat",
    "Oriya": "or",
    "Sinhala": "si",
    "Tamil": "ta",
    "Telugu": "te",
    "Thaana": "dv",
    "Thai": "th",
    "Tibetan": "bo",
    "Yi": "ii",
}
"""By script, the languages that are told apart in it, the commonest first; Latin is left open, it writes most."""

OPEN = "Latin"
"""The script that any language but those of another script may be written in."""

SYLLABIC = frozenset({"CJK", "Cherokee", "Ethiopic", "Hangul", "Yi"})
"""Scripts whose letters are syllables."""

NOT_LATIN = frozenset().union(
    *(set(languages.split()) for name, languages in LANGUAGES.items() if name not in {"Latin", "Cyrillic"})
).difference(["ku"]) | {"ru", "uk", "be", "bg", "mk", "mn", "ky", "tg", "ba"}
"""Languages whose songs are not written in Latin letters, but for transliterations, of which a detector knows none."""

_CJK = regex.compile(r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}]")
_KANA = regex.compile(r"[\p{Script=Hiragana}\p{Script=Katakana}]")
_SCRIPTS = {
    name: regex.compile(rf"\p{{Script={name}}}") for name in sorted(LANGUAGES, key="Latin Arabic".find) if name != "CJK"
}


@lru_cache(maxsize=65536)
def script(character: str) -> str | None:
    """Return the script of a letter (or of a mark that belongs to one script), None for everything else."""
    if character.isascii():
        return "Latin" if character.isalpha() else None
    if _CJK.match(character):
        return "CJK"
    return next((name for name, pattern in _SCRIPTS.items() if pattern.match(character)), None)


def runs(text: str) -> list[tuple[str, str]]:
    """Return the pieces of a text in one script each, in order; what has no script of its own stays with its left.

    Examples
    --------
    >>> runs("दिल ने कहा, come back")
    [('Devanagari', 'दिल ने कहा, '), ('Latin', 'come back')]
    """
    found: list[tuple[str, str]] = []
    begin, current = 0, None
    for position, character in enumerate(text):
        its = script(character)
        if its is None or its == current:
            continue
        if current is not None:
            found.append((current, text[begin:position]))
            begin = position
        current = its
    if current is not None:
        found.append((current, text[begin:]))
    return found


def n_letters(text: str) -> int:
    """Return how many letters a text has, vowel signs included; a letter that is a syllable counts as two."""
    return sum(2 if its in SYLLABIC else 1 for its in map(script, text) if its is not None)


def n_kana(text: str) -> int:
    """Return how many characters of the Japanese syllabaries a text has."""
    return len(_KANA.findall(text))
