"""``musaic recipes``."""

from __future__ import annotations

from typing import Annotated

import typer

from musaic.cli.options import Json


def recipes(
    name: Annotated[str | None, typer.Argument(help="Print this experiment's file, to copy and change.")] = None,
    json: Json = False,
) -> None:
    """List the shipped experiments, or print one."""
    from musaic.errors import unknown
    from musaic.experiment.config import recipes as shipped

    files = shipped()
    if name is not None:
        if name not in files:
            raise unknown("recipe", name, files)
        typer.echo(files[name].rstrip())
        return
    explained = {key: _explanation(text) for key, text in files.items()}
    if json:
        import json as formatter

        typer.echo(formatter.dumps(explained, ensure_ascii=False, indent=2))
        return
    for key, text in explained.items():
        typer.echo(f"{key}\n  {text}")


def _explanation(text: str) -> str:
    """Return the comment at the top of a recipe."""
    lines = [line for line in text.splitlines()]
    comment = []
    for line in lines:
        if not line.startswith("#"):
            break
        comment.append(line.removeprefix("#").strip())
    return " ".join(comment)
