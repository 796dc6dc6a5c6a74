"""What the page on exporting tells its readers to type works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import musaic
from exported_run import PCA, make_exported
from musaic.cli import invoke
from songs import write_tree

PAGE = (Path(__file__).parent.parent / "docs" / "export.md").read_text(encoding="utf-8")


def test_the_code_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_exported(tmp_path / "runs" / "songs")
    monkeypatch.chdir(tmp_path)
    for name in ("parquet", "csv", "npz", "npy"):
        musaic.export("runs/songs", format=name, cell=PCA, out=f"exports/{name}")
    musaic.export("runs/songs", format="zip", cell=PCA, out="exports/songs.zip")
    songs = write_tree(tmp_path / "songs", per_cell=1)
    musaic.export(songs, format="csv", features=["log_mel"], out="exports/features", workers=0)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) == 6
    found: dict[str, Any] = {"CELL": run.find_cell(PCA), "__name__": "__docs__"}
    for block in blocks:
        exec(compile(block, "docs/export.md", "exec"), found)
    assert found["table"].index.tolist() == run.tracks["track_id"].tolist()
    assert found["labels"]["title"].tolist() == run.tracks["title"].tolist()
    assert all(frames.shape[1] == 128 and len(frames) for frames in found["frames"].values())


def test_the_commands_are_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    make_exported(tmp_path / "runs" / "songs")
    monkeypatch.chdir(tmp_path)
    lines = [
        re.split(r"\s{3,}", line.strip())[0] for line in PAGE.splitlines() if line.startswith("    musaic export runs")
    ]
    assert len(lines) >= 6
    for line in lines:
        if "--to" in line:  # trackers have tests of their own
            continue
        assert invoke(shlex.split(line)[1:]) == 0, (line, capsys.readouterr().err)
