"""One table, written twice: for the paper in Typst, and for other papers in LaTeX with ``booktabs``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from musaic.paper.markup import Markup, escape, name, string
from musaic.report.palette import cut
from musaic.runs.leaderboard.latex import OPENING, escaped

LONGEST = 90
"""Characters of a cell."""


@dataclass(frozen=True)
class Column:
    """A column: its heading, where its cells stand, and whether it takes what width is left."""

    heading: str
    align: str = "left"
    stretch: bool = False


@dataclass(frozen=True)
class Cell:
    """The text of a cell, and whether it stands out."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Parameters
    ----------
    name : str
        Of its file; ``tab:<name>`` refers to it.
    caption : str
        Plain text.
    columns : sequence of Column
        From left to right.
    rows : sequence of sequence of str or Cell
        Plain texts, a row each; None is a line between rows.
    wide : bool
        Whether it takes both columns of the page.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Cell] | None]
    wide: bool = False

    @property
    def label(self) -> str:
        """What refers to it."""
        return f"tab:{self.name}"

    def typst(self) -> Markup:
        """Return the table as a figure of the paper."""
        lines = [
            "#figure(",
            *(['  scope: "parent",'] if self.wide else []),
            "  placement: auto,",
            f"  caption: [{escape(self.caption)}],",
            "  booktabs(",
            f"    columns: ({', '.join('1fr' if column.stretch else 'auto' for column in self.columns)},),",
            f"    align: ({', '.join(column.align for column in self.columns)},),",
            f"    table.header({', '.join(f'[{escape(column.heading)}]' for column in self.columns)}),",
            "    table.hline(stroke: 0.4pt),",
            *(f"    {self._typst_row(row)}" for row in self.rows),
            "  ),",
            f") <{self.label}>",
        ]
        return Markup("\n".join(lines))

    @staticmethod
    def _typst_row(row: Sequence[str | Cell] | None) -> str:
        if row is None:
            return "table.hline(stroke: 0.3pt),"
        cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
        return " ".join(
            f"[#strong[{name(cell.text, LONGEST)}]]," if cell.bold else f"[{name(cell.text, LONGEST)}],"
            for cell in cells
        )

    def latex(self) -> str:
        """Return the table as a float of LaTeX."""
        kind = "table*" if self.wide else "table"
        letters = {"left": "l", "right": "r", "center": "c"}
        return "\n".join(
            [
                OPENING.rstrip(),
                rf"\begin{{{kind}}}",
                r"\centering",
                r"\footnotesize",
                rf"\caption{{{escaped(self.caption)}}}",
                rf"\label{{{self.label}}}",
                rf"\begin{{tabular}}{{{''.join(letters[column.align] for column in self.columns)}}}",
                r"\toprule",
                f"{' & '.join(escaped(column.heading) for column in self.columns)} \\\\",
                r"\midrule",
                *(self._latex_row(row) for row in self.rows),
                r"\bottomrule",
                r"\end{tabular}",
                rf"\end{{{kind}}}",
                "",
            ]
        )

    @staticmethod
    def _latex_row(row: Sequence[str | Cell] | None) -> str:
        if row is None:
            return r"\midrule"
        cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
        told = [
            rf"\textbf{{{escaped(cut(cell.text, LONGEST))}}}" if cell.bold else escaped(cut(cell.text, LONGEST))
            for cell in cells
        ]
        return f"{' & '.join(told)} \\\\"


@dataclass(frozen=True)
class Picture:
    """A figure: its file beside the source, what it shows, and what those read who cannot see it.

    Parameters
    ----------
    name : str
        Of its file in ``figures/``, without its ending; ``fig:<name>`` refers to it.
    caption : Markup
        May refer to other parts of the paper.
    alt : str
        In plain words.
    wide : bool
        Whether it takes both columns of the page.
    """

    name: str
    caption: Markup
    alt: str
    wide: bool = False

    def typst(self) -> Markup:
        """Return the figure."""
        lines = [
            "#figure(",
            *(['  scope: "parent",'] if self.wide else []),
            "  placement: auto,",
            f"  caption: [{self.caption}],",
            f"  image({string(f'figures/{self.name}.svg')}, width: 100%, alt: {string(self.alt)}),",
            f") <fig:{self.name}>",
        ]
        return Markup("\n".join(lines))
