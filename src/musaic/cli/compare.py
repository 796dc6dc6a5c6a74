"""``musaic compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from musaic.cli.options import Json, Quiet


def compare(
    first: Annotated[Path, typer.Argument(help="A finished run folder.")],
    second: Annotated[Path, typer.Argument(help="Another one of the same corpus, or the same again.")],
    cell: Annotated[
        list[str] | None,
        typer.Option("--cell", metavar="NAME", help="A cell by name or its beginning; twice, or A:B, for one each."),
    ] = None,
    clustering: Annotated[
        list[str] | None,
        typer.Option("--clustering", metavar="NAME", help="A clustering, in the same way."),
    ] = None,
    seed: Annotated[
        list[int] | None, typer.Option("--seed", help="Whose clusters; the first seed by default. Once or twice.")
    ] = None,
    bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=0, help="Samples for the intervals of differences; 0 for none.")
    ] = 500,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write compare.md, scores.csv, contingency.csv and moved.csv into this folder."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Hold two runs against each other: aligned clusters, the songs that moved, scores side by side."""
    from musaic.experiment.compare import compare as compare_runs
    from musaic.progress import Reporter

    found = compare_runs(
        first,
        second,
        cell=_pair("--cell", cell),
        clustering=_pair("--clustering", clustering),
        seed=_seeds(seed),
        n_bootstrap=bootstrap,
        reporter=Reporter(quiet=quiet),
    )
    if out is not None:
        found.write(out)
    if json:
        import json as formatter

        typer.echo(formatter.dumps(found.plain(), ensure_ascii=False, indent=2, allow_nan=False))
    elif out is not None:
        typer.echo(f"comparison: {out / 'compare.md'}")
    else:
        _show(found.to_markdown())


def _show(text: str) -> None:
    """Print Markdown: laid out on a terminal, as it is into a file or a pipe."""
    import sys

    if not sys.stdout.isatty():
        typer.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


def _pair(option: str, given: list[str] | None) -> str | tuple[str, str] | None:
    """Return one name for both runs, or one for each."""
    if not given:
        return None
    names = given[0].split(":") if len(given) == 1 else given
    _at_most_two(option, names)
    if not all(names):
        raise typer.BadParameter(f"{option} {given[0]!r} leaves a side empty; give NAME, or A:B")
    return names[0] if len(names) == 1 else (names[0], names[1])


def _seeds(given: list[int] | None) -> int | tuple[int, int] | None:
    if not given:
        return None
    _at_most_two("--seed", given)
    return given[0] if len(given) == 1 else (given[0], given[1])


def _at_most_two(option: str, given: list[str] | list[int]) -> None:
    if len(given) > 2:
        raise typer.BadParameter(f"{option} names {len(given)} sides, and there are two; give it once or twice")
