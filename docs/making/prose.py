"""Small things that generated Markdown is made of: tables, and what numpydoc says of a parameter."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple


class Told(NamedTuple):
    """What a docstring says of one parameter or attribute: its type line, and the sentences below."""

    kind: str
    about: str


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; line breaks in cells become spaces, and ``|`` is escaped where it is no code."""

    def escaped(cell: str) -> str:
        parts = " ".join(cell.split()).split("`")
        return "`".join(part if number % 2 else part.replace("|", "\\|") for number, part in enumerate(parts))

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(map(escaped, cells))} |"

    return "\n".join([line(head), line(["---"] * len(head)), *map(line, rows)])


def code(text: object) -> str:
    """Return a text as code; nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def first_paragraph(thing: Any) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def described(cls: type) -> dict[str, Told]:
    """Return what a class and its bases say of their parameters and attributes, by name; the class itself wins.

    A base is asked too where a class says no more than ``As in`` another.
    """
    from griffe import Docstring, DocstringSectionKind, parse_numpy

    wanted = (DocstringSectionKind.parameters, DocstringSectionKind.attributes)
    found: dict[str, Told] = {}
    for one in reversed(cls.__mro__):
        for section in parse_numpy(Docstring(inspect.cleandoc(one.__doc__ or "")), warnings=False):
            for item in section.value if section.kind in wanted else ():
                for name in (part.strip() for part in item.name.split(",")):
                    told = Told(str(item.annotation or ""), " ".join(item.description.split()))
                    if name not in found or not told.about.startswith(("As in", "As for")):
                        found[name] = told
    return found
