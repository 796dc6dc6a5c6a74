"""``musaic paper``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from musaic.cli.options import Json, Quiet


def paper(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to; paper/ in the run folder by default.")
    ] = None,
    title: Annotated[
        str | None, typer.Option("--title", help="Its title; one that says what was done by default.")
    ] = None,
    author: Annotated[
        list[str] | None, typer.Option("--author", metavar="NAME", help="An author; repeatable. Anonymous by default.")
    ] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf/--no-pdf", help="Whether the PDF is made; the rest needs no Typst.")
    ] = True,
    compile: Annotated[
        bool, typer.Option("--compile", help="Only set the paper.typ that is there, edited or not, as a PDF.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a paper.typ that was edited.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a run as a conference paper: PDF, its Typst source to edit, LaTeX tables and BibTeX."""
    from musaic.errors import UsageError
    from musaic.paper import Paper, compile_paper, write_paper
    from musaic.progress import Reporter

    if compile:
        if title is not None or author or force or not pdf:
            raise UsageError(
                "--compile sets what is there and writes nothing new; leave out --title, --author, --force and "
                "--no-pdf."
            )
        found = compile_paper(run if out is None else out)
        made = Paper(found.parent, found, found.with_suffix(".typ"))
    else:
        made = write_paper(
            run, out=out, title=title, authors=author or (), pdf=pdf, force=force, reporter=Reporter(quiet=quiet)
        )
    if json:
        import json as formatter

        told = {
            "folder": str(made.folder),
            "pdf": None if made.pdf is None else str(made.pdf),
            "source": str(made.source),
        }
        typer.echo(formatter.dumps(told, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"paper: {made.pdf or made.source}")
