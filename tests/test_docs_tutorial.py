"""What the tutorial and the Python page tell a newcomer to type works, in the order in which it stands there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest

from musaic.cli import invoke
from songs import sound, write_tree

DOCS = Path(__file__).parent.parent / "docs"


def blocks(name: str, language: str) -> list[str]:
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.slow
@pytest.mark.long
def test_the_tutorial_and_the_python_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import soundfile

    write_tree(tmp_path / "songs")
    pop = tmp_path / "songs" / "audio" / "arabic" / "pop"
    next(pop.iterdir()).rename(pop / "Blue Sky.wav")
    (tmp_path / "new").mkdir()
    soundfile.write(tmp_path / "new" / "গান.wav", sound("pop", 99), 22050)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUSAIC_CACHE", str(tmp_path / "cache"))
    commands = [
        shlex.split(line) for block in blocks("tutorial.md", "bash") for line in block.splitlines() if line.strip()
    ]
    assert len(commands) >= 12
    for command in commands:
        assert command[0] == "musaic"
        assert invoke(command[1:]) == 0, f"{shlex.join(command)}: {capsys.readouterr().err}"
    assert (tmp_path / "runs" / "songs" / "report.html").is_file()
    near = next((tmp_path / "runs" / "songs" / "playlists").rglob("near*.m3u8"))
    assert "Blue Sky.wav" in near.read_text(encoding="utf-8")
    assert (tmp_path / "evening.m3u8").is_file()
    assert len(list((tmp_path / "runs" / "songs" / "assigned").glob("*.parquet"))) == 1
    capsys.readouterr()
    first, _ = blocks("python.md", "python")
    exec(compile(first, "python.md", "exec"), {"__name__": "__page__"})
    assert os.path.join("runs", "songs", "report.html") in capsys.readouterr().out
    _files_are_those_of_the_page(tmp_path / "runs" / "songs")
    shutil.rmtree(tmp_path / "runs")


@pytest.mark.parametrize("name", ["python.md", "metrics.md"])
def test_examples_on_arrays_run(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(blocks(name, "python")[-1], name, "exec"), {"__name__": "__page__"})
    said = capsys.readouterr().out.split()
    assert float(said[-1]) <= 1


def documented() -> dict[str, list[str] | None]:
    """Return the files that the page names as patterns, each with its columns or keys (None where it names none)."""
    found: dict[str, list[str] | None] = {}
    for line in (DOCS / "files.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and cells[0].startswith("`"):
            columns = cells[2].split("`")[1::2]
            found[_pattern(cells[0].strip("`"))] = [_pattern(name) for name in columns] or None
    return found


def _pattern(text: str) -> str:
    """Return a regular expression for a name in which ``<…>`` stands for anything within a folder."""
    wild = {"<n>": r"\d+", "<d>": r"\d+"}
    parts = re.split(r"(<[^>]*>)", text)
    return "".join(wild.get(part, "[^/]+") if part.startswith("<") else re.escape(part) for part in parts)


def _columns(path: Path) -> list[str] | None:
    """Return the columns of a table, the arrays of an archive, the keys of a JSON file; None for other files."""
    import json

    import numpy as np

    if path.suffix == ".parquet":
        return [str(name) for name in pd.read_parquet(path).columns]
    if path.suffix == ".csv":
        return [str(name) for name in pd.read_csv(path, nrows=1).columns]
    if path.suffix == ".npz":
        return list(np.load(path, allow_pickle=False).files)
    return list(json.loads(path.read_text(encoding="utf-8"))) if path.suffix == ".json" else None


def _files_are_those_of_the_page(run: Path) -> None:
    """Every file of the run is on the page, and has the columns that the page gives it, and all of these."""
    patterns = documented()
    missing: dict[str, set[str]] = {}
    for path in sorted(path for path in run.rglob("*") if path.is_file()):
        name = path.relative_to(run).as_posix()
        match = [pattern for pattern in patterns if re.fullmatch(pattern, name)]
        assert match, f"{name} is not on the page"
        # the most particular one: that with the least of it left open
        pattern = min(match, key=lambda one: one.count("[^/]+"))
        wanted, found = patterns[pattern], _columns(path)
        if wanted is None or found is None:
            continue
        strange = [column for column in found if not any(re.fullmatch(one, column) for one in wanted)]
        assert not strange, f"{name} has {strange}, which the page does not say"
        unseen = {one for one in wanted if not any(re.fullmatch(one, column) for column in found)}
        missing[pattern] = missing.get(pattern, unseen) & unseen
    never = {pattern: sorted(names) for pattern, names in missing.items() if names}
    assert never == {}


def test_the_page_of_files_can_be_read() -> None:
    patterns = documented()
    assert len(patterns) > 40
    assert sum(columns is not None for columns in patterns.values()) > 20
