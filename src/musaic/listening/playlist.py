"""Songs as files that players and tables read: extended M3U in UTF-8, and CSV.

An extended M3U file is a line ``#EXTM3U``, then for every song a line ``#EXTINF:<seconds>,<artist - title>`` and a line
with its path. Nobody specified it for music; where RFC 8216 (§4, playlists for streaming, made from it) is strict, so
is this: UTF-8 without byte-order mark, and no control characters.
"""

from __future__ import annotations

import math
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from musaic.errors import UsageError
from musaic.files import FORMULA, write_text
from musaic.listening.choice import choose_cell, choose_clustering, choose_seed
from musaic.listening.placed import all_clusters, all_songs
from musaic.listening.sound import corpus_root, sound_files
from musaic.listening.words import BREAKS, one_line
from musaic.runs import Run

FORMATS = (".m3u8", ".csv")
COLUMNS = ("track_id", "path", "title", "artist", "language", "genre", "cluster")


@dataclass(frozen=True)
class Playlist:
    """A playlist that was written.

    Attributes
    ----------
    file : Path
        Where it is.
    name : str
        What players show.
    track_ids : tuple of str
        The songs in it, in order.
    without_sound : tuple of str
        Songs that were asked for and have no sound; not in an M3U file, and without a path in a CSV file.
    without_name : tuple of str
        Songs whose file name no line of an M3U file can hold, such as one with a line break; not in it.
    """

    file: Path
    name: str
    track_ids: tuple[str, ...]
    without_sound: tuple[str, ...]
    without_name: tuple[str, ...] = ()


def m3u8(
    run: Run,
    track_ids: Sequence[str],
    *,
    folder: str | Path | None = None,
    name: str = "",
    corpus: str | Path | None = None,
) -> str:
    """Return songs as an extended M3U file.

    Parameters
    ----------
    run : Run
        A run.
    track_ids : sequence of str
        The songs, in order, of the run or placed in it later. Those without sound are left out, and those whose file
        name has a control character, a line break or a space at its end, which no line can hold.
    folder : str or Path, optional
        Where the file will lie: paths are relative to it. By default the corpus folder.
    name : str
        What players show.
    corpus : str or Path, optional
        Where the corpus lies now; by default where the run remembers it.

    Returns
    -------
    str
        Lines that end with a line feed; paths with ``/``, not percent-encoded. A length that is not known is -1.

    Raises
    ------
    UsageError
        Where the run has no such song, or does not know where its corpus is.
    """
    return _m3u8(_songs(run, track_ids, folder, corpus), name)


def playlist_csv(
    run: Run,
    track_ids: Sequence[str],
    *,
    folder: str | Path | None = None,
    corpus: str | Path | None = None,
    cell: str | None = None,
    clustering: str | None = None,
    seed: int | None = None,
) -> str:
    """Return songs as a CSV table with the columns ``track_id, path, title, artist, language, genre, cluster``.

    Parameters
    ----------
    run, track_ids, folder, corpus
        As in `m3u8`. Songs without sound have no path here.
    cell, clustering, seed : optional
        Whose clusters are told; by default those of the best honest row. A song that they do not have has no cluster.

    Raises
    ------
    UsageError
        Where there is no such song, cell, clustering or seed, or the run does not know where its corpus is.
    """
    return _csv(run, _songs(run, track_ids, folder, corpus), cell, clustering, seed)


def write_playlist(
    run: Run,
    track_ids: Sequence[str],
    file: str | Path,
    *,
    name: str | None = None,
    corpus: str | Path | None = None,
    cell: str | None = None,
    clustering: str | None = None,
    seed: int | None = None,
) -> Playlist:
    """Write songs as a playlist, atomically; ``.m3u8`` or ``.csv`` by the ending of its name.

    Parameters
    ----------
    run, track_ids, corpus
        As in `m3u8`.
    file : str or Path
        Where; paths in it are relative to its folder.
    name : str, optional
        What players show; by default the file's name.
    cell, clustering, seed : optional
        As in `playlist_csv`.

    Raises
    ------
    UsageError
        Where the ending is another one, and as in `m3u8` and `playlist_csv`.
    MusaicError
        Where the file cannot be written.
    """
    file = check_file(file)
    name = file.stem if name is None else name
    songs = _songs(run, track_ids, file.parent, corpus)
    silent = tuple(song["track_id"] for song in songs if song["path"] is None)
    if file.suffix.lower() == ".csv":
        write_text(file, _csv(run, songs, cell, clustering, seed))
        return Playlist(file, name, tuple(track_ids), silent)
    write_text(file, _m3u8(songs, name))
    written = tuple(song["track_id"] for song in _playable(songs))
    unnamed = tuple(one for one in track_ids if one not in {*written, *silent})
    return Playlist(file, name, written, silent, unnamed)


