"""A model, a feature, a clustering and a score are added to a copy of the package as the page says, to the letter."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from songs import write_tree

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")

ADDED = {
    "A model": ("factors", "models.md", "cells"),
    "A feature": ("dynamics", "features.md", "input"),
    "A clustering": ("birch", "clusterings.md", "clustering"),
    "A score": ("fowlkes_mallows", "metrics.md", "column"),
}
every_kind = pytest.mark.parametrize("section", ADDED)


def section_of(name: str) -> str:
    return TEXT.split(f"\n## {name}\n")[1].split("\n## ")[0]


def files(text: str) -> list[tuple[str, str, str]]:
    """Return language, path and content of each block that says which file it is, in order."""
    found = re.findall(r'^```(\w+) title="([^"]+)"\n(.*?)^```$', text, flags=re.DOTALL | re.MULTILINE)
    return [(language, path, content) for language, path, content in found]


def patched(text: str, diff: str) -> str:
    """Return a text with every hunk of a diff applied; the lines that a hunk shows must stand in it exactly once."""
    for hunk in re.split(r"^@@\n", diff, flags=re.MULTILINE):
        lines = hunk.splitlines()
        assert {line[:1] for line in lines} <= {" ", "+", "-"}
        before = "".join(f"{line[1:]}\n" for line in lines if line[0] != "+")
        after = "".join(f"{line[1:]}\n" for line in lines if line[0] != "-")
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


def follow(name: str, place: Path) -> None:
    """Do what a section says, in a copy of the repository."""
    for language, path, content in files(section_of(name)):
        target = place / path
        if language == "diff":
            content = patched(target.read_text(encoding="utf-8"), content)
        else:
            assert not target.exists(), path
        target.write_text(content, encoding="utf-8")


def copied(place: Path) -> Path:
    for folder in ("src", "tests", "docs", "benchmarks"):
        shutil.copytree(ROOT / folder, place / folder, ignore=shutil.ignore_patterns("__pycache__", "browser"))
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


def test_a_kind_takes_one_file_and_one_registration() -> None:
    for name in ADDED:
        found = [(language, path) for language, path, _ in files(section_of(name)) if language != "yaml"]
        assert [language for language, _ in found] == ["python", "diff"]
        assert not (ROOT / found[0][1]).exists()


@every_kind
def test_registrations_fit_the_code_as_it_stands(section: str) -> None:
    [(_, path, diff)] = [one for one in files(section_of(section)) if one[0] == "diff"]
    patched((ROOT / path).read_text(encoding="utf-8"), diff)


@every_kind
def test_the_code_on_the_page_is_clean(section: str, tmp_path: Path) -> None:
    [(_, path, content)] = [one for one in files(section_of(section)) if one[0] == "python"]
    file = tmp_path / Path(path).name
    file.write_text(content, encoding="utf-8")
    config = str(ROOT / "pyproject.toml")
    ruff = shutil.which("ruff", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    assert ruff
    for command in (["check"], ["format", "--check", "--diff"]):
        done = subprocess.run([ruff, *command, "--config", config, str(file)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@every_kind
def test_the_page_followed_literally(section: str, tmp_path: Path) -> None:
    name, page, where = ADDED[section]
    place = copied(tmp_path)
    follow(section, place)
    write_tree(place / "songs", per_cell=2)
    environment = {**os.environ, "PYTHONPATH": str(place / "src"), "MUSAIC_CACHE": str(place / "cache")}
    programs = {"pytest": ["-m", "pytest", "-p", "no:cacheprovider"], "musaic": ["-m", "musaic"]}
    [commands] = re.findall(r"^```bash\n(.*?)^```$", section_of(section), flags=re.DOTALL | re.MULTILINE)
    for line in commands.splitlines():
        program, *arguments = shlex.split(line)
        done = subprocess.run(
            [sys.executable, *programs[program], *arguments], cwd=place, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    [folder] = (place / "runs").iterdir()
    board = pd.read_csv(folder / "leaderboard.csv")
    if where == "cells":
        assert name in set(board["model"])
    elif where == "column":
        assert list(board.columns[-2:]) == [name, f"{name}_sd"]
        assert board[name].between(0, 1).all()
    else:
        assert board[where].str.contains(name).any()
    # and in the documentation, which is made from the code
    show = (
        "import sys; sys.path.insert(0, 'docs/making'); from pathlib import Path; from hooks import fill; "
        f"print(fill(Path('docs/{page}').read_text(encoding='utf-8'), '{page}'))"
    )
    done = subprocess.run([sys.executable, "-c", show], cwd=place, env=environment, capture_output=True, text=True)
    assert f"| `{name}` |" in done.stdout, done.stderr
