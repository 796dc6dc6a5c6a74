"""Marks that say how a song is built and are not sung: ``[Chorus]``, ``Verse 2:``, ``(x2)``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from musaic.lyrics.times import split_times

MOST_TIMES = 20
"""A higher count is not how often a line is sung."""

# Words that stand on a line of their own for nothing else.
_SURE = """
chorus choruses pre-chorus prechorus post-chorus verse refrain pre-refrain couplet interlude intro
coro pre-coro precoro estribillo pre-estribillo estrofa estrofas verso refrão pré-refrão estrofe ritornello strofa
couplets pré-refrain refrains strophe kehrreim vers refräng refreng omkvæd kertosäe säkeistö refren zwrotka refrén
sloka nakarat kıta köprü
припев куплет приспів куплет проигрыш
المقطع مقطع اللازمة لازمة الكورس كورس الكوبليه كوبليه المذهب مذهب همخوان ترجیع‌بند
অন্তরা স্থায়ী সঞ্চারী আভোগ কোরাস মুখড়া প্রিলিউড ইন্টারলুড
अंतरा अन्तरा मुखड़ा स्थायी कोरस संचारी आभोग
副歌 主歌 前奏 间奏 間奏 尾奏 サビ Aメロ Bメロ 후렴 간주 1절 2절 3절
"""
# Words of songs too: a mark only with a number, a colon or brackets.
_DOUBTFUL = """
bridge hook solo instrumental break breakdown drop tag coda ending end fin final finale repeat rap ad-lib ad-libs
vamp reprise prelude interludio puente ponte pont brücke strofe bro chor zwischenspiel skit outro
ব্রিজ सेतु ब्रिज جسر مقدمة خاتمة مقدمه
guitar\\ solo piano\\ solo instrumental\\ break spoken\\ word instrumental\\ solo guitar\\ break
"""


def _alternatives(words: str) -> str:
    found = sorted(re.findall(r"(?:\\ |\S)+", words), key=lambda word: (-len(word), word))
    return "|".join(re.escape(word.replace("\\ ", " ")).replace(r"\ ", " +").replace(r"\-", "[- ]?") for word in found)


_TIMES = r"(?:[x×]\s?(\d{1,2})|(\d{1,2})\s?[x×])"
_WORD_TIMES = (
    r"(\d{1,2})\s?(?:times|veces|vezes|volte|fois|mal|gånger|ganger|gange|kertaa|razy|krát|kez|kere|raza?|раза?|рази?|"
    r"বার|बार|مرات|مرة|بار|回|次|번)"
)
_SPELLED = {
    "bis": 2, "twice": 2, "two times": 2, "repeat": 2, "dos veces": 2, "duas vezes": 2, "due volte": 2, "deux fois": 2,
    "zweimal": 2, "дважды": 2, "مرتين": 2, "مرتان": 2, "দুইবার": 2, "দুবার": 2, "দুই বার": 2, "दो बार": 2,
    "ter": 3, "three times": 3, "tres veces": 3, "três vezes": 3, "tre volte": 3, "trois fois": 3, "dreimal": 3,
    "трижды": 3, "তিনবার": 3, "তিন বার": 3, "तीन बार": 3,
}  # fmt: skip
_SPELLED_TIMES = "(" + "|".join(_SPELLED) + ")"
_COUNT = (
    rf"(?:[(\[（]\s{{0,3}}(?:{_TIMES}|{_WORD_TIMES}|{_SPELLED_TIMES})\s{{0,3}}[)\]）]|(?<!\S){_TIMES}|×\s?(\d{{1,2}}))"
)
_COUNT_AT_END = re.compile(rf"[-–—,]?[ \t]{{0,3}}{_COUNT}[ \t]{{0,3}}[.:]?$", re.IGNORECASE)
LONGEST_COUNT = 40
_BARE_BIS = re.compile(r"^[/|\s]*bis[\s.:/|]*$", re.IGNORECASE)

_NUMBER = r"(?:[ \t]*[#№]?[ \t]*(?:\d{1,2}|[ivx]{1,4}|[a-d])(?![^\W\d_]))"
_BRACKETED = re.compile(r"^(?:\[[^\[\]]{1,120}\][ \t]*|【[^【】]{1,120}】[ \t]*|〔[^〔〕]{1,120}〕[ \t]*)+:?$")
_OPEN, _CLOSE = r"[(（{<*_#~=–—-]{1,4}[ \t]*", r"[ \t]*[)）}>*_#~=–—-]{1,4}"
_ANY = f"(?:{_alternatives(_SURE)}|{_alternatives(_DOUBTFUL)})"
_PLAIN = re.compile(rf"^(?:{_alternatives(_SURE)}){_NUMBER}?[ \t]*[:：.]?$", re.IGNORECASE)
_NUMBERED = re.compile(rf"^{_ANY}[ \t]*[#№]?[ \t]*\d{{1,2}}[ \t]*[:：.]?$", re.IGNORECASE)
_COLON = re.compile(rf"^{_ANY}{_NUMBER}?[ \t]*[:：]$", re.IGNORECASE)
_ENCLOSED = re.compile(rf"^{_OPEN}(?:{_ANY}){_NUMBER}?[ \t]*[:：]?{_CLOSE}[ \t]*[:：]?$", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """One line of lyrics in its parts.

    Parameters
    ----------
    stamps : str
        Time stamps before it.
    words : str
        What is sung; empty where the line is only a mark.
    section : str or None
        Name of the section that begins here, in lower case with its number, where the line is a section mark.
    times : int
        How often it is sung; for a line without words, what stands before it.
    mark : str
        The count or section mark as it is written.
    """

    stamps: str
    words: str
    section: str | None = None
    times: int = 1
    mark: str = ""

    @property
    def is_count(self) -> bool:
        """Whether the line is only a count, ``(x2)``."""
        return not self.words and self.section is None and bool(self.mark)


def parse(line: str) -> Line:
    """Return a line of lyrics in its parts.

    Examples
    --------
    >>> parse("[Chorus: Asha] (x2)").section
    'chorus'
    >>> parse("Come back (x2)").words
    'Come back'
    >>> parse("Chorus of angels").words
    'Chorus of angels'
    """
    stamps, text = split_times(line)
    text, stripped = text.rstrip(), text.strip()
    if _BARE_BIS.match(text) or not stripped:
        return Line(stamps, "", times=2 if stripped else 1, mark=stripped)
    rest, times = _without_counts(text)
    if not rest.strip():
        return Line(stamps, "", None, times, stripped)
    if is_section(rest.strip()):
        return Line(stamps, "", section_name(rest), times * _inner_times(rest.strip()), stripped)
    return Line(stamps, rest, None, times, text[len(rest) :])


def is_section(line: str) -> bool:
    """Return whether a line is only a section mark.

    That is: all of it in square brackets, or a section's name in one of many languages, with a number, a colon or
    other brackets. A name that songs use as a word (bridge, solo, end) must have one of them.
    """
    if len(line) > 150:
        return False
    patterns = (_PLAIN, _NUMBERED, _COLON, _ENCLOSED)
    return bool(_BRACKETED.match(line) or any(pattern.match(line) for pattern in patterns))


def section_name(mark: str) -> str:
    """Return the name in a section mark, in lower case, without brackets, count and artist."""
    inner = re.split(r"[:：]", mark.strip(" \t[]()（）{}<>*_#~=–—-【】〔〕:："))[0]
    inner = _COUNT_AT_END.sub("", inner)
    return " ".join(inner.casefold().split())


def without_sections(text: str) -> str:
    """Return lyrics without section marks and counts; where a mark stood on a line, the line goes."""
    kept: list[str] = []
    for line in text.split("\n"):
        parts = parse(line)
        if not parts.mark:
            kept.append(line)
        elif parts.words:
            kept.append(parts.stamps + parts.words.rstrip())
        elif parts.section is not None and kept and kept[-1]:
            kept.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")


def _without_counts(text: str) -> tuple[str, int]:
    """Return a line without the counts at its end, and how often they say that it is sung."""
    times = 1
    while count := _COUNT_AT_END.search(text, max(0, len(text) - LONGEST_COUNT)):
        number = _times(count)
        if number is None:
            break
        times = min(times * number, MOST_TIMES)
        text = text[: count.start()].rstrip()
    return text, times


def _inner_times(mark: str) -> int:
    """Return the count inside a mark: ``[Chorus x2]``."""
    return _without_counts(mark.strip(" \t[](){}:"))[1]


def _times(count: re.Match[str]) -> int | None:
    """Return the number that a count says, None for one that is no count of singing."""
    said = next(group for group in count.groups() if group is not None)
    number = _SPELLED.get(" ".join(said.casefold().split())) or int(said)
    return number if 1 <= number <= MOST_TIMES else None
