"""The site builds without a warning, every link in it leads somewhere, and nothing in it comes from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs" / "making"))

from links import Site  # noqa: E402
from mathml import to_mathml  # noqa: E402


def site(root: Path, **pages: str) -> list[str]:
    for name, body in pages.items():
        (root / f"{name}.html").write_text(f"<html><body>{body}</body></html>", encoding="utf-8")
    return list(Site(root).broken())


def test_good_links(tmp_path: Path) -> None:
    (tmp_path / "বাংলা.csv").write_text("x")
    body = f'<a href="b.html#here">b</a><a href="#top">t</a><p id="top"></p><a href="{quote("বাংলা.csv")}">t</a>'
    other = '<h1 id="here"></h1><a href="https://arxiv.org/abs/1312.6114">p</a><img src="data:image/png;base64,AA">'
    assert site(tmp_path, a=body, b=other) == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('<a href="gone.html">x</a>', "leads to no file"),
        ('<a href="../outside.html">x</a>', "leads to no file"),
        ('<a href="#gone">x</a>', "leads to no place"),
        ('<a href="/a.html">x</a>', "begins at the root"),
        ('<a href="https://">x</a>', "is no address"),
        ('<a href="htps://example.org">x</a>', "is no address"),
        ('<script src="https://example.org/x.js"></script>', "is fetched from elsewhere"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "is fetched from elsewhere"),
        ('<img src="https://example.org/x.png">', "is fetched from elsewhere"),
    ],
)
def test_bad_links_are_told(tmp_path: Path, body: str, told: str) -> None:
    [sentence] = site(tmp_path, a=body)
    assert told in sentence


def test_an_empty_site_is_no_good_site(tmp_path: Path) -> None:
    assert list(Site(tmp_path).broken()) != []


def test_equations_become_mathml() -> None:
    inline = to_mathml('<p>with <span class="arithmatex">\\(a &lt; \\sigma^2\\)</span></p>')
    assert "<math" in inline
    assert "arithmatex" not in inline
    assert "a<" in re.sub("<[^>]*>", "", inline).replace("&#x0003C;", "<")
    block = to_mathml('<div class="arithmatex">\\[\nx\n\\]</div>')
    assert 'display="block"' in block


@pytest.mark.slow
def test_the_site_builds_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    built = tmp_path / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(built)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    found = Site(built)
    assert list(found.broken()) == []
    names = {path.relative_to(built).as_posix() for path in found.pages}
    assert {"index.html", "api/musaic.html", "adding.html", "benchmarks/results/presets-demo.html"} <= names
    models = (built / "models.html").read_text(encoding="utf-8")
    assert models.count("<math") > 20
    assert "arithmatex" not in models
    assert 'id="musaic.run"' in (built / "api" / "musaic.html").read_text(encoding="utf-8")
    assert (built / "notebooks" / "quickstart.ipynb").is_file()
    assert "{{ " not in "".join(path.read_text(encoding="utf-8") for path in found.pages)
