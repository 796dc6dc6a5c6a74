"""A song's file as it is sent: found by run and row, never by a client's path, and never outside the corpus."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musaic.audio.readers import check_path
from musaic.errors import TrackError
from musaic.explorer.kept import Kept
from musaic.files import content_id

if TYPE_CHECKING:
    from starlette.responses import Response


@dataclass(frozen=True)
class Served:
    """A file that a browser plays: where it lies, what it is called in the header, and what tells it from others."""

    path: Path
    media_type: str
    etag: str


class Sounds:
    """Files made ready for a browser; what a file is, is found out once while it does not change.

    Parameters
    ----------
    cache : Path, optional
        Where converted copies are kept; `musaic.files.cache_folder` by default.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache
        self._kept: Kept[tuple[Path, str]] = Kept(4096)
        self._contents: Kept[str] = Kept(4096)

    def served(self, path: Path) -> Served:
        """Return what to send for a sound file: itself, or a copy that browsers play.

        Raises
        ------
        TrackError
            Where it is not there, or cannot be decoded.
        """
        key = _state(path)
        found, media_type = self._kept.get(key, lambda: self._playable(path))
        if found != path and not found.is_file():  # somebody emptied the cache
            found, media_type = self._playable(path)
        return Served(found, media_type, f'"{hashlib.blake2b(repr(key).encode(), digest_size=16).hexdigest()}"')

    def content(self, path: Path) -> str:
        """Return the content id of a file, read once while it does not change; `TrackError` where it is not there."""
        return self._contents.get(_state(path), lambda: content_id(path))

    def _playable(self, path: Path) -> tuple[Path, str]:
        from musaic.explorer.playable import kind_of

        kind = kind_of(path)
        return (path, kind.media_type) if kind.media_type else (self._converted(path), "audio/flac")

    def _converted(self, path: Path) -> Path:
        from musaic.explorer.playable import converted

        return converted(path, self.content(path), cache=self._cache)


def _state(path: Path) -> tuple[bytes, int, int]:
    """Return what changes when a file does; `TrackError` where it is none, as for a folder or a pipe."""
    check_path(path)
    try:
        state = path.stat()
    except OSError:
        raise TrackError("missing", f"{path.name} is not there any more.") from None
    return os.fsencode(path), state.st_size, state.st_mtime_ns


def inside(path: Path, root: Path, *, follow_links: bool = False) -> Path:
    """Return the file that a path leads to, links followed, where it lies in the corpus folder.

    Parameters
    ----------
    path, root : Path
        A track's audio and the corpus folder.
    follow_links : bool
        Whether links in the corpus may lead out of it.

    Raises
    ------
    TrackError
        ``outside-corpus`` where it does not, ``missing`` where no file can have that name.
    """
    plain, base = Path(os.path.abspath(path)), Path(os.path.abspath(root))
    try:
        real, real_base = Path(os.path.realpath(path)), Path(os.path.realpath(root))
    except ValueError:
        raise TrackError("missing", f"{str(path)!r} is no name that a file can have.") from None
    if not plain.is_relative_to(base):
        raise TrackError("outside-corpus", f"{path.name} lies outside the corpus folder; it is not opened.")
    if not (follow_links or real.is_relative_to(real_base)):
        raise TrackError(
            "outside-corpus",
            f"{path.name} is a link that leads out of the corpus folder; start 'musaic explore' with --follow-links to "
            "hear such songs.",
        )
    return real


def response(served: Served) -> Response:
    """Return the file with ``Range`` answered; the browser may keep it but must ask before it plays it again."""
    from starlette.responses import FileResponse

    # the same address is another song's in the next run, so that the tag stands for the file, and not for its size
    headers = {"Cache-Control": "private, no-cache", "ETag": served.etag}
    return FileResponse(served.path, media_type=served.media_type, headers=headers)
