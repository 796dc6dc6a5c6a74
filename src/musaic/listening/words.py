"""Text of strangers, made fit for a line or a file name, and compared whatever its case, width and composition."""

from __future__ import annotations

import unicodedata

# Marks that turn or hide the text after them until they are closed; letters and their joiners need none of them.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
BREAKS = frozenset(("Cc", "Cs", "Zl", "Zp"))
"""Categories of characters that end a line, steer a terminal, or are no characters."""


def one_line(text: str) -> str:
    """Return text as one line, composed: control characters and line breaks are spaces, runs of spaces are one.

    Direction overrides and isolates are taken out, so that a title does not turn what stands after it; text from right
    to left needs none, and joiners stay.
    """
    kept = (" " if unicodedata.category(sign) in BREAKS else sign for sign in text if sign not in _TURNS)
    return unicodedata.normalize("NFC", " ".join("".join(kept).split()))


def fold(text: str) -> str:
    """Return what spellings have in common that differ in case, width, composition or spaces alone."""
    return unicodedata.normalize("NFKC", " ".join(unicodedata.normalize("NFKC", text).casefold().split()))


def file_name(text: str, mark: str = "") -> str:
    """Return text as a name that any file system takes, without an ending; a mark stands whole after it."""
    plain = "".join("-" if sign in '/\\:*?"<>|' else sign for sign in one_line(text))
    # 150 bytes leave room for mark, ending and what is written beside the file while it is made
    short = plain.encode()[:150].decode(errors="ignore").strip(" .")
    return " ".join(filter(None, (short, mark))) or "playlist"
