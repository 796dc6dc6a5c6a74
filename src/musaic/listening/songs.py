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
from musaic.listening.sound import corpus_root
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
        A ``track_id``; the path of the song's audio, as in the corpus or on this machine; its title; or a part of its
        title that no other song has. Case, width and composition of letters do not matter in titles.
    corpus : str or Path, optional
        Where the corpus lies now.

    Raises
    ------
    UsageError
        Where no song is meant, or several are.
    """
    tracks = run.tracks
    ids = tracks["track_id"].astype(str)
    here = _in_corpus(run, words, corpus)
    for column in ("track_id", "audio"):
        if column in tracks:
            for wanted in (words, unicodedata.normalize("NFC", words), here):
                found = ids[tracks[column] == wanted]
                if found.nunique() == 1:
                    return str(found.iloc[0])
    titles = tracks["title"].fillna("").map(fold) if "title" in tracks else pd.Series("", index=tracks.index)
    wanted = fold(words)
    matches = tracks[titles == wanted] if wanted else tracks[:0]
    if matches.empty and wanted:
        matches = tracks[titles.str.contains(wanted, regex=False)]
    if len(matches) == 1:
        return str(matches["track_id"].iloc[0])
    if matches.empty:
        raise UsageError(f"no song is meant by {words!r}; give a track_id, a path or a part of a title.")
    named = [f"{title!r} ({track_id!r})" for title, track_id in matches[["title", "track_id"]].head(MOST_NAMED).values]
    more = f" and {len(matches) - MOST_NAMED} more" if len(matches) > MOST_NAMED else ""
    told = ", ".join(named) + more
    raise UsageError(f"{words!r} may be {len(matches)} songs: {told}; give more of the title, or a track_id.")


def _in_corpus(run: Run, words: str, corpus: str | Path | None) -> str | None:
    """Return the path of a file of this machine as seen from the corpus, or None where it is no such file."""
    root = corpus_root(run, corpus)
    if root is None or "\0" in words or not os.path.isfile(words):
        return None
    return Path(os.path.relpath(os.path.realpath(words), os.path.realpath(root))).as_posix()


def artist_numbers(run: Run, track_ids: Iterable[str]) -> NDArray[np.int64]:
    """Return a number per song that songs of one artist share: by artist, else by group; else each has its own."""
    tracks = run.tracks.drop_duplicates("track_id").set_index("track_id")
    names: dict[str, str] = {}
    for column in ("group", "artist"):
        if column in tracks:
            folded = tracks[column].dropna().map(fold)
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
    known = set(run.tracks["track_id"])
    missing = [line for line in lines if line not in known]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UsageError(f"{file} names {missing[0]!r}{more}, which the run has not; give track_ids of its tracks.")
    return lines
