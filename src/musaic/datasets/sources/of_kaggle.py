"""Datasets on Kaggle, through kagglehub: its cache below the folder asked for, its resuming, its checksums."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from musaic.datasets.description import Checked, Offer
from musaic.datasets.fetching import unreachable
from musaic.errors import MusaicError, UsageError
from musaic.progress import Reporter

INSTALL = "pip install 'musaic[datasets]'"
CACHE = "KAGGLEHUB_CACHE"
CREDENTIALS = (
    "Kaggle gives public datasets to anyone; where it asks who you are, set KAGGLE_API_TOKEN (or keep the token in "
    "~/.kaggle/access_token), or KAGGLE_USERNAME and KAGGLE_KEY, or keep kaggle.json in ~/.kaggle (KAGGLE_CONFIG_DIR), "
    "made at kaggle.com/settings"
)
_HANDLE = re.compile(r"^[\w.-]+/[\w.-]+(/versions/[1-9]\d*)?$", re.ASCII)


def parse_handle(text: str) -> str:
    """Return ``owner/dataset`` (or ``owner/dataset/versions/3``) out of that or of the address of a dataset's page.

    Raises
    ------
    UsageError
        Where it is neither.
    """
    handle = re.sub(r"^https?://(www\.)?kaggle\.com/(datasets/)?", "", text.strip()).strip("/")
    if not _HANDLE.match(handle) or ".." in handle:
        raise UsageError(f"{text!r} names no dataset of Kaggle; write kaggle:OWNER/DATASET, as in its page's address.")
    return handle


@dataclass(frozen=True)
class Kaggle:
    """A dataset on Kaggle.

    Parameters
    ----------
    handle : str
        ``owner/dataset``, or with ``/versions/N`` behind.
    """

    handle: str
    kind: str = "kaggle"
    credentials: str | None = CREDENTIALS

    def offer(self, name: str) -> Offer:
        """Ask Kaggle how large it is and under which licence; a version that is here already is not asked about."""
        with _kagglehub(name, None):
            from kagglehub.clients import build_kaggle_client
            from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

            request = ApiGetDatasetRequest()
            request.owner_slug, request.dataset_slug = self.handle.split("/")[:2]
            with build_kaggle_client() as client:
                told: Any = client.datasets.dataset_api_client.get_dataset(request)
        licence = "".join(letter for letter in " ".join((told.license_name or "").split()) if letter.isprintable())
        _, _, *version = self.handle.split("/")
        current = str(told.current_version_number)
        note = None
        if version and version[1] != current:
            note = f"size and licence are those of version {current}; Kaggle tells none of version {version[1]}"
        return Offer(told.total_bytes or None, licence or None, note)

    def fetch(self, name: str, folder: Path, reporter: Reporter) -> Path:
        """Let kagglehub fetch and unpack it below ``folder`` (or where ``KAGGLEHUB_CACHE`` says).

        A version that is complete there is used without asking Kaggle.
        """
        with _kagglehub(name, reporter):
            import kagglehub

            with _cache_below(folder) as cache:
                handle = self._complete(cache) or self.handle
                return Path(kagglehub.dataset_download(handle))

    def is_here(self, folder: Path) -> bool:
        """Return whether a complete version lies below ``folder`` (or where ``KAGGLEHUB_CACHE`` says)."""
        with _cache_below(folder) as cache:
            return self._complete(cache) is not None

    def check(self, root: Path, reporter: Reporter) -> Checked:
        """Say what was compared: kagglehub checks the archive, and Kaggle publishes nothing for single files."""
        return Checked("kagglehub checked the archive as it arrived; every song's file was looked for")

    def _complete(self, cache: Path) -> str | None:
        """Return the handle of the newest version that kagglehub marked as complete in its cache."""
        owner, slug, *version = self.handle.split("/")
        home = cache / "datasets" / owner / slug
        numbers = [int(path.stem) for path in home.glob("*.complete") if path.stem.isdigit()]
        numbers = [number for number in numbers if (home / "versions" / str(number)).is_dir()]
        if version:
            numbers = [number for number in numbers if str(number) == version[1]]
        return f"{owner}/{slug}/versions/{max(numbers)}" if numbers else None


@contextlib.contextmanager
def _cache_below(folder: Path) -> Iterator[Path]:
    """Have kagglehub keep what it fetches below a folder, unless the person chose a place for all of it."""
    if os.environ.get(CACHE):
        yield Path(os.environ[CACHE]).expanduser()
        return
    os.environ[CACHE] = str(folder)
    try:
        yield folder
    finally:
        del os.environ[CACHE]


@contextlib.contextmanager
def _kagglehub(name: str, reporter: Reporter | None) -> Iterator[None]:
    """Turn what kagglehub raises into sentences, and keep standard output for results.

    Raises
    ------
    MusaicError
        Where it is not installed, Kaggle is not reached, or refuses.
    """
    with contextlib.ExitStack() as stack:
        shown = sys.stderr if reporter is not None and not reporter.quiet and sys.stderr.isatty() else io.StringIO()
        try:
            import kagglehub  # noqa: F401
            import requests
            from kagglehub import exceptions as refused
        except ImportError as error:
            raise MusaicError(f"{name} needs {error.name}, which is not installed; run {INSTALL}.") from None
        try:
            stack.enter_context(_heard_on(shown))
            yield
        except requests.HTTPError as error:
            raise _refusal(name, error) from None
        except requests.RequestException as error:
            raise unreachable(name, "Kaggle", _cause(error)) from None
        except refused.DataCorruptionError:
            raise MusaicError(
                f"the archive of {name} arrived with another checksum than Kaggle says, and was removed; run the same "
                "command again."
            ) from None
        except (refused.CredentialError, refused.UnauthenticatedError) as error:
            raise MusaicError(f"Kaggle refuses {name} ({_first_line(error)}); {CREDENTIALS}.") from None
        except (refused.BackendError, refused.NotFoundError, ValueError) as error:
            raise MusaicError(f"{name} cannot be fetched from Kaggle: {_first_line(error)}.") from None


@contextlib.contextmanager
def _heard_on(stream: TextIO) -> Iterator[None]:
    """Send what kagglehub logs and draws to a stream: it logs to standard output, where results belong."""
    logger = logging.getLogger("kagglehub")
    before = logger.handlers[:]
    logger.handlers[:] = [logging.StreamHandler(stream)]
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            yield
    finally:
        logger.handlers[:] = before


def _refusal(name: str, error: Any) -> MusaicError:
    code = error.response.status_code if error.response is not None else None
    if code in (401, 403):
        return MusaicError(
            f"Kaggle refuses {name} ({code}): it asks who you are, or that you accept its terms on its page first; "
            f"{CREDENTIALS}."
        )
    if code == 404:
        return MusaicError(f"Kaggle has no dataset for {name} (404); compare owner and name with its page's address.")
    return MusaicError(f"{name} cannot be fetched: Kaggle answers {code or _first_line(error)}; try again later.")


def _cause(error: BaseException) -> str:
    """Return the innermost reason for which a connection failed: the outer ones quote addresses and objects."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return getattr(error, "strerror", None) or _first_line(error)


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
