"""``musaic run``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

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


def run(
    experiment: Annotated[str, typer.Argument(help="A shipped experiment ('musaic recipes') or a YAML file.")],
    corpus: Annotated[
        str | None, typer.Option("--corpus", help="A folder of songs or a table of them; or its URL.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder; runs/<experiment> by default.")] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="GLOB", help="Run only the cells so named; repeatable.")
    ] = None,
    phase: Annotated[
        list[str] | None, typer.Option("--phase", help="Run only the cells of this phase; repeatable.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A smoke run: few tracks, epochs and seeds.")] = False,
    faithful: Annotated[
        bool,
        typer.Option("--faithful", help="Apply what a recipe keeps under 'faithful': its reference's choices."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, how long it takes and how large it gets.")
    ] = False,
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
    """Run an experiment over a corpus: features, models, clusters, scores, report.

    Run the same command again to resume; what stands is kept.
    """
    from musaic.experiment import load_experiment
    from musaic.progress import Reporter

    given = corpus_overrides(audio, lyrics, labels, transcripts)
    overrides = [f"corpus.{key}={_yaml(value)}" for key, value in given.items()]
    resolved = load_experiment(experiment, [*overrides, *(set_ or [])], faithful=faithful, quick=quick)
    if dry_run:
        from musaic.experiment.plan import plan

        planned = plan(
            resolved,
            corpus=corpus,
            only=only or (),
            phases=phase or (),
            workers=workers,
            reporter=Reporter(quiet=quiet),
        )
        typer.echo(planned.json() if json else planned.text)
        return
    run_and_report(
        resolved,
        corpus=corpus,
        out=out or Path("runs") / resolved.name,
        only=only or (),
        phases=phase or (),
        cache=cache,
        workers=workers,
        scheduler=scheduler,
        force=force,
        json=json,
        reporter=Reporter(quiet=quiet),
    )


def run_and_report(experiment: Any, *, scheduler: str | None = None, json: bool, reporter: Any, **options: Any) -> None:
    """Run an experiment, draw its report, and say where it is; leave with 1 where a cell failed."""
    from musaic.errors import MusaicError
    from musaic.experiment import run as run_experiment
    from musaic.parallel import cluster
    from musaic.report import draw_report

    workers = options.get("workers")
    with cluster(scheduler or experiment.compute.scheduler, workers=workers, reporter=reporter):
        done = run_experiment(experiment, reporter=reporter, **options)
        report = (
            done.report_file if done.report_file.exists() else draw_report(done, workers=workers, reporter=reporter)
        )
    if experiment.outputs.zip:
        from musaic.runs.archive import write_archive

        write_archive(done)
    failed = [cell["cell"] for cell in done.cells if cell["status"] == "failed"]
    if json:
        import json as formatter

        summary = {"run": str(done.path), "report": str(report), "verdict": done.verdict, "failed": failed}
        typer.echo(formatter.dumps(summary, ensure_ascii=False, indent=2))
    elif not reporter.quiet:
        reporter.say(done.verdict)
        typer.echo(f"report: {report}")
        reporter.say(f"to listen: musaic explore {shlex.quote(str(done.path))}")
    if not any(cell["status"] == "done" for cell in done.cells):
        raise MusaicError(f"nothing could be learned from {options['corpus']}; {report} says why.")
    if failed:
        reporter.say(f"{len(failed)} of {len(done.cells)} cells failed; the report says why.")
        raise typer.Exit(1)


def _yaml(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
