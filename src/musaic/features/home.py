"""A store that is kept elsewhere too: taken from there before anything is measured, brought there afterwards.

Shards and staged tracks never change once they stand under their names, so what one side lacks is copied. Object
storage has no folders that appear as a whole: a shard's table goes last, and a shard without one is not looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from musaic.features.shards import TABLE
from musaic.features.store import Store
from musaic.files import atomic
from musaic.progress import Reporter
from musaic.storage import Remote, home

STAGED, SHARDS = "staged", "shards"


def pull(store: Store, cache: Path, reporter: Reporter) -> None:
    """Bring here what the store's home has and it lacks; nothing where it has none."""
    url = home(cache)
    if url is None:
        return
    remote = _there(store, url)
    there = remote.list()
    lacking = {shard: names for shard, names in _shards(there).items() if not (store.folder / shard).is_dir()}
    if lacking:
        with reporter.bar("fetching features", len(lacking)) as advance:
            for shard, names in sorted(lacking.items()):
                with atomic(store.folder / shard) as temporary:
                    for name in names:
                        remote.get(name, temporary / name.removeprefix(f"{shard}/"))
                advance(1)
    known = store.read()
    for name in _staged(there):
        if Path(name).stem not in known:
            try:
                remote.get(name, store.folder / name)
            except FileNotFoundError:  # packed by another machine since
                continue


def push(store: Store, cache: Path, reporter: Reporter) -> None:
    """Bring to the store's home what it lacks; what has gone into shards goes from what is staged there."""
    url = home(cache)
    if url is None:
        return
    remote = _there(store, url)
    there = remote.list()
    standing = _shards(there)
    own = _files(store.folder)
    lacking = {shard: names for shard, names in _shards(own).items() if shard not in standing}
    staged = [name for name in _staged(own) if name not in there]
    with reporter.bar("keeping features", len(lacking) + len(staged)) as advance:
        for shard, names in sorted(lacking.items()):
            for name in sorted(names, key=lambda name: (name == f"{shard}/{TABLE}", name)):
                remote.put(store.folder / name, name)
            advance(1)
        for name in staged:
            remote.put(store.folder / name, name)
            advance(1)
    if "config.json" not in there:
        remote.put(store.config_file, "config.json")
    packed = store.packed()
    for name in _staged(there):
        if Path(name).stem in packed:
            remote.delete(name)


def _there(store: Store, url: str) -> Remote:
    return Remote(f"{url}/features/{store.folder.name}")


def _files(folder: Path) -> dict[str, Any]:
    return {path.relative_to(folder).as_posix(): None for path in folder.rglob("*") if path.is_file()}


def _shards(names: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the files of every shard that is complete."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        parts = name.split("/")
        if parts[0] == SHARDS and len(parts) > 2 and parts[1][:1].isdecimal():
            found["/".join(parts[:2])].append(name)
    return {shard: files for shard, files in found.items() if f"{shard}/{TABLE}" in files}


def _staged(names: Collection[str]) -> list[str]:
    return sorted(
        name for name in names if name.startswith(f"{STAGED}/") and name.endswith(".npz") and name.count("/") == 1
    )
