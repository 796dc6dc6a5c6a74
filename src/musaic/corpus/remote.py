"""A corpus that lies elsewhere, named by a URL: what of it is wanted is copied here and read from there."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from musaic.corpus.config import CorpusConfig
from musaic.corpus.mapping import map_columns
from musaic.corpus.paths import AUDIO_SUFFIXES, LYRICS_SUFFIXES, suffix
from musaic.corpus.table import read_table
from musaic.corpus.text import nfc
from musaic.corpus.walk import TABLE_SUFFIXES
from musaic.errors import UsageError
from musaic.progress import SILENT, Reporter
from musaic.storage import Copy, Remote

READ = (*AUDIO_SUFFIXES, *LYRICS_SUFFIXES, *TABLE_SUFFIXES)


def fetched(
    url: str, config: CorpusConfig, *, cache: Path | None = None, reporter: Reporter = SILENT
) -> tuple[Path, list[str]]:
    """Return the copy of a corpus on this machine, brought up to date, and what could not be had of it.

    Of a tree, all audio, lyrics and tables are fetched; of a table, which its suffix tells, the files that it names
    and lyrics that are called like them.

    Parameters
    ----------
    url : str
        A folder of songs or a table of them, such as ``s3://bucket/songs`` or ``https://host/songs/table.csv``.
    config : CorpusConfig
        How a table is read.
    cache : Path, optional
        The cache folder.
    reporter : Reporter
        Where progress is shown.

    Raises
    ------
    UsageError
        Where nothing is there, or its kind of URL is not known.
    MusaicError
        Where it cannot be reached.
    """
    table = suffix(url) in TABLE_SUFFIXES
    folder, _, name = url.rpartition("/") if table else (url, "", "")
    remote = Remote(folder)
    there = {path: state for path, state in remote.list().items() if suffix(path) in READ and not _hidden(path)}
    if not there or (table and name not in there):
        raise UsageError(f"there is nothing at {url}; name a folder of songs or a table (.csv, .tsv, .parquet).")
    copy = Copy(remote, cache)
    copy.forget(there)
    wanted = set(there)
    if table:
        tables = {name, *(path for path in there if path in {*config.labels, *config.transcripts})}
        copy.fetch({path: there[path] for path in sorted(tables)}, reporter)
        wanted = tables | _named(copy.folder / name, config, there)
    lacking = copy.fetch({path: there[path] for path in sorted(wanted)}, reporter)
    notes = [f"{folder}/{path} could not be fetched: {why}" for path, why in sorted(lacking.items())]
    return (copy.folder / name if table else copy.folder), notes


def _named(table: Path, config: CorpusConfig, there: Iterable[str]) -> set[str]:
    """Return the files that a table names in any of its columns for audio and lyrics, and lyrics called like them."""
    read = read_table(table)
    sources = map_columns(read, config).sources
    names: set[str] = set()
    for cells in read.rows:
        track_id = next((text for pattern in sources["track_id"] if (text := pattern.fill(cells))), None)
        values = {**cells, "track_id": track_id} if track_id else cells
        for pattern in (*sources["audio"], *sources["lyrics"]):
            given = pattern.fill(values)
            if given and "\n" not in given:
                names.add(nfc(posixpath.normpath(given.replace("\\", "/"))))
    stems = {_bare(name) for name in names}
    return {
        path for path in there if nfc(path) in names or (suffix(path) in LYRICS_SUFFIXES and _bare(nfc(path)) in stems)
    }


def _bare(path: str) -> str:
    return str(PurePosixPath(path).with_suffix("")) if PurePosixPath(path).name else path


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.split("/"))
