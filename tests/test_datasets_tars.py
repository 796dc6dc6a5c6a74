"""Archives of strangers write below the folder that they are unpacked in, and nowhere else."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from musaic.datasets.sources.tars import UnsafeMemberError, unpack_tar


def archive(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_files_folders_and_links_are_there(tmp_path: Path) -> None:
    given = archive(
        tmp_path / "a.tgz",
        (member("গান", tarfile.DIRTYPE), b""),
        (member("গান/أغنية.wav"), b"sound"),
        (member("/absolute/one.txt"), b"one"),
        (member("same.wav", tarfile.LNKTYPE, "গান/أغنية.wav"), b""),
        (member("also.wav", tarfile.SYMTYPE, "গান/أغنية.wav"), b""),
    )
    unpack_tar(given, tmp_path / "to")
    there = {path.relative_to(tmp_path / "to").as_posix(): path for path in (tmp_path / "to").rglob("*.*")}
    assert set(there) == {"গান/أغنية.wav", "absolute/one.txt", "same.wav", "also.wav"}
    assert there["same.wav"].read_bytes() == there["also.wav"].read_bytes() == b"sound"
    assert not there["also.wav"].is_symlink()


@pytest.mark.parametrize(
    "bad",
    [
        member("../outside.txt"),
        member("in/../../outside.txt"),
        member("pipe", tarfile.FIFOTYPE),
        member("link", tarfile.SYMTYPE, "/etc/hostname"),
    ],
    ids=lambda info: info.name,
)
def test_what_leads_outside_or_is_no_file_is_refused(bad: tarfile.TarInfo, tmp_path: Path) -> None:
    given = archive(tmp_path / "a.tgz", (bad, b""))
    with pytest.raises(UnsafeMemberError):
        unpack_tar(given, tmp_path / "to")
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path != given]
