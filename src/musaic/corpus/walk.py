"""Which audio and lyrics files lie below a folder: in a fixed order, each once, whatever the links do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from musaic.corpus.paths import AUDIO_SUFFIXES, LYRICS_SUFFIXES, suffix
from musaic.corpus.text import nfc

TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".parquet", ".pq")


@dataclass
class Found:
    """POSIX paths relative to the folder, sorted, as they are called on the disk.

    Parameters
    ----------
    audio, lyrics, tables : list of str
        Files by suffix. A folder called ``x.mp3`` with no audio in it counts as an audio file.
    skipped : dict
        Folders that were not read, and why.
    """

    audio: list[str] = field(default_factory=list)
    lyrics: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def walk(root: Path) -> Found:
    """Find the audio, lyrics and table files below a folder.

    Notes
    -----
    Hidden files and folders (names that begin with a dot) are passed over. Links to folders are followed after all
    real folders, and no folder is read twice: a loop of links ends.
    """
    found = Found()
    seen: set[tuple[int, int]] = set()
    named_like_audio: list[str] = []
    linked: list[str] = []
    folders = [""]
    while folders or linked:
        folder = folders.pop() if folders else linked.pop(0)
        if not _is_new(root, folder, seen, found):
            continue
        inner: list[str] = []
        links: list[str] = []
        for entry in _entries(root, folder, found):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if _is_folder(entry):
                (links if entry.is_symlink() else inner).append(path)
                if suffix(path) in AUDIO_SUFFIXES:
                    named_like_audio.append(path)
            elif suffix(path) in AUDIO_SUFFIXES:
                found.audio.append(path)
            elif suffix(path) in LYRICS_SUFFIXES:
                found.lyrics.append(path)
            elif suffix(path) in TABLE_SUFFIXES:
                found.tables.append(path)
        folders.extend(reversed(inner))
        linked.extend(links)
    inside = tuple(found.audio)
    found.audio.extend(path for path in named_like_audio if not any(name.startswith(path + "/") for name in inside))
    for paths in (found.audio, found.lyrics, found.tables):
        paths.sort(key=lambda path: (nfc(path), path))
    return found


def _is_new(root: Path, folder: str, seen: set[tuple[int, int]], found: Found) -> bool:
    """Note a folder as seen; False where it was seen before, by whatever name."""
    try:
        info = os.stat(root / folder)
    except OSError as error:
        found.skipped[folder or "."] = error.strerror or str(error)
        return False
    identity = (info.st_dev, info.st_ino)
    if identity in seen:
        found.skipped[folder] = "a symbolic link to a folder that is read already"
        return False
    seen.add(identity)
    return True


def _entries(root: Path, folder: str, found: Found) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(root / folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        found.skipped[folder or "."] = error.strerror or str(error)
        return
    yield from (entry for entry in entries if not entry.name.startswith((".", "__MACOSX")))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads back to itself: a file with something wrong
        return False
