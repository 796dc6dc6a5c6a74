"""From a dataset's name to a corpus: fetched or linked, compared with what was published, written, read again."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musaic.corpus.config import CorpusConfig
from musaic.corpus.corpus import Corpus
from musaic.corpus.read import scan_corpus
from musaic.corpus.status import Status
from musaic.datasets.description import Checked, Dataset, Offer
from musaic.datasets.placing import FILES, folder_to_fetch, prefix
from musaic.datasets.registry import dataset as find
from musaic.datasets.writing import CORPUS, DETAILS, refuse_foreign, usable, write_corpus, write_papers, write_record
from musaic.errors import MusaicError, UsageError
from musaic.progress import SILENT, Reporter

SHOWN = 3


@dataclass(frozen=True)
class Obtained:
    """What a download left.

    Parameters
    ----------
    corpus : Path
        The table to run on.
    details : Path, optional
        What else the dataset says of its tracks, to be joined as ``--labels``.
    name : str
        The dataset.
    tracks, audio, lyrics : int >= 0
        How many tracks, and how many with audio and with lyrics that are here.
    checked : Checked
        The comparison with what was published.
    notes : tuple of str
        What a person should know.
    """

    corpus: Path
    details: Path | None
    name: str
    tracks: int
    audio: int
    lyrics: int
    checked: Checked
    notes: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        told = dataclasses.asdict(self)
        told["corpus"] = str(self.corpus)
        told["details"] = str(self.details) if self.details is not None else None
        return told


def download(
    name: str, to: str | Path | None = None, *, source: str | Path | None = None, reporter: Reporter = SILENT
) -> Path:
    """Fetch a public dataset, or take a copy of it, and return the table of its songs.

    Calling this is the consent that the command line asks for: `musaic.datasets.dataset` tells size and licence first.

    Parameters
    ----------
    name : str
        One of `musaic.datasets.datasets`, ``mirdata:<loader>`` or ``kaggle:<owner>/<dataset>``.
    to : path, optional
        The folder; ``datasets/<name>`` by default. What an interrupted call left in it is gone on from.
    source : path, optional
        A copy on disk in the dataset's own layout. Nothing is fetched then; the copy is linked, not changed.
    reporter : Reporter
        Where progress is shown.

    Returns
    -------
    Path
        ``corpus.csv``, for ``musaic.run("default", corpus=…)``.

    Raises
    ------
    UsageError
        Where there is no such dataset, the copy has another layout, or the folder holds something else.
    MusaicError
        Where it cannot be fetched, or what was fetched is not what was published.

    Examples
    --------
    >>> download("gtzan_mini")  # doctest: +SKIP
    PosixPath('datasets/gtzan_mini/corpus.csv')
    >>> download("fma_small", source="music/fma")  # doctest: +SKIP
    PosixPath('datasets/fma_small/corpus.csv')
    """
    return obtain(find(name), to, source=source, reporter=reporter).corpus


def offer(dataset: Dataset, to: Path | None = None) -> Offer | None:
    """Return what would be fetched: as the registry knows it, or as the source tells; None where all is here already.

    Parameters
    ----------
    to : Path, optional
        The folder of the corpus, as in `download`.

    Raises
    ------
    UsageError
        Where the dataset is not fetched but taken from a copy.
    MusaicError
        Where its source must be asked and is not reached.
    """
    if dataset.source.is_here((to or default_folder(dataset.name)) / FILES):
        return None
    return dataset.source.offer(dataset.name) if dataset.asks or not dataset.is_fetched else Offer()


def default_folder(name: str) -> Path:
    """Return the folder that a dataset goes to where none is named."""
    return Path("datasets") / name.rpartition(":")[2].split("/versions/")[0].rpartition("/")[2].replace("@", "-")


def obtain(
    dataset: Dataset,
    to: str | Path | None = None,
    *,
    source: str | Path | None = None,
    licence: str | None = None,
    reporter: Reporter = SILENT,
) -> Obtained:
    """Do what `download` does for a dataset that was found already, and tell all about it.

    Parameters
    ----------
    licence : str, optional
        In the source's own words, where it was asked (`offer`).
    """
    folder = Path(to) if to is not None else default_folder(dataset.name)
    if source is not None and not Path(source).is_dir():
        raise UsageError(f"there is no folder at {source}; name the folder of your copy of {dataset.name}.")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder with --to.")
    refuse_foreign(folder, dataset.name)
    fetched = source is None
    root = dataset.source.fetch(dataset.name, folder_to_fetch(folder), reporter) if fetched else Path(str(source))
    found = dataset.convert(root)
    songs, left_out = usable(found.songs)
    if not songs:
        raise MusaicError(
            f"no song of {dataset.name} was found below {root} ({'; '.join([*found.notes, *left_out]) or 'nothing'}); "
            f"its layout is {dataset.layout}."
        )
    checked = (dataset.check or dataset.source.check)(root, reporter)
    if not fetched and checked.files and len(checked.missing) == checked.files:
        checked = Checked(f"the copy is arranged otherwise than {checked.how} say; every song's file was looked for")
    below = prefix(root, folder)
    record = {"name": dataset.name, "source": dataset.source.kind if fetched else "local copy"}
    write_record(folder, record)
    write_papers(folder, dataset, licence)
    further = write_corpus(folder, songs, below)
    # read as any corpus is read: a file that is not there shows here as it would later
    corpus = scan_corpus(folder / CORPUS, CorpusConfig(tags=False), reporter=reporter)
    notes = [*found.notes, *left_out, *_broken(corpus)]
    obtained = Obtained(
        corpus=folder / CORPUS,
        details=folder / DETAILS if further else None,
        name=dataset.name,
        tracks=len(corpus),
        audio=int(corpus.has_audio.sum()),
        lyrics=int(corpus.has_lyrics.sum()),
        checked=checked,
        notes=tuple(notes),
    )
    counted = {"tracks": obtained.tracks, "audio": obtained.audio, "lyrics": obtained.lyrics}
    write_record(folder, {**record, **counted, "checked": dataclasses.asdict(checked)})
    if fetched and (checked.missing or checked.differing):
        raise MusaicError(f"{differences(dataset.name, checked)}; {folder / CORPUS} was written with what is there.")
    return obtained


def differences(name: str, checked: Checked) -> str:
    """Tell which files are not as they were published."""
    parts = [
        f"{len(paths)} {what}: {', '.join(paths[:SHOWN])}{' …' if len(paths) > SHOWN else ''}"
        for what, paths in (("are missing", checked.missing), ("differ", checked.differing))
        if paths
    ]
    return f"of {checked.files} files of {name}, compared with {checked.how}, {'; '.join(parts)}"


def _broken(corpus: Corpus) -> Sequence[str]:
    counts = Counter(str(status) for status in corpus.tracks["status"] if status != Status.OK)
    return [f"{number} tracks: {status}" for status, number in sorted(counts.items())]
