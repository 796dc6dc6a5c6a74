"""Datasets that mirdata knows: its addresses, its archives' checksums, its index with a checksum a file.

mirdata writes an archive under its final name while it arrives, so that a broken download is never gone on from, and
keeps its indexes inside its own installation. Here archives and indexes are fetched by `musaic.datasets.fetching`
(resumable, checked) and handed to mirdata, which unpacks and validates them.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import logging
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from musaic.datasets.description import Checked, Offer
from musaic.datasets.fetching import fetch, size_of, unreachable
from musaic.errors import MusaicError, unknown
from musaic.files import cache_folder, write_text
from musaic.progress import Reporter

INSTALL = "pip install 'musaic[datasets]'"
STATE = ".mirdata"  # what was unpacked already, beside the dataset's own files
ARCHIVES = (".zip", ".gz", ".tar", ".bz2", ".tgz")


def loader(name: str) -> ModuleType:
    """Return mirdata's module for a dataset.

    Raises
    ------
    MusaicError
        Where mirdata, or a library that it needs for this dataset, is not installed.
    UsageError
        Where mirdata knows no such dataset.
    """
    try:
        with _root_logger_kept():
            import mirdata

            if name not in mirdata.list_datasets() or name.startswith("_"):
                raise unknown("mirdata loader", name, mirdata.list_datasets())
            return importlib.import_module(f"mirdata.datasets.{name}")
    except ImportError as error:
        lacking = error.name or f"a library of its own (pip install 'mirdata[{name}]')"
        raise MusaicError(f"mirdata:{name} needs {lacking}, which is not installed; run {INSTALL}.") from None


@contextlib.contextmanager
def _root_logger_kept() -> Iterator[None]:
    """Undo what importing mirdata does to everybody's logging: a handler on the root, at level INFO."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


def index_path(name: str, version: str) -> Path:
    """Return where the index of a dataset's files lies: in mirdata's installation if there, else in our cache."""
    index = _index(name, version)
    own = Path(index.get_path())
    return own if own.is_file() else cache_folder() / "mirdata" / index.filename


def opened(name: str, version: str, root: Path) -> Any:
    """Return mirdata's Dataset over a folder; its index must be here (`index_path`)."""
    data = loader(name).Dataset(data_home=str(root), version=version)
    data.index_path = str(index_path(name, version))
    return data


def _index(name: str, version: str) -> Any:
    indexes = loader(name).INDEXES
    if version not in indexes:
        raise unknown(f"version of mirdata:{name}", version, [key for key in indexes if key not in ("test", "sample")])
    found = indexes[version]
    return indexes[found] if isinstance(found, str) else found


