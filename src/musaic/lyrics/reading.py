"""From text as it was found to clean lyrics with a language, or a word on why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import regex

from musaic.errors import UsageError
from musaic.lyrics import cleaning, repeats, sections, times
from musaic.lyrics.instrumental import says_instrumental
from musaic.lyrics.language import UNKNOWN, detect
from musaic.lyrics.status import LyricsStatus

MAX_LENGTH = 200_000
"""Characters; a libretto has fewer."""

MAX_DAMAGE = 0.01
"""Share of characters that may be damaged where the rest can be read."""

MAX_ACCENTED = 0.6
"""Share of letters with a Western accent above which no language writes: another alphabet read as Western."""

REPAIRED = "read twice in a wrong encoding; repaired"

Times = Literal["remove", "keep"]
Sections = Literal["remove", "keep"]
Repeats = Literal["keep", "once", "expand"]
Diacritics = Literal["keep", "remove"]

_CONTROL = regex.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f]")
_LOST = regex.compile("[\ufffd\x80-\x84\x86-\x9f\ud800-\udfff]")
_LETTER = regex.compile(r"\p{L}")
_ACCENTED = regex.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]")
_DOCUMENTS = (("{\\rtf", "an RTF document"), ("%PDF-", "a PDF document"), ("PK\x03\x04", "a zip archive or a document"))


@dataclass(frozen=True)
class Lyrics:
    """What came of one text.

    Parameters
    ----------
    text : str or None
        Clean lyrics; None where the text cannot be used.
    status : str
        A value of `LyricsStatus`.
    reason : str or None
        For the owner of the file: why the text cannot be used, or what was repaired in it.
    language : str
        ISO 639-1 code (639-3 where there is none); ``und`` where it is not known well enough or there is no text.
    confidence : float
        Of the best language, from 0 to 1, below the threshold too; as `musaic.lyrics.language.Detection` defines it.
    languages : tuple of (str, float)
        Languages of the lines by share of letters, largest first; more than one where the text is mixed.
    """

    text: str | None
    status: str
    reason: str | None = None
    language: str = UNKNOWN
    confidence: float = 0.0
    languages: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Reader:
    """Reads lyrics; can be sent to another process.

    Parameters
    ----------
    times : 'remove' or 'keep'
        Time stamps of the LRC format; kept, they stand as ``[mm:ss.xx]`` before the line.
    sections : 'remove' or 'keep'
        Marks such as ``[Chorus]``, ``Verse 1:`` and ``(x2)``.
    repeats : 'keep', 'once' or 'expand'
        As written; each line once; or what the marks say to be sung again written out.
    diacritics : 'keep' or 'remove'
        Arabic harakat and Hebrew niqqud.
    threshold : float in [0, 1]
        Confidence below which the language is ``und``.

    Raises
    ------
    UsageError
        Where an option has a value that is not allowed.
    """

    times: Times = "remove"
    sections: Sections = "remove"
    repeats: Repeats = "keep"
    diacritics: Diacritics = "keep"
    threshold: float = 0.5

    def __post_init__(self) -> None:
        for name, kind in (("times", Times), ("sections", Sections), ("repeats", Repeats), ("diacritics", Diacritics)):
            if getattr(self, name) not in get_args(kind):
                raise UsageError(f"{name} is {getattr(self, name)!r}; allowed: {', '.join(get_args(kind))}.")
        if not 0 <= self.threshold <= 1:
            raise UsageError(f"threshold is {self.threshold}; give a confidence from 0 to 1.")

    def __call__(self, text: str | None) -> Lyrics:
        """Return clean lyrics and their language, or what is wrong with a text. No text raises.

        Parameters
        ----------
        text : str or None
            As it was decoded; None where there are no lyrics.
        """
        refused = _refused(text)
        if refused is not None or text is None:
            return refused or _no(LyricsStatus.MISSING, "there are no lyrics")
        repaired = cleaning.repair(text.rstrip("\0"))
        damaged = _damaged(repaired)
        if damaged is not None:
            return damaged
        clean = cleaning.clean(repaired, diacritics=self.diacritics)
        clean = times.with_times(clean) if self.times == "keep" else times.without_times(clean)
        sung = times.without_times(clean)
        if not _LETTER.search(sung):
            return _no(LyricsStatus.NO_WORDS, "there are no words in it, only signs, digits or marks that are not seen")
        if says_instrumental(sung):
            return _no(LyricsStatus.INSTRUMENTAL, "the text says that there is nothing sung")
        clean = self._as_asked(clean)
        sung = times.without_times(clean) if self.times == "keep" else clean
        sung = sections.without_sections(sung) if self.sections == "keep" else sung
        if not _LETTER.search(sung):
            return _no(LyricsStatus.NO_WORDS, "there are only section marks in it")
        found = detect(sung, self.threshold)
        reason = REPAIRED if repaired != text and _was_mojibake(text, repaired) else None
        return Lyrics(clean, LyricsStatus.OK, reason, found.language, found.confidence, found.languages)

    def _as_asked(self, text: str) -> str:
        if self.repeats == "expand":
            text = repeats.expanded(text)
        if self.sections == "remove":
            text = sections.without_sections(text)
        if self.repeats == "once":
            text = repeats.once(text)
        return text


def _refused(text: str | None) -> Lyrics | None:
    """Return what is wrong with a text that is not worth reading; costs next to nothing."""
    if text is None:
        return _no(LyricsStatus.MISSING, "there are no lyrics")
    if len(text) > MAX_LENGTH:
        return _no(
            LyricsStatus.TOO_LONG,
            f"the text has {len(text):,} characters, more than the words of any song ({MAX_LENGTH:,} are allowed)",
        )
    if not text.strip():
        return _no(LyricsStatus.EMPTY, "there is no text in it")
    for beginning, kind in _DOCUMENTS:
        if text.startswith(beginning):
            return _no(LyricsStatus.BINARY, f"it is {kind}, not plain text; save the words as a text file in UTF-8")
    n_control = len(_CONTROL.findall(text.rstrip("\0")))
    if n_control > MAX_DAMAGE * len(text):
        return _no(
            LyricsStatus.BINARY, f"it is not text: {n_control:,} of {len(text):,} characters are control characters"
        )
    return None


def _damaged(text: str) -> Lyrics | None:
    """Return what is wrong with a text whose characters are not those that were written."""
    from ftfy.badness import badness

    n_letters = len(_LETTER.findall(text))
    n_lost = len(_LOST.findall(text))
    if n_lost > MAX_DAMAGE * (n_letters + n_lost):
        said = f"characters of it were lost in a wrong encoding ({n_lost:,})"
    elif n_letters >= 10 and len(_ACCENTED.findall(text)) > MAX_ACCENTED * n_letters:
        said = "it is of another alphabet and was read as Western text"
    elif not text.isascii() and badness(text) > max(2, MAX_DAMAGE * len(text)):
        said = "it was read in a wrong encoding and cannot be repaired"
    else:
        return None
    return _no(LyricsStatus.GARBLED, f"{said}; save the words again as UTF-8")


def _was_mojibake(text: str, repaired: str) -> bool:
    """Return whether a repair made other letters, not only took away what is not seen."""
    return sorted(filter(str.isalpha, text)) != sorted(filter(str.isalpha, repaired))


def _no(status: LyricsStatus, reason: str) -> Lyrics:
    return Lyrics(None, status, reason)
