"""What mkdocs calls while it builds: tables made from the code, equations, pages from elsewhere, and a check of links.

A line ``{{ name arguments }}`` of a page is replaced by what `generated.GENERATED[name]` returns, so that no table of
models, keys or options is ever written by hand, or stale.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from generated import GENERATED
from links import Site
from mathml import to_mathml

ROOT = Path(__file__).parent.parent.parent
ELSEWHERE = ("benchmarks/results/*.md", "benchmarks/results/*.csv", "notebooks/*.ipynb")
"""Files of the repository that the site shows or hands out, under the path that they have there."""

_ASKED = re.compile(r"^\{\{ (\w+)(.*?) \}\}$", re.MULTILINE)
_OUT = re.compile(r"(\]\()(?:\.\./)+(benchmarks|notebooks)/")


def on_config(config: Any) -> Any:
    """List what was measured in the navigation, by file."""
    pages = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("benchmarks/results/*.md"))
    config.nav.append({"Measured": pages})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the files of the repository that lie outside of docs/."""
    for pattern in ELSEWHERE:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Fill in what is made from the code."""
    here = page.file.src_uri
    up = "../" * here.count("/")
    return fill(_OUT.sub(rf"\1{up}\2/", markdown), here)


def fill(markdown: str, page: str) -> str:
    """Return a page with what it asks for in place of ``{{ name arguments }}``."""

    def made(found: re.Match[str]) -> str:
        name, arguments = found[1], found[2].split()
        if name not in GENERATED:
            raise PluginError(f"{page} asks for {name!r}; there are {', '.join(sorted(GENERATED))}.")
        return GENERATED[name](*arguments)

    return _ASKED.sub(made, markdown)


def on_page_content(html: str, page: Any, config: Any, files: Files) -> str:
    """Turn equations into MathML."""
    return to_mathml(html)


def on_post_build(config: Any) -> None:
    """End the build where a link leads nowhere."""
    broken = list(Site(Path(config.site_dir)).broken())
    if broken:
        raise PluginError("\n".join(["links that lead nowhere:", *broken]))
