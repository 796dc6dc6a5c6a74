"""What is there, what matches, what is broken: a corpus looked over before anything is computed from it."""

from __future__ import annotations

import dataclasses
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from musaic.corpus.config import CorpusConfig
from musaic.corpus.corpus import Corpus
from musaic.corpus.fingerprint import content_ids
from musaic.corpus.probing import Info, Probe, probe_corpus
from musaic.corpus.read import scan_corpus
from musaic.corpus.sampling import select
from musaic.corpus.status import Status
from musaic.corpus.words import FROM_LYRICS, UNDECIDED, LyricsReader, contradicts
from musaic.errors import UsageError
from musaic.progress import SILENT, Reporter

Plain = dict[str, Any]


@dataclass(frozen=True)
class VerifyReport:
    """What `verify` found; every field is JSON-ready.

    Parameters
    ----------
    corpus, layout : str
        The path, and how it was read.
    tracks : dict
        Numbers: ``all, audio, lyrics, both, neither`` (usable audio, lyrics).
    labels : dict
        By label: a list of ``value`` (None where it is missing), ``tracks``, ``audio`` and ``lyrics``.
    language_genre : list of dict
        ``language, genre, tracks`` for each pair that occurs.
    lyrics : dict
        ``matched``: how many were found in which way; ``without``: track ids by the reason for having none;
        ``unusable``: ``track_id, status, reason`` of lyrics that were found and cannot be used; ``mended``:
        ``track_id, reason`` of those that were repaired; ``files_without_track``: lyrics files and why they belong to
        none.
    languages : dict
        What the lyrics themselves say: ``detected`` (number of tracks by ISO code), ``undecided`` (track ids),
        ``otherwise`` (``track_id, label, detected, confidence`` where the label says another language; it is kept)
        and ``mixed`` (``track_id, languages``).
    duplicates : list of list of str
        Track ids whose audio has the same content.
    durations : dict or None
        ``tracks, min, median, max, total`` in seconds.
    formats : list of dict
        ``format, codec, sample_rate, channels, tracks``, the most frequent first.
    unusable : list of dict
        ``track_id, status, reason`` of every track whose audio cannot be used, and whether it has ``lyrics``.
    label_tables : dict
        By table: ``key, matched, unmatched, changed``.
    selection : dict or None
        What the configuration would take: ``tracks`` and ``notes``; or ``problem``. None where it takes all.
    notes : list of str
        What else was noticed.
    """

    corpus: str
    layout: str
    tracks: Mapping[str, int]
    labels: Mapping[str, Sequence[Plain]]
    language_genre: Sequence[Plain]
    lyrics: Plain
    languages: Plain
    duplicates: Sequence[Sequence[str]]
    durations: Mapping[str, float] | None
    formats: Sequence[Plain]
    unusable: Sequence[Plain]
    label_tables: Mapping[str, Any] = field(default_factory=dict)
    selection: Plain | None = None
    notes: Sequence[str] = ()

    def plain(self) -> Plain:
        """Return everything as JSON-ready data."""
        return dataclasses.asdict(self)

    def text(self) -> str:
        """Return what a person wants to know, for a terminal; long lists are cut, `plain` has them whole."""
        from musaic.corpus.summary import summary

        return summary(self)


