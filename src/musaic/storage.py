"""Folders that lie elsewhere, named by a URL that fsspec can open, and their copies on this machine.

A copy holds the files that were asked for under the names that they have there. Object storage knows whole objects
only: what is put there appears whole or not at all, one file at a time.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import unquote

from musaic.errors import MusaicError, UsageError
from musaic.files import HOME, WRITING, cache_folder, remove, write_error, write_json
from musaic.progress import SILENT, Reporter

AT_ONCE = 8
"""Files on their way at the same time."""
TRIES = 3
STATES = (
    *("ETag", "etag", "md5", "md5Hash", "content_md5", "Content-MD5", "checksum"),
    *("mtime", "LastModified", "last_modified", "Last-Modified", "updated", "modified", "created"),
)
"""By what file systems tell that a file is another one than before."""


def is_url(path: object) -> bool:
    """Return whether a path names something that fsspec opens, such as ``s3://bucket/songs``."""
    text = str(path)
    return "://" in text and "/" not in text.split("://", 1)[0]


class Remote:
    """A folder elsewhere.

    Parameters
    ----------
    url : str
        Such as ``s3://bucket/songs``, ``https://host/songs``, ``memory://songs``; any that fsspec opens.

    Raises
    ------
    UsageError
        For a kind of URL that fsspec does not know.
    MusaicError
        Where the driver for it is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._fs, self._root = _open(self.url)
        self._paths: dict[str, str] = {}
        kinds = self._fs.protocol if isinstance(self._fs.protocol, (tuple, list)) else (self._fs.protocol,)
        self._quoted = "https" in kinds  # a web server's links are written in %XX

    @property
    def copy(self) -> Path:
        """Where its copy lies below the cache folder: a name that people know, and a hash of the URL."""
        name = "".join(sign if sign.isalnum() else "-" for sign in self.url.rpartition("/")[2])[:40]
        return Path("copies") / f"{name}-{blake2b(self.url.encode(), digest_size=8).hexdigest()}"

    def list(self) -> dict[str, Any]:
        """Return the files below the folder: by relative POSIX path, what tells whether they have changed.

        Names that are no relative paths (``..``, an empty part) are left out: what they say lies elsewhere.
        """
        found: dict[str, Any] = {}
        folders = [self._root]  # one by one: fsspec's own walk passes over folders that it cannot read
        with self._told("list"), contextlib.suppress(FileNotFoundError):
            self._fs.invalidate_cache()
            while folders:
                folder = folders.pop()
                for info in self._fs.ls(folder, detail=True):
                    path = str(info["name"]).rstrip("/")
                    name = self._name(path)
                    if name is None or path == folder.rstrip("/"):
                        continue
                    if info["type"] == "directory":
                        folders.append(path)
                    else:
                        found[name] = _state(info if info.get("size") is not None else self._fs.info(path))
        return found

    def get(self, name: str, place: Path) -> None:
        """Bring one file here, whole or not at all.

        Raises
        ------
        FileNotFoundError, PermissionError
            Where it is gone, or may not be read.
        """
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=WRITING) as folder:
            temporary = Path(folder) / "file"
            self._try(lambda: self._fs.get_file(self._path(name), str(temporary)), f"read {name} from")
            os.replace(temporary, place)

    def put(self, place: Path, name: str) -> None:
        """Send one file there."""
        path = self._path(name)

        def send() -> None:
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._fs.put_file(str(place), path)

        self._try(send, f"write {name} to")

    def delete(self, name: str) -> None:
        """Remove one file there; one that is gone already is no matter."""
        with self._told(f"remove {name} from"), contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return self._paths.get(name, f"{self._root.rstrip('/')}/{name}")

    def _name(self, path: str) -> str | None:
        """Return a path as seen from the folder, as people write it; and remember what it stands for."""
        name = str(path)[len(self._root) :].lstrip("/") if str(path).startswith(self._root) else ""
        name = unquote(name) if self._quoted else name
        if not name or any(part in ("", ".", "..") or "\0" in part or "\\" in part for part in name.split("/")):
            return None
        self._paths[name] = str(path)
        return name

    def _try(self, action: Callable[[], object], what: str) -> None:
        """Do something that a network may spoil, a few times."""
        for attempt in range(1, TRIES + 1):
            try:
                action()
            except (FileNotFoundError, PermissionError):
                raise
            except Exception as error:  # each file system has errors of its own
                if attempt == TRIES:
                    raise self._failed(what, error) from error
            else:
                return

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except (MusaicError, FileNotFoundError):
            raise
        except Exception as error:  # each file system has errors of its own
            raise self._failed(what, error) from error

    def _failed(self, what: str, error: Exception) -> MusaicError:
        cause = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        return MusaicError(
            f"cannot {what} {self.url} ({cause}); see that it can be reached with the credentials that its driver "
            "finds, and run the same command again: what was fetched is kept."
        )


class Copy:
    """The copy of a folder elsewhere; files that have changed there are fetched again, those gone there go.

    Parameters
    ----------
    remote : Remote
        The folder.
    cache : Path, optional
        The cache folder; `musaic.files.cache_folder` by default.
    """

    def __init__(self, remote: Remote, cache: Path | None = None) -> None:
        self.remote = remote
        place = cache_folder(cache) / remote.copy
        self.folder, self._note, self._log = place / "files", place / "copy.json", place / "fetched.jsonl"
        self._known: dict[str, Any] = _read(self._note).get("files", {}) | _read_log(self._log)
        self._writing = threading.Lock()

    def fetch(self, names: Mapping[str, Any], reporter: Reporter = SILENT) -> dict[str, str]:
        """Bring files here that are not, or have changed; return those that could not be had, and why.

        Each is noted as soon as it is here, so that whatever ends this process, nothing is fetched twice.

        Parameters
        ----------
        names : mapping
            Some of what `Remote.list` gives.
        reporter : Reporter
            Where a bar is drawn.
        """
        wanted = [
            name for name, state in names.items() if self._known.get(name) != state or not self._path(name).is_file()
        ]
        lacking: dict[str, str] = {}
        if not wanted:
            return lacking
        reporter.say(f"fetching {len(wanted)} file{'s' * (len(wanted) != 1)} of {self.remote.url} into {self.folder}")
        self._save()  # with what a command that was killed had noted
        try:
            with (
                self._opened() as log,
                reporter.bar("fetching", len(wanted)) as advance,
                ThreadPoolExecutor(AT_ONCE) as pool,
            ):
                get = partial(self._get, names=names, log=log)
                for name, why in zip(wanted, pool.map(get, wanted), strict=True):
                    if why is not None:
                        lacking[name] = why
                        remove(self._path(name))
                    advance(1)
        finally:
            self._save()
        return lacking

    def forget(self, there: Iterable[str]) -> None:
        """Remove files that are not there any more."""
        gone = sorted(set(self._known).difference(there))
        for name in gone:
            remove(self._path(name))
            del self._known[name]
        if gone:
            self._save()

    def _get(self, name: str, names: Mapping[str, Any], log: TextIO) -> str | None:
        try:
            self.remote.get(name, self._path(name))
        except FileNotFoundError:
            return "it is gone"
        except PermissionError:
            return "it may not be read"
        with self._writing:
            self._known[name] = names[name]
            try:
                log.write(json.dumps([name, names[name]]) + "\n")
                log.flush()
            except OSError as error:
                raise write_error(self._log, error) from error
        return None

    @contextlib.contextmanager
    def _opened(self) -> Iterator[TextIO]:
        """Open the log of this fetch, a line a file."""
        try:
            log = self._log.open("a", encoding="utf-8")
        except OSError as error:
            raise write_error(self._log, error) from error
        try:
            yield log
        finally:
            with contextlib.suppress(OSError):  # what a full disk did not take was said when it was written
                log.close()

    def _save(self) -> None:
        """Write down what is here; the log begins anew."""
        write_json(self._note, {"url": self.remote.url, "files": dict(sorted(self._known.items()))})
        self._log.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.folder / name


def home(cache: Path) -> str | None:
    """Return the URL that a cache folder is the copy of, None where it is a folder of its own."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return str(json.loads((cache / HOME).read_text(encoding="utf-8"))["url"])
    return None


