"""``musaic demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from musaic.cli.options import Cache, Force, Json, Quiet, Scheduler, Workers


def demo(
    out: Annotated[Path, typer.Option("--out", help="The run folder.")] = Path("runs/demo"),
    corpus_only: Annotated[
        Path | None, typer.Option("--corpus-only", metavar="DIR", help="Write the songs to DIR and stop.")
    ] = None,
    tracks: Annotated[int, typer.Option("--tracks", min=1, help="How many songs.")] = 360,
    seconds: Annotated[float, typer.Option("--seconds", min=4.0, max=600.0, help="Length of a song, seconds.")] = 12.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Other seeds, other songs.")] = 0,
    cache: Cache = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make songs in five languages on the spot, run the default experiment on them, write the report."""
    from musaic.cli.run import run_and_report
    from musaic.demo.corpus import write_corpus
    from musaic.progress import Reporter

    reporter = Reporter(quiet=quiet)
    folder = corpus_only or out.parent / f"{out.name}-corpus"
    corpus = write_corpus(folder, seed=seed, n_tracks=tracks, seconds=seconds, workers=workers, reporter=reporter)
    if corpus_only:
        typer.echo(f"corpus: {corpus}")
        return
    from musaic.experiment import load_experiment

    run_and_report(
        load_experiment("default", ["name=demo"]),
        corpus=corpus,
        out=out,
        cache=cache,
        workers=workers,
        scheduler=scheduler,
        force=force,
        json=json,
        reporter=reporter,
    )
