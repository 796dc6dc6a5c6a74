"""BanglaBeats: Bangla songs in 8 genres, each cut into ten clips of 3 s."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from musaic.corpus.paths import stem
from musaic.corpus.walk import walk
from musaic.datasets.description import Dataset, Song, Songs
from musaic.datasets.sources.of_kaggle import Kaggle
from musaic.errors import UsageError

GENRES = frozenset(("adhunik", "folk", "hiphop", "indie", "islamic", "metal", "pop", "rock"))
CLIPS = 10  # cut out of one song
LAYOUT = "wavs3sec/<genre>/<clip>.wav"
_NUMBERED = re.compile(r"^(.*\D)\d+$")


def songs(root: Path) -> Songs:
    """Read the clips in the folders named by the eight genres, with the song that each was cut from if names tell."""
    paths = [path for path in walk(root).audio if _genre(path).casefold() in GENRES]
    if not paths:
        raise UsageError(f"no clip of BanglaBeats lies below {root}; its layout is {LAYOUT}.")
    whole = songs_of(paths)
    found = [
        Song(f"{_genre(path)}/{stem(path)}", audio=path, genre=_genre(path), language="bangla", group=whole.get(path))
        for path in paths
    ]
    notes = (
        ()
        if whole
        else (
            "which clips were cut from one song does not show in their names, so that one song may stand on both "
            "sides of a split: scores that need a split (probes, transfer) flatter",
        )
    )
    return Songs(found, notes)


def songs_of(paths: list[str]) -> dict[str, str]:
    """Return the song of every clip as far as names tell it: all but the number at the end; nothing where they do not.

    Numbers that run on from song to song (``folk_1`` to ``folk_2000``) tell nothing: no song has more than ten clips.
    """
    names = {
        path: f"{_genre(path)}/{match[1].strip(' ._-')}" for path in paths if (match := _NUMBERED.match(stem(path)))
    }
    counts = Counter(names.values())
    if len(names) < len(paths) or max(counts.values(), default=0) > CLIPS or len(counts) == len(paths):
        return {}
    return names


def _genre(path: str) -> str:
    return path.rpartition("/")[0].rpartition("/")[2]


DATASETS = (
    Dataset(
        name="banglabeats",
        about="Bangla songs in 8 genres: 1,617 songs, each cut into ten clips of 3 s",
        tracks=16170,
        size="13.5 hours of WAV (Kaggle tells the bytes before the download)",
        licence="as its page on Kaggle says, which is told before the download",
        homepage="https://www.kaggle.com/datasets/thisisjibon/banglabeats3sec",
        facts="the authors' dataset card: 16,170 clips of 3 s out of 1,617 songs",
        citation="""\
@inproceedings{jibon2023banglabeats,
  title = {BanglaBeats: A Comprehensive Dataset of Bengali Songs for Music Genre Classification Tasks},
  author = {Jibon, Md Mehedi Hasan and Alam, Dewan Mahinur and Rahman, Mohammad Shahidur},
  booktitle = {26th International Conference on Computer and Information Technology (ICCIT)},
  pages = {1--6},
  year = {2023},
  doi = {10.1109/ICCIT60459.2023.10441288}
}
""",
        source=Kaggle("thisisjibon/banglabeats3sec"),
        convert=songs,
        asks=True,
        layout=LAYOUT,
        faults=("ten clips come from one song: a split by clips leaks; clips are grouped where their names tell",),
    ),
)
