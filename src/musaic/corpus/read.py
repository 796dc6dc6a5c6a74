"""From a path to a corpus: rows out of a tree or a table, labels, tags, words, one spelling a value, and a choice."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from musaic.corpus.config import CorpusConfig
from musaic.corpus.corpus import Corpus, Findings
from musaic.corpus.labels import join_all
from musaic.corpus.mapping import table_rows
from musaic.corpus.paths import AUDIO_SUFFIXES, suffix
from musaic.corpus.probing import Probe, probe_corpus
from musaic.corpus.remote import fetched
from musaic.corpus.rows import Row, fill_groups, make_unique
from musaic.corpus.sampling import select
from musaic.corpus.table import read_table
from musaic.corpus.tags import fill_from_tags
from musaic.corpus.text import nfc
from musaic.corpus.transcripts import fill_from_transcripts
from musaic.corpus.tree import tree_rows
from musaic.corpus.values import normalise_labels
from musaic.corpus.words import LyricsReader, fill_languages, read_words, tell_words
from musaic.errors import UsageError
from musaic.parallel import must_see
from musaic.progress import SILENT, Reporter
from musaic.storage import is_url


def read_corpus(
    path: str | Path,
    config: CorpusConfig | None = None,
    *,
    probe: Probe | None = None,
    reader: LyricsReader | None = None,
    cache: Path | None = None,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> Corpus:
    """Read the tracks that a configuration asks for.

    Parameters
    ----------
    path : str or Path
        A folder tree, or a table (``.csv``, ``.tsv``, ``.parquet``); or the URL of one, such as ``s3://bucket/songs``.
    config : CorpusConfig, optional
        What is read, how columns are called, which tracks are taken.
    probe : callable, optional
        Returns what is known of an audio file without decoding it (`musaic.audio.decode.probe`); needed where
        ``config`` asks for durations.
    reader : callable, optional
        Returns what a text of lyrics is: clean words, what is wrong with it, its language
        (`musaic.lyrics.reading.Reader`); without one, texts are taken as they stand and languages from labels alone.
    cache : Path, optional
        The cache folder, where a corpus that lies elsewhere is copied to.
    workers : int >= 0, optional
        Processes that probe and read.
    reporter : Reporter
        Where progress is shown.

    Returns
    -------
    Corpus
        One row a track, those with something wrong included.

    Raises
    ------
    UsageError
        Where nothing is there, a column is missing, or no track is left.
    """
    config = config or CorpusConfig()
    corpus = scan_corpus(path, config, reader=reader, cache=cache, workers=workers, reporter=reporter)
    durations = None
    if config.needs_durations:
        if probe is None:
            raise UsageError("min_duration and max_duration need a probe; pass probe=musaic.audio.decode.probe.")
        probed = probe_corpus(corpus, probe, workers=workers, reporter=reporter)
        corpus, durations = corpus.with_status(probed.updates), probed.durations
    return select(corpus, config, durations)


def scan_corpus(
    path: str | Path,
    config: CorpusConfig | None = None,
    *,
    reader: LyricsReader | None = None,
    cache: Path | None = None,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> Corpus:
    """Read all tracks of a corpus: what `read_corpus` chooses from. No audio is decoded."""
    config = config or CorpusConfig()
    path, missed = fetched(str(path), config, cache=cache, reporter=reporter) if is_url(path) else (Path(path), [])
    if _is_table(path, config):
        root = path.parent
        table = read_table(path)
        rows, notes = table_rows(table, root, config)
        findings = Findings(layout=f"table {path.name}")
    else:
        root = path
        tree = tree_rows(path, config)
        rows, notes = tree.rows, []
        notes += [f"{folder} was not read: {reason}" for folder, reason in tree.skipped.items()]
        notes += [
            f"{table} was not read; name it as the corpus, or as labels" for table in _unused(tree.tables, config)
        ]
        findings = Findings(layout=tree.layout, unmatched_lyrics=tree.unmatched_lyrics, skipped=tree.skipped)
    notes += missed
    make_unique(rows)
    must_see(*[root / row.audio for row in rows if row.audio is not None and row.has_audio][:1])
    joined, told = join_all(rows, config.labels, root)
    notes += told
    _read_words(rows, reader, workers, reporter)  # before the next source: what cannot be used gives way to it
    if config.tags:
        notes += fill_from_tags(rows, root)
        _read_words(rows, reader, workers, reporter)
    notes += fill_from_transcripts(rows, config.transcripts, root)
    _read_words(rows, reader, workers, reporter)
    notes += tell_words(rows)
    merged, told = normalise_labels(rows)
    notes += told
    notes += fill_languages(rows)
    _finish(rows)
    findings = dataclasses.replace(
        findings,
        lyrics_how={row.track_id: row.lyrics_how or "none" for row in sorted(rows, key=lambda row: row.track_id)},
        label_tables={name: dataclasses.asdict(join) for name, join in joined.items()},
        merged=merged,
    )
    return Corpus.from_rows(root, rows, notes, findings)


def _is_table(path: Path, config: CorpusConfig) -> bool:
    """Say whether a path is to be read as a table; raise the error for one that is neither table nor tree."""
    if not path.exists():
        raise UsageError(f"there is nothing at {path}; name a folder of songs or a table (.csv, .tsv, .parquet).")
    if path.is_dir():
        if config.layout == "table":
            raise UsageError(f"{path} is a folder, but layout is 'table'; name the table in it.")
        if config.mapping:
            role = next(iter(config.mapping))
            raise UsageError(f"{path} is a folder, and {role} describes a table; name the table, or leave {role} out.")
        return False
    if config.layout == "tree":
        raise UsageError(f"{path} is a file, and layout is 'tree'; name a folder, or set layout to 'table'.")
    if suffix(path.name) in AUDIO_SUFFIXES:
        raise UsageError(f"{path} is one audio file; name the folder that holds the songs: {path.parent}.")
    return True


def _unused(tables: list[str], config: CorpusConfig) -> list[str]:
    """Return the tables of a tree that nothing has been read from."""
    named = {Path(given).name for given in config.labels}
    return [table for table in tables if Path(table).name not in named]


def _read_words(rows: list[Row], reader: LyricsReader | None, workers: int | None, reporter: Reporter) -> None:
    if reader is not None:
        read_words(rows, reader, workers=workers, reporter=reporter)


def _finish(rows: list[Row]) -> None:
    for row in rows:
        row.title = _stripped(row.title) or row.guess
        row.artist = _stripped(row.artist)
        row.group = _stripped(row.group)
    fill_groups(rows)


def _stripped(text: str | None) -> str | None:
    return (nfc(" ".join(text.split())) or None) if text is not None else None
