"""``musaic report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from musaic.cli.options import Json, Quiet


def report(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw a run's figures and write its report again, from what is on disk."""
    from musaic.progress import Reporter
    from musaic.report import draw_report

    page = draw_report(run, reporter=Reporter(quiet=quiet))
    if json:
        import json as formatter

        typer.echo(formatter.dumps({"report": str(page)}, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"report: {page}")
