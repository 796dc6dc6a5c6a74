"""Text as it was meant: damage of encodings and of the web repaired, one spelling for what is written alike.

Each step is a function of its own; `clean` is all of them. Nothing here takes away words, and cleaning what is clean
changes nothing.
"""

from __future__ import annotations

import html.entities
import re
import unicodedata
from collections.abc import Callable
from typing import Literal

import regex

MAX_PASSES = 12

_SURROGATES = re.compile("[\ud800-\udfff]+")
_AMPERSANDS = re.compile(r"&(?:amp;|#0*38;|#[xX]0*26;)+", re.I)
_ENTITY = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")
_BREAK_TAG = re.compile(r"<(?:br|/p|/div)\s{0,3}/?>[ \t]{0,3}\n?", re.I)
_TAG = re.compile(r"</?(?:p|div|span|i|b|u|em|strong|a|font|center|small|sup|sub)(?:\s[^<>\n]{0,300})?/?>", re.I)
_LINE_END = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_SPACE = regex.compile(r"[\t\p{Zs}]")
_CONTROL = regex.compile(r"[\p{Cc}--[\n]]|\p{Noncharacter_Code_Point}", regex.V1)
_BLANK_LINES = re.compile(r"\n{3,}")
# Zero-width space, soft hyphen, word joiner, byte-order mark, invisible operators; marks, embeddings and isolates of
# direction (UAX #9, which finds the direction of each word without them); fillers of Hangul, which are blank letters.
_UNSEEN = re.compile("[\u200b\u00ad\u2060-\u2064\ufeff\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\u3164\uffa0]")
_JOINERS = re.compile("[\u200c\u200d]+")
_JOINING_SCRIPT = regex.compile(
    r"[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Nko}\p{Script=Mandaic}\p{Script=Adlam}"
    r"\p{Script=Hanifi_Rohingya}&&[\p{L}\p{M}]]|[\u064b-\u0655\u0670]",
    regex.V1,
)
_BEFORE_EMOJI_JOINER = regex.compile(r"\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f")
_EMOJI = regex.compile(r"\p{Extended_Pictographic}")
# Latin and Armenian ligatures; Hebrew and Arabic presentation forms; full-width letters and digits; half-width
# katakana; mathematical letters, which the web uses as fancy fonts. Full-width punctuation is how Chinese is written.
_PRESENTATION = re.compile(
    "[\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufb4f\ufb50-\ufbb1\ufbd3-\ufd3d\ufd50-\ufdfc\ufe70-\ufefc"
    "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uff9f\U0001d400-\U0001d7ff]"
)
# Short vowels, doubling, absence of a vowel, and the marks of Quran prints. Not madda and hamza (U+0653 to U+0655):
# they make other letters.
_HARAKAT = re.compile(
    "[\u0610-\u061a\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u08ca-\u08e1\u08e3-\u08ff]"
)
_NIQQUD = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]")

# The Unicode Standard, ch. 12: sequences that look like a letter of their own and are not to be written. NFC keeps
# them; it does join the two-part vowels (ে + া = ো), and takes apart what the composition exclusions name (ড় = ড + ়).
_SEQUENCES = {
    "\u09a4\u09cd\u200d": "\u09ce",  # ত্‍ as it was written before Unicode 4.1: ৎ
    "\u0985\u09be": "\u0986",  # অা: আ
    "\u098b\u09c3": "\u09e0",
    "\u098c\u09e2": "\u09e1",
    "\u0905\u0946": "\u0904",
    "\u0905\u093e": "\u0906",  # अा: आ
    "\u0909\u0941": "\u090a",
    "\u090f\u0945": "\u090d",
    "\u090f\u0946": "\u090e",
    "\u090f\u0947": "\u0910",
    "\u0905\u0945": "\u0972",
    "\u0905\u0949": "\u0911",
    "\u0906\u0945": "\u0911",
    "\u0905\u094a": "\u0912",
    "\u0906\u0946": "\u0912",
    "\u0905\u094b": "\u0913",
    "\u0906\u0947": "\u0913",
    "\u0905\u094c": "\u0914",
    "\u0906\u0948": "\u0914",
    "\u0d23\u0d4d\u200d": "\u0d7a",  # Malayalam chillus as they were written before Unicode 5.1
    "\u0d28\u0d4d\u200d": "\u0d7b",
    "\u0d30\u0d4d\u200d": "\u0d7c",
    "\u0d32\u0d4d\u200d": "\u0d7d",
    "\u0d33\u0d4d\u200d": "\u0d7e",
    "\u0d15\u0d4d\u200d": "\u0d7f",
}
_SEQUENCE = re.compile("|".join(map(re.escape, sorted(_SEQUENCES, key=len, reverse=True))))


