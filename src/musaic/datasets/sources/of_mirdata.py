"""Datasets that mirdata knows: its addresses, its archives' checksums, its index with a checksum a file.

mirdata writes an archive under its final name while it arrives, so that a broken download is never gone on from, and
keeps its indexes inside its own installation. Here archives and indexes are fetched by `musaic.datasets.fetching`
(resumable, checked). mirdata unpacks zips, whose names it decodes, takes the steps of its own that a loader has, and
validates; tar archives are unpacked here, where nothing leaves the folder.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import importlib
import importlib.util
import logging
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from musaic.datasets.description import Checked, Offer
from musaic.datasets.fetching import fetch, size_of, unreachable
from musaic.datasets.sources.tars import UnsafeMemberError, unpack_tar
from musaic.errors import MusaicError, UsageError, unknown
from musaic.files import cache_folder, write_text
from musaic.progress import Reporter

INSTALL = "pip install 'musaic[datasets]'"
STATE = ".mirdata"  # what was unpacked already, beside the dataset's own files
TARS = (".gz", ".tar", ".bz2", ".tgz")
CONTAINING = {"maestro": ("all",)}
"""Archives that hold what a loader's others do."""


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
        for remote in self._fetched(name).values():
            try:
                sizes.append(size_of(remote.url))
            except (OSError, http.client.HTTPException) as error:
                raise unreachable(name, remote.url, getattr(error, "reason", error)) from None
        return Offer(sum(filter(None, sizes)) if sizes and None not in sizes else None)

    def is_here(self, folder: Path) -> bool:
        """Return whether its index is on this disk and every archive was unpacked."""
        remotes = self._remotes()
        unpacked = all(_is_done(folder, key, remote) for key, remote in remotes.items())
        return bool(remotes) and unpacked and index_path(self.loader, self.version).is_file()

    def fetch(self, name: str, folder: Path, reporter: Reporter) -> Path:
        """Fetch and unpack the archives; those that were unpacked before are left alone."""
        remotes = self._fetched(name)
        self.fetch_index(name, reporter)
        waiting = {key: remote for key, remote in remotes.items() if not _is_done(folder, key, remote)}
        own_way = "download" in vars(loader(self.loader).Dataset)
        for key, remote in waiting.items():
            target = _target(folder, remote)
            fetch(remote.url, target, md5=remote.checksum, name=name, reporter=reporter)
            if not own_way:
                reporter.say(f"unpacking {remote.filename}")
                with _one_sentence(name, folder, [target]):
                    _unpack(key, remote, folder)
                _write_done(folder, key, remote)
        if own_way and waiting:
            self._unpack_its_own_way(name, remotes, folder, reporter)
        return self._root(name, remotes, folder)

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
            len(_files(data._index)),
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
        whole = CONTAINING.get(self.loader, ())
        return {key: remotes[key] for key in whole if key in remotes} or remotes

    def _fetched(self, name: str) -> Mapping[str, Any]:
        """Return what is fetched; `UsageError` where mirdata fetches nothing."""
        remotes = self._remotes()
        if remotes:
            return remotes
        _, _, getting = words_of(self.loader)
        told = getting or "its page tells where to get them"
        raise UsageError(
            f"mirdata fetches no files of {self.loader} ({told.rstrip('.')}); name the folder that holds them: musaic "
            f"download {name} --from FOLDER."
        )

    def _unpack_its_own_way(self, name: str, remotes: Mapping[str, Any], folder: Path, reporter: Reporter) -> None:
        """Let a loader unpack with the steps that it adds: archives within archives, numbers that are no JSON.

        Its archives are here already, so that it fetches nothing.
        """
        reporter.say(f"unpacking {', '.join(remote.filename for remote in remotes.values())}")
        targets = [_target(folder, remote) for remote in remotes.values()]
        with _one_sentence(name, folder, targets):
            data = opened(self.loader, self.version, folder)
            data._index_data = _no_index()
            data.download(cleanup=True)
        for key, remote in remotes.items():
            _write_done(folder, key, remote)

    def _root(self, name: str, remotes: Mapping[str, Any], folder: Path) -> Path:
        """Return where the index's paths start: the folder, or one inside it that an archive brought.

        Raises
        ------
        MusaicError
            Where none of the index's files came out of the archives; that they were unpacked is forgotten then.
        """
        files = _files(opened(self.loader, self.version, folder)._index)
        for root in (folder, *sorted(path for path in folder.glob("*") if path.is_dir())):
            if not files or any((root / file).is_file() for file in files):
                return root
        for key in remotes:
            _done(folder, key).unlink(missing_ok=True)
        told = ", ".join(remote.filename for remote in remotes.values())
        raise MusaicError(
            f"{told} of {name} held none of the {len(files)} files in mirdata's index, such as {min(files)}; look for "
            f"them at its homepage and name the copy: musaic download {name} --from FOLDER."
        )


