"""Which lyrics file belongs to which track, and why the others belong to none."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from musaic.corpus.folders import CONTAINERS
from musaic.corpus.languages import language_code
from musaic.corpus.paths import LYRICS_SUFFIXES, check_file, stem, suffix
from musaic.corpus.rows import Row
from musaic.corpus.text import decode, fold, nfc

NO_TEXT = "there is no text in it"
BIGGEST = 2**21  # bytes; longer than any song's words
BESIDE, SAME_ID, SAME_NAME = (
    "same name beside the audio",
    "same language and id in its name",
    "same name in another folder",
)

_NAMED_BY_ID = re.compile(r"^([^\W\d_]+)_([^\W_]*\d[^\W_]*)(?:_(.*))?$")


@dataclass
class Matches:
    """Lyrics files and the audio files they belong to, as relative paths.

    Parameters
    ----------
    found : dict
        By audio file: the lyrics file, and how it was found.
    refused : dict
        By audio file: why a lyrics file that fits is not taken.
    unmatched : dict
        By lyrics file: why it belongs to none.
    """

    found: dict[str, tuple[str, str]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    unmatched: dict[str, str] = field(default_factory=dict)


def name_parts(path: str) -> tuple[str, str, str | None] | None:
    """Return language, id and title of a file called ``{lang}_{id}_Title`` or ``{lang}_{id}``, or None.

    The language is a name or code of one, or two or three letters of somebody's own (``sp_12``); the id has a digit:
    ``my_song`` has none.
    """
    match = _NAMED_BY_ID.match(stem(path))
    if match is None or (len(match.group(1)) not in (2, 3) and language_code(match.group(1)) is None):
        return None
    title = (match.group(3) or "").replace("_", " ").strip()
    return match.group(1), match.group(2), title or None


def match_lyrics(audio: Sequence[str], lyrics: Sequence[str]) -> Matches:
    """Match files by name: beside the audio first, then by language and id, then by name in any folder.

    Where several fit, the one that shares most folder names (``audio/english/a.mp3``, ``lyrics/english/a.txt``) is
    taken; lyrics that fit several tracks equally well are given to none of them; and a folder that names one language
    never lends its lyrics to a track of another.
    """
    matches = Matches()
    by_place: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in sorted(lyrics, key=lambda path: LYRICS_SUFFIXES.index(suffix(path))):
        by_place[_place(path)].append(path)
    for track in audio:
        beside = by_place.get(_place(track))
        if beside:
            matches.found[track] = (beside[0], BESIDE)
            matches.unmatched.update((path, f"{beside[0]} is used instead") for path in beside[1:])
    for key, how in ((_id_key, SAME_ID), (_name_key, SAME_NAME)):
        used = {path for path, _ in matches.found.values()} | matches.unmatched.keys()
        groups: dict[Hashable, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for track in audio:
            if track not in matches.found and track not in matches.refused and (name := key(track)) is not None:
                groups[name][0].append(track)
        for path in lyrics:
            if path not in used and (name := key(path)) in groups:
                groups[name][1].append(path)
        for tracks, files in groups.values():
            _settle(tracks, files, how, matches)
    used = {path for path, _ in matches.found.values()} | matches.unmatched.keys()
    matches.unmatched.update((path, "no audio file has its id or its name") for path in lyrics if path not in used)
    return matches


def sidecar(root: Path, audio: str) -> str | None:
    """Return the lyrics file of the same name beside an audio file, if there is one."""
    base = audio[: -len(suffix(audio))] if suffix(audio) else audio
    return next((base + end for end in LYRICS_SUFFIXES if os.path.isfile(root / (base + end))), None)


def take_file(row: Row, root: Path, path: str, how: str) -> None:
    """Give a row the text of a lyrics file, or the reason why it cannot be read. Never raises."""
    text, status, reason = _read(root, path)
    row.lyrics_status, row.lyrics_reason = status, reason
    row.lyrics, row.lyrics_source = text, path if text else None
    row.lyrics_how = f"{path}: {reason}" if reason else how


def take_text(row: Row, text: str, source: str, how: str) -> None:
    """Give a row lyrics that stand in a table or a tag; what was wrong with those it had is still told."""
    text = nfc(text).strip()
    how = f"{how} ({row.lyrics_how})" if row.lyrics_reason else how
    row.lyrics, row.lyrics_source = (text, source) if text else (None, None)
    row.lyrics_status, row.lyrics_reason = ("ok", None) if text else ("empty", NO_TEXT)
    row.lyrics_how = how if text else f"{NO_TEXT} {how}"


def _read(root: Path, path: str) -> tuple[str | None, str, str | None]:
    """Return text, status and reason of a lyrics file."""
    wrong = check_file(root / path, root)
    if wrong is not None:
        return None, str(wrong[0]), wrong[1]
    try:
        if (root / path).stat().st_size > BIGGEST:
            return None, "too-long", "too large to be the words of a song (more than 2 MiB)"
        text = decode((root / path).read_bytes()).strip()
    except OSError as error:
        return None, "unreadable", error.strerror or str(error)
    return (text, "ok", None) if text else (None, "empty", NO_TEXT)


def _settle(tracks: Sequence[str], files: Sequence[str], how: str, matches: Matches) -> None:
    """Give each lyrics file of one id or name to the track that it fits best, if there is one such track."""
    offers: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for path in files:
        scores = {track: score for track in tracks if (score := _likeness(track, path)) is not None}
        best = [track for track, score in scores.items() if score == max(scores.values())]
        if len(best) == 1:
            offers[best[0]].append((-scores[best[0]], path))
        elif best:
            reason = f"{path} fits {len(best)} tracks equally well: {', '.join(best[:3])}"
            matches.unmatched[path] = f"fits {len(best)} tracks equally well: {', '.join(best[:3])}"
            matches.refused.update((track, reason) for track in best)
    for track, offered in offers.items():
        (_, taken), *others = sorted(offered)
        matches.found[track] = (taken, how)
        matches.refused.pop(track, None)
        matches.unmatched.update((path, f"{taken} is used instead") for _, path in others)


def _likeness(track: str, path: str) -> int | None:
    """Return how many folder names two files share, or None where their folders name different languages."""
    ours, theirs = _folders(track), _folders(path)
    our_languages = {code for name in ours if (code := language_code(name))}
    their_languages = {code for name in theirs if (code := language_code(name))}
    if our_languages and their_languages and not our_languages & their_languages:
        return None
    return len(ours & theirs) + bool(our_languages & their_languages)


def _folders(path: str) -> set[str]:
    return {fold(part) for part in PurePosixPath(path).parent.parts}.difference(CONTAINERS)


def _place(path: str) -> tuple[str, str]:
    return path.rpartition("/")[0], fold(stem(path))


def _name_key(path: str) -> Hashable:
    return fold(stem(path))


def _id_key(path: str) -> Hashable:
    parts = name_parts(path)
    return (language_code(parts[0]) or fold(parts[0]), fold(parts[1])) if parts else None
