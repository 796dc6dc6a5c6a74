"""Which song sounds like which, which way leads from one to another, and which stretch of a file is heard."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.listening.path import song_path
    from musaic.listening.playlist import m3u8, playlist_csv, write_playlist
    from musaic.listening.sound import audio_file, audio_files, stretch, stretches
    from musaic.listening.space import latents

__all__ = [
    "audio_file",
    "audio_files",
    "latents",
    "m3u8",
    "playlist_csv",
    "song_path",
    "stretch",
    "stretches",
    "write_playlist",
]

# not `neighbours` and `playlist`: modules of this room have their names, and the functions stand in `musaic` itself
_HOMES = {
    "audio_file": "musaic.listening.sound",
    "audio_files": "musaic.listening.sound",
    "latents": "musaic.listening.space",
    "m3u8": "musaic.listening.playlist",
    "playlist_csv": "musaic.listening.playlist",
    "song_path": "musaic.listening.path",
    "stretch": "musaic.listening.sound",
    "stretches": "musaic.listening.sound",
    "write_playlist": "musaic.listening.playlist",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
