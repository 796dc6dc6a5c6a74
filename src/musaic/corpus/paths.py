"""Where a file is, and what is wrong with it before anything is decoded.

Symbolic links inside a corpus may lead anywhere: music is often kept in one place and arranged in another. What is
refused is a *table* that names a path outside its corpus, by ``..`` or as an absolute path: such a file is never
opened.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path, PurePosixPath

from musaic.corpus.status import Status
from musaic.corpus.text import nfc
from musaic.errors import TrackError

_AUDIO = (
    ".mp3 .mp2 .wav .w64 .flac .ogg .oga .opus .spx .m4a .m4b .mp4 .aac .ac3 .wma .webm .mka .aif .aiff .aifc .au .caf "
    ".ape .wv .tta .amr .3gp"
)
AUDIO_SUFFIXES = frozenset(_AUDIO.split())
LYRICS_SUFFIXES = (".txt", ".lrc")  # in the order in which they are preferred


def suffix(name: str) -> str:
    """Return the case-folded suffix of a file name."""
    return PurePosixPath(name).suffix.casefold()


def stem(name: str) -> str:
    """Return a file name without its folder and its audio or lyrics suffix; ``blues.00000`` keeps its number."""
    last = PurePosixPath(name).name
    known = suffix(last) in AUDIO_SUFFIXES or suffix(last) in LYRICS_SUFFIXES
    return last[: -len(suffix(last))] if known else last


def readable_name(path: str) -> str:
    r"""Return a path as text that any file format can hold: bytes that are not UTF-8 are written as ``\xNN``."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def relative_path(root: Path, given: str) -> str:
    """Return a path given in a table as POSIX path relative to the corpus folder.

    Raises
    ------
    TrackError
        ``outside-corpus`` where the path leaves the folder: judged by its text, links are not looked at;
        ``missing`` for an address on the web.
    """
    if "://" in given.split("/", 1)[0] + "//" and given.casefold().startswith(("http://", "https://", "ftp://")):
        raise TrackError(Status.MISSING, f"{given!r} is an address on the web; fetch the file and name its path")
    absolute = os.path.normpath(os.path.join(os.path.abspath(root), given))
    for base in (os.path.abspath(root), os.path.realpath(root)):
        if absolute == base or absolute.startswith(base.rstrip(os.sep) + os.sep):
            return PurePosixPath(os.path.relpath(absolute, base).replace(os.sep, "/")).as_posix()
    raise TrackError(Status.OUTSIDE_CORPUS, f"{given!r} lies outside the corpus folder; move it there or link it")


class RealNames:
    """Finds files whose names are written differently on the disk: in another Unicode form, or with backslashes.

    Parameters
    ----------
    root : Path
        The corpus folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._listings: dict[str, dict[str, str]] = {}

    def find(self, relative: str) -> str:
        """Return the path as it stands on the disk, or the path as given where nothing like it is there."""
        for candidate in (relative, relative.replace("\\", "/")):
            if os.path.lexists(self._root / candidate):
                return candidate
        found = ""
        for part in relative.replace("\\", "/").split("/"):
            real = self._listing(found).get(nfc(part))
            if real is None:
                return relative
            found = f"{found}/{real}" if found else real
        return found

    def _listing(self, folder: str) -> dict[str, str]:
        if folder not in self._listings:
            try:
                names = sorted(os.listdir(self._root / folder))
            except (OSError, ValueError):
                names = []
            self._listings[folder] = {nfc(name): name for name in names}
        return self._listings[folder]


def check_file(path: Path, root: Path) -> tuple[Status, str] | None:
    """Return what is wrong with a file as far as it shows without decoding it, or None.

    Parameters
    ----------
    path : Path
        The file.
    root : Path
        The corpus folder; a path that leaves it by ``..`` is not looked at. Links may lead out of it.
    """
    try:
        relative_path(root, os.path.abspath(path))
    except TrackError as error:
        return Status(error.status), error.reason
    try:
        info = path.stat()
    except OSError as error:
        return _cannot_stat(path, error)
    except ValueError:
        return Status.MISSING, "no file can have this name"
    if stat.S_ISDIR(info.st_mode):
        return Status.NOT_A_FILE, "it is a folder, not a file"
    if not stat.S_ISREG(info.st_mode):
        return Status.NOT_A_FILE, "it is a device or a pipe, not a file"
    if info.st_size == 0:
        return Status.EMPTY, "the file has no bytes"
    if not os.access(path, os.R_OK):
        return Status.NO_PERMISSION, "no permission to read it"
    return None


def _cannot_stat(path: Path, error: OSError) -> tuple[Status, str]:
    if error.errno == errno.ELOOP:
        return Status.DANGLING_LINK, "a symbolic link that leads back to itself"
    if isinstance(error, FileNotFoundError):
        if path.is_symlink():
            return Status.DANGLING_LINK, f"a symbolic link to {os.readlink(path)!r}, which is not there"
        return Status.MISSING, "no such file"
    if isinstance(error, PermissionError):
        return Status.NO_PERMISSION, "no permission to enter its folder"
    if error.errno in (errno.ENOTDIR, errno.ENAMETOOLONG):
        return Status.MISSING, "no such file"
    return Status.UNREADABLE, error.strerror or str(error)
