"""A run as one file to hand on: results, no models, no sound, no lyrics."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from musaic.errors import MusaicError
from musaic.files import WRITING, atomic
from musaic.runs.folder import Run

FOLDERS = (
    *("associations", "cards", "choices", "clusters", "embeddings", "figures", "language", "maps", "probes"),
    *("reconstructions", "spaces", "transfer", "traversals"),
)
"""Folders that are handed on, and of ``models`` the training histories."""
KINDS = frozenset((".csv", ".html", ".json", ".md", ".npz", ".parquet", ".pdf", ".png", ".svg", ".tex", ".yaml"))
"""Endings of what is handed on: tables, texts and pictures."""
LEFT_OUT = frozenset(("timings.json",))

TRACK_COLUMNS = frozenset(
    (
        *("track_id", "audio", "title", "artist", "language", "genre", "group", "status", "reason", "content_id"),
        *("duration", "lyrics_source", "lyrics_status", "lyrics_reason", "language_source", "language_detected"),
        *("language_confidence", "languages"),
    )
)
"""Columns of the tracks that never hold lyrics."""
LONGEST_LABEL = 200
"""A further column with a longer text than this, or with one of several lines, holds texts and not labels."""

_DATE = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644


def archive_file(run: Run) -> Path:
    """Return the archive's place: ``<name of the run folder>.zip`` inside the run folder."""
    return run.path / f"{run.path.resolve().name}.zip"


def write_archive(run: Run) -> Path:
    """Write what a run found as one zip file, and return its path.

    Tables, figures, report, configuration, embeddings, clusters and training histories, under a folder of the run's
    name; unpacked it is a run folder to report on and to compare. Models and encoders stay behind, and so do all
    lyrics: `tracks.parquet` loses them, and any further column that holds texts.

    Raises
    ------
    MusaicError
        Where the run has no leaderboard yet, or the disk refuses.

    Notes
    -----
    The same folder gives the same bytes: names are sorted, dates and permissions fixed, `timings.json` is left out.
    Of two equal runs all files are the same but the leaderboard's CSV, which has the column ``seconds``.
    """
    if not run.leaderboard_file.is_file():
        raise MusaicError(f"{run.path} is not finished (it has no leaderboard.csv); end it with 'musaic run' first.")
    place = archive_file(run)
    with atomic(place) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(_files(run), key=lambda path: path.relative_to(run.path).as_posix()):
            name = f"{place.stem}/{file.relative_to(run.path).as_posix()}"
            if file == run.tracks_file:
                archive.writestr(entry(name), _parquet(without_texts(run.tracks)))
            else:
                add_file(archive, name, file)
    return place


def entry(name: str, compression: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    """Return the head of a file in a zip archive, with a fixed date and fixed permissions."""
    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type = compression
    info.create_system = 3  # Unix, for the permissions
    info.external_attr = _MODE << 16
    return info


def add_file(archive: zipfile.ZipFile, name: str, file: Path) -> None:
    """Put a file into a zip archive, piece by piece."""
    info = entry(name)
    info.file_size = file.stat().st_size  # tells whether a large file needs the longer format
    with file.open("rb") as source, archive.open(info, "w") as target:
        shutil.copyfileobj(source, target)


def _files(run: Run) -> Iterator[Path]:
    """Yield what is handed on, in any order."""
    found = [*run.path.glob("*"), *(run.path / "models").glob("*/*/history.csv")]
    for folder in FOLDERS:
        found += (run.path / folder).rglob("*")
    for path in found:
        unfinished = any(part.startswith(WRITING) for part in path.relative_to(run.path).parts)
        if path.is_file() and path.suffix in KINDS and path.name not in LEFT_OUT and not unfinished:
            yield path


def without_texts(tracks: pd.DataFrame) -> pd.DataFrame:
    """Return the tracks without their lyrics and without any further column that holds texts."""
    kept = [name for name in tracks if name in TRACK_COLUMNS or not (name == "lyrics" or _holds_texts(tracks[name]))]
    return tracks[kept]


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _holds_texts(column: pd.Series) -> bool:
    texts = [value for value in column if isinstance(value, str)]
    return any(len(value) > LONGEST_LABEL or len(value.splitlines()) > 1 for value in texts)
