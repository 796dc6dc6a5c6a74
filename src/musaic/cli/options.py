"""Options that several commands share, defined once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

Workers = Annotated[
    int | None,
    typer.Option("--workers", min=0, help="Processes to use; all cores by default, 0 for none beside this one."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        envvar="MUSAIC_SCHEDULER",
        help="Share the work with a Dask cluster: tcp://host:8786, its scheduler file, or 'local' for trying.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Do again what was done already.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but results and errors.")]


def _cache(text: str) -> Path:
    """Return the folder that an option names: itself, or the copy here of what a URL names."""
    from musaic.files import cache_folder

    return cache_folder(text)


Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="PATH|URL",
        parser=_cache,
        help="Where extracted features are kept, such as s3://bucket/musaic; also MUSAIC_CACHE.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A.B=V", help="Set one value of the experiment; repeatable."),
]
AudioPattern = Annotated[
    str | None,
    typer.Option("--audio", help="A table's audio column, or a pattern such as 'mp3/{Filepath}'."),
]
LyricsPattern = Annotated[
    str | None,
    typer.Option("--lyrics", help="A table's lyrics column, or a pattern such as 'lyrics/{Filepath:stem}.txt'."),
]
Labels = Annotated[
    list[Path] | None,
    typer.Option("--labels", help="A table of further labels, joined by id or file name; repeatable."),
]

Transcripts = Annotated[
    list[Path] | None,
    typer.Option("--transcripts", help="A table of lyrics that were heard ('musaic transcribe'); repeatable."),
]


def corpus_overrides(
    audio: str | None, lyrics: str | None, labels: Sequence[Path] | None, transcripts: Sequence[Path] | None = None
) -> dict[str, Any]:
    """Return the part of a corpus configuration that these options give."""
    given = {
        "audio": audio,
        "lyrics": lyrics,
        "labels": [str(path) for path in labels] if labels else None,
        "transcripts": [str(path) for path in transcripts] if transcripts else None,
    }
    return {key: value for key, value in given.items() if value is not None}
