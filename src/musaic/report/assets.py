"""The script and the styles that both screens share, as they are put into a page."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

from musaic.errors import MusaicError


@dataclass(frozen=True)
class Asset:
    """A file of the bundle.

    Parameters
    ----------
    name : str
        ``musaic.js`` or ``musaic.css``.
    text : str
        What it holds; stands in the page exactly so, or its hash does not fit.
    """

    name: str
    text: str

    @cached_property
    def source(self) -> str:
        """What a Content-Security-Policy calls it: ``'sha256-…'``, quotes included."""
        return f"'sha256-{base64.b64encode(hashlib.sha256(self.text.encode()).digest()).decode()}'"


def script() -> Asset:
    """Return the script; `MusaicError` where the installation lacks it."""
    return _asset("musaic.js", "</script")


def style() -> Asset:
    """Return the styles; `MusaicError` where the installation lacks them."""
    return _asset("musaic.css", "</style")


def _asset(name: str, end: str) -> Asset:
    try:
        text = (resources.files("musaic.report") / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise MusaicError(
            f"this installation lacks {name}, which the pages are drawn with; install musaic again, or build it with "
            "'make web'."
        ) from None
    if end in text.lower():  # would end the element that it stands in
        raise MusaicError(f"{name} holds {end!r} and cannot stand in a page; build it again with 'make web'.")
    return Asset(name, text)
