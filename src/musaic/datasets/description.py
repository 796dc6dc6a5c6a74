"""What is known of a dataset before a byte of it is here, and what a song of it is once it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from musaic.progress import Reporter


@dataclass(frozen=True)
class Song:
    """One track as a dataset describes it.

    Parameters
    ----------
    track_id : str
        The dataset's own id.
    audio, lyrics_path : str, optional
        POSIX paths relative to the dataset's folder.
    lyrics : str, optional
        The words themselves, where they are in no file.
    title, artist, language, genre, group : str, optional
        As the columns of a corpus are called; ``group``: what must stay on one side of a split.
    more : mapping of str to str
        What else is said of it: licence, split, further labels.
    """

    track_id: str
    audio: str | None = None
    lyrics_path: str | None = None
    lyrics: str | None = None
    title: str | None = None
    artist: str | None = None
    language: str | None = None
    genre: str | None = None
    group: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Songs:
    """The tracks of a dataset that are here.

    Parameters
    ----------
    songs : sequence of Song
        In a fixed order; ids may repeat, the first is used.
    notes : sequence of str
        What a person should know: how many are not here, what could not be told.
    """

    songs: Sequence[Song]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Checked:
    """How the files were compared with what was published.

    Parameters
    ----------
    how : str
        In words: which checksums, or why none.
    files : int >= 0
        How many were compared by a checksum.
    missing, differing : sequence of str
        Paths that are not here, and paths whose content is not what was published.
    """

    how: str
    files: int = 0
    missing: Sequence[str] = ()
    differing: Sequence[str] = ()


@dataclass(frozen=True)
class Offer:
    """What a source says of a dataset before anything of it is fetched.

    Parameters
    ----------
    size_bytes : int > 0, optional
        What will be fetched; None where the source does not tell.
    licence : str, optional
        In the source's words; None where it says no more than the registry.
    note : str, optional
        What the size does not say.
    """

    size_bytes: int | None = None
    licence: str | None = None
    note: str | None = None


SOURCES = ("mirdata", "kaggle", "local copy")


class Source(Protocol):
    """Where a dataset comes from."""

    @property
    def kind(self) -> str:
        """One of `SOURCES`."""

    @property
    def credentials(self) -> str | None:
        """Which credentials may be asked for and where they are kept; None where none are."""

    def offer(self, name: str) -> Offer:
        """Ask how large it is and under which licence, without fetching any of it."""

    def is_here(self, folder: Path) -> bool:
        """Return whether all of it was fetched below ``folder`` before, so that nothing more will be."""

    def fetch(self, name: str, folder: Path, reporter: Reporter) -> Path:
        """Bring the dataset below ``folder``, going on where an earlier call was interrupted; return its folder."""

    def check(self, root: Path, reporter: Reporter) -> Checked:
        """Compare the files with published checksums."""


@dataclass(frozen=True)
class Dataset:
    """A public dataset.

    Parameters
    ----------
    name : str
        What it is asked for by.
    about : str
        One line: what the songs are.
    tracks : int > 0, optional
        How many, where that is known beforehand.
    size : str
        How much is fetched, with its unit.
    licence : str
        One line; where every track has its own, that is said.
    homepage : str
        Where people read of it.
    facts : str
        Where the numbers above are from.
    citation : str
        BibTeX.
    source : Source
        Where it comes from.
    convert : callable
        The dataset's folder → `Songs`; raises `UsageError` that tells the layout it wants.
    layout : str
        What a copy on disk looks like.
    faults : tuple of str
        What is known to be wrong with it, for whoever scores on it.
    check : callable, optional
        Compares a local copy with checksums that are published with it.
    asks : bool
        Whether its source is asked for size and licence before anything is fetched, for want of knowing them here.
    """

    name: str
    about: str
    tracks: int | None
    size: str
    licence: str
    homepage: str
    facts: str
    citation: str
    source: Source
    convert: Callable[[Path], Songs]
    layout: str
    faults: tuple[str, ...] = ()
    check: Callable[[Path, Reporter], Checked] | None = None
    asks: bool = False

    @property
    def is_fetched(self) -> bool:
        """Whether `musaic.datasets.download` can bring it here; else a copy on disk is needed."""
        return self.source.kind != "local copy"

    def plain(self) -> dict[str, object]:
        """Return what is known of it as JSON-ready data."""
        keys = ("name", "about", "tracks", "size", "licence", "homepage", "facts", "citation", "layout")
        told = {key: getattr(self, key) for key in keys}
        return {**told, "source": self.source.kind, "credentials": self.source.credentials, "faults": list(self.faults)}
