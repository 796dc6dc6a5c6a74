import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from musaic.report import palette

ROOT = Path(__file__).parent.parent
WEB = ROOT / "web"
BUILT = ROOT / "src" / "musaic" / "report"
NAMES = ("musaic.js", "musaic.css")

node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed: web/ cannot be run")
esbuild = pytest.mark.skipif(
    not (WEB / "node_modules" / "esbuild").is_dir(), reason="esbuild is not installed: run `npm ci` in web/"
)


def _node(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["node", *map(str, arguments)]
    return subprocess.run(command, cwd=WEB, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)


@node
@esbuild
def test_the_committed_bundle_is_what_the_sources_make(tmp_path: Path) -> None:
    made = _node("build.mjs", tmp_path)
    assert made.returncode == 0, made.stderr
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (BUILT / name).read_bytes(), f"{name}: run `npm run build` in web/"


@node
def test_the_logic_of_the_page() -> None:
    done = _node("--test", *sorted((WEB / "test").glob("*.test.js")))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^(# |ℹ )pass [1-9]", done.stdout, re.MULTILINE)


@node
@pytest.mark.parametrize("n", [1, 8, 9, 45])
def test_classes_look_as_in_the_printed_figures(n: int) -> None:
    script = f"import {{ styles }} from './src/palette.js'; console.log(JSON.stringify(styles({n})))"
    done = _node("--input-type=module", "--eval", script)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"color": style.color, "marker": style.marker} for style in palette.styles(n)]


@pytest.mark.parametrize("name", NAMES)
def test_the_bundle_may_stand_inside_a_page_and_asks_nothing_of_the_network(name: str) -> None:
    text = (BUILT / name).read_bytes().decode("ascii" if name.endswith(".js") else "utf-8")
    fetching = ("@import", "url(") if name.endswith(".css") else ("import(", "importScripts", "WebSocket", "sendBeacon")
    for word in ("</script", "</style", "<!--", *fetching):
        assert word not in text
    foreign = set(re.findall(r"https?://[^\"'`)\s]+", text)) - {"http://www.w3.org/2000/svg"}
    assert not foreign


def test_what_songs_are_called_never_becomes_markup_or_style_attributes() -> None:
    for source in sorted((WEB / "src").glob("*.js")):
        lines = source.read_text(encoding="utf-8").splitlines()
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            found = [line for line in lines if word in line and "REFUSED" not in line]
            assert not found, f"{source.name}: {found[0].strip()}"
        assert not any(re.search(r"setAttribute\(\s*[\"']style|<style", line) for line in lines), source.name


def test_the_only_package_needed_is_pinned_and_only_to_build() -> None:
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    assert "dependencies" not in package
    assert list(package["devDependencies"]) == ["esbuild"]
    version = package["devDependencies"]["esbuild"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"]["node_modules/esbuild"]["version"] == version
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
