"""The commands by name. Each imports what it needs when it is called, so that ``--help`` answers at once."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from musaic import __version__
from musaic.cli.assign import assign
from musaic.cli.cluster import cluster
from musaic.cli.compare import compare
from musaic.cli.corpus import corpus_app
from musaic.cli.demo import demo
from musaic.cli.doctor import doctor
from musaic.cli.download import download
from musaic.cli.explore import explore
from musaic.cli.export import export
from musaic.cli.features import features
from musaic.cli.paper import paper
from musaic.cli.playlist import playlist
from musaic.cli.recipes import recipes
from musaic.cli.report import report
from musaic.cli.run import run
from musaic.cli.speak import speak
from musaic.cli.transcribe import transcribe

app = typer.Typer(
    name="musaic",
    help="Songs in any language in; a learned latent space, clusters to be believed and a map out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _everywhere(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where in the code a failure arose.")] = False,
) -> None:
    if traceback:
        os.environ["MUSAIC_TRACEBACK"] = "1"


app.command()(demo)
app.command()(run)
app.command()(cluster)
app.command()(features)
app.command()(report)
app.command()(explore)
app.command()(export)
app.command()(paper)
app.command()(playlist)
app.command()(compare)
app.command()(assign)
app.command()(transcribe)
app.command()(speak)
app.command()(recipes)
app.command()(download)
app.command()(doctor)
app.add_typer(corpus_app, name="corpus")
