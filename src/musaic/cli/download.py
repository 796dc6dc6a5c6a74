"""``musaic download``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from musaic.cli.options import Json, Quiet

if TYPE_CHECKING:
    from musaic.datasets.description import Dataset, Offer
    from musaic.datasets.obtaining import Obtained
    from musaic.progress import Reporter


def download(
    name: Annotated[
        str | None, typer.Argument(help="A dataset, mirdata:LOADER or kaggle:OWNER/DATASET; without one, lists them.")
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", help="The folder; datasets/NAME by default.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="COPY", help="Take this copy on disk; nothing is fetched.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Fetch without asking; size and licence are still told.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fetch a public dataset, or take a copy of it, and leave it as a corpus; size and licence are told first."""
    from musaic.datasets.obtaining import default_folder, differences, obtain, offer
    from musaic.datasets.registry import dataset as find
    from musaic.progress import Reporter

    if name is None:
        _list(json)
        return
    dataset = find(name)
    folder = to or default_folder(dataset.name)
    # what is agreed to is told whatever --quiet says; with JSON on standard output too, for it goes to standard error
    offered = offer(dataset, folder) if source is None else None
    _tell(dataset, offered, Reporter(quiet=quiet and (yes or offered is None)))
    if offered is not None:
        _consent(dataset, yes)
    licence = offered.licence if offered is not None else None
    obtained = obtain(dataset, folder, source=source, licence=licence, reporter=Reporter(quiet=quiet))
    if json:
        import json as formatter

        told = {**obtained.plain(), "next": _next(obtained)}
        typer.echo(formatter.dumps(told, ensure_ascii=False, indent=2))
        return
    reporter = Reporter(quiet=quiet)
    reporter.say(f"{obtained.tracks} tracks, {obtained.audio} with audio, {obtained.lyrics} with lyrics")
    broken = obtained.checked.missing or obtained.checked.differing
    reporter.say(differences(obtained.name, obtained.checked) if broken else f"checked: {obtained.checked.how}")
    for note in obtained.notes:
        reporter.say(f"note: {note}")
    if obtained.details is not None:
        reporter.say(f"what else is said of its tracks: --labels {shlex.quote(str(obtained.details))}")
    typer.echo(f"corpus: {obtained.corpus}")
    reporter.say(f"next: {_next(obtained)}")


def _next(obtained: Obtained) -> str:
    return f"musaic run default --corpus {shlex.quote(str(obtained.corpus))}"


def _list(json: bool) -> None:
    from musaic.datasets.known.any_of_mirdata import WITH_LABELS
    from musaic.datasets.registry import datasets

    known = datasets()
    if json:
        import json as formatter

        told = {"datasets": [one.plain() for one in known.values()], "mirdata": list(WITH_LABELS)}
        typer.echo(formatter.dumps(told, ensure_ascii=False, indent=2))
        return
    rows = [("name", "tracks", "size", "from", "what it is")]
    for one in known.values():
        tracks = f"{one.tracks:,}" if one.tracks is not None else ""
        rows.append((one.name, tracks, one.size.partition(" (")[0], one.source.kind, one.about))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip())
    typer.echo(f"\nmirdata:LOADER  any of mirdata's with audio, such as {', '.join(WITH_LABELS)}")
    typer.echo("kaggle:OWNER/DATASET  any on Kaggle that is a folder of songs or one table")
    typer.echo("\nFetch one with 'musaic download NAME', or take a copy of it: 'musaic download NAME --from FOLDER'.")


def _tell(dataset: Dataset, offered: Offer | None, reporter: Reporter) -> None:
    """Say what it is, how large, under which licence, and what is wrong with it."""
    size, licence = dataset.size, dataset.licence
    if offered is not None and offered.size_bytes:
        size = f"{offered.size_bytes / 1e9:.3g} GB"
    elif offered is not None and dataset.asks and dataset.tracks is None:  # nothing is known here of a size either
        size = "not told by the server"
    if offered is not None and offered.licence:
        licence = offered.licence
    tracks = f"{dataset.tracks:,} tracks, " if dataset.tracks is not None else ""
    reporter.say(f"{dataset.name}: {dataset.about}")
    reporter.say(f"  size         {tracks}{size}")
    reporter.say(f"  licence      {licence}")
    reporter.say(f"  homepage     {dataset.homepage}")
    if dataset.source.credentials and offered is not None:
        reporter.say(f"  credentials  {dataset.source.credentials}")
    if offered is not None and offered.note:
        reporter.say(f"  note         {offered.note}")
    for fault in dataset.faults:
        reporter.say(f"  known        {fault}")


def _consent(dataset: Dataset, yes: bool) -> None:
    from musaic.errors import MusaicError, UsageError

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"fetching {dataset.name} needs a yes, and nobody can be asked here; add --yes to agree.")
    if not typer.confirm("Fetch it?", err=True):
        raise MusaicError(f"{dataset.name} was not fetched, as you said.")
