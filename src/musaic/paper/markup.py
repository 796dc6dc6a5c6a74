"""Typst markup: sentences with values filled in, and every value that is not markup already escaped.

Templates are ours; what is filled in is a stranger's. `say` is the only way from one to the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from musaic.report.palette import cut
from musaic.report.words import visible

LONGEST_NAME = 44
"""Characters of a name in a sentence or a table; a column bears no longer word."""

_ALWAYS = frozenset("\\#$*_`~@<>[]'\"")
_ISOLATE, _POP = "\u2068", "\u2069"
_TURNED = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]"
_BREAKS = re.compile("[,;“”·]")
_RIGHT_TO_LEFT = re.compile(f"{_TURNED}(?:[^,;“”·]*{_TURNED})?")


class Markup(str):
    """Text that Typst may read as markup."""

    __slots__ = ()


def escape(text: object) -> Markup:
    """Return markup that shows a text as it is, whatever characters it has.

    Control characters and turns of direction are shown, not obeyed. A name that is written from right to left is
    isolated, so that it does not turn what stands around it.
    """
    shown = _isolated(visible(text))
    padded = f" {shown} "
    counted = len(shown) - len(shown.lstrip("0123456789"))  # "1." begins a list
    return Markup("".join(_escaped(*padded[i : i + 3], first=i in (0, counted)) for i in range(len(shown))))


def _isolated(text: str) -> str:
    """Return a text in which what runs from right to left stands for itself.

    The whole of a name that begins so; of a list, or of a name that only holds such words, every stretch of them.
    """
    directions = (unicodedata.bidirectional(one) for one in text)
    first = next((one for one in directions if one in ("L", "R", "AL")), "L")
    if first != "L" and not _BREAKS.search(text):
        return f"{_ISOLATE}{text}{_POP}"
    return _RIGHT_TO_LEFT.sub(lambda found: f"{_ISOLATE}{found[0]}{_POP}", text)


def _escaped(before: str, character: str, after: str, *, first: bool) -> str:
    """Return a character, behind a backslash where it could mean something to Typst in that place."""
    plain = character not in _ALWAYS
    if character == "-":
        plain = before.isalpha() and after.isalpha()
    elif character == "/":
        plain = before.isalnum() and after.isalnum()
    elif character in "+=":
        plain = not (first and after.isspace())
    elif character == ".":
        plain = "." not in (before, after) and not (first and after.isspace())
    return character if plain else f"\\{character}"


def name(text: object, most: int = LONGEST_NAME) -> Markup:
    """Return a name from the corpus or the experiment, on one line and cut where it is too long for a column."""
    return escape(cut(text, most))


def say(template: str, /, **values: object) -> Markup:
    """Return a template of markup with values in the places in braces; what is no `Markup` is escaped.

    Parameters
    ----------
    template : str
        Markup as `str.format` takes it; never from outside.
    **values
        One a place.
    """
    filled = {key: value if isinstance(value, Markup) else escape(value) for key, value in values.items()}
    return Markup(template.format(**filled))


def p_of(value: float) -> Markup:
    """Return a p-value; one that rounds to 0 as what it is below."""
    least = 0.001
    return Markup(f"_p_~\\<~{least}" if value < least / 2 else f"_p_~=~{value:.3f}")


def join(parts: Iterable[str], between: str = " ") -> Markup:
    """Return parts that are there, one after the other."""
    return Markup(between.join(part for part in parts if part))


def listed(words: Sequence[object], last: str = "and") -> Markup:
    """Return words as they are listed in a sentence: ``a``, ``a and b``, ``a, b, and c``."""
    every = [word if isinstance(word, Markup) else escape(word) for word in words]
    if len(every) < 3:
        return Markup(f" {last} ".join(every))
    return Markup(f"{', '.join(every[:-1])}, {last} {every[-1]}")


def cite(*keys: str) -> Markup:
    """Return references to works, by their keys in `musaic.paper.works`."""
    return Markup("".join(f"@{key}" for key in keys))


def string(text: object) -> str:
    """Return a string literal of Typst."""
    kept = visible(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{kept}"'


def cited(markup: str) -> set[str]:
    """Return the keys that markup refers to: of works, and of tables and figures."""
    return set(re.findall(r"(?<!\\)@([A-Za-z][\w:-]*\w)", markup))
