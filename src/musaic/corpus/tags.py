"""What audio files say about themselves: title, artist, genre, language and lyrics out of embedded tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musaic.corpus.lyrics import take_text
from musaic.corpus.rows import Row
from musaic.corpus.text import nfc

# By field: the names of ID3 frames, Vorbis comments and APE items, MP4 atoms, ASF attributes.
NAMES: dict[str, tuple[str, ...]] = {
    "title": ("TIT2", "title", "\xa9nam", "Title"),
    "artist": ("TPE1", "artist", "\xa9ART", "Artist", "Author", "TPE2", "albumartist", "aART"),
    "genre": ("TCON", "genre", "\xa9gen", "Genre", "WM/Genre"),
    "language": ("TLAN", "language", "----:com.apple.iTunes:LANGUAGE", "Language", "WM/Language"),
    "lyrics": ("USLT", "lyrics", "unsyncedlyrics", "\xa9lyr", "Lyrics", "WM/Lyrics", "SYLT", "syncedlyrics"),
}
NOT_SUNG = frozenset(range(3, 9))  # what SYLT frames hold beside words: movements, events, chords, trivia, addresses


@dataclass(frozen=True)
class Tags:
    """Text found in one file; None where there is none."""

    title: str | None = None
    artist: str | None = None
    genre: str | None = None
    language: str | None = None
    lyrics: str | None = None


def read_tags(path: Path) -> Tags:
    """Return the tags of an audio file. Never raises: what cannot be read has no tags."""
    import mutagen

    try:
        file = mutagen.File(path)
        tags = file.tags if file is not None else None
        if not tags:
            return Tags()
        return Tags(**{field: _value(tags, names) for field, names in NAMES.items()})
    except Exception:  # mutagen raises anything from struct.error to KeyError on broken files, which are told elsewhere
        return Tags()


def fill_from_tags(rows: Sequence[Row], root: Path) -> list[str]:
    """Fill what rows with usable audio lack from the tags of their files, in place, and tell how much it was."""
    filled = dict.fromkeys(NAMES, 0)
    for row in rows:
        if row.audio is None or not row.has_audio:
            continue
        tags = read_tags(root / row.audio)
        for field in ("title", "artist", "genre", "language"):
            value = getattr(tags, field)
            if value is not None and row.get(field) is None:
                row.set(field, value)
                row.language_source = "tag" if field == "language" else row.language_source
                filled[field] += 1
        if tags.lyrics is not None and row.wants_lyrics:
            take_text(row, tags.lyrics, "tag", "in the file's tags")
            filled["lyrics"] += 1
    told = [f"{field} of {count}" for field, count in filled.items() if count]
    return [f"filled from the files' tags: {', '.join(told)} tracks"] if told else []


def _value(tags: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """Return the first text under one of several names."""
    for name in names:
        text = _text(_found(tags, name))
        if text is not None:
            return text
    return None


def _found(tags: Any, name: str) -> Any:
    """Return what stands under a name, None where nothing does or where the format can have no such name."""
    if hasattr(tags, "getall"):  # ID3, where there are several USLT and SYLT frames, one a language
        return [_content(frame) for frame in tags.getall(name)]
    try:
        return tags.get(name)
    except ValueError:  # names of Vorbis comments are ASCII
        return None


def _content(frame: Any) -> Any:
    """Return the text of an ID3 frame."""
    if frame.FrameID == "SYLT":
        return None if frame.type in NOT_SUNG else _timed(frame)
    return frame.genres if frame.FrameID == "TCON" else frame.text  # genres: numbers of the old list as words


def _timed(frame: Any) -> str | None:
    """Return synchronised lyrics in the LRC format; without times where they count MPEG frames."""
    in_milliseconds = frame.format == 2
    lines = [
        f"[{time // 60000:02d}:{time // 1000 % 60:02d}.{time // 10 % 100:02d}]{text.strip()}"
        if in_milliseconds
        else text
        for text, time in frame.text
    ]
    return nfc("\n".join(line.strip("\n") for line in lines)) or None


def _text(value: Any) -> str | None:
    """Return one text out of what tag formats hold: text, bytes, an attribute with a value, or a list of such."""
    if isinstance(value, (list, tuple)):
        return next((text for item in value if (text := _text(item)) is not None), None)
    if isinstance(value, bytes):
        value = bytes(value).decode("utf-8", errors="replace")
    value = getattr(value, "value", value)
    if value is None or isinstance(value, (bytes, int, float)):
        return None
    return nfc(str(value)).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip() or None
