"""``paper/``: PDF, source, figures, LaTeX tables and BibTeX of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from musaic.errors import MusaicError, UsageError
from musaic.files import atomic, write_text
from musaic.paper import document
from musaic.paper.facts import Facts
from musaic.paper.figures import FIGURES, write_figures
from musaic.paper.letters import FILES, LICENCE, copy_fonts
from musaic.paper.markup import cited
from musaic.paper.sections import Block
from musaic.paper.sections.groups import clusters_table
from musaic.paper.sections.opening import title as own_title
from musaic.paper.sections.representations import models_table
from musaic.paper.sections.tongues import language_table
from musaic.paper.table import Table
from musaic.paper.works import WORKS, bibtex
from musaic.progress import SILENT, Reporter
from musaic.report.fonts import SHIPPED
from musaic.runs import Run, open_run
from musaic.runs.leaderboard.latex import to_latex

TABLES = ("corpus", "models", "ranking", "verdict", "language", "by-language", "transfer", "clusters", "leaderboard")
"""All that there may be."""

STAMP = "// As written, before any edit: "
"""How a source begins; what follows is the hash of the rest."""


@dataclass(frozen=True)
class Paper:
    """What was written.

    Attributes
    ----------
    folder : Path
        Where everything lies.
    pdf : Path or None
        The paper; None where it was not asked for.
    source : Path
        The same in Typst, to edit.
    """

    folder: Path
    pdf: Path | None
    source: Path


def write_paper(
    run: Run | Path | str,
    *,
    out: Path | str | None = None,
    title: str | None = None,
    authors: Sequence[str] = (),
    pdf: bool = True,
    force: bool = False,
    reporter: Reporter = SILENT,
) -> Paper:
    """Write a run as a paper.

    Every number in it comes from the run's files. Rows that are leaked, collapsed or of low coverage are marked in
    tables and in no sentence claimed.

    Parameters
    ----------
    run : Run, Path or str
        A run, or its folder; nothing but the folder is read.
    out : Path or str, optional
        The folder that is written; ``paper`` in the run folder by default. A paper that lies there is replaced, unless
        its source was edited.
    title : str, optional
        One that says how many songs were clustered, and how, by default.
    authors : sequence of str
        As they are to stand below the title; an anonymous paper by default.
    pdf : bool
        Whether the PDF is made; it takes the ``typst`` package (``pip install 'musaic[paper]'``).
    force : bool
        Replace a source that was edited too.
    reporter : Reporter
        Told which scripts no font here can show.

    Returns
    -------
    Paper
        ``paper.pdf``, ``paper.typ`` (which needs nothing outside its folder), ``references.bib``, ``figures/*.svg``,
        ``tables/*.tex``, and ``fonts/`` where letters ask for more than Typst has. Equal folders give equal bytes.

    Raises
    ------
    UsageError
        Where ``run`` is no run folder, ``out`` is a file or a run folder, or the source there was edited.
    MusaicError
        Where the run has no leaderboard yet, a file of it is damaged, or ``typst`` is missing: then everything but the
        PDF has been written.
    """
    opened = run if isinstance(run, Run) else open_run(run)
    folder = opened.path / "paper" if out is None else Path(out)
    source = folder / "paper.typ"
    _refuse(folder, source, force=force)
    facts = Facts(opened.path)
    drawn = write_figures(facts, folder / "figures")
    blocks = document.sections(facts, drawn)
    fonts = copy_fonts(_texts(blocks, title, authors), folder / "fonts", reporter)
    text = document.source(blocks, title=title or own_title(facts), authors=authors, fonts=fonts)
    parts = {"references.bib": bibtex(cited(text) & set(WORKS)), "paper.typ": stamped(_writable(text))}
    parts |= {f"tables/{name}.tex": _writable(latex) for name, latex in _latex(facts, blocks).items()}
    for name, written in parts.items():
        write_text(folder / name, written)
    parts |= {f"figures/{name}.svg": "" for name in drawn} | {f"fonts/{FILES[family]}": "" for family in fonts}
    _clear(folder, {*parts, *([f"fonts/{LICENCE}"] if set(fonts) & set(SHIPPED) else [])})
    return Paper(folder, _compiled(source) if pdf else None, source)


def compile_paper(folder: Path | str) -> Path:
    """Set the source of a paper anew, edited or not, and return the PDF.

    Parameters
    ----------
    folder : Path or str
        A folder that `write_paper` wrote, or a run folder with such a ``paper/`` in it.

    Raises
    ------
    UsageError
        Where there is no ``paper.typ``.
    MusaicError
        Where ``typst`` is missing, or cannot set the source.
    """
    given = Path(folder)
    source = next((one / "paper.typ" for one in (given, given / "paper") if (one / "paper.typ").is_file()), None)
    if source is None:
        raise UsageError(f"{given} holds no paper.typ; write the paper first, with 'musaic paper {given}'.")
    return _compiled(source)


def _refuse(folder: Path, source: Path, *, force: bool) -> None:
    """Raise `UsageError` where a paper may not be written."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name the folder that the paper is to be written to.")
    if (folder / "experiment.yaml").is_file():
        raise UsageError(
            f"{folder} is a run folder; name a folder of its own for the paper, such as {folder / 'paper'}."
        )
    if source.is_file() and not force and edited(source.read_text(encoding="utf-8", errors="replace")):
        raise UsageError(f"{source} was edited since it was written; name another folder, or replace it with --force.")


def stamped(text: str) -> str:
    """Return a source with a line on top that tells whether it was edited since."""
    return f"{STAMP}{_digest(text)}\n{text}"


def edited(text: str) -> bool:
    """Say whether a source is not as it was written."""
    first, _, rest = text.partition("\n")
    return first != f"{STAMP}{_digest(rest)}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _clear(folder: Path, written: set[str]) -> None:
    """Remove what an earlier paper left that this one does not have, and its PDF."""
    own = {f"figures/{name}.svg" for name in FIGURES} | {f"fonts/{name}" for name in (*FILES.values(), LICENCE)}
    own |= {f"tables/{name}.tex" for name in TABLES} | {"paper.pdf"}
    for name in sorted(own - written):
        (folder / name).unlink(missing_ok=True)


def _texts(blocks: Sequence[Block], title: str | None, authors: Sequence[str]) -> list[str]:
    """Return everything that the paper writes."""
    return [*(block if isinstance(block, str) else block.typst() for block in blocks), title or "", *authors]


def _writable(text: str) -> str:
    """Return a text without halves of surrogate pairs, which a file name may have and no encoding can write."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _latex(facts: Facts, blocks: Sequence[Block]) -> dict[str, str]:
    """Return name -> LaTeX of every table, those whole that the paper has cut; and the leaderboard of every label."""
    whole = [models_table(facts), language_table(facts), clusters_table(facts)]
    tables = {block.name: block for block in blocks if isinstance(block, Table)}
    tables |= {table.name: table for table in whole if table}
    board = facts.results.leaderboard.drop(columns="seconds", errors="ignore")
    return {name: table.latex() for name, table in tables.items()} | {
        "leaderboard": to_latex(board, facts.results.verdict or "")
    }


def _compiled(source: Path) -> Path:
    """Make the PDF of a source, from what lies in its folder."""
    try:
        import typst
    except ImportError as error:
        raise MusaicError(
            f"the PDF needs Typst, which is not installed; everything else lies in {source.parent}: run "
            "pip install 'musaic[paper]' and the same command again."
        ) from error
    fonts = source.parent / "fonts"
    pdf = source.parent / "paper.pdf"
    try:
        made = typst.compile(str(source), root=str(source.parent), font_paths=[str(fonts)] if fonts.is_dir() else [])
    except typst.TypstError as error:
        raise MusaicError(
            f"Typst cannot set {source}: {error.message}; mend it there, or write the paper again."
        ) from error
    with atomic(pdf) as temporary:
        temporary.write_bytes(bytes(made))
    return pdf
