"""``musaic assign``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from musaic.cli.options import Cache, Json, Quiet, Workers

if TYPE_CHECKING:
    from musaic.experiment.assigning.assigned import Assigned

SHOWN = 3
"""Nearest songs that are printed."""


def assign(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    audio: Annotated[list[Path], typer.Argument(help="Audio files, or folders of them.")],
    lyrics: Annotated[
        Path | None,
        typer.Option("--lyrics", help="A folder of lyrics, or those of the one song; by default what lies beside it."),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="NAME=VALUE", help="What is known of the songs: genre=rock; repeatable."),
    ] = None,
    cell: Annotated[
        list[str] | None, typer.Option("--cell", metavar="NAME", help="Only this cell; repeatable.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Which seed's model; the first by default.")] = None,
    neighbours: Annotated[int, typer.Option("--neighbours", min=0, help="Nearest songs to name.")] = 12,
    keep: Annotated[bool, typer.Option("--keep/--no-keep", help="Keep the songs in the run, for its page.")] = True,
    cache: Cache = None,
    workers: Workers = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Place new songs in a finished run: their clusters, their neighbours, their places on the maps."""
    from musaic.errors import MusaicError
    from musaic.experiment.assigning.assign import assign as assign_songs
    from musaic.listening.words import one_line
    from musaic.progress import Reporter

    reporter = Reporter(quiet=quiet)
    found = assign_songs(
        run,
        audio,
        cells=cell,
        seed=seed,
        lyrics=lyrics,
        labels=_labels(label or []),
        n_neighbours=neighbours,
        keep=keep,
        cache=cache,
        workers=workers,
        reporter=reporter,
    )
    for name, why in found.left_out.items():
        reporter.say(one_line(f"left out: {name}: {why}"))
    for note in found.notes:
        reporter.say(one_line(f"note: {note}"))
    if json:
        import json as formatter

        typer.echo(formatter.dumps(found.plain(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        typer.echo("\n".join(_lines(found)))
    if found.kept:
        number = f"{len(found.kept)} song{'' if len(found.kept) == 1 else 's'}"
        reporter.say(f"kept: {number} in {found.run.assigned_folder}; 'musaic report' shows them")
    if not found.songs["placed"].any():
        raise MusaicError(f"none of {len(found.songs)} songs could be placed; what is said of each tells why.")


def _labels(given: list[str]) -> dict[str, str]:
    """Read ``name=value`` pairs."""
    from musaic.errors import UsageError

    found = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator or not name.strip():
            raise UsageError(f"--label takes name=value such as genre=rock, not {text!r}.")
        found[name.strip()] = value
    return found


def _lines(found: Assigned) -> list[str]:
    """Return what became of every song, for a person."""
    from musaic.listening.words import one_line

    lines = []
    for song in found.plain()["songs"]:
        told = f" ({song['status']}: {song['reason']})" if song["reason"] else ""
        lines.append(one_line(f"{song['file']}: {song['title']}{told}"))
        if song["in_run"]:
            lines.append(f"  a song of the run: {one_line(song['track_id'])}")
        for cell in song["cells"]:
            lines.append(f"  {cell['cell']}, seed {cell['seed']}")
            for one in cell["clusterings"]:
                cluster = "noise" if one["cluster"] == -1 else f"cluster {one['cluster']}"
                called = f" “{one['name']}”" if one["name"] and one["cluster"] != -1 else ""
                lines.append(f"    {one['clustering']}: {cluster}{called}, confidence {one['confidence']:.2f}")
            near = [f"{other['track_id']} ({other['distance']:.3g})" for other in cell["neighbours"][:SHOWN]]
            lines += [f"    near: {one_line('; '.join(near))}"] if near else []
    return lines
