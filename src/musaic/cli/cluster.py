"""``musaic cluster``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from musaic.cli.options import Cache, Json, Quiet, Scheduler, Workers


def cluster(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    algorithm: Annotated[str, typer.Option("--algorithm", help="kmeans, agglomerative, dbscan, hdbscan, gmm, …")],
    n_clusters: Annotated[
        list[str] | None,
        typer.Option("--n-clusters", metavar="N", help="How many: a number, auto, labels:genre; repeatable."),
    ] = None,
    space: Annotated[
        list[str] | None,
        typer.Option("--space", help="Where: latent, raw, pca64, umap10, umap10-of-raw; repeatable."),
    ] = None,
    cell: Annotated[
        list[str] | None, typer.Option("--cell", metavar="GLOB", help="Only the cells so named; repeatable.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=V",
            help="A parameter of the algorithm, such as min_samples=5; a list in brackets tries several.",
        ),
    ] = None,
    corpus: Annotated[str | None, typer.Option("--corpus", help="Where the songs lie, if they were moved.")] = None,
    cache: Cache = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Add clusterings to a finished run: its latents stand, nothing is trained again."""
    from musaic.clustering.registry import parse_config
    from musaic.experiment.clusters import cluster as add_clusterings
    from musaic.parallel import cluster as dask_cluster
    from musaic.progress import Reporter
    from musaic.report import draw_report

    asked: dict[str, Any] = {"algorithm": algorithm}
    if n_clusters:
        asked["n_clusters"] = [int(number) if number.isdecimal() else number for number in n_clusters]
    if space:
        asked["space"] = space
    if cell:
        asked["cells"] = cell
    reporter = Reporter(quiet=quiet)
    config = parse_config(asked | _parameters(set_ or []), "the clustering")
    with dask_cluster(scheduler, workers=workers, reporter=reporter):
        done = add_clusterings(run, [config], corpus=corpus, cache=cache, workers=workers, reporter=reporter)
        page = draw_report(done, workers=workers, reporter=reporter)
    if json:
        import json as formatter

        summary = {"run": str(done.path), "report": str(page), "verdict": done.verdict}
        typer.echo(formatter.dumps(summary, ensure_ascii=False, indent=2))
    elif not quiet:
        reporter.say(done.verdict)
        typer.echo(f"report: {page}")


def _parameters(given: list[str]) -> dict[str, Any]:
    """Read ``key=value`` pairs, the value being YAML."""
    import yaml

    from musaic.errors import UsageError

    found = {}
    for text in given:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise UsageError(f"--set takes key=value such as min_samples=5, not {text!r}.")
        try:
            found[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise UsageError(f"the value in --set {text!r} is not valid YAML; put text with signs in quotes.") from None
    return found
