"""``musaic corpus verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from musaic.cli.options import (
    AudioPattern,
    Cache,
    Json,
    Labels,
    LyricsPattern,
    Quiet,
    Scheduler,
    Set,
    Transcripts,
    Workers,
    corpus_overrides,
)

corpus_app = typer.Typer(help="What a corpus holds.", no_args_is_help=True)


@corpus_app.callback()
def _corpus() -> None:
    """Look at what a corpus holds."""


@corpus_app.command()
def verify(
    path: Annotated[str, typer.Argument(help="A folder of songs or a table of them; or its URL.")],
    out: Annotated[Path | None, typer.Option("--out", help="Also write the findings to this JSON file.")] = None,
    set_: Set = None,
    audio: AudioPattern = None,
    lyrics: LyricsPattern = None,
    labels: Labels = None,
    transcripts: Transcripts = None,
    cache: Cache = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what is there, what matches and what is broken; ends with 0 when the corpus can be used at all."""
    import json as formatter

    from musaic.experiment.loading import corpus_config, lyrics_config
    from musaic.experiment.songs import verify_corpus
    from musaic.files import write_json
    from musaic.parallel import cluster
    from musaic.progress import Reporter

    reporter = Reporter(quiet=quiet)
    with cluster(scheduler, workers=workers, reporter=reporter):
        findings = verify_corpus(
            path,
            corpus_config(corpus_overrides(audio, lyrics, labels, transcripts), set_ or []),
            lyrics=lyrics_config(set_ or []),
            cache=cache,
            workers=workers,
            reporter=reporter,
        )
    if out is not None:
        write_json(out, findings.plain())
    typer.echo(formatter.dumps(findings.plain(), ensure_ascii=False, indent=2) if json else findings.text())
