"""Any dataset of mirdata whose tracks have audio: its tracks' own attributes become columns."""

from __future__ import annotations

import functools
import math
import numbers
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from musaic.corpus.paths import AUDIO_SUFFIXES, suffix
from musaic.datasets.description import Dataset, Song, Songs
from musaic.datasets.sources.of_mirdata import Mirdata, index_path, opened, words_of
from musaic.errors import MusaicError, UsageError

WITH_LABELS = (
    *("ballroom", "beatport_key", "cante100", "compmusic_carnatic_rhythm", "compmusic_hindustani_rhythm"),
    *("compmusic_indian_tonic", "compmusic_raga", "giantsteps_key", "giantsteps_tempo", "groove_midi"),
    *("gtzan_genre", "ikala", "irmas", "medleydb_melody", "mtg_jamendo_autotagging_moodtheme", "openmic2018", "queen"),
    *("rwc_classical", "rwc_jazz", "rwc_popular", "salami", "saraga_carnatic", "saraga_hindustani", "vocadito"),
)
"""Loaders whose tracks have audio and a genre, artist, raga, language or the like; any other can be named too."""

AUDIO = ("audio_path", "audio_mix_path", "audio_mic_path", "audio_path_stereo", "audio_path_mono")
IDS = ("track_id", "mtrack_id", "lyrics")
ROLES = ("title", "artist", "genre", "language")
COMPUTED = ("raga", "taala", "instrument", "style", "makam", "artists", "genres")
"""Labels that some loaders read from a file when they are asked for; of several kinds in one mapping, each is one."""
LISTED = {"artist": "artists", "genre": "genres"}
"""Lists, and what one of them is that has no other beside it."""
_DOCUMENTED = re.compile(r"^ +(\w+) \((?:str|int|float|bool|list|tuple)\b", re.MULTILINE)


def dataset(loader: str) -> Dataset:
    """Describe a dataset of mirdata; ``loader@version`` takes another version than the default one."""
    loader, _, version = loader.strip().partition("@")
    source = Mirdata(loader, version or "default")
    licence, citation, getting = words_of(loader)
    name = f"mirdata:{loader}" + (f"@{version}" if version else "")
    return Dataset(
        name=name,
        about=f"{loader}, through mirdata",
        tracks=None,
        size="as its servers say before the download",
        licence=" ".join(licence.split()) or "mirdata does not state one",
        homepage=f"https://mirdata.readthedocs.io/en/stable/source/mirdata.html#module-mirdata.datasets.{loader}",
        facts="mirdata",
        citation=citation + "\n",
        source=source,
        convert=functools.partial(songs, loader=loader, version=source.version),
        asks=True,
        layout=getting or "as mirdata's index of it says",
    )


def songs(root: Path, loader: str, version: str) -> Songs:
    """Read the tracks through mirdata.

    Raises
    ------
    MusaicError
        Where mirdata's index of it is not on this disk, or its tracks cannot be read.
    UsageError
        Where its tracks have no audio.
    """
    if not index_path(loader, version).is_file():
        raise MusaicError(
            f"mirdata's index of {loader} is not on this disk, and names its tracks; run musaic download "
            f"mirdata:{loader} once where there is a network."
        )
    data = opened(loader, version, root)
    found, absent, unread = [], 0, Counter[str]()
    for track_id in data.track_ids:
        try:
            track = data.track(track_id)
            audio = next((path for name in AUDIO if (path := getattr(track, name, None))), None)
            song = _song(track, str(track_id), audio, root, unread)
        except (OSError, ValueError, KeyError, AttributeError, ImportError) as error:
            raise MusaicError(f"mirdata cannot read track {track_id!r} of {loader} below {root} ({error}).") from None
        if song.audio is None:
            absent += 1
        else:
            found.append(song)
    if not found:
        _, _, getting = words_of(loader)
        raise UsageError(
            f"none of the {absent} tracks of {loader} has audio below {root}; "
            + (f"mirdata says: {getting}" if getting else "mirdata fetches annotations alone for some datasets.")
        )
    notes = [f"{absent} tracks of {loader} have no audio here"] if absent else []
    notes += [f"{number} tracks are without {name}: mirdata cannot read it" for name, number in sorted(unread.items())]
    return Songs(found, notes)


def _song(track: Any, track_id: str, audio: str | None, root: Path, unread: Counter[str]) -> Song:
    """Return a track as a song; ``unread`` counts the labels that mirdata could not read from their files."""
    here = audio is not None and Path(audio).is_file() and suffix(audio) in AUDIO_SUFFIXES
    roles: dict[str, str] = {}
    more: dict[str, str] = {}
    for name in _attributes(track):
        try:
            value = getattr(track, name, None)
        except (OSError, ValueError, KeyError, TypeError):
            if name not in COMPUTED:
                raise
            unread[name] += 1
            continue
        several = value if name in COMPUTED and isinstance(value, Mapping) else {name: value}
        for own, one in several.items():
            text = _text(one)
            if text is not None:
                (roles if own in ROLES else more)[str(own)] = text
    for role, listed in LISTED.items():
        if role not in roles and more.get(listed) and ";" not in more[listed]:
            roles[role] = more[listed]
    return Song(
        track_id,
        audio=Path(audio).relative_to(root).as_posix() if here and audio is not None else None,
        lyrics=_words(track),
        more=more,
        **roles,
    )


def _attributes(track: Any) -> list[str]:
    """Return the names that tell of a track what can stand in a cell: no paths, no audio, no annotations in time.

    mirdata documents them under "Attributes"; what is cached lazily (beats, notes, melodies) has a heading of its own.
    """
    told = (type(track).__doc__ or "").partition("Attributes:")[2].partition("Cached Properties:")[0]
    names = {
        *vars(track),
        *_DOCUMENTED.findall(told),
        *(name for name in (*ROLES, *COMPUTED) if hasattr(type(track), name)),
    }
    return sorted(
        name for name in names if not name.startswith(("_", "audio")) and "path" not in name and name not in IDS
    )


def _words(track: Any) -> str | None:
    """Return the lyrics: mirdata gives them line by line, or word by word with their times."""
    lyrics = getattr(track, "lyrics", None)
    lines = getattr(lyrics, "lyrics", lyrics)
    if not isinstance(lines, (list, tuple)):
        return None
    if all(isinstance(line, str) for line in lines):
        return " ".join(lines).strip() or None
    return "\n".join(" ".join(map(str, line)) for line in lines).strip() or None


def _text(value: Any) -> str | None:
    """Return a value as a cell: text, a number, or several of those."""
    if isinstance(value, str):
        return " ".join(value.split()) or None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, numbers.Real):
        number = float(value)
        return None if math.isnan(number) else f"{number:g}"
    if isinstance(value, (list, tuple, set)) and value and all(isinstance(one, (str, int, float)) for one in value):
        return "; ".join(filter(None, map(_text, sorted(value, key=str) if isinstance(value, set) else value))) or None
    return None
