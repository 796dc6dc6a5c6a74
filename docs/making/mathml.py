"""Equations: written in LaTeX, served as MathML, which browsers draw by themselves, without any script."""

from __future__ import annotations

import html
import re

_EQUATION = re.compile(
    r'<(span|div) class="arithmatex">\s*(?:\\\((?P<inline>.*?)\\\)|\\\[(?P<block>.*?)\\\])\s*</\1>', re.DOTALL
)


def to_mathml(page: str) -> str:
    """Return the HTML of a page with its equations, as ``pymdownx.arithmatex`` leaves them, as MathML."""
    from latex2mathml.converter import convert

    def drawn(found: re.Match[str]) -> str:
        block = found["block"] is not None
        latex = html.unescape(found["block"] if block else found["inline"]).strip()
        return str(convert(latex, display="block" if block else "inline"))

    return _EQUATION.sub(drawn, page)
