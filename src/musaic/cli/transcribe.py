"""``musaic transcribe``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    Workers,
    corpus_overrides,
)

if TYPE_CHECKING:
    from musaic.corpus import Corpus
    from musaic.lyrics.transcription.transcribe import Transcription

Model = Annotated[
    str,
    typer.Option(
        "--model", help="A size (tiny, base, small, medium, large-v3, turbo, …), owner/name on the hub, or a folder."
    ),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
ComputeType = Annotated[str, typer.Option("--compute-type", help="auto (the fastest), default, int8, float16, …")]
Language = Annotated[
    str,
    typer.Option("--language", help="label (the corpus's, where it has one), auto (detected), or a code such as bn."),
]
Beam = Annotated[int, typer.Option("--beam-size", min=1, help="Hypotheses kept while decoding.")]
Vad = Annotated[bool, typer.Option("--vad/--no-vad", help="Listen only where a voice is found.")]
VadThreshold = Annotated[float, typer.Option("--vad-threshold", help="Probability of a voice that counts as one.")]
Confidence = Annotated[float, typer.Option("--min-confidence", help="Words less probable are left out.")]
KeepLow = Annotated[bool, typer.Option("--keep-low", help="Keep what is not believed in the lyrics.")]
All = Annotated[bool, typer.Option("--all", help="Transcribe tracks that have lyrics too.")]


def transcribe(
    path: Annotated[str, typer.Argument(metavar="CORPUS", help="A folder of songs or a table of them; or its URL.")],
    model: Model = "small",
    device: Device = "auto",
    compute_type: ComputeType = "auto",
    language: Language = "label",
    beam_size: Beam = 5,
    vad: Vad = True,
    vad_threshold: VadThreshold = 0.2,
    min_confidence: Confidence = 0.5,
    keep_low: KeepLow = False,
    all_: All = False,
    out: Annotated[Path | None, typer.Option("--out", help="The table; <corpus>-transcripts.csv beside it.")] = None,
    set_: Set = None,
    audio: AudioPattern = None,
    lyrics: LyricsPattern = None,
    labels: Labels = None,
    cache: Cache = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Hear the lyrics of tracks that have none, and write them to a table of their own."""
    import json as formatter

    from musaic.corpus.fingerprint import content_ids
    from musaic.experiment import read_corpus
    from musaic.experiment.loading import corpus_config, lyrics_config
    from musaic.lyrics.transcription.config import TranscriptionConfig
    from musaic.lyrics.transcription.transcribe import transcribe as run
    from musaic.parallel import cluster
    from musaic.progress import Reporter

    reporter = Reporter(quiet=quiet)
    config = TranscriptionConfig.parse(
        {
            "model": model,
            "device": device,
            "compute_type": compute_type,
            "beam_size": beam_size,
            "vad": vad,
            "vad_threshold": vad_threshold,
            "min_confidence": min_confidence,
            "keep_low": keep_low,
        },
        "the options",
    )
    hint = _hint(language)
    table = out or _beside(path)
    with cluster(scheduler, workers=workers, reporter=reporter):
        corpus = read_corpus(
            path,
            corpus_config(corpus_overrides(audio, lyrics, labels), set_ or []),
            lyrics=lyrics_config(set_ or []),
            cache=cache,
            workers=workers,
            reporter=reporter,
        )
        tracks, refused = _chosen(corpus, all_)
        if not tracks:
            _nothing_to_do(path, corpus, json=json)
            return
        done = run(
            tracks,
            _load,
            table,
            config,
            hints={
                track_id: hint(name)
                for track_id, name in corpus.tracks[["track_id", "language"]].itertuples(index=False)
            },
            refused=refused,
            content_ids=content_ids(tracks, cache=cache, workers=workers, reporter=reporter),
            workers=1 if workers is None else workers,  # one decodes faster than any model listens
            force=force,
            reporter=reporter,
        )
    typer.echo(formatter.dumps(_plain(done), ensure_ascii=False, indent=2) if json else _text(done))


def _load(path: Path) -> Any:
    """Return the whole of a track as Whisper hears it: mono, 16 kHz."""
    from musaic.audio.decode import load

    return load(path, sr=16_000, offset="start", duration=None)


def _hint(language: str) -> Callable[[object], str | None]:
    """Return the function from a track's label to the code of its language, or None where it is to be detected."""
    from musaic.corpus.languages import language_code
    from musaic.errors import UsageError

    if language == "auto":
        return lambda label: None
    if language == "label":
        return lambda label: language_code(label) if isinstance(label, str) else None
    code = language_code(language)
    if code is None:
        raise UsageError(f"--language takes 'label', 'auto' or a language such as bn or Bengali, not {language!r}.")
    return lambda label: code


def _chosen(corpus: Corpus, everything: bool) -> tuple[dict[str, Path], dict[str, tuple[str, str | None]]]:
    """Return the audio to be heard by track, and of tracks whose audio cannot be used the status and reason.

    A track whose lyrics say that it is instrumental has all the words it will ever have.
    """
    usable = corpus.audio_paths()
    silent = corpus.tracks["lyrics_status"] == "instrumental"
    wanted = corpus.tracks if everything else corpus.tracks[~corpus.has_lyrics & ~silent]
    tracks, refused = {}, {}
    for row in wanted.to_dict("records"):
        track_id = row["track_id"]
        if track_id in usable:
            tracks[track_id] = usable[track_id]
        elif row["status"] != "ok":
            refused[track_id] = (row["status"], row["reason"])
    return tracks, refused


def _beside(corpus: str) -> Path:
    from musaic.errors import UsageError
    from musaic.storage import is_url

    if is_url(corpus):
        raise UsageError(f"{corpus} is not on this machine; say with --out where the table goes.")
    path = Path(corpus).resolve()
    return path.parent / f"{path.stem if path.is_file() else path.name}-transcripts.csv"


def _nothing_to_do(path: str, corpus: Corpus, *, json: bool) -> None:
    from musaic.errors import MusaicError

    if not corpus.audio_paths():
        raise MusaicError(f"no track of {path} has audio that can be used; see: musaic corpus verify {path}")
    told = f"every track of {path} with audio has lyrics; --all transcribes them nevertheless"
    typer.echo('{"tracks": 0}' if json else told)


def _plain(done: Transcription) -> dict[str, Any]:
    return {
        "table": str(done.table),
        "words": str(done.words),
        "model": done.model,
        "tracks": len(done.rows),
        "statuses": done.statuses,
        "new": done.new,
    }


def _text(done: Transcription) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in done.statuses.items())
    total = len(done.rows)
    return (
        f"{total} track{'' if total == 1 else 's'}: {counts} ({done.new} heard now, by {done.model})\n"
        f"lyrics: {done.table}\n"
        f"every word with its time and probability: {done.words}\n"
        f"use them with: --transcripts {done.table}"
    )
