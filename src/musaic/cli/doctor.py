"""``musaic doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from musaic.cli.options import Cache, Json


def doctor(
    cache: Cache = None,
    json: Json = False,
    strict: Annotated[bool, typer.Option("--strict", help="End with 1 where something needed is missing.")] = False,
) -> None:
    """Say what this machine can do, what is missing, and the command that mends it."""
    from musaic.doctor import examine

    findings = examine(cache)
    if json:
        import json as formatter

        typer.echo(formatter.dumps([finding.plain() for finding in findings], ensure_ascii=False, indent=2))
    else:
        width = max(len(finding.topic) for finding in findings)
        marks = {"ok": "ok", "optional": "--", "missing": "!!"}
        for finding in findings:
            typer.echo(f"{marks[finding.state]}  {finding.topic:<{width}}  {finding.detail}")
            if finding.mend:
                typer.echo(f"{'':{width + 4}}  → {finding.mend}")
    if strict and any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)
