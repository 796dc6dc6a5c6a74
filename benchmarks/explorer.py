"""How fast both screens are with many songs: from the address to the map, from the hand to the picture and the sound.

    python benchmarks/explorer.py [--songs N] [--repeats N] [--write FILE.md]

A made-up run of 100,000 songs: titles of made-up words in five scripts and some hostile ones, ten descriptors, three
labels, two representations (128 and 16 dimensions) with two maps and two clusterings each; twelve songs of three
minutes sound, half of them WAV, half MP3. It is shown in headless Chromium without a graphics card, 1360 by 900 pixels.
Times are taken inside the page. Ready: from the navigation to the first map on the screen; all read: until songs can be
searched, too. A frame: the JavaScript of one animation frame while the map is dragged. Lasso: from the pointer's
release to selection, legend and counts, and the frame that shows them, around half of the songs. Neighbours: a request
over an open connection; and from a click to the list. Sound: from a click on a song to the browser's `playing`, at the
stretch that was analysed, in the middle of the file. Medians over the repeats, and the worst.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from about import command, commit
from made_up_run import CELLS, BigRun, make_run

sys.path.append(str(Path(__file__).parents[1] / "tests" / "browser"))
from chromium import Screen, find_browser, launched, serving

VIEWPORT = {"width": 1360, "height": 900}
AIMS = {"ready": 1500, "read": 1500, "frame": 25, "lasso": 80, "neighbours": 50, "sound": 200}
MOST_MB = 8

FRAMES = """
window.frames_spent = [];
const next = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (draw) => next((time) => {
  const began = performance.now();
  draw(time);
  frames_spent.push(performance.now() - began);
});
"""
LISTEN = """() => {
  window.seen = {};
  document.addEventListener("pointerup", () => (seen = {clicked: performance.now()}), true);
  musaic.app.player.audio.addEventListener("playing", () => (seen.heard ??= performance.now()));
  const list = document.querySelector("#mz-panel-song ol");
  new MutationObserver(() => (seen.listed ??= performance.now())).observe(list, {childList: true});
}"""
OPENED = """() => {
  const {responseEnd, domContentLoadedEventEnd} = performance.getEntriesByType("navigation")[0];
  const {first, ready} = musaic.times;
  return {fetched: responseEnd, parsed: domContentLoadedEventEnd, ready: first, read: ready};
}"""
CENTRE = """(row) => {
  const map = musaic.app.maps[0];
  Object.assign(map.view, {x: map.x[row], y: map.y[row], zoom: 200});
  musaic.app.moved();
}"""

Times = dict[str, list[float]]


def main() -> None:
    """Measure, print, and write the results where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=100_000, help="how many (100,000)")
    parser.add_argument("--repeats", type=int, default=7, help="of every measurement (7)")
    parser.add_argument("--write", type=Path, help="also write the results, as Markdown")
    arguments = parser.parse_args()
    executable = find_browser()
    if executable is None:
        parser.exit(1, "there is no Chromium here: install it, or name one in MUSAIC_BROWSER\n")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        big = make_run(Path(folder), arguments.songs)
        lines, version = _measured(big, executable, arguments.repeats)
    text = "\n".join([*lines, "", f"Load at the start: {load:.1f}."])
    print(text)
    if arguments.write:
        _write(arguments.write, text, version)


def _measured(big: BigRun, executable: str, repeats: int) -> tuple[list[str], str]:
    from musaic.report import draw_report

    began = time.perf_counter()
    page = draw_report(big.path)
    drawn = time.perf_counter() - began
    size = page.stat().st_size / 1e6
    lines = ["| what | median | worst | aim |", "|---|---|---|---|"]

    def tell(what: str, values: list[float], aim: str = "") -> None:
        limit = f"≤ {AIMS[aim]} ms" if aim else ""
        lines.append(f"| {what} | {statistics.median(values):.1f} ms | {max(values):.1f} ms | {limit} |")
        print(lines[-1], flush=True)

    with launched(executable) as browser:
        opened = [_opened(browser, page.as_uri()) for _ in range(repeats)]
        _tell_opened(tell, "report", opened)
        with serving(big.path) as url:
            _tell_opened(tell, "explorer, first visit", [_opened(browser, url)])
            _tell_opened(tell, "explorer", [_opened(browser, url) for _ in range(repeats)])
            with browser.new_context(viewport=VIEWPORT) as context:
                context.add_init_script(FRAMES)
                screen = Screen.of(context).open(url)
                tell("a frame of dragging, the whole map", _frames(screen, 1), "frame")
                tell("a frame of dragging, four times as large", _frames(screen, 4), "frame")
                chosen, shown = _lassos(screen, repeats)
                tell("lasso: selection, legend, counts", chosen)
                tell("lasso, and the frame that shows it", shown, "lasso")
                first, asked = _asked(url, 10 * repeats)
                tell("neighbours: the first request", [first])
                tell("neighbours: a request", asked, "neighbours")
                screen.ask(LISTEN)
                for kind, songs in big.sounds.items():
                    heard, listed = _clicked(screen, songs)
                    tell(f"sound after a click, {kind}", heard, "sound")
                    tell(f"neighbours listed after a click, {kind}", listed)
                assert screen.errors == [], screen.errors
        version = browser.version
    lines.append(f"| size of the report | {size:.2f} MB | | ≤ {MOST_MB} MB |")
    lines.append(f"| figures and report drawn | {drawn:.1f} s | | |")
    return lines, version


