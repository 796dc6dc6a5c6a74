"""Content ids are those of the bytes, are read once, and survive whatever kills the process."""

import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from musaic.corpus import fingerprint
from musaic.corpus.fingerprint import FILE, content_ids
from musaic.errors import MusaicError
from musaic.files import content_id


@pytest.fixture
def songs(tmp_path):
    folder = tmp_path / "songs"
    folder.mkdir()
    paths = {}
    for number in range(6):
        paths[number] = folder / f"গান {number}.mp3"
        paths[number].write_bytes(b"sound" * (number // 2 + 1))
    return paths


def never(function, items, workers=None):
    raise AssertionError(f"read again: {items}")


def test_ids_are_those_of_the_bytes_and_unreadable_files_have_none(songs, tmp_path):
    wanted = {key: content_id(path) for key, path in songs.items()}
    assert content_ids({**songs, "gone": tmp_path / "gone.mp3"}, cache=tmp_path / "c", workers=0) == wanted
    assert wanted[0] == wanted[1] != wanted[2]
    assert content_ids(songs, cache=tmp_path / "d", workers=2) == wanted


def test_what_did_not_change_is_not_read_again(songs, tmp_path, monkeypatch):
    first = content_ids(songs, cache=tmp_path / "c", workers=0)
    with monkeypatch.context() as patch:
        patch.setattr(fingerprint.parallel, "run", never)
        assert content_ids(songs, cache=tmp_path / "c") == first
    songs[3].write_bytes(b"other")
    read = []
    run = fingerprint.parallel.run
    monkeypatch.setattr(
        fingerprint.parallel,
        "run",
        lambda function, items, workers: (read.extend(items), run(function, items, workers=0))[1],
    )
    assert content_ids(songs, cache=tmp_path / "c")[3] == content_id(songs[3])
    assert read == [songs[3]]


KILLED = """
import os, signal, sys
from pathlib import Path
from musaic.corpus import fingerprint
fingerprint.SAVED_EVERY = -1.0
run = fingerprint.parallel.run
def dying(function, items, workers=None):
    for position, outcome in run(function, items, workers=0):
        if position == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        yield position, outcome
fingerprint.parallel.run = dying
folder = Path(sys.argv[1])
fingerprint.content_ids({path.name: path for path in sorted(folder.iterdir())}, cache=Path(sys.argv[2]))
"""


def test_killed_in_the_middle_it_keeps_what_it_had_and_ends_alike(songs, tmp_path):
    folder = songs[0].parent
    command = [sys.executable, "-c", KILLED, str(folder), str(tmp_path / "c")]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with sqlite3.connect(tmp_path / "c" / FILE) as memory:
        assert memory.execute("SELECT count(*) FROM files").fetchone() == (3,)
    paths = {path.name: path for path in folder.iterdir()}
    assert content_ids(paths, cache=tmp_path / "c", workers=0) == {n: content_id(p) for n, p in paths.items()}


@pytest.mark.parametrize("damage", [b"not a database at all" * 100, b""])
def test_a_damaged_memory_is_thrown_away(songs, tmp_path, damage):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / FILE).write_bytes(damage)
    assert content_ids(songs, cache=tmp_path / "c", workers=0)[5] == content_id(songs[5])


def test_a_memory_of_another_shape_is_thrown_away(songs, tmp_path):
    (tmp_path / "c").mkdir()
    with sqlite3.connect(tmp_path / "c" / FILE) as memory:
        memory.execute("CREATE TABLE files (path TEXT, hash TEXT)")
    memory.close()
    assert len(content_ids(songs, cache=tmp_path / "c", workers=0)) == 6


def test_a_folder_that_cannot_be_written_is_one_sentence(songs, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MusaicError, match=r"cannot write .*--cache"):
        content_ids(songs, cache=tmp_path / "file" / "below", workers=0)


def test_names_that_are_no_text_are_remembered(tmp_path, monkeypatch):
    path = tmp_path / os.fsdecode(b"caf\xe9.mp3")
    path.write_bytes(b"x")
    content_ids({"x": path}, cache=tmp_path / "c", workers=0)
    monkeypatch.setattr(fingerprint.parallel, "run", never)
    assert content_ids({"x": path}, cache=tmp_path / "c") == {"x": content_id(path)}
