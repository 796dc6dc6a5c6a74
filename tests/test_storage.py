"""What lies elsewhere is read as if it lay here, and what does not come is said."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pandas as pd
import pytest

from musaic.cli import invoke
from musaic.corpus.config import CorpusConfig
from musaic.corpus.read import read_corpus
from musaic.errors import MusaicError, UsageError
from musaic.features import FeatureConfig, extract
from musaic.files import cache_folder
from musaic.storage import AT_ONCE, Copy, Remote, home, is_url
from songs import write_tree

CONFIG = FeatureConfig(duration=1.0)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("songs") / "أغاني ও গান", per_cell=1, seconds=1.0)


@pytest.fixture
def bucket(songs: Path) -> Iterator[str]:
    """Yield the URL of the songs in fsspec's memory."""
    memory = fsspec.filesystem("memory")
    memory.put(f"{songs}/", "/bucket/أغاني ও গান/", recursive=True)
    yield "memory://bucket/أغاني ও গান"
    memory.rm("/bucket", recursive=True)


@pytest.fixture
def web(songs: Path) -> Iterator[str]:
    """Yield the URL of the songs behind a web server on loopback."""

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(songs))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def equal(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other)


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.blake2b(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_urls_and_paths_are_told_apart() -> None:
    assert all(is_url(text) for text in ("s3://bucket/x", "memory://x", "file:///x", "https://host"))
    assert not any(is_url(text) for text in ("songs", "/songs", "C:\\songs", "a/b://c", Path("s3:/x")))


@pytest.mark.parametrize("kind", ["memory", "file", "web"])
def test_a_tree_elsewhere_is_the_same_corpus(kind: str, songs: Path, bucket: str, web: str, tmp_path: Path) -> None:
    url = {"memory": bucket, "file": songs.as_uri(), "web": web}[kind]
    if kind == "file":
        url = f"file://{songs}"
    here, there = read_corpus(songs), read_corpus(url, cache=tmp_path)
    equal(here.tracks, there.tracks)
    assert contents(there.root) == contents(songs)
    assert there.root.is_relative_to(tmp_path / "copies")


def test_a_table_elsewhere_brings_what_it_names(bucket: str, songs: Path, tmp_path: Path) -> None:
    tree = read_corpus(songs).tracks
    table = tree[["track_id", "audio", "genre"]].iloc[:3]
    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/أغاني ও গান/table.csv", table.to_csv(index=False).encode())
    corpus = read_corpus(f"{bucket}/table.csv", CorpusConfig(tags=False), cache=tmp_path)
    assert list(corpus.tracks["audio"]) == sorted(table["audio"])
    assert set(corpus.tracks["status"]) == {"ok"}
    fetched = set(contents(corpus.root))
    assert {name for name in fetched if name.endswith(".wav")} == set(table["audio"])
    assert "table.csv" in fetched


def test_only_what_changed_is_fetched_again(bucket: str, tmp_path: Path) -> None:
    remote = Remote(bucket)
    copy = Copy(remote, tmp_path)
    there = remote.list()
    assert copy.fetch(there) == {}
    first, second, *_ = sorted(there)
    times = {name: (copy.folder / name).stat().st_mtime_ns for name in there}
    memory = fsspec.filesystem("memory")
    memory.pipe(f"/{bucket.removeprefix('memory://')}/{first}", b"another")
    memory.rm(f"/{bucket.removeprefix('memory://')}/{second}")
    again = Copy(Remote(bucket), tmp_path)
    there = again.remote.list()
    again.forget(there)
    again.fetch(there)
    assert (again.folder / first).read_bytes() == b"another"
    assert not (again.folder / second).exists()
    changed = {name for name in there if (again.folder / name).stat().st_mtime_ns != times[name]}
    assert changed == {first}


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[str, Counter[str], threading.Event]]:
    """Yield the URL of 40 files whose server stops after 20, what was asked of it, and what lets it go on."""
    folder, asked, going = tmp_path / "far", Counter[str](), threading.Event()
    folder.mkdir()
    for number in range(40):
        (folder / f"গান {number}.txt").write_text(str(number))

    class Stopping(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if self.path.endswith(".txt"):
                asked[self.path] += 1
                if len(asked) > 20:
                    going.wait()
            with contextlib.suppress(ConnectionError):
                super().do_GET()

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Stopping, directory=str(folder))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked, going
        going.set()
        server.shutdown()