def check_file(file: str | Path) -> Path:
    """Return the path of a playlist; `UsageError` where its name has an ending that is none of a playlist."""
    path = Path(file)
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"a playlist is called *{' or *'.join(FORMATS)}, and {str(file)!r} is not; give such a name.")
    return path


def _m3u8(songs: list[dict[str, Any]], name: str) -> str:
    lines = ["#EXTM3U"]
    if one_line(name):
        lines.append(f"#PLAYLIST:{one_line(name)}")
    for song in _playable(songs):
        who = " - ".join(filter(None, (song["artist"], song["title"] or PurePosixPath(song["path"]).stem)))
        lines += [f"#EXTINF:{song['seconds']},{one_line(who)}", _line(song["path"])]
    return "\n".join(lines) + "\n"


def _csv(run: Run, songs: list[dict[str, Any]], cell: str | None, clustering: str | None, seed: int | None) -> str:
    table = pd.DataFrame(songs, columns=list(COLUMNS))
    table["path"] = [None if _has_surrogate(song["path"] or "") else song["path"] for song in songs]
    cell = choose_cell(run, cell)
    seed = choose_seed(run, cell, seed)
    clusters = all_clusters(run, cell, choose_clustering(run, cell, clustering), seed)["cluster"]
    table["cluster"] = clusters.reindex(table["track_id"]).astype("Int64").array
    for column in COLUMNS[:-1]:
        before = "./" if column == "path" else "'"
        table[column] = [f"{before}{v}" if isinstance(v, str) and FORMULA.match(v) else v for v in table[column]]
    return str(table.to_csv(index=False, lineterminator="\n"))


def _songs(
    run: Run, track_ids: Sequence[str], folder: str | Path | None, corpus: str | Path | None
) -> list[dict[str, Any]]:
    """Return what playlists tell of every song; ``path`` is None without sound."""
    root = corpus_root(run, corpus)
    if root is None:
        raise UsageError(f"{run.path} does not say where its songs lie; name their folder with --corpus.")
    told = all_songs(run, "title", "artist", "language", "genre", "duration")
    unknown = [track_id for track_id in track_ids if track_id not in told.index]
    if unknown:
        raise UsageError(f"the run {run.path} has no song {unknown[0]!r}; give track_ids of its songs.")
    files, base = sound_files(run, corpus), root if folder is None else Path(folder).resolve()
    rows = told.loc[list(track_ids)]
    return [
        {
            "track_id": track_id,
            "path": _relative(files[track_id], base) if track_id in files else None,
            "seconds": _seconds(row["duration"]),
            **{key: row[key] if isinstance(row[key], str) else None for key in ("title", "artist")},
            **{key: None if pd.isna(row[key]) else str(row[key]) for key in ("language", "genre")},
        }
        for track_id, row in zip(track_ids, rows.to_dict("records"), strict=True)
    ]


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return path.as_posix()


def _seconds(duration: object) -> int:
    if isinstance(duration, int | float) and math.isfinite(duration) and duration >= 0:
        return math.floor(duration + 0.5)
    return -1


def _playable(songs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the songs with a path that a line of an M3U file can hold."""
    return [song for song in songs if song["path"] is not None and _fits(song["path"])]


def _fits(path: str) -> bool:
    """Say whether a path is one line that comes back as it was from players, which cut spaces at its end."""
    return path == path.rstrip() and not any(unicodedata.category(sign) in BREAKS for sign in path)


def _line(path: str) -> str:
    """Return a path that is taken for one: not for a comment, an address or a drive, and with no space before it."""
    head = path.split("/", 1)[0]
    odd = head[:1] == "#" or head[:1].isspace() or head[:1] == "\ufeff" or ":" in head
    return f"./{path}" if odd and not os.path.isabs(path) else path


def _has_surrogate(path: str) -> bool:
    return any(unicodedata.category(sign) == "Cs" for sign in path)