def verify(
    corpus_path: str | Path,
    config: CorpusConfig | None = None,
    *,
    probe: Probe | None = None,
    reader: LyricsReader | None = None,
    cache: Path | None = None,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> VerifyReport:
    """Look over a corpus.

    Parameters
    ----------
    corpus_path : str or Path
        A folder tree or a table, or the URL of one.
    config : CorpusConfig, optional
        How it is read, and what would be taken of it.
    probe : callable, optional
        Returns what is known of an audio file without decoding it (`musaic.audio.decode.probe`); without one,
        durations and formats stay unknown and files are judged by their outside.
    reader : callable, optional
        Returns what a text of lyrics is (`musaic.lyrics.reading.Reader`); without one, texts are taken as they stand.
    cache : Path, optional
        The cache folder, where content ids are remembered.
    workers : int >= 0, optional
        Processes that read files.
    reporter : Reporter
        Where progress is shown.

    Raises
    ------
    UsageError
        Where nothing is there or a column is missing. A file that is broken never raises.
    """
    config = config or CorpusConfig()
    corpus = scan_corpus(corpus_path, config, reader=reader, cache=cache, workers=workers, reporter=reporter)
    infos: dict[str, Info] = {}
    if probe is not None:
        probed = probe_corpus(corpus, probe, workers=workers, reporter=reporter)
        corpus, infos = corpus.with_status(probed.updates), probed.infos
    contents = content_ids(corpus.audio_paths(), cache=cache, workers=workers, reporter=reporter)
    durations = {track: info.duration for track, info in infos.items()}
    return VerifyReport(
        corpus=str(corpus_path),
        layout=corpus.findings.layout,
        tracks=_numbers(corpus),
        labels={label: _counts(corpus, label) for label in corpus.labels},
        language_genre=_pairs(corpus),
        lyrics=_lyrics(corpus),
        languages=_languages(corpus),
        duplicates=_same(contents),
        durations=_durations(list(durations.values())),
        formats=_formats(infos),
        unusable=_unusable(corpus),
        label_tables=dict(corpus.findings.label_tables),
        selection=_selection(corpus, config, durations),
        notes=list(corpus.notes),
    )


def _numbers(corpus: Corpus) -> dict[str, int]:
    audio, lyrics = corpus.has_audio, corpus.has_lyrics
    return {
        "all": len(corpus),
        "audio": int(audio.sum()),
        "lyrics": int(lyrics.sum()),
        "both": int((audio & lyrics).sum()),
        "neither": int((~audio & ~lyrics).sum()),
    }


def _counts(corpus: Corpus, label: str) -> list[Plain]:
    """Count tracks by the values of a label, in order, missing ones last."""
    counts: dict[str | None, Counter[str]] = defaultdict(Counter)
    for value, audio, lyrics in zip(corpus.tracks[label], corpus.has_audio, corpus.has_lyrics, strict=True):
        counts[value].update({"tracks": 1, "audio": int(audio), "lyrics": int(lyrics)})
    values = sorted(counts, key=lambda value: (value is None, value or ""))
    return [
        {"value": value, **{name: counts[value][name] for name in ("tracks", "audio", "lyrics")}} for value in values
    ]


def _pairs(corpus: Corpus) -> list[Plain]:
    """Count tracks by language and genre."""
    counts = Counter(zip(corpus.tracks["language"], corpus.tracks["genre"], strict=True))
    pairs = sorted(counts, key=lambda pair: [(value is None, value or "") for value in pair])
    return [{"language": language, "genre": genre, "tracks": counts[language, genre]} for language, genre in pairs]


def _lyrics(corpus: Corpus) -> Plain:
    matched: Counter[str] = Counter()
    without: dict[str, list[str]] = defaultdict(list)
    for track, has in zip(corpus.track_ids, corpus.has_lyrics, strict=True):
        how = corpus.findings.lyrics_how.get(track, "none")
        if has:
            matched[how] += 1
        else:
            without[how].append(track)
    found = corpus.tracks[["track_id", "lyrics_status", "lyrics_reason"]].itertuples(index=False, name=None)
    told = [(track, status, reason) for track, status, reason in found if isinstance(reason, str)]
    ordered = sorted(without.items(), key=lambda item: (-len(item[1]), item[0]))
    return {
        "matched": dict(sorted(matched.items(), key=lambda item: (-item[1], item[0]))),
        "without": [{"reason": reason, "tracks": tracks} for reason, tracks in ordered],
        "unusable": [
            {"track_id": track, "status": status, "reason": reason} for track, status, reason in told if status != "ok"
        ],
        "mended": [{"track_id": track, "reason": reason} for track, status, reason in told if status == "ok"],
        "files_without_track": [
            {"file": path, "reason": reason} for path, reason in sorted(corpus.findings.unmatched_lyrics.items())
        ],
    }


def _languages(corpus: Corpus) -> Plain:
    """Gather what the lyrics' own languages are, and where they differ from the labels."""
    columns = ["track_id", "language", "language_source", "language_detected", "language_confidence", "languages"]
    detected: Counter[str] = Counter()
    undecided, otherwise, mixed = [], [], []
    for track, label, source, code, confidence, shares in corpus.tracks[columns].itertuples(index=False, name=None):
        if code is None:
            continue
        detected[code] += 1
        if code == UNDECIDED:
            undecided.append(track)
        if source != FROM_LYRICS and contradicts(label, code, shares):
            otherwise.append({"track_id": track, "label": label, "detected": code, "confidence": confidence})
        if len((shares or "").split()) > 1:
            mixed.append({"track_id": track, "languages": shares})
    return {
        "detected": dict(sorted(detected.items(), key=lambda item: (-item[1], item[0]))),
        "undecided": undecided,
        "otherwise": otherwise,
        "mixed": mixed,
    }


def _same(contents: Mapping[str, str]) -> list[list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for track, content in contents.items():
        groups[content].append(track)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def _durations(seconds: Sequence[float]) -> dict[str, float] | None:
    if not seconds:
        return None
    return {
        "tracks": len(seconds),
        "min": round(min(seconds), 3),
        "median": round(statistics.median(seconds), 3),
        "max": round(max(seconds), 3),
        "total": round(sum(sorted(seconds)), 3),
    }


def _formats(infos: Mapping[str, Info]) -> list[Plain]:
    counts = Counter((info.format, info.codec, info.sample_rate, info.channels) for info in infos.values())
    names = ("format", "codec", "sample_rate", "channels")
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{**dict(zip(names, key, strict=True)), "tracks": count} for key, count in ordered]


def _unusable(corpus: Corpus) -> list[Plain]:
    columns = zip(corpus.track_ids, corpus.tracks["status"], corpus.tracks["reason"], corpus.has_lyrics, strict=True)
    return [
        {"track_id": track, "status": status, "reason": reason, "lyrics": bool(lyrics)}
        for track, status, reason, lyrics in columns
        if status != Status.OK
    ]


def _selection(corpus: Corpus, config: CorpusConfig, durations: Mapping[str, float]) -> Plain | None:
    try:
        selected = select(corpus, config, durations)
    except UsageError as error:
        return {"tracks": 0, "notes": [], "problem": str(error)}
    if selected is corpus:
        return None
    return {"tracks": len(selected), "notes": list(selected.notes[len(corpus.notes) :]), "problem": None}
