"""``musaic explore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from musaic.cli.options import Cache, Quiet


def explore(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    second: Annotated[Path | None, typer.Argument(help="Another one, to be seen beside it.")] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Port to listen at; 0 for any free one. 8642 by default."),
    ] = None,
    host: Annotated[
        str,
        typer.Option("--host", help="Address to listen at; any but this machine's own asks for the token in the URL."),
    ] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the page, only print its URL.")] = False,
    corpus: Annotated[Path | None, typer.Option("--corpus", help="Where the corpus lies now, if it was moved.")] = None,
    follow_links: Annotated[
        bool, typer.Option("--follow-links", help="Play songs too that links in the corpus lead to, outside of it.")
    ] = False,
    cache: Cache = None,
    quiet: Quiet = False,
) -> None:
    """See and hear a run in the browser, or two side by side, until Ctrl-C."""
    from musaic.explorer.launch import explore as serve

    if not quiet:
        typer.echo("Reading the run; Ctrl-C ends it.", err=True)
    serve(
        [run] if second is None else [run, second],
        host=host,
        port=port,
        browser=not no_browser,
        corpus=corpus,
        cache=cache,
        follow_links=follow_links,
        say=typer.echo,
    )
