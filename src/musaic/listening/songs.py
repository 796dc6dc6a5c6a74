"""Songs as people name them, and as few of one artist as people want."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from musaic.errors import UsageError
from musaic.listening.placed import all_songs
from musaic.listening.sound import assigned_files, corpus_root
from musaic.listening.words import fold
from musaic.runs import Run

MOST_NAMED = 5
"""Songs that are named where several are meant."""


def find_song(run: Run, words: str, corpus: str | Path | None = None) -> str:
    """Return the ``track_id`` of the song that is meant.

    Parameters
    ----------
    run : Run
        A run.
    words : str
        A ``track_id``, of the run's songs or of those placed in it later; the path of the song's audio, as in the
        corpus or on this machine; its title; or a part of its title that no other song has. Case, width and
        composition of letters do not matter in titles.
    corpus : str or Path, optional
        Where the corpus lies now.

    Raises
    ------
    UsageError
        Where no song is meant, or several are.
    """
    songs = all_songs(run, "title")
    spelt = unicodedata.normalize("NFC", words)
    for wanted in (words, spelt):
        if wanted in songs.index:
            return wanted
    files = _by_path(run)
    for path in (words, spelt, *_on_disk(run, words, corpus)):
        if len(found := files.get(path, [])) == 1:
            return found[0]
    titles = songs["title"].fillna("").map(fold)
    wanted = fold(words)
    matches = songs["title"][titles == wanted] if wanted else songs["title"][:0]
    if matches.empty and wanted:
        matches = songs["title"][titles.str.contains(wanted, regex=False)]
    if len(matches) == 1:
        return str(matches.index[0])
    if matches.empty:
        raise UsageError(f"no song is meant by {words!r}; give a track_id, a path or a part of a title.")
    named = [f"{title!r} ({track_id!r})" for track_id, title in matches.head(MOST_NAMED).items()]
    more = f" and {len(matches) - MOST_NAMED} more" if len(matches) > MOST_NAMED else ""
    told = ", ".join(named) + more
    raise UsageError(f"{words!r} may be {len(matches)} songs: {told}; give more of the title, or a track_id.")


def _by_path(run: Run) -> dict[str, list[str]]:
    """Return songs by the path of their audio: in the corpus, or of songs placed later, on this machine."""
    found: dict[str, list[str]] = {}
    if "audio" in run.tracks:
        for track_id, audio in run.tracks.dropna(subset="audio")[["track_id", "audio"]].drop_duplicates().values:
            found.setdefault(str(audio), []).append(str(track_id))
    for track_id, file in assigned_files(run).items():
        found.setdefault(os.path.realpath(file), []).append(track_id)
    return found


def _on_disk(run: Run, words: str, corpus: str | Path | None) -> list[str]:
    """Return the path of a file of this machine as seen from the corpus, and in full; nothing for another word."""
    root = corpus_root(run, corpus)
    if "\0" in words or not os.path.isfile(words):
        return []
    real = os.path.realpath(words)
    return [real] if root is None else [Path(os.path.relpath(real, os.path.realpath(root))).as_posix(), real]


def artist_numbers(run: Run, track_ids: Iterable[str]) -> NDArray[np.int64]:
    """Return a number per song that songs of one artist share: by artist, else by group; else each has its own."""
    songs = all_songs(run, "group", "artist")
    names: dict[str, str] = {}
    for column in ("group", "artist"):
        folded = songs[column].dropna().map(fold)
        names |= {str(track_id): f"{column} {name}" for track_id, name in folded.items() if name}
    called = [names.get(track_id, f"song {track_id}") for track_id in track_ids]
    return np.asarray(pd.factorize(np.array(called, dtype=object))[0], dtype=np.int64)


def at_most(run: Run, track_ids: Sequence[str], per_artist: int | None) -> list[str]:
    """Return songs in their order, without those of an artist who has had ``per_artist`` before."""
    if per_artist is None:
        return list(track_ids)
    if per_artist < 1:
        raise UsageError(f"at most {per_artist} songs of one artist were allowed; allow at least 1.")
    seen: Counter[int] = Counter()
    kept = []
    for track_id, artist in zip(track_ids, artist_numbers(run, track_ids).tolist(), strict=True):
        seen[artist] += 1
        if seen[artist] <= per_artist:
            kept.append(track_id)
    return kept


def read_selection(run: Run, file: str | Path) -> list[str]:
    """Return the songs that a text file names by ``track_id``, one a line, each once.

    Raises
    ------
    UsageError
        Where the file cannot be read, names nothing, or names what the run has not.
    """
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror or error}; name a file of track_ids.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8 text; write one track_id a line as UTF-8.") from None
    lines = list(dict.fromkeys(line for line in text.split("\n") if line.strip()))
    if not lines:
        raise UsageError(f"{file} names no song; write one track_id a line.")
    known = set(all_songs(run).index)
    missing = [line for line in lines if line not in known]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UsageError(f"{file} names {missing[0]!r}{more}, which the run has not; give track_ids of its songs.")
    return lines
