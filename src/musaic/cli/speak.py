"""``musaic speak``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from musaic.cli.options import Force, Json, Labels, LyricsPattern, Quiet, Set, Workers, corpus_overrides

if TYPE_CHECKING:
    from musaic.corpus import Corpus
    from musaic.lyrics.speech.speak import Lyrics, Speech

Voice = Annotated[
    list[str] | None,
    typer.Option("--voice", metavar="LANGUAGE=VOICE", help="The voice of a language, such as hi=hi+f3; repeatable."),
]
Speed = Annotated[int, typer.Option("--speed", help="Words a minute, 80 to 450.")]
Pitch = Annotated[int, typer.Option("--pitch", help="How high, 0 to 99; 50 is the voice's own.")]
MaxSeconds = Annotated[float | None, typer.Option("--max-seconds", help="Where to stop in each text.")]
Format = Annotated[str, typer.Option("--format", help="flac or wav.")]
Out = Annotated[Path | None, typer.Option("--out", help="A folder; <table>-spoken beside the table.")]


def speak(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="A table of lyrics and their languages.")],
    out: Out = None,
    voice: Voice = None,
    speed: Speed = 175,
    pitch: Pitch = 50,
    max_seconds: MaxSeconds = None,
    format_: Format = "flac",
    set_: Set = None,
    lyrics: LyricsPattern = None,
    labels: Labels = None,
    workers: Workers = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read lyrics aloud, with a voice for each language: a corpus of speech, and the table that describes it."""
    import json as formatter

    from musaic.experiment import read_corpus
    from musaic.experiment.loading import corpus_config, lyrics_config
    from musaic.lyrics.speech.config import SpeechConfig
    from musaic.lyrics.speech.speak import speak as run
    from musaic.progress import Reporter

    config = SpeechConfig.parse(
        {
            "voices": _voices(voice or []),
            "speed": speed,
            "pitch": pitch,
            "max_seconds": max_seconds,
            "format": format_,
        },
        "the options",
    )
    reporter = Reporter(quiet=quiet)
    corpus = read_corpus(
        path,
        corpus_config(corpus_overrides(None, lyrics, labels), set_ or []),
        lyrics=lyrics_config(set_ or []),
        workers=workers,
        reporter=reporter,
    )
    name = path.resolve().stem if path.is_file() else path.resolve().name
    done = run(
        _rows(corpus),
        out or path.resolve().parent / f"{name}-spoken",
        f"{name}.csv",
        config,
        workers=workers,
        force=force,
        reporter=reporter,
    )
    typer.echo(formatter.dumps(_plain(done), ensure_ascii=False, indent=2) if json else _text(done))


def _voices(given: list[str]) -> dict[str, str]:
    """Return the chosen voices by ISO code, from options in which languages may be called by any name."""
    from musaic.corpus.languages import language_code
    from musaic.errors import UsageError
    from musaic.lyrics.speech.voices import parse_overrides

    chosen = {}
    for language, voice in parse_overrides(given).items():
        code = language_code(language)
        if code is None:
            raise UsageError(f"--voice {language}={voice}: {language!r} is no language; write a code such as hi.")
        chosen[code] = voice
    return chosen


def _rows(corpus: Corpus) -> list[Lyrics]:
    """Return what is to be read, with the columns that are handed on."""
    from musaic.corpus.languages import language_code
    from musaic.corpus.rows import OWN_COLUMNS
    from musaic.corpus.words import FROM_LYRICS
    from musaic.lyrics.speech.speak import Lyrics

    labels = ["title", "artist", "genre", "group", *(n for n in corpus.tracks.columns if n not in OWN_COLUMNS)]
    tracks = corpus.tracks
    # A group that is but the track's own name says nothing.
    told = {name: tracks[name].notna() & (tracks[name] != tracks["track_id"]) for name in labels}
    kept = [name for name in labels if told[name].any()]
    rows = []
    for row in corpus.tracks.to_dict("records"):
        language = row["language"]
        code = language_code(language) if isinstance(language, str) else None
        # what was read from the words is read from them again, and is no label
        label = None if row["language_source"] == FROM_LYRICS else language
        known = row["lyrics_status"] not in ("ok", "missing")
        missing = (row["lyrics_status"], row["lyrics_reason"]) if known else None
        told_on = {"language": label, **{name: row[name] for name in kept}}
        rows.append(Lyrics(row["track_id"], row["lyrics"], code, told_on, missing))
    return rows


def _plain(done: Speech) -> dict[str, Any]:
    return {
        "table": str(done.table),
        "tracks": sum(done.statuses.values()),
        "statuses": dict(done.statuses),
        "new": done.new,
        "seconds": round(done.seconds, 2),
    }


def _text(done: Speech) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in done.statuses.items())
    total = sum(done.statuses.values())
    return (
        f"{total} track{'' if total == 1 else 's'}: {counts} ({done.new} spoken now, {done.seconds:.0f} s)\n"
        f"table: {done.table}\n"
        f"it is a corpus: musaic run default --corpus {done.table}"
    )