@dataclass(frozen=True)
class Mirdata:
    """A dataset through mirdata.

    Parameters
    ----------
    loader : str
        mirdata's name for it.
    version : str
        One of mirdata's versions of it.
    """

    loader: str
    version: str = "default"
    kind: str = "mirdata"
    credentials: str | None = None

    def offer(self, name: str) -> Offer:
        """Ask the servers how large the archives are."""
        sizes = []
        for remote in self._remotes().values():
            try:
                sizes.append(size_of(remote.url))
            except OSError as error:
                raise unreachable(name, remote.url, getattr(error, "reason", error)) from None
        return Offer(sum(filter(None, sizes)) if sizes and None not in sizes else None)

    def is_here(self, folder: Path) -> bool:
        """Return whether its index is on this disk and every archive was unpacked."""
        unpacked = all((folder / STATE / f"{key}.done").exists() for key in self._remotes())
        return unpacked and index_path(self.loader, self.version).is_file()

    def fetch(self, name: str, folder: Path, reporter: Reporter) -> Path:
        """Fetch and unpack the archives; those that were unpacked before are left alone."""
        self.fetch_index(name, reporter)
        for key, remote in self._remotes().items():
            done = folder / STATE / f"{key}.done"
            if done.exists():
                continue
            target = folder / (remote.destination_dir or "") / remote.filename
            fetch(remote.url, target, md5=remote.checksum, name=name, reporter=reporter)
            reporter.say(f"unpacking {remote.filename}")
            self._unpack(name, key, remote, folder)
            write_text(done, f"{remote.checksum}\n")
        return folder

    def fetch_index(self, name: str, reporter: Reporter) -> None:
        """Fetch the list of files and their checksums, where it is not here yet."""
        path = index_path(self.loader, self.version)
        if path.is_file():
            return
        remote = _index(self.loader, self.version).remote
        if remote is None:
            raise MusaicError(f"mirdata {self.loader} has no index of version {self.version!r} that can be fetched.")
        raw = path.with_name(f"{path.name}.raw")
        fetch(remote.url, raw, md5=remote.checksum, name=name, reporter=reporter)
        if zipfile.is_zipfile(raw):  # some indexes are handed out packed, under the name of what is inside
            with zipfile.ZipFile(raw) as archive:
                inside = next(one for one in archive.namelist() if one.endswith(".json"))
                content = archive.read(inside).decode("utf-8")
        else:
            content = raw.read_text(encoding="utf-8")
        write_text(path, content)
        raw.unlink()

    def check(self, root: Path, reporter: Reporter) -> Checked:
        """Compare every file with the checksum in mirdata's index, where mirdata and the index are here."""
        if importlib.util.find_spec("mirdata") is None:
            return Checked("mirdata, which knows its checksums, is not installed; every song's file was looked for")
        if not index_path(self.loader, self.version).is_file():
            return Checked("mirdata's index of checksums is not on this disk; every song's file was looked for")
        data = opened(self.loader, self.version, root)
        reporter.say("comparing checksums")
        with _root_logger_kept():
            missing, differing = data.validate(verbose=False)
        return Checked(
            f"mirdata's checksums of {self.loader}",
            _count(data._index),
            _paths(missing, root),
            _paths(differing, root),
        )

    def _remotes(self) -> Mapping[str, Any]:
        """Return what belongs to the version: all that mirdata fetches, or the part that the version names."""
        remotes = dict(getattr(loader(self.loader), "REMOTES", None) or {})
        part = _index(self.loader, self.version).partial_download
        if part is not None:
            remotes = {key: remotes[key] for key in part if key in remotes}
        remotes.pop("index", None)
        return remotes

    def _unpack(self, name: str, key: str, remote: Any, folder: Path) -> None:
        from mirdata import core, download_utils

        # an index without an address of its own: mirdata would fetch that into its installation
        nothing = core.Index(filename="none")
        try:
            with _root_logger_kept(), _silent_logging():
                download_utils.downloader(
                    str(folder), {key: remote}, nothing, cleanup=remote.filename.endswith(ARCHIVES)
                )
        except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
            raise MusaicError(
                f"{remote.filename} of {name} cannot be unpacked below {folder} ({error}); make room or permissions "
                "there and run the same command again."
            ) from None


@contextlib.contextmanager
def _silent_logging() -> Iterator[None]:
    """Keep mirdata's remarks, which it sends to the root logger as warnings, from the terminal."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _paths(found: Mapping[str, Mapping[str, list[str]]], root: Path) -> list[str]:
    """Return mirdata's ``{"tracks": {id: [path]}, "metadata": …}`` as paths relative to the dataset."""
    paths = {path for group in found.values() for several in group.values() for path in several}
    return sorted(Path(path).relative_to(root).as_posix() for path in paths)


def _count(index: Mapping[str, Any]) -> int:
    files: set[str] = {entry[0] for entry in (index.get("metadata") or {}).values() if entry[0]}
    for part in ("tracks", "multitracks"):
        for entries in (index.get(part) or {}).values():
            files.update(entry[0] for key, entry in entries.items() if key != "tracks" and entry[0])
    return len(files)


@functools.cache
def words_of(name: str) -> tuple[str, str, str]:
    """Return licence, citation and what mirdata says of getting a dataset, in its own words."""
    module = loader(name)
    told = [str(getattr(module, key, None) or "").strip() for key in ("LICENSE_INFO", "BIBTEX", "DOWNLOAD_INFO")]
    return told[0], told[1], " ".join(told[2].split())
