"""Numbers and names as the page writes them; everything from outside is escaped here or by the template."""

from __future__ import annotations

import re
import unicodedata

from markupsafe import Markup

from musaic.report.palette import DIRECTION_CONTROLS
from musaic.report.reading import number


def score(value: object, digits: int = 3) -> str:
    """Return a number with a true minus sign and fixed decimals; an en dash where there is none."""
    found = number(value)
    if found is None:
        return "–"
    text = f"{found:.{digits}f}"
    return "0" + text[2:] if text.strip("-0.") == "" and text.startswith("-") else text.replace("-", "−")


def signed_score(value: object, digits: int = 3) -> str:
    """Return a difference, its sign always in front."""
    text = score(value, digits)
    return f"+{text}" if text[0].isdigit() and text.strip("0.") else text


def signed(text: str) -> str:
    """Return a sentence whose negative numbers have true minus signs; hyphens within words stay."""
    return re.sub(r"(?<![\w.-])-(?=\.?\d)", "−", text)


def spread(value: object, digits: int = 3) -> str:
    """Return ``± sd`` or nothing."""
    return "" if number(value) is None else f"± {score(value, digits)}"


def share(value: object) -> str:
    """Return a share in percent."""
    found = number(value)
    return "–" if found is None else f"{100 * found:.0f} %"


def count(value: object) -> str:
    """Return a whole number with thin separators."""
    found = number(value)
    return "–" if found is None else f"{found:,.0f}".replace(",", "\u202f")


def plural(n: int, one: str, many: str | None = None) -> str:
    """Return ``1 song`` or ``3 songs``."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return a length of time in words."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def visible(text: object, *, lines: bool = False) -> str:
    """Return a text in which control characters and turns of direction can be seen and do nothing.

    Parameters
    ----------
    text : object
        Its ``str`` is taken.
    lines : bool
        Keep line breaks.
    """
    shown = []
    for character in str(text):
        if lines and character == "\n":
            shown.append(character)
        elif ord(character) < 32:
            shown.append(chr(0x2400 + ord(character)))
        elif unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or (
            unicodedata.bidirectional(character) in DIRECTION_CONTROLS
        ):
            shown.append(f"⟨U+{ord(character):04X}⟩")
        else:
            shown.append(character)
    return "".join(shown)


def name(text: object) -> Markup:
    """Return a name from outside: escaped, and isolated so that its direction does not turn what stands around it."""
    return Markup("<bdi>{}</bdi>").format(visible(text))