def _open(url: str) -> tuple[Any, str]:
    import fsspec
    from fsspec.registry import known_implementations

    protocol = url.split("://", 1)[0].rpartition("::")[2]
    try:
        fs, root = fsspec.core.url_to_fs(url)
    except ValueError as error:
        if protocol in fsspec.available_protocols():
            raise UsageError(f"{url} cannot be opened ({error}); check its form.") from None
        raise UsageError(
            f"{url} is of a kind that is not known, {protocol!r}; use such as s3://, gs://, az://, https://, sftp:// "
            "or a path."
        ) from None
    except ImportError as error:
        known = known_implementations.get(protocol, {})
        package = str(known.get("class", protocol)).split(".")[0].replace("_", "-")
        raise MusaicError(
            f"{url} needs a driver that is not installed ({known.get('err', error)}); run: pip install {package}"
        ) from error
    return fs, str(root)


def _state(info: Mapping[str, Any]) -> list[Any]:
    """Return size and whatever else a file system tells of a file that changes with it."""
    return [info.get("size"), *(str(info[key]) for key in STATES if info.get(key) is not None)]


def _read(note: Path) -> dict[str, Any]:
    """Return what a copy noted of itself; nothing where it is new or damaged, and all is fetched again."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(note.read_text(encoding="utf-8"))
        if isinstance(found, dict) and isinstance(found.get("files"), dict):
            return found
    return {}


def _read_log(log: Path) -> dict[str, Any]:
    """Return what was fetched by a command that was killed; its last line may have been cut short."""
    found: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError), log.open(encoding="utf-8") as lines:
        for line in lines:
            name, state = json.loads(line)
            found[name] = state
    return found
