"""``musaic export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from musaic.cli.options import (
    AudioPattern,
    Cache,
    Json,
    Labels,
    LyricsPattern,
    Quiet,
    Set,
    Transcripts,
    Workers,
    corpus_overrides,
)

if TYPE_CHECKING:
    from musaic.progress import Reporter

FOR_FILES = ("format", "what", "variance", "feature", "out", "corpus")
FOR_TRACKERS = ("tracking_uri", "experiment", "project", "mode")
FOR_CORPORA = ("set", "audio", "lyrics", "labels", "transcripts")


def export(
    source: Annotated[Path, typer.Argument(metavar="RUN|CORPUS", help="A run folder, or songs: a folder or a table.")],
    format: Annotated[
        str | None,
        typer.Option("--format", help="parquet (default), csv, npz, npy, zip or projector (TensorBoard)."),
    ] = None,
    what: Annotated[
        str | None,
        typer.Option(
            "--what",
            metavar="A,B",
            help="Of a run: labels, latents, clusters, maps, features, scores; of a corpus: labels, features. "
            "Everything by default.",
        ),
    ] = None,
    cell: Annotated[
        list[str] | None,
        typer.Option(
            "--cell",
            metavar="NAME",
            help="A cell, its beginning, or a pattern such as '*'; repeatable. The best one by default, for trackers "
            "every one.",
        ),
    ] = None,
    seed: Annotated[
        list[str] | None,
        typer.Option("--seed", metavar="N|all", help="A seed; repeatable. The first by default, for trackers all."),
    ] = None,
    variance: Annotated[bool, typer.Option("--variance", help="Posterior variances beside the means.")] = False,
    feature: Annotated[
        list[str] | None,
        typer.Option("--feature", metavar="NAME", help="A feature, measured where the cache lacks it; repeatable."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A folder, for zip a file; exports/ in the run folder by default."),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="TRACKER", help="Send a run to mlflow or wandb, instead of files.")
    ] = None,
    tracking_uri: Annotated[
        str | None, typer.Option("--tracking-uri", metavar="URI", help="MLflow's; MLFLOW_TRACKING_URI by default.")
    ] = None,
    experiment: Annotated[
        str | None, typer.Option("--experiment", help="MLflow's experiment; the run's name by default.")
    ] = None,
    project: Annotated[str | None, typer.Option("--project", help="W&B's project; the run's name by default.")] = None,
    mode: Annotated[
        str | None, typer.Option("--mode", metavar="online|offline", help="W&B's; WANDB_MODE, else online.")
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option("--corpus", help="Where a run's songs lie now, to measure a --feature.")
    ] = None,
    set_: Set = None,
    audio: AudioPattern = None,
    lyrics: LyricsPattern = None,
    labels: Labels = None,
    transcripts: Transcripts = None,
    cache: Cache = None,
    workers: Workers = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write latents, labels, clusters, features and scores as files for other tools, or send a run to a tracker."""
    import json as formatter

    from musaic.exports import export as write
    from musaic.exports import track
    from musaic.progress import Reporter

    reporter = Reporter(quiet=quiet)
    given: dict[str, Any] = {
        "format": format,
        "what": what,
        "variance": variance or None,
        "feature": feature,
        "out": out,
    }
    given |= {"corpus": corpus, "tracking_uri": tracking_uri, "experiment": experiment, "project": project}
    given |= {"mode": mode, "set": set_, "audio": audio, "lyrics": lyrics, "labels": labels, "transcripts": transcripts}
    if to is not None:
        _refuse(given, (*FOR_FILES, *FOR_CORPORA), f"--to {to} sends a run to a tracker")
        options = {key: given[key] for key in FOR_TRACKERS if given[key] is not None}
        told = track(source, to, cell=cell, seed=seed, reporter=reporter, **options)
        typer.echo(formatter.dumps({"tracked": told}, ensure_ascii=False, indent=2) if json else f"tracked: {told}")
        return
    _refuse(given, FOR_TRACKERS, "files are written")
    kinds = [kind.strip() for kind in what.split(",")] if what else None
    if kinds and feature and "features" not in kinds:
        kinds.append("features")
    shared: dict[str, Any] = {"what": kinds, "cell": cell, "seed": seed, "out": out}
    shared |= {"variance": variance, "corpus": corpus, "cache": cache, "workers": workers, "reporter": reporter}
    if (source / "experiment.yaml").is_file() or not source.exists():
        _refuse(given, FOR_CORPORA, f"{source} is a run folder" if source.exists() else f"there is nothing at {source}")
        made = write(source, format=format or "parquet", features=feature, **shared)
    else:
        found, config = _corpus(source, given, workers, reporter)
        made = write(found, format=format or "parquet", features=config, **shared)
    if json:
        plain = {"path": str(made.path), "files": list(made.files), "cells": [list(pair) for pair in made.cells]}
        typer.echo(formatter.dumps(plain, ensure_ascii=False, indent=2))
        return
    if made.cells and cell is None:
        reporter.say(f"of {made.cells[0][0]}, the best honest row's cell; --cell '*' --seed all for every one")
    typer.echo(f"export: {made.path}")


def _refuse(given: dict[str, Any], keys: tuple[str, ...], why: str) -> None:
    from musaic.errors import UsageError

    for key in keys:
        if given[key] is not None:
            raise UsageError(f"--{key.replace('_', '-')} means nothing here, since {why}; leave it out.")


def _corpus(source: Path, given: dict[str, Any], workers: int | None, reporter: Reporter) -> tuple[Any, Any]:
    """Return the songs, and which features are measured how."""
    from musaic.experiment.loading import corpus_config, features_config, lyrics_config
    from musaic.experiment.songs import read_corpus

    sets = list(given["set"] or [])
    overrides = corpus_overrides(*(given[key] for key in ("audio", "lyrics", "labels", "transcripts")))
    songs = read_corpus(
        source, corpus_config(overrides, sets), lyrics=lyrics_config(sets), workers=workers, reporter=reporter
    )
    named = [f"features.names=[{', '.join(given['feature'])}]"] if given["feature"] else []
    return songs, features_config([*sets, *named])
