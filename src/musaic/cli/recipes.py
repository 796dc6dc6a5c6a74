"""``musaic recipes``."""

from __future__ import annotations

import itertools
import textwrap
from typing import Annotated, Any

import typer

from musaic.cli.options import Json


def recipes(
    name: Annotated[str | None, typer.Argument(help="Print this experiment's file, to copy and change.")] = None,
    json: Json = False,
) -> None:
    """List the shipped experiments, or print one."""
    from musaic.errors import unknown
    from musaic.experiment.loading import recipes as shipped

    files = shipped()
    if name is not None:
        if name not in files:
            raise unknown("recipe", name, files)
        typer.echo(files[name].rstrip())
        return
    explained = {key: _explained(key, text) for key, text in files.items()}
    if json:
        import json as formatter

        typer.echo(formatter.dumps(explained, ensure_ascii=False, indent=2))
        return
    for key, told in explained.items():
        typer.echo(f"{key}\n{textwrap.indent(textwrap.fill(told['about'], 100), '  ')}")
        phases = f"; phases: {', '.join(told['phases'])}" if told["phases"] else ""
        faithful = "; --faithful" if told["faithful"] else ""
        typer.echo(f"  {told['cells']} cells{phases}{faithful}\n")
    typer.echo("Run one with 'musaic run NAME --corpus PATH', try it with --quick, cost it with --dry-run.")


def _explained(name: str, text: str) -> dict[str, Any]:
    """Return what a recipe is about, how many cells it has, and in which phases."""
    from musaic.experiment.loading import load_experiment

    experiment = load_experiment(name)
    phases = list(dict.fromkeys(cell.phase for cell in experiment.cells if cell.phase))
    about = experiment.about or _comment(text)
    return {
        "about": about,
        "cells": len(experiment.cells),
        "phases": phases,
        "faithful": bool(experiment.faithful),
    }


def _comment(text: str) -> str:
    """Return the comment at the top of a recipe."""
    lines = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    return " ".join(line.removeprefix("#").strip() for line in lines)
