"""Words out of text, as each script writes them."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import regex

from musaic.errors import UsageError

# Scripts without spaces between words: Han, Kana, and those that Unicode gives line breaks by dictionary (Thai, Lao,
# Khmer, Myanmar and their kin).
_UNSPACED = r"\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー\p{Line_Break=SA}"
_JOINERS = r"\u200C\u200D"

# UAX #29 by hand, as far as words of letters go: marks and joiners stay with their letters, an apostrophe, geresh or
# middle dot between letters does not end a word, a hyphen does. Digits are matched only to take their words out.
_WORD = regex.compile(
    rf"(?V1)(?:[{_UNSPACED}]\p{{M}}*)+"
    rf"|[[\p{{L}}\p{{N}}]--[{_UNSPACED}]](?:[[\p{{L}}\p{{M}}\p{{N}}{_JOINERS}]--[{_UNSPACED}]]"
    rf"|['·׳״](?=[\p{{L}}--[{_UNSPACED}]]))*"
)
_NUMBER = regex.compile(r"\p{N}")
_CLUSTER = regex.compile(r"\X")
_UNSPACED_START = regex.compile(rf"[{_UNSPACED}]")

# Letters in the clothes of an old encoding: ligatures, Arabic presentation forms, half and full width, mathematical.
_DRESSED = regex.compile(r"[\uFB00-\uFDFF\uFE70-\uFEFC\uFF00-\uFFEF\U0001D400-\U0001D7FF]+")
# Seen by nobody and inside words by accident: soft hyphen, word joiner, byte order mark, direction marks.
_UNSEEN = regex.compile(r"[\u00AD\u061C\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]+")
_APOSTROPHE = regex.compile(r"[‘’ʼ′`´]")
# Tatweel, harakat and Quranic marks; not the madda and hamza above and below (U+0653 to U+0655), which make letters.
_ARABIC_MARKS = regex.compile(
    r"[\u0610-\u061A\u0640\u064B-\u0652\u0656-\u065F\u0670\u06D6-\u06DC\u06DF-\u06E8\u06EA-\u06ED\u08D3-\u08E1\u08E3-\u08FF]+"
)
_HEBREW_POINTS = regex.compile(r"[\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7]+")

_DOTTED_I = frozenset({"az", "crh", "gag", "tr", "tt"})
# Kaf and yeh are typed with the neighbour's keyboard as often as with one's own.
_KAF_YEH = str.maketrans("كي", "کی")
_KAF_YEH_OF = {
    "ar": str.maketrans("کی", "كي"),
    "fa": _KAF_YEH,
    "ur": _KAF_YEH,
    "ckb": _KAF_YEH,
    "ku": _KAF_YEH,
    "pa": _KAF_YEH,
    "sd": str.maketrans("ی", "ي"),
}

ELISIONS = {
    "ca": "d l m n s t",
    "fr": "c d j jusqu l lorsqu m n puisqu qu quoiqu s t",
    "it": "agl all anch c ch coll d dagl dall degl dell gl l m n negl nell quell quest s sugl sull t un v",
    "oc": "d l m n qu s t",
}
"""Words that lose their vowel to the next one, by language: ``l'amour`` is two words."""

_ELIDED = {language: regex.compile(rf"({'|'.join(words.split())})'(?=\p{{L}})") for language, words in ELISIONS.items()}


def tokens(text: str, language: str | None = None) -> list[str]:
    """Return the words of a text in their order, in the one spelling under which they are counted.

    Parameters
    ----------
    text : str
        Any text, in any mixture of scripts.
    language : str, optional
        ISO 639 code (``en``, ``pt-BR``); settles Turkish and Azerbaijani i, French, Italian, Catalan and Occitan
        elisions, and Arabic or Persian kaf and yeh.

    Returns
    -------
    list of str
        NFC, lower case, ß as ss. Words that hold a digit are left out.

    Raises
    ------
    UsageError
        Where ``text`` is not text.

    Notes
    -----
    Scripts with spaces follow the word boundaries of Unicode Standard Annex #29: marks and zero-width joiners stay
    with their letters, ``don't`` is one word; ``rock-n-roll`` is three. Arabic tatweel and vowel marks and Hebrew
    points (outside Yiddish) are dropped, because the same word is written with and without. Words are not stemmed.

    Scripts without spaces are given as overlapping pairs: of characters for Han and Kana, of grapheme clusters for
    Thai, Lao, Khmer and Myanmar, as search engines do where there is no dictionary (Lucene's ``CJKBigramFilter``). A
    run of one cluster is given as it is.
    """
    if not isinstance(text, str):
        raise UsageError(f"text is {type(text).__name__}; give str, and leave tracks without lyrics out.")
    code = language_key(language)
    found: list[str] = []
    known: dict[str, list[str]] = {}  # songs repeat their words
    for word in _WORD.findall(_spell(text, code)):
        if word not in known:
            known[word] = _split(word, code)
        found += known[word]
    return found


def is_unspaced(token: str) -> bool:
    """Return whether a token comes from a script without spaces."""
    return _UNSPACED_START.match(token) is not None


def clusters(token: str) -> list[str]:
    """Return the grapheme clusters of a token: what a reader sees as its characters."""
    return list(_CLUSTER.findall(token))


def language_key(language: str | None) -> str:
    """Return the language of a code without script and region (``pt-BR`` is ``pt``); empty for none or ``und``."""
    code = (language or "").strip().lower().replace("_", "-").split("-")[0]
    return "" if code == "und" else code


def _spell(text: str, code: str) -> str:
    """Return a text in one spelling."""
    text = _DRESSED.sub(lambda match: unicodedata.normalize("NFKC", match.group()), _UNSEEN.sub("", text))
    text = unicodedata.normalize("NFC", text)
    if code in _DOTTED_I:
        text = text.replace("I", "ı")
    # NFC again: lower case takes some letters apart
    text = unicodedata.normalize("NFC", text.replace("İ", "i").lower().replace("ß", "ss"))
    text = _APOSTROPHE.sub("'", _ARABIC_MARKS.sub("", text))
    if code != "yi":
        text = _HEBREW_POINTS.sub("", text)
    return text.translate(_KAF_YEH_OF[code]) if code in _KAF_YEH_OF else text


def _split(word: str, code: str) -> list[str]:
    """Return the tokens of a run of letters: pairs without spaces, none of a number, else words and elided words."""
    word = word.rstrip("\u200c\u200d")
    if is_unspaced(word):
        characters = clusters(word)
        return [a + b for a, b in pairwise(characters)] or characters
    if _NUMBER.search(word):
        return []
    parts, start = [], 0
    while code in _ELIDED and (match := _ELIDED[code].match(word, start)):
        parts.append(match.group(1))
        start = match.end()
    return [*parts, word[start:]]
