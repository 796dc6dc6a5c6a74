"""Settings of all tests: no deadline for a busy machine, and nobody's cache is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None, derandomize=True)
settings.load_profile("patient")


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    patch = pytest.MonkeyPatch()
    patch.setenv("MUSAIC_CACHE", str(Path(tmp_path_factory.mktemp("cache"))))
