"""``musaic features``."""

from __future__ import annotations

from typing import Annotated

import typer

from musaic.cli.options import (
    AudioPattern,
    Cache,
    Force,
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


def features(
    path: Annotated[str, typer.Argument(help="A folder of songs or a table of them; or its URL.")],
    set_: Set = None,
    audio: AudioPattern = None,
    lyrics: LyricsPattern = None,
    labels: Labels = None,
    transcripts: Transcripts = None,
    cache: Cache = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Extract every track's features into the cache, so that later runs start at once."""
    import json as formatter

    from musaic.experiment.loading import corpus_config, features_config, lyrics_config
    from musaic.experiment.songs import read_corpus
    from musaic.features import extract
    from musaic.files import cache_folder
    from musaic.parallel import cluster
    from musaic.progress import Reporter

    reporter = Reporter(quiet=quiet)
    config = corpus_config(corpus_overrides(audio, lyrics, labels, transcripts), set_ or [])
    with cluster(scheduler, workers=workers, reporter=reporter):
        corpus = read_corpus(
            path, config, lyrics=lyrics_config(set_ or []), cache=cache, workers=workers, reporter=reporter
        )
        found = extract(
            corpus,
            features_config(set_ or []),
            cache=cache,
            workers=workers,
            force=force,
            reporter=reporter,
        )
    counts = found.status["status"].value_counts().sort_index().to_dict()
    summary = {
        "tracks": len(corpus),
        "status": counts,
        "features": list(found.names),
        "cache": str(cache_folder(cache)),
    }
    if json:
        typer.echo(formatter.dumps(summary, ensure_ascii=False, indent=2))
        return
    typer.echo(f"{summary['tracks']} tracks: {', '.join(f'{number} {status}' for status, number in counts.items())}")
    broken = found.status[found.status["status"] != "ok"]
    for track_id, reason in zip(broken["track_id"], broken["reason"], strict=True):
        typer.echo(f"  {track_id!r}: {reason}" if "\n" in track_id else f"  {track_id}: {reason}")
    typer.echo(f"features: {', '.join(found.names)}\ncache: {summary['cache']}")
