"""Patterns such as ``lyrics/{Filepath:stem}.txt``: a value made from the columns of a row."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from musaic.errors import UsageError, nearest

PARTS: dict[str, Callable[[str], str]] = {
    "": lambda value: value,
    "stem": lambda value: PurePosixPath(value).stem,
    "name": lambda value: PurePosixPath(value).name,
    "suffix": lambda value: PurePosixPath(value).suffix,
}


@dataclass(frozen=True)
class Pattern:
    """Literal text with columns in braces.

    Parameters
    ----------
    text : str
        What was written.
    pieces : tuple of (str, str or None, str)
        Literal text, the column that follows it (None after the last literal), and which part of its value.
    """

    text: str
    pieces: tuple[tuple[str, str | None, str], ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern; text without braces is the name of a column.

        Raises
        ------
        ValueError
            Where the braces do not pair, a column is not named, or a part is not one of ``PARTS``.
        """
        if "{" not in text and "}" not in text:
            return cls(text, (("", text, ""),))
        pieces = []
        try:
            parsed = list(string.Formatter().parse(text))
        except ValueError as error:
            raise ValueError(f"{text!r} is not a pattern ({error}); write columns as {{column}}") from None
        for literal, column, part, conversion in parsed:
            if column == "" or conversion:
                raise ValueError(f"{text!r} is not a pattern; write columns as {{column}} or {{column:stem}}")
            if part and part not in PARTS:
                allowed = ", ".join(sorted(name for name in PARTS if name))
                raise ValueError(
                    f"{text!r} asks for {part!r}{nearest(part, PARTS) or ';'} allowed after ':': {allowed}"
                )
            pieces.append((literal, column, part or ""))
        return cls(text, tuple(pieces))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it is made from, as written."""
        return tuple(column for _, column, _ in self.pieces if column is not None)

    @property
    def column(self) -> str | None:
        """The column, where the pattern is nothing but one column's whole value."""
        if len(self.pieces) == 1 and self.pieces[0][0] == "" and self.pieces[0][2] == "":
            return self.pieces[0][1]
        return None

    def fill(self, values: Mapping[str, str | None]) -> str | None:
        """Return the text for one row, or None where a column it needs is empty there.

        Parameters
        ----------
        values : mapping
            Values of the row by case-folded column name.
        """
        text = ""
        for literal, column, part in self.pieces:
            text += literal
            if column is not None:
                value = values.get(column.casefold())
                if not value:
                    return None
                text += PARTS[part](value)
        return text

    def check(self, columns: Iterable[str], where: str) -> None:
        """Raise the error for a column that ``where`` does not have, naming the nearest one."""
        known = {name.casefold(): name for name in columns}
        for column in self.columns:
            if column.casefold() not in known:
                raise no_column(column, known.values(), where)


def no_column(given: str, columns: Iterable[str], where: str) -> UsageError:
    """Return the error for a column that is not there: the nearest one, and all there are."""
    known = {name.casefold(): name for name in columns}
    hint = nearest(given.casefold(), known)
    for folded, name in known.items():
        hint = hint.replace(repr(folded), repr(name))
    listed = ", ".join(known.values()) or "none"
    return UsageError(f"{where} has no column {given!r}{hint or '.'} Its columns: {listed}.")
