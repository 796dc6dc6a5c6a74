"""The directions of the house: who may import whom, and what must stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "musaic"

COMMON = {"errors", "config", "files", "parallel", "progress", "storage", "threads", "__version__"}
MAY_IMPORT = {
    "errors": set(),
    "config": {"errors"},
    "files": {"errors"},
    "parallel": {"errors", "progress"},
    "storage": {"errors", "files", "progress"},
    "progress": set(),
    "threads": set(),
    "graph": COMMON,
    "maps": COMMON | {"graph"},
    "corpus": COMMON,
    "datasets": COMMON | {"corpus"},
    "audio": COMMON,
    "lyrics": COMMON,
    "features": COMMON | {"audio", "lyrics", "corpus"},
    "models": COMMON,
    "clustering": COMMON | {"graph"},
    "evaluation": COMMON | {"clustering", "graph"},
    "runs": COMMON | {"graph"},
    "demo": COMMON,
    "experiment": COMMON
    | {"corpus", "audio", "lyrics", "features", "models", "clustering", "evaluation", "runs", "maps", "graph"},
    "listening": COMMON | {"runs", "audio", "graph"},
    "exports": COMMON | {"runs", "listening", "features", "corpus", "experiment"},
    "report": COMMON | {"runs", "evaluation", "listening", "audio"},
    "paper": COMMON | {"features", "models", "runs", "evaluation", "report"},
    "explorer": COMMON | {"audio", "runs", "evaluation", "listening", "report", "experiment"},
    "doctor": COMMON | {"report", "features"},
}
PURE = ("models", "clustering", "evaluation", "maps", "graph")


def _modules(room: str) -> list[Path]:
    folder = PACKAGE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{room}.py"]


def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "musaic":
            parts = node.module.split(".")
            names |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("musaic.")}
    return names


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_imports_run_one_way(room: str) -> None:
    for module in _modules(room):
        foreign = _imported(module) - MAY_IMPORT[room] - {room}
        assert not foreign, f"{module.relative_to(PACKAGE)} imports {sorted(foreign)}"


def test_every_room_is_known() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    files = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert rooms | files == set(MAY_IMPORT) | {"cli"}


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_touch_no_disk(room: str) -> None:
    for module in _modules(room):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            assert not (isinstance(called, ast.Name) and called.id == "open"), module
            assert not (isinstance(called, ast.Attribute) and called.attr in {"read_text", "write_text", "save"}), (
                module
            )


def test_no_pickle_anywhere() -> None:
    for module in PACKAGE.rglob("*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        imported = {
            alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        imported |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not imported & {"pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}, module
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is False


HEAVY = {"torch", "numpy", "pandas", "sklearn", "scipy", "librosa", "matplotlib", "zarr", "pydantic", "soundfile", "av"}
HEAVY |= {"starlette", "uvicorn"}


@pytest.mark.parametrize(
    "statement", ["import musaic", "import musaic.cli.app", "import musaic.cli; musaic.cli.invoke(['--help'])"]
)
def test_the_door_is_light(statement: str) -> None:
    code = f"import sys; {statement}; print(','.join(sys.modules), file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(result.stderr.strip().split(","))


@pytest.mark.parametrize("module", ["models.registry", "models.vae.config", "experiment.runner"])
def test_planning_needs_no_torch(module: str) -> None:
    code = f"import sys, musaic.{module}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