def test_what_a_killed_command_had_fetched_is_kept(
    slow: tuple[str, Counter[str], threading.Event], tmp_path: Path
) -> None:
    url, asked, going = slow
    cache = tmp_path / "cache"
    fetch = "import sys; from pathlib import Path; from musaic.storage import Copy, Remote; r = Remote(sys.argv[1]); "
    fetch += "Copy(r, Path(sys.argv[2])).fetch(r.list())"
    child = subprocess.Popen([sys.executable, "-c", fetch, url, str(cache)])
    while len(asked) < 20 + AT_ONCE:  # all that fetch at once wait for the server
        assert child.poll() is None
        time.sleep(0.01)
    child.kill()
    child.wait()
    begun = Counter(asked)
    going.set()
    copy = Copy(Remote(url), cache)
    log = next(cache.rglob("fetched.jsonl"))
    assert len(log.read_text().splitlines()) == 20
    with log.open("a") as half:
        half.write('["গান 39.txt", [1, ')
    copy = Copy(Remote(url), cache)
    there = copy.remote.list()
    assert copy.fetch(there) == {}
    assert len(asked - begun) == 20
    assert sorted(contents(copy.folder)) == sorted(there)
    assert {(copy.folder / name).read_text() for name in there} == {str(number) for number in range(40)}
    before = Counter(asked)
    assert Copy(Remote(url), cache).fetch(there) == {}
    assert asked == before
    assert not log.exists()


def test_names_that_lead_elsewhere_are_not_followed(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    for name in ("/evil/ok.mp3", "/evil/a/../../../escaped.mp3", "/evil//twice.mp3"):
        memory.store[name] = memory.open("/x", "wb").__class__(memory, name, b"bytes")
    try:
        remote = Remote("memory://evil")
        copy = Copy(remote, tmp_path)
        copy.fetch(remote.list())
        assert {path.name for path in tmp_path.rglob("*.mp3")} <= {"ok.mp3", "twice.mp3"}
        assert not list(tmp_path.parent.glob("escaped.mp3"))
    finally:
        memory.store.pop("/evil/a/../../../escaped.mp3", None)
        memory.store.clear()


@pytest.mark.parametrize(
    ("url", "kind", "told"),
    [
        ("nothing://here", UsageError, "of a kind that is not known, 'nothing'"),
        ("memory://empty/folder", UsageError, "there is nothing at memory://empty/folder"),
        ("memory://empty/table.csv", UsageError, "there is nothing at memory://empty/table.csv"),
        ("http://127.0.0.1:9/songs", MusaicError, "cannot list http://127.0.0.1:9/songs"),
    ],
)
def test_what_is_not_there_is_one_sentence(url: str, kind: type[MusaicError], told: str, tmp_path: Path) -> None:
    with pytest.raises(kind, match=told):
        read_corpus(url, cache=tmp_path)


def test_a_missing_driver_is_named(tmp_path: Path) -> None:
    import importlib.util

    for protocol, package in (("s3", "s3fs"), ("gs", "gcsfs"), ("abfs", "adlfs"), ("oss", "ossfs")):
        if importlib.util.find_spec(package) is None:
            with pytest.raises(MusaicError, match=f"pip install {package}"):
                read_corpus(f"{protocol}://bucket/songs", cache=tmp_path)


def test_features_with_a_home_elsewhere(songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two machines, one home: what the first measured the second takes, shards and single songs alike."""
    from musaic.features import store as stores

    monkeypatch.setattr(stores, "TRACKS_PER_SHARD", 4)
    place = tmp_path / "home"
    corpus = read_corpus(songs)
    alone = extract(corpus, CONFIG, cache=tmp_path / "alone", workers=0)
    for machine in ("first", "second"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / machine))
        folder = cache_folder(f"file://{place}")
        assert folder.is_relative_to(tmp_path / machine)
        assert home(folder) == f"file://{place}"
        before = contents(place) if place.exists() else {}
        found = extract(corpus, CONFIG, cache=folder, workers=0)
        for name in alone.names:
            assert found.get(name).values.tobytes() == alone.get(name).values.tobytes()
        if machine == "second":
            assert contents(place) == before  # nothing was measured, nothing brought
    tables = list(place.rglob("tracks.parquet"))
    staged = list(place.rglob("staged/*.npz"))
    assert sum(len(pd.read_parquet(table)) for table in tables) + len(staged) == len(corpus)


def test_a_shard_that_is_not_whole_is_not_taken(songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from musaic.features import store as stores

    monkeypatch.setattr(stores, "TRACKS_PER_SHARD", 2)
    place = tmp_path / "home"
    corpus = read_corpus(songs)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "first"))
    first = extract(corpus, CONFIG, cache=cache_folder(f"file://{place}"), workers=0)
    [table, *_] = sorted(place.rglob("tracks.parquet"))
    table.unlink()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "second"))
    second = extract(corpus, CONFIG, cache=cache_folder(f"file://{place}"), workers=0)
    for name in first.names:
        assert first.get(name).values.tobytes() == second.get(name).values.tobytes()


def test_the_command_line_takes_urls(
    web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    place = tmp_path / "home"
    command = ["features", web, "--json", "--quiet", "--workers", "0", "--cache", f"file://{place}"]
    assert invoke(command) == 0
    assert json.loads(capsys.readouterr().out)["status"] == {"ok": 6}
    assert len(list(place.rglob("staged/*.npz"))) == 6
    shutil.rmtree(tmp_path / "own")
    assert invoke(command) == 0
    assert json.loads(capsys.readouterr().out)["status"] == {"ok": 6}
    assert invoke(["transcribe", web]) == 2
    assert "say with --out where the table goes" in capsys.readouterr().err
