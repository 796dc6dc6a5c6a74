"""Chromium as the screens are looked at: no network beyond this machine, no WebGL, and every mistake of a page kept."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
REBOUND = "rebound.example"
"""A foreign name that leads to this machine, as DNS rebinding makes one."""

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-3d-apis",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PATIENCE = 180  # s; a busy machine is slow, and nothing here is timed

RECORD = """
window.recorded = {contexts: [], sounds: []};
for (const canvas of [HTMLCanvasElement, window.OffscreenCanvas].filter(Boolean)) {
  const get = canvas.prototype.getContext;
  canvas.prototype.getContext = function (kind, ...more) {
    recorded.contexts.push(kind);
    return get.call(this, kind, ...more);
  };
}
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  recorded.sounds.push(this);
  return play.call(this);
};
"""
"""Runs before a page's own scripts: which canvas contexts it asks for, and which media elements it plays."""

MOVES = """(then) => {
  const sound = recorded.sounds.at(-1);
  return sound && !sound.paused && sound.currentTime > then && sound.currentTime;
}"""


def find_browser() -> str | None:
    """Return the browser that MUSAIC_BROWSER names, else a Chromium of this machine; None where there is none."""
    named = os.environ.get("MUSAIC_BROWSER")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def launched(executable: str, *more: str) -> Iterator[Browser]:
    """Yield a running browser; ``more`` are further arguments of its command line."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS, *more])
        yield browser
        browser.close()


@contextlib.contextmanager
def serving(*runs: Path) -> Iterator[str]:
    """Yield the address at which ``musaic explore`` shows one run, or two."""
    command = [sys.executable, "-m", "musaic", "explore", *map(str, runs), "--port", "0", "--no-browser", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                raise RuntimeError(f"{' '.join(command)} ended before it served, with code {process.wait()}")
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass
class Screen:
    """An open page and what went wrong on it.

    Attributes
    ----------
    page : Page
        The page.
    errors : list of str
        Errors on its console and uncaught ones. Who provokes one looks at it and empties the list.
    dialogs : list of str
        Messages of dialogs: nothing here opens any, so a song's title did.
    requests : list of str
        Every address that was asked for.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, context: BrowserContext) -> Screen:
        """Return a new page that records."""
        context.add_init_script(RECORD)
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        one = cls(page)
        page.on("console", lambda message: one.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: one.errors.append(str(error)))
        page.on("request", lambda request: one.requests.append(request.url))
        page.on("dialog", one._dismiss)
        return one

    def _dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, url: str) -> Screen:
        """Go to an address and wait until its map can be used."""
        self.page.goto(url)
        self.page.wait_for_selector("#musaic[data-ready], #musaic[data-failed]", state="attached")
        failed = self.ask("() => musaic.app ? null : document.getElementById('musaic').textContent")
        assert failed is None, failed
        self.until("() => musaic.app.facts.every(Boolean)")
        return self

    def ask(self, script: str, given: Any = None) -> Any:
        """Return what a function of JavaScript returns in the page."""
        return self.page.evaluate(script, given)

    def until(self, script: str, given: Any = None) -> Any:
        """Return what a function of JavaScript returns once that is true."""
        # Playwright's own wait would compile its text inside the page, which the page's policy forbids
        end = time.monotonic() + PATIENCE
        while not (found := self.ask(script, given)):
            assert time.monotonic() < end, f"not within {PATIENCE} s: {script}; console: {self.errors}"
            self.page.wait_for_timeout(30)
        return found

    @property
    def titles(self) -> list[str]:
        """Titles of the first run's songs, by row."""
        titles: list[str] = self.ask("() => musaic.app.run.songs.title")
        return titles

    @property
    def standing_out(self) -> list[int]:
        """Rows of the first run's songs that are not dimmed."""
        rows: list[int] = self.ask("() => musaic.app.activeRows()")
        return rows

    def on_map(self, row: int, index: int = 0) -> tuple[float, float]:
        """Return where a song lies on the window, CSS pixels, after bringing it into sight."""
        self.page.get_by_role("application").nth(index).scroll_into_view_if_needed()
        x, y = self.ask(
            """([row, index]) => {
              const map = musaic.app.maps[index];
              map.reveal(row);
              const box = map.over.getBoundingClientRect();
              const [x, y] = map.at(row);
              return [box.left + x, box.top + y];
            }""",
            [row, index],
        )
        return x, y

    def clickable(self) -> list[int]:
        """Return rows of songs with sound that a click on their own place meets: no other lies above them."""
        rows: list[int] = self.ask(
            """() => {
              const {app} = musaic;
              const own = (row) => app.maps[0].pick(...app.maps[0].at(row)) === row;
              return [...Array(app.run.n).keys()].filter((row) => own(row) && app.soundUrl({run: 0, row}));
            }"""
        )
        return rows

    def click_song(self, row: int) -> None:
        """Click a song on the map."""
        self.page.mouse.click(*self.on_map(row))

    def lasso(self, left: float, right: float) -> None:
        """Draw a lasso around a vertical band of the first map, its edges in CSS pixels from the map's left."""
        box = self.page.get_by_role("application").first.bounding_box()
        assert box is not None
        x, y, low = box["x"], box["y"] + 4, box["y"] + box["height"] - 4
        mouse = self.page.mouse
        mouse.move(x + left, (y + low) / 2)
        mouse.down()
        for corner in ((x + left, y), (x + right, y), (x + right, low), (x + left, low)):
            mouse.move(*corner, steps=4)
        mouse.up()

    def hear(self) -> float:
        """Wait until the sound that was played last moves on; return where it began to be heard, s."""
        began = self.until(MOVES, 0)
        self.until(MOVES, began + 0.15)
        return float(began)
