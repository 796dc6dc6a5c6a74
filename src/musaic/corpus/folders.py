"""What the folders of a tree mean: which level names the language, which the genre."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from musaic.corpus.languages import language_code
from musaic.corpus.text import fold
from musaic.errors import UsageError

# Folders that hold a collection and say nothing about the songs.
_CONTAINERS = (
    "audio audios data dataset corpus music songs tracks clips files genres genres_original mp3 mp3s wav wavs flac ogg "
    "lyrics processed_lyrics lyric text texts"
)
CONTAINERS = frozenset(_CONTAINERS.split())
# Enough to tell a folder of genres from a folder of artists; where genres stand, any other word is one too.
_GENRES = (
    "acoustic afrobeat alternative ambient anime bachata ballad ballads baul bhajan bhangra blues bluegrass bollywood "
    "bolero bossa celtic children choral christian classical country cumbia dance dancehall dembow devotional disco "
    "dub dubstep edm electro electronic electronica emo ethnic fado film flamenco folk funk fusion garage ghazal "
    "gospel grunge hardcore hiphop hop house indie instrumental jazz jpop khaliji kpop latin lofi maqam mariachi "
    "merengue metal modern nasheed nazrul norteno opera oriental pop progressive psychedelic punk qawwali rabindra rai "
    "rap ranchera reggae reggaeton religious rnb rock romantic salsa samba sertanejo singer ska soul soundtrack sufi "
    "swing synthpop tango tarab techno traditional trance trap trova world"
)
GENRE_WORDS = frozenset(_GENRES.split())
AUTO, NONE, SKIPPED = "auto", "none", "-"


def levels(path: str) -> tuple[str, ...]:
    """Return the folders of a relative path, outermost first, without those that only hold the collection."""
    parts = PurePosixPath(path).parent.parts
    while parts and fold(parts[0]) in CONTAINERS:
        parts = parts[1:]
    return parts


def meaning(paths: Sequence[str], folders: str = AUTO) -> tuple[str, ...]:
    """Return what each level of folders names, outermost first: ``language``, ``genre``, another label or ``-``.

    Parameters
    ----------
    paths : sequence of str
        Audio files, relative to the corpus folder.
    folders : str
        ``auto``, ``none`` or label names joined by ``/``.

    Notes
    -----
    One level names languages where most of its folders do, genres otherwise. Two levels are language and genre, in the
    order in which they name such; folders that name neither, and of which no inner one stands in two outer ones, are
    artists and their albums.
    """
    if folders == NONE:
        return ()
    if folders != AUTO:
        names = tuple(name.strip() for name in folders.split("/"))
        if not all(names):
            raise UsageError(f"folders: {folders!r} has an empty level; write such as 'language/genre' or '-/genre'.")
        return names
    trees = [parts for path in paths if (parts := levels(path))]
    if not trees:
        return ()
    outer = sorted({fold(parts[0]) for parts in trees})
    deep = [parts for parts in trees if len(parts) > 1]
    outer_languages, outer_genres = _share(outer, language_code), _share(outer, names_genre)
    if 2 * len(deep) < len(trees):
        return ("language", "genre") if outer_languages > 0.5 else ("genre",)
    inner = [(fold(parts[0]), fold(parts[1])) for parts in deep]
    inner_names = sorted({name for _, name in inner})
    if outer_languages == 0:
        if _share(inner_names, language_code) > 0.5:
            return ("genre", "language")
        if outer_genres > 0.5:
            return ("genre",)
        shared = len(inner_names) < len(set(inner))
        if len(outer) > 1 and not shared and _share(inner_names, names_genre) == 0:
            return ("artist", SKIPPED)
    return ("language", "genre")


def names_genre(name: str) -> bool:
    """Say whether a word of a folder name is a well-known genre."""
    return any(word in GENRE_WORDS for word in re.split(r"[\W_]+", fold(name)))


def _share(names: Sequence[str], test: Callable[[str], object]) -> float:
    """Return the share of names that pass a test."""
    return sum(bool(test(name)) for name in names) / len(names)
