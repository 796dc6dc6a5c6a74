"""What the README tells a newcomer to type works, in the order in which it stands there."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from musaic.cli import invoke
from songs import write_tree

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.slow
@pytest.mark.long
def test_the_code_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    write_tree(tmp_path / "songs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUSAIC_CACHE", str(tmp_path / "cache"))
    commands = [shlex.split(line) for block in _blocks("bash") for line in block.splitlines() if line.strip()]
    assert len(commands) >= 3
    for command in commands:
        assert command[0] == "musaic"
        assert invoke(command[1:]) == 0, f"{shlex.join(command)}: {capsys.readouterr().err}"
    assert (tmp_path / "runs" / "songs" / "report.html").is_file()
    code = "\n".join(_blocks("python"))
    exec(compile(code, "README.md", "exec"), {"__name__": "__readme__"})
    said = capsys.readouterr().out
    assert os.path.join("runs", "songs", "report.html") in said


def test_the_commands_it_names_exist() -> None:
    from musaic.cli.app import app

    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    named = re.findall(r"(?:`|^    )musaic ([a-z]+)", README, flags=re.MULTILINE)
    assert named
    assert set(named) <= known


def test_the_picture_is_there() -> None:
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (Path(__file__).parent.parent / path).is_file(), path
