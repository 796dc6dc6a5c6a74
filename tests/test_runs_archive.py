"""A run handed on as one file: results, nothing that belongs to others, the same bytes each time."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from fake_run import make_run
from musaic.errors import MusaicError
from musaic.files import WRITING, read_parquet
from musaic.runs import Run
from musaic.runs.archive import archive_file, write_archive

LYRICS = "আমার সোনার বাংলা, আমি তোমায় ভালোবাসি"
TITLES = ["شجرة التين", "দাদুর চেয়ার", "रोटी की ख़ुशबू"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    folder = make_run(tmp_path / "مجموعة · গান", n=30, maps=False)
    tracks = pd.read_parquet(folder / "tracks.parquet")
    tracks["lyrics"] = LYRICS
    tracks["title"] = [TITLES[i % 3] + (" \n" + "x" * 300 if i == 0 else "") for i in range(30)]
    tracks["the words"] = [f"{LYRICS}\n{LYRICS}" if i == 7 else None for i in range(30)]
    tracks["prose"] = [LYRICS * 9 if i == 8 else "short" for i in range(30)]
    tracks["mood"] = ["شجن", None, "आनंद"] * 10
    tracks.to_parquet(folder / "tracks.parquet")
    for name in (
        *("models/vae-1/seed-0/model.safetensors", "models/vae-1/seed-0/config.json", "encoders/lyrics/config.json"),
        *("clusterers/vae-1/seed-0/k/config.json", "figures/গান.png", "figures/song.wav", "notes.txt"),
        *(f"figures/{WRITING}x/half.png", "embeddings/vae-1/seed-0.parquet", "cards/vae-1/k.json"),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"something")
    return Run.open(folder)


def test_it_holds_results_and_nothing_else(run: Run) -> None:
    with zipfile.ZipFile(write_archive(run)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        everything = b"".join(archive.read(name) for name in names)
    assert names == sorted(names)
    assert {name.partition("/")[0] for name in names} == {"مجموعة · গান"}
    inside = {name.partition("/")[2] for name in names}
    assert inside >= {"figures/গান.png", "embeddings/vae-1/seed-0.parquet", "cards/vae-1/k.json", "leaderboard.csv"}
    assert inside >= {"experiment.yaml", "environment.json", "cells.json", "tracks.parquet", "leaderboard.md"}
    assert any(name.startswith("clusters/") for name in inside)
    assert {name for name in inside if name.startswith("models/")} == {
        path.relative_to(run.path).as_posix() for path in run.path.glob("models/*/*/history.csv")
    }
    gone = ("timings.json", "notes.txt", "encoders", "clusterers", ".wav", ".zip", WRITING, "safetensors")
    assert [name for name in inside if any(part in name for part in gone)] == []
    assert LYRICS.encode() in run.tracks_file.read_bytes()
    assert LYRICS.encode() not in everything


def test_the_tracks_lose_texts_and_keep_labels(run: Run, tmp_path: Path) -> None:
    with zipfile.ZipFile(write_archive(run)) as archive:
        archive.extractall(tmp_path / "out")
    unpacked = Run.open(tmp_path / "out" / run.path.name)
    whole = run.tracks
    assert [name for name in whole if name not in unpacked.tracks] == ["lyrics", "the words", "prose"]
    pd.testing.assert_frame_equal(unpacked.tracks, whole[list(unpacked.tracks)])
    assert unpacked.leaderboard_file.read_bytes() == run.leaderboard_file.read_bytes()
    assert unpacked.cells == run.cells


def test_the_same_folder_gives_the_same_bytes(run: Run) -> None:
    first = write_archive(run).read_bytes()
    for number, path in enumerate(sorted(run.path.rglob("*"))):
        os.utime(path, (10_000_000 * number, 10_000_000 * number))
        if path.is_file():
            path.chmod(0o600)
    assert write_archive(run) == archive_file(run)
    assert archive_file(run).read_bytes() == first
    with zipfile.ZipFile(archive_file(run)) as archive:
        assert {(info.date_time, info.external_attr >> 16, info.create_system) for info in archive.infolist()} == {
            ((1980, 1, 1, 0, 0, 0), 0o100644, 3)
        }


def test_nothing_half_done_stays(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = write_archive(run).read_bytes()
    monkeypatch.setattr("musaic.runs.archive.shutil.copyfileobj", _full)
    with pytest.raises(MusaicError, match="No space"):
        write_archive(run)
    assert archive_file(run).read_bytes() == before
    assert not list(run.path.glob(f"{WRITING}*"))


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_an_unfinished_run_is_refused(run: Run) -> None:
    run.leaderboard_file.unlink()
    with pytest.raises(MusaicError, match="not finished"):
        write_archive(run)
    assert not archive_file(run).exists()


def test_damaged_tracks_are_a_sentence(run: Run) -> None:
    run.tracks_file.write_bytes(b"PAR1")
    with pytest.raises(MusaicError, match=r"tracks\.parquet"):
        write_archive(run)
    with pytest.raises(MusaicError):
        read_parquet(run.tracks_file)
