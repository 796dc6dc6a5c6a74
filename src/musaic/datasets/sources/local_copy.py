"""A copy on disk that somebody fetched: nothing is fetched here, and nothing in it is changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from musaic.datasets.description import Checked, Offer
from musaic.errors import UsageError
from musaic.progress import Reporter

NO_CHECKSUMS = "no checksums of single files are published; every song's file was looked for"


@dataclass(frozen=True)
class LocalCopy:
    """A dataset whose owners hand out archives.

    Parameters
    ----------
    how : str
        How a person gets them, as a clause.
    """

    how: str
    kind: str = "local copy"
    credentials: str | None = None

    def offer(self, name: str) -> Offer:
        """Raise `UsageError`: a copy must be named, and where to get one."""
        raise self._wanted(name)

    def _wanted(self, name: str) -> UsageError:
        return UsageError(
            f"{name} is read from a copy on this disk: {self.how}, then name the folder: "
            f"musaic download {name} --from FOLDER."
        )

    def is_here(self, folder: Path) -> bool:
        """Return False: a copy is named each time."""
        return False

    def fetch(self, name: str, folder: Path, reporter: Reporter) -> Path:
        """Raise `UsageError`, as `offer` does."""
        raise self._wanted(name)

    def check(self, root: Path, reporter: Reporter) -> Checked:
        """Say that there is nothing to compare with."""
        return Checked(NO_CHECKSUMS)
