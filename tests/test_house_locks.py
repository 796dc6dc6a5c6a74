"""What is pinned can be installed wherever musaic says that it can."""

from __future__ import annotations

import importlib.metadata as metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

TOP = Path(__file__).parent.parent
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_every_pinned_package_takes_the_oldest_python(name: str) -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [oldest] = re.findall(r">=\s*([\d.]+)", project["requires-python"])
    pinned = PINNED.findall((TOP / name).read_text(encoding="utf-8"))
    assert pinned
    for package, _version in pinned:
        try:
            wants = metadata.metadata(package).get("Requires-Python")
        except metadata.PackageNotFoundError:  # of another platform
            continue
        assert wants is None or SpecifierSet(wants).contains(f"{oldest}.0"), f"{package} wants Python {wants}"
