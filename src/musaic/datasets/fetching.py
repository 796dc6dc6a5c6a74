"""A file from the web, resumed where it broke off; nothing takes its name before its checksum is right."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from musaic.errors import MusaicError
from musaic.files import write_error
from musaic.progress import Reporter

PART = ".part"
CHUNK = 1 << 20
PATIENCE = 30.0  # seconds without an answer
KILO = 1000  # a bar counts kilobytes: bytes overflow what a person reads


def unreachable(name: str, where: str, cause: object) -> MusaicError:
    """Return the sentence for a place that does not answer."""
    lines = str(getattr(cause, "strerror", None) or cause).strip().splitlines()
    told = lines[0].rstrip(".") if lines else type(cause).__name__
    return MusaicError(
        f"{name} cannot be fetched, since {where} was not reached ({told}); connect to a network and run the same "
        f"command again, or name a copy on this disk: musaic download {name} --from FOLDER."
    )


def size_of(url: str) -> int | None:
    """Return how many bytes an address holds, or None where its server does not tell.

    Servers that hand out a file may refuse to tell of it: that says nothing of the file.

    Raises
    ------
    OSError, http.client.HTTPException
        Where the server is not reached, or speaks no HTTP.
    """
    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            length = answer.headers.get("Content-Length")
    except urllib.error.HTTPError:
        return None
    return int(length) if length and length.isdigit() else None


def fetch(url: str, path: Path, *, md5: str | None, name: str, reporter: Reporter) -> None:
    """Fetch a file; what an interrupted call left is gone on from, and a file with another checksum replaced.

    Parameters
    ----------
    url : str
        HTTP or HTTPS.
    path : Path
        The file; ``<path>.part`` while it is incomplete.
    md5 : str, optional
        What its bytes must hash to.
    name : str
        The dataset, for messages.
    reporter : Reporter
        Where a bar is drawn.

    Raises
    ------
    MusaicError
        Where the server is not reached, refuses, or sends something else than was published.
    """
    if path.exists() and (md5 is None or _md5(path) == md5):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + PART)
    server = urllib.parse.urlsplit(url).netloc
    try:
        _download(url, part, path.name, reporter)
    except urllib.error.HTTPError as error:
        raise MusaicError(
            f"{name} cannot be fetched: {server} answers {error.code} ({error.reason}) to {url}; look for it at its "
            f"homepage and name the copy: musaic download {name} --from FOLDER."
        ) from None
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise unreachable(name, server, getattr(error, "reason", error)) from None
    except OSError as error:
        raise write_error(part, error) from None
    if md5 is not None and _md5(part) != md5:
        part.unlink()
        raise MusaicError(
            f"{path.name} of {name} came with another checksum than was published (md5 {md5}), and was removed; run "
            "the same command again, and if it stays so, its server holds another version."
        )
    os.replace(part, path)


def _download(url: str, part: Path, label: str, reporter: Reporter) -> None:
    """Append to a part what is missing of it; a server that cannot go on in the middle sends all again."""
    had = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={had}-"} if had else {})
    try:
        with _of_the_network():
            answer = urllib.request.urlopen(request, timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and had:
            return  # all of it was here already
        raise
    with answer:
        resumed = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        length = answer.headers.get("Content-Length")
        total = (int(length) if length else 0) + (had if resumed else 0)
        with part.open("ab" if resumed else "wb") as file, reporter.bar(label, total // KILO) as advance:
            advance(had // KILO if resumed else 0)
            _copy(answer, file, advance)
        if length and part.stat().st_size < total:
            raise ConnectionError("it broke off in the middle")


def _copy(answer: Any, file: IO[bytes], advance: Any) -> None:
    while True:
        with _of_the_network():
            chunk = answer.read(CHUNK)
        if not chunk:
            return
        file.write(chunk)
        advance(len(chunk) // KILO)


@contextlib.contextmanager
def _of_the_network() -> Iterator[None]:
    """Tell what a socket raises from what a disk does: both are `OSError`."""
    try:
        yield
    except urllib.error.URLError:
        raise
    except OSError as error:
        raise ConnectionError(*error.args) from error


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
