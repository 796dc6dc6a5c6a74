"""What is wrong with a file shows before it is decoded, and one bad file stops nothing."""

import os
from pathlib import Path

import pytest

from musaic.corpus import CorpusConfig, Status, read_corpus
from musaic.corpus.paths import RealNames, check_file, relative_path, stem
from musaic.errors import TrackError


def status(path, root):
    wrong = check_file(path, root)
    return wrong and wrong[0]


def test_every_kind_of_bad_file_has_its_word(tmp_path, monkeypatch):
    good = tmp_path / "good.mp3"
    good.write_bytes(b"x")
    (tmp_path / "empty.mp3").touch()
    (tmp_path / "folder.mp3").mkdir()
    (tmp_path / "lost.mp3").symlink_to("nowhere.mp3")
    (tmp_path / "round.mp3").symlink_to("round.mp3")
    os.mkfifo(tmp_path / "pipe.mp3")
    assert check_file(good, tmp_path) is None
    assert status(tmp_path / "empty.mp3", tmp_path) == Status.EMPTY
    assert status(tmp_path / "folder.mp3", tmp_path) == Status.NOT_A_FILE
    assert status(tmp_path / "pipe.mp3", tmp_path) == Status.NOT_A_FILE
    assert status(tmp_path / "lost.mp3", tmp_path) == Status.DANGLING_LINK
    assert status(tmp_path / "round.mp3", tmp_path) == Status.DANGLING_LINK
    assert status(tmp_path / "absent.mp3", tmp_path) == Status.MISSING
    assert status(good / "inside.mp3", tmp_path) == Status.MISSING
    assert status(tmp_path / ("x" * 5000), tmp_path) == Status.MISSING
    assert status(tmp_path / "a\0b.mp3", tmp_path) == Status.MISSING
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert status(good, tmp_path) == Status.NO_PERMISSION


def test_links_may_leave_the_corpus_and_dots_may_not(tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    (tmp_path / "other.mp3").write_bytes(b"x")
    (root / "link.mp3").symlink_to(tmp_path / "other.mp3")
    assert check_file(root / "link.mp3", root) is None
    assert status(root / ".." / "other.mp3", root) == Status.OUTSIDE_CORPUS
    assert status(tmp_path / "other.mp3", root) == Status.OUTSIDE_CORPUS


def test_paths_outside_are_known_from_a_relative_root_too(tmp_path, monkeypatch):
    (tmp_path / "corpus").mkdir()
    for name in ("corpus/a.mp3", "b.mp3"):
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert check_file(Path("corpus/a.mp3"), Path("corpus")) is None
    assert status(Path("corpus/../b.mp3"), Path("corpus")) == Status.OUTSIDE_CORPUS
    assert read_corpus(Path("corpus"), CorpusConfig()).audio_path("a.mp3").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("given", "expected"),
    [("a.mp3", "a.mp3"), ("./x//a.mp3", "x/a.mp3"), ("x/../a.mp3", "a.mp3"), ("..a/b.mp3", "..a/b.mp3")],
)
def test_paths_inside_are_put_plainly(tmp_path, given, expected):
    assert relative_path(tmp_path, given) == expected
    assert relative_path(tmp_path, str(tmp_path / given)) == expected


@pytest.mark.parametrize("given", ["../a.mp3", "/etc/passwd", "x/../../a.mp3", "..", "/", "../corpus2/a.mp3"])
def test_paths_outside_are_refused(tmp_path, given):
    with pytest.raises(TrackError) as error:
        relative_path(tmp_path / "corpus", given)
    assert error.value.status == Status.OUTSIDE_CORPUS


def test_a_web_address_is_told_from_a_path(tmp_path):
    with pytest.raises(TrackError, match="address on the web"):
        relative_path(tmp_path, "https://example.org/a.mp3")
    assert relative_path(tmp_path, "http/a.mp3") == "http/a.mp3"


def test_names_are_found_in_their_other_unicode_form_and_with_backslashes(tmp_path):
    (tmp_path / "caf\u0065\u0301").mkdir()
    (tmp_path / "caf\u0065\u0301" / "a.mp3").touch()
    names = RealNames(tmp_path)
    for given in ("café/a.mp3", "café\\a.mp3", "cafe\u0301/a.mp3"):
        assert (tmp_path / names.find(given)).exists()
    assert names.find("cafe/b.mp3") == "cafe/b.mp3"


def test_stems_lose_known_suffixes_alone():
    assert [stem(name) for name in ("x/blues.00000", "blues.00000.wav", "10._Disparan.txt", "a.MP3")] == [
        "blues.00000",
        "blues.00000",
        "10._Disparan",
        "a",
    ]


def test_a_corpus_of_bad_files_is_read_to_the_end(tmp_path, monkeypatch):
    (tmp_path / "empty.mp3").touch()
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "lost.flac").symlink_to("nowhere")
    (tmp_path / "text.mp3").write_text("not sound at all")
    corpus = read_corpus(tmp_path, CorpusConfig())
    assert dict(zip(corpus.tracks["track_id"], corpus.tracks["status"], strict=True)) == {
        "empty.mp3": "empty",
        "folder.wav": "not-a-file",
        "lost.flac": "dangling-link",
        "text.mp3": "ok",
    }
    assert list(corpus.audio_paths()) == ["text.mp3"]
    assert all(isinstance(reason, str) for reason in corpus.tracks["reason"][:3])