def clean(text: str, *, diacritics: Literal["keep", "remove"] = "keep") -> str:
    """Return text in one spelling, without what is not text.

    Parameters
    ----------
    text : str
        Anything.
    diacritics : 'keep' or 'remove'
        Arabic harakat and Hebrew niqqud.

    Notes
    -----
    One step can make work for an earlier one (``&eacute;`` spelled as an entity of an entity), so the steps are taken
    until they change nothing: cleaning twice is cleaning once.
    """
    steps: list[Callable[[str], str]] = [repair, unescape, lines, compose, unseen]
    if diacritics == "remove":
        steps.append(undotted)
    for _ in range(MAX_PASSES):
        before = text
        for step in steps:
            text = step(text)
        if text == before:
            break
    return text


def repair(text: str) -> str:
    """Return text that was decoded twice, or with a wrong Western encoding, as it was written; other text as it is.

    By ftfy's detection (R. Speer, ftfy, 2019, doi:10.5281/zenodo.2591652). Half characters (lone surrogates) become
    U+FFFD.
    """
    import ftfy

    text = _SURROGATES.sub(_whole, text)
    return text if text.isascii() else ftfy.fix_encoding(text)


def unescape(text: str) -> str:
    """Return text without what web pages leave: character entities resolved, ``<br>`` a line end, other tags out.

    Only whole entities, with their semicolon, that HTML knows: ``R&B`` and ``&not quite`` are words.
    """
    if "&" in text:
        text = _ENTITY.sub(_character, _AMPERSANDS.sub("&", text))
    return _TAG.sub("", _BREAK_TAG.sub("\n", text)) if "<" in text else text


def lines(text: str) -> str:
    r"""Return text with ``\n`` as the only line end and the space as the only space; no control characters.

    No spaces at line ends, at most one blank line at a time, none at either end.
    """
    text = _CONTROL.sub("", _SPACE.sub(" ", _LINE_END.sub("\n", text)))
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip("\n")


def compose(text: str) -> str:
    """Return text in Unicode's composed form (NFC, UAX #15), presentation forms as the letters they stand for.

    Arabic contextual forms and ligatures, full-width letters and the like are replaced by their compatibility
    decomposition (the Unicode Standard, ch. 9 and 23), the tatweel, which only stretches a word, is left out, and
    look-alike sequences of Bangla, Devanagari and Malayalam are the letter that is meant (ch. 12). Letters of Persian
    and Urdu are letters of their own and stay.
    """
    if text.isascii():
        return text
    text = _PRESENTATION.sub(lambda form: unicodedata.normalize("NFKC", form.group()).strip(" "), text)
    text = unicodedata.normalize("NFC", text.replace("\u0640", ""))
    return _SEQUENCE.sub(lambda sequence: _SEQUENCES[sequence.group()], text)


def unseen(text: str) -> str:
    """Return text without characters that are not seen, but for joiners that change how a word is written.

    The joiner and the non-joiner (U+200D, U+200C) stay after a virama and between consonant and virama (র‍্য), between
    letters of a script that joins them (می‌خواهم), and the joiner inside a sequence of emoji (UAX #29, GB11).
    """
    if text.isascii():
        return text
    text = _UNSEEN.sub("", text)
    return _JOINERS.sub(_joiner, text)


def undotted(text: str) -> str:
    """Return text without Arabic harakat and Hebrew niqqud."""
    return _NIQQUD.sub("", _HARAKAT.sub("", text))


def _whole(halves: re.Match[str]) -> str:
    """Return the characters that pairs of surrogates stand for."""
    return halves.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _joiner(found: re.Match[str]) -> str:
    """Return the joiner that is to stay of a run of them, or nothing."""
    text, begin, end = found.string, found.start(), found.end()
    if begin == 0:
        return ""
    joiner, left, right = text[begin], text[begin - 1], text[end : end + 1]
    if unicodedata.combining(left) == 9:
        return joiner
    if right and left.isalpha() and unicodedata.combining(right) == 9:
        return joiner
    if right and _JOINING_SCRIPT.match(left) and _JOINING_SCRIPT.match(right):
        return joiner
    if joiner == "\u200d" and right and _BEFORE_EMOJI_JOINER.match(left) and _EMOJI.match(right):
        return joiner
    return ""


def _character(entity: re.Match[str]) -> str:
    decimal, hexadecimal, name = entity.groups()
    if name is not None:
        return html.entities.html5.get(f"{name};", entity.group())
    code = int(decimal) if decimal is not None else int(hexadecimal, 16)
    if 0x80 <= code < 0xA0:  # browsers read these as Windows-1252
        return bytes([code]).decode("cp1252", "replace")
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
