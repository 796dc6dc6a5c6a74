"""The notebooks parse, carry no stale output, name only what there is, and run from their first cell to their last."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import nbformat
import pytest

import musaic
from fake_run import make_run
from musaic.files import write_json

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["explore", "quickstart"]


@every_notebook
def test_it_is_valid_and_carries_no_output(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None


@every_notebook
def test_it_installs_in_colab_alone(path: Path) -> None:
    first, *others = code(path)
    assert re.fullmatch(r'import sys\n\nif "google\.colab" in sys\.modules:\n    %pip install musaic', first)
    assert not any(line.startswith(("%", "!")) for source in others for line in source.splitlines())


@every_notebook
def test_what_it_names_is_there(path: Path) -> None:
    tree = ast.parse("\n".join(code(path)[1:]))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "musaic"
    }
    for name in used:
        assert name in musaic.__all__
        assert callable(getattr(musaic, name))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("musaic"):
            module = importlib.import_module(str(node.module))
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


@pytest.mark.slow
@every_notebook
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbclient import NotebookClient

    monkeypatch.setenv("MUSAIC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    shown = {kind for cell in notebook.cells for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert {"text/html", "image/png"} <= shown
    heard = [
        output.data["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "<audio" in output.get("data", {}).get("text/html", "")
    ]
    assert heard
    assert all("data:audio/" in sound for sound in heard)


def test_every_public_name_is_there() -> None:
    assert set(musaic.__all__) <= set(dir(musaic))
    for name in musaic.__all__:
        assert getattr(musaic, name) is not None


def test_songs_made_on_the_spot(tmp_path: Path) -> None:
    root = musaic.demo_corpus(tmp_path / "گانے songs", n_tracks=3, seconds=1, workers=0)
    assert len(musaic.read_corpus(root, workers=0)) == 3


def test_cards_of_a_clustering_are_read(tmp_path: Path) -> None:
    run = musaic.open_run(make_run(tmp_path / "run", n=12))
    cell = run.cells[0]
    clustering = cell["clusterings"][0]["id"]
    cards = [{"cluster": 0, "name": "দ্রুত <b>"}, {"cluster": 1, "name": "سريع"}]
    write_json(run.cards_file(cell["cell"], clustering), {"cards": cards})
    assert run.cards(cell["cell"], clustering) == cards
