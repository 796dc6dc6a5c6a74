"""``musaic report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from musaic.cli.options import Json, Quiet


def report(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    corpus: Annotated[
        Path | None, typer.Option("--corpus", help="Where the songs lie now, if they were moved since the run.")
    ] = None,
    embed_clips: Annotated[
        bool,
        typer.Option(
            "--embed-clips",
            help="Put excerpts of the songs into the page, so that they sound wherever it goes: heavier, and it then "
            "holds other people's recordings.",
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The page; report.html in the run folder by default.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw a run's figures and write its report again, from what is on disk."""
    from musaic.progress import Reporter
    from musaic.report import draw_report

    page = draw_report(run, corpus=corpus, out=out, embed_clips=embed_clips, reporter=Reporter(quiet=quiet))
    if json:
        import json as formatter

        typer.echo(formatter.dumps({"report": str(page)}, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"report: {page}")