def _target(folder: Path, remote: Any) -> Path:
    return folder / (remote.destination_dir or "") / str(remote.filename)


def _done(folder: Path, key: str) -> Path:
    return folder / STATE / f"{key}.done"


def _is_done(folder: Path, key: str, remote: Any) -> bool:
    """Return whether this very archive was unpacked: another release of the dataset has another checksum."""
    mark = _done(folder, key)
    return mark.is_file() and mark.read_text(encoding="utf-8").strip() == str(remote.checksum)


def _write_done(folder: Path, key: str, remote: Any) -> None:
    write_text(_done(folder, key), f"{remote.checksum}\n")


def _no_index() -> Any:
    """Return an index without an address: mirdata would fetch it into its installation."""
    from mirdata import core

    return core.Index(filename="none")


def _unpack(key: str, remote: Any, folder: Path) -> None:
    """Unpack an archive beside itself and remove it; any other file stays as it is."""
    from mirdata import download_utils

    target = _target(folder, remote)
    if target.suffix in TARS:
        unpack_tar(target, target.parent)
        for inner in remote.unpack_directories or ():
            download_utils.move_directory_contents(str(target.parent / inner), str(target.parent))
        target.unlink()
    else:
        download_utils.downloader(str(folder), {key: remote}, _no_index(), cleanup=target.suffix == ".zip")


@contextlib.contextmanager
def _one_sentence(name: str, folder: Path, archives: Sequence[Path]) -> Iterator[None]:
    """Turn what unpacking raises into one sentence; damaged archives are removed, so that they are fetched again."""
    told = ", ".join(archive.name for archive in archives)
    try:
        with _root_logger_kept(), _silent_logging():
            yield
    except UnsafeMemberError as error:
        raise MusaicError(f"{told} of {name} is not unpacked: {error}; look for another copy of it.") from None
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError) as error:
        for archive in archives:
            archive.unlink(missing_ok=True)
        raise MusaicError(
            f"{told} of {name} is damaged ({error}) and was removed; run the same command again to fetch it anew."
        ) from None
    except (OSError, ValueError) as error:
        raise MusaicError(
            f"{told} of {name} cannot be unpacked below {folder} ({error}); make room or permissions there and run the "
            "same command again."
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


def _files(index: Mapping[str, Any]) -> set[str]:
    """Return the paths in mirdata's index."""
    files: set[str] = {entry[0] for entry in (index.get("metadata") or {}).values() if entry[0]}
    for part in ("tracks", "multitracks"):
        for entries in (index.get(part) or {}).values():
            files.update(entry[0] for key, entry in entries.items() if key != "tracks" and entry[0])
    return files


@functools.cache
def words_of(name: str) -> tuple[str, str, str]:
    """Return licence, citation and what mirdata says of getting a dataset, in its own words."""
    module = loader(name)
    told = [str(getattr(module, key, None) or "").strip() for key in ("LICENSE_INFO", "BIBTEX", "DOWNLOAD_INFO")]
    return told[0], told[1], " ".join(told[2].split())
