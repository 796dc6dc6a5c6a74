"""Half a file is never seen; what cannot be written is said in one sentence."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from musaic import files
from musaic.errors import MusaicError


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "نص.txt"
    files.write_text(path, "erst")

    def fail_halfway() -> None:
        with files.atomic(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert path.read_text() == "erst"
    assert os.listdir(tmp_path) == [path.name]


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with files.atomic(tmp_path / "folder") as temporary:
        temporary.mkdir()
        (temporary / "a").write_text("1")
        assert not (tmp_path / "folder").exists()
    assert (tmp_path / "folder" / "a").read_text() == "1"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_refusing_disk_is_one_sentence(tmp_path: Path, code: int) -> None:
    with pytest.raises(MusaicError, match="cannot write") as caught, files.atomic(tmp_path / "x.bin"):
        raise OSError(code, os.strerror(code))
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)


def test_json_keeps_scripts_readable(tmp_path: Path) -> None:
    data = {"गीत": ["বাংলা", "عربي"]}
    files.write_json(tmp_path / "a.json", data)
    assert files.read_json(tmp_path / "a.json") == data
    assert "বাংলা" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_content_decides_the_id(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"same")
    (tmp_path / "c").write_bytes(b"other")
    assert files.content_id(tmp_path / "a") == files.content_id(tmp_path / "b") != files.content_id(tmp_path / "c")


def test_the_cache_is_where_it_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSAIC_CACHE", str(tmp_path / "env"))
    assert files.cache_folder() == tmp_path / "env"
    assert files.cache_folder(tmp_path / "given") == tmp_path / "given"
