"""``musaic playlist``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from musaic.cli.options import Json, Quiet

if TYPE_CHECKING:
    from musaic.listening.playlist import Playlist


def playlist(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="N|NAME", help="A cluster: its number, or its card's name.")
    ] = None,
    near: Annotated[
        str | None,
        typer.Option("--near", metavar="SONG", help="A song and its neighbours: track_id, path or part of a title."),
    ] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="SONG", help="A way from this song …")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="SONG", help="… to this one.")] = None,
    selection: Annotated[
        Path | None, typer.Option("--selection", metavar="FILE", help="The songs of a file: one track_id a line.")
    ] = None,
    cell: Annotated[
        str | None, typer.Option("--cell", metavar="NAME", help="A cell, or its beginning; the best one by default.")
    ] = None,
    clustering: Annotated[
        str | None,
        typer.Option("--clustering", metavar="NAME", help="One of its clusterings; the best one by default."),
    ] = None,
    length: Annotated[
        int | None,
        typer.Option("--length", min=1, help="How many songs: 12 on a way, 25 near to one, else all by default."),
    ] = None,
    per_artist: Annotated[
        int | None,
        typer.Option("--per-artist", min=1, help="Songs of one artist at most: 2 on a way, else any by default."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What players show.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A file *.m3u8 or *.csv, or a folder; playlists/ in the run folder by default."),
    ] = None,
    corpus: Annotated[Path | None, typer.Option("--corpus", help="Where the songs lie, if they were moved.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a cluster, a song's neighbours, a way between songs or a selection as a playlist; or every cluster."""
    from musaic.errors import UsageError
    from musaic.listening.making import playlist as make
    from musaic.listening.making import playlists as make_all
    from musaic.listening.songs import read_selection
    from musaic.progress import Reporter
    from musaic.runs import open_run

    opened = open_run(run)
    shared: dict[str, Any] = {"cell": cell, "clustering": clustering, "length": length, "per_artist": per_artist}
    shared |= {"out": out, "corpus": corpus}
    if all(one is None for one in (cluster, near, start, end, selection)):
        if name is not None:
            raise UsageError(f"--name {name!r} is for one playlist, and every cluster becomes one; name a cluster.")
        made = make_all(opened, **shared)
    else:
        songs = None if selection is None else read_selection(opened, selection)
        if selection is not None and name is None:
            name = selection.stem
        asked: dict[str, Any] = {"cluster": cluster, "near": near, "start": start, "end": end, "selection": songs}
        made = [make(opened, **asked, **shared, name=name)]
    if json:
        import json as formatter

        typer.echo(formatter.dumps({"playlists": [_plain(one) for one in made]}, ensure_ascii=False, indent=2))
        return
    reporter = Reporter(quiet=quiet)
    for one in made:
        reporter.say(_words(one))
        typer.echo(f"playlist: {one.file}")


def _plain(made: Playlist) -> dict[str, Any]:
    return {
        "file": str(made.file),
        "name": made.name,
        "songs": list(made.track_ids),
        "without_sound": list(made.without_sound),
        "without_name": list(made.without_name),
    }


def _words(made: Playlist) -> str:
    """Return what is in a playlist and what is not."""
    from musaic.listening.words import one_line

    n = len(made.track_ids)
    told = [f"{one_line(made.name)}: {n} song{'s' * (n != 1)}"]
    if made.without_sound:
        where = "have no path" if made.file.suffix.lower() == ".csv" else "are left out"
        told.append(f"{len(made.without_sound)} without sound {where}")
    if made.without_name:
        told.append(f"{len(made.without_name)} with a file name that no playlist can hold are left out")
    return "; ".join(told)