def _opened(browser: Any, url: str) -> dict[str, float]:
    """Return when what was there, ms after the navigation."""
    with browser.new_context(viewport=VIEWPORT) as context:
        screen = Screen.of(context).open(url)
        screen.until("() => musaic.times.first")
        times: dict[str, float] = screen.ask(OPENED)
    return times


def _tell_opened(tell: Any, screen: str, found: list[dict[str, float]]) -> None:
    for key, words in (
        ("fetched", "page fetched"),
        ("parsed", "page parsed"),
        ("ready", "ready"),
        ("read", "all read"),
    ):
        tell(f"{screen}: {words}", [times[key] for times in found], key if key in AIMS else "")


def _frames(screen: Screen, zoom: float, moves: int = 60) -> list[float]:
    """Drag the map and return the JavaScript of every frame, ms."""
    box = screen.page.get_by_role("application").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    screen.ask("(zoom) => { Object.assign(musaic.app.maps[0].view, {x: 0, y: 0, zoom}); musaic.app.moved(); }", zoom)
    mouse = screen.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 10, y)
    screen.page.wait_for_timeout(200)
    screen.ask("() => void (frames_spent.length = 0)")
    for step in range(moves):
        mouse.move(x + 10 + 3 * (step % 20), y + 2 * (step % 15))
        screen.page.wait_for_timeout(30)
    mouse.up()
    spent: list[float] = screen.ask("() => frames_spent")
    return spent


def _lassos(screen: Screen, repeats: int) -> tuple[list[float], list[float]]:
    """Return the JavaScript of a lasso around half of the songs, without and with the frame after it, ms."""
    screen.page.get_by_role("button", name="Show the whole map").click()
    screen.page.get_by_role("button", name="Drag draws a lasso").click()
    width = screen.ask("() => musaic.app.maps[0].width")
    chosen, shown = [], []
    for _ in range(repeats):
        screen.page.wait_for_timeout(300)
        screen.ask("() => void (frames_spent.length = 0, musaic.times.lasso = null)")
        screen.lasso(2, width / 2)
        taken = screen.until("() => musaic.times.lasso")
        screen.page.wait_for_timeout(300)
        chosen.append(taken)
        # frames before the last ones drew the outline; of what follows the release, the songs are the dearest
        shown.append(taken + max(screen.ask("() => frames_spent.slice(-2)")))
        screen.ask("() => musaic.app.clear()")
    screen.page.get_by_role("button", name="Drag moves the map").click()
    return chosen, shown


def _asked(url: str, number: int) -> tuple[float, list[float]]:
    """Return how long the server takes to find a song's neighbours: the first time, and then, ms."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    times = []
    for place in range(number + 1):
        began = time.perf_counter()
        connection.request("GET", f"/api/0/cells/{CELLS[0][0]}/neighbours?row={997 * place % 5000}&k=12")
        found = json.load(connection.getresponse())
        times.append(1000 * (time.perf_counter() - began))
        assert len(found["rows"]) == 12, found
    return times[0], times[1:]


def _clicked(screen: Screen, songs: list[str]) -> tuple[list[float], list[float]]:
    """Click songs on the map; return when each sounded and when its neighbours were listed, ms after the click."""
    heard, listed = [], []
    for song in songs:
        row = screen.ask("(song) => musaic.app.run.songs.track_id.indexOf(song)", song)
        screen.ask(CENTRE, row)
        screen.page.wait_for_timeout(300)
        screen.click_song(row)
        assert screen.ask("() => musaic.store.state.playing?.row") == row, song
        times = screen.until("() => seen.heard && seen.listed && seen")
        heard.append(times["heard"] - times["clicked"])
        listed.append(times["listed"] - times["clicked"])
        screen.page.wait_for_timeout(300)
    return heard, listed


def _write(path: Path, text: str, version: str) -> None:
    about = __doc__.split("\n\n")[2].strip()
    end = f"Commit {commit()}, Python {platform.python_version()}, Chromium {version}, {os.cpu_count()} cores."
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = ("# Speed of the screens", f"`{command(__file__)}`", about, text, end)
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
