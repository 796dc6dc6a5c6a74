"""One small real run for all tests of the screens, and pages of it that must not make a single mistake."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from chromium import Screen, find_browser, launched, serving
from small_run import Made, make_runs

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Make the runs once."""
    return make_runs(tmp_path_factory.mktemp("screens"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser; without one the tests skip, or fail where MUSAIC_NEEDS_BROWSER is set."""
    executable = find_browser()
    if executable is None:
        told = "there is no Chromium here: install it (apt-get install chromium), or name one in MUSAIC_BROWSER"
        if os.environ.get("MUSAIC_NEEDS_BROWSER"):
            pytest.fail(told)
        pytest.skip(told)
    with launched(executable) as browser:
        yield browser


@pytest.fixture
def new_screen(chromium: Browser) -> Iterator[Callable[..., Screen]]:
    """Give pages; when a test is over, none may have erred, asked for WebGL or let a song's title act."""
    opened: list[Screen] = []

    def new(**options: Any) -> Screen:
        context = chromium.new_context(viewport={"width": 1280, "height": 860}, **options)
        opened.append(Screen.of(context))
        return opened[-1]

    yield new
    for screen in opened:
        contexts = screen.ask("() => window.recorded?.contexts ?? []")
        screen.page.context.close()
        assert screen.errors == []
        assert screen.dialogs == []
        assert set(contexts) <= {"2d"}


@pytest.fixture(scope="session")
def url(made: Made) -> Iterator[str]:
    """Serve the first run."""
    with serving(made.run) as address:
        yield address


@pytest.fixture
def explorer(new_screen: Callable[..., Screen], url: str) -> Screen:
    """Open the explorer of the first run."""
    return new_screen().open(url)


@pytest.fixture
def report(new_screen: Callable[..., Screen], made: Made) -> Screen:
    """Open the report of the first run from its file, without a network."""
    return new_screen(offline=True).open((made.run / "report.html").as_uri())
