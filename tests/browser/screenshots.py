"""Pictures of both screens, to be looked at: light, dark and narrow, with titles in several scripts.

python tests/browser/screenshots.py RUN [--out DIR]
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from chromium import Screen, find_browser, launched, serving

WINDOWS = {
    "light": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "device_scale_factor": 2},
}
SCRIPTS = {"arabic": "[\u0600-\u06ff]", "bangla": "[\u0980-\u09ff]", "hindi": "[\u0900-\u097f]", "latin": "[a-z]"}
SECTIONS = ("map", "cards", "language", "training", "decoded", "limits")


def main() -> None:
    """Take all pictures and name them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="a run folder with its report")
    parser.add_argument("--out", type=Path, default=Path("build/screenshots"), help="where pictures go")
    arguments = parser.parse_args()
    executable = find_browser()
    if executable is None:
        parser.exit(1, "there is no Chromium here: install it, or name one in MUSAIC_BROWSER\n")
    arguments.out.mkdir(parents=True, exist_ok=True)
    page = (arguments.run / "report.html").resolve().as_uri()
    with launched(executable) as browser, serving(arguments.run) as url:
        for window, options in WINDOWS.items():
            for name, address, take in (("report", page, _report), ("explorer", url, _explorer)):
                context = browser.new_context(**options)
                screen = Screen.of(context).open(address)
                take(screen, arguments.out / f"{name}-{window}")
                context.close()
                if screen.errors:
                    parser.exit(1, f"{name}, {window}: {screen.errors[0]}\n")
    print(*sorted(map(str, arguments.out.glob("*.png"))), sep="\n")


def _report(screen: Screen, stem: Path) -> None:
    """Take the top of the page, and every section of its own from where it begins."""
    _look_at(screen, SCRIPTS["arabic"])
    screen.page.evaluate("scrollTo(0, 0)")
    _take(screen, stem)
    for section in SECTIONS:
        if screen.ask(
            "(id) => document.getElementById(id)?.scrollIntoView() ?? document.getElementById(id)?.id", section
        ):
            _take(screen, stem, section)


def _explorer(screen: Screen, stem: Path) -> None:
    """Take the map with a song of every script, the table, a lasso's playlist and the sliders."""
    _take(screen, stem)
    for script, letters in SCRIPTS.items():
        if _look_at(screen, letters):
            screen.page.wait_for_timeout(800)  # the neighbours come from the server
            _take(screen, stem, script)
    screen.page.get_by_role("button", name="Drag draws a lasso").click()
    width = screen.ask("() => musaic.app.maps[0].width")
    screen.lasso(0.2 * width, 0.55 * width)
    screen.page.get_by_role("tab", name="Playlist").click()
    _take(screen, stem, "lasso")
    screen.page.get_by_role("button", name="Table", exact=True).click()
    _take(screen, stem, "table")
    screen.page.get_by_role("button", name="Map", exact=True).click()
    decoding = screen.ask("() => musaic.app.run.cells.find((cell) => cell.decodes)?.title")
    if decoding:
        screen.page.get_by_label("Representation").select_option(label=decoding)
        screen.page.get_by_role("tab", name="Latents").click()
        screen.page.get_by_role("slider", name="z").first.wait_for()
        _take(screen, stem, "latents")


def _look_at(screen: Screen, letters: str) -> bool:
    """Look at the first song whose title has such letters; say whether there is one."""
    row = next((row for row, title in enumerate(screen.titles) if re.search(letters, title)), None)
    if row is not None:
        screen.ask("(row) => { musaic.app.open({run: 0, row}); musaic.app.maps[0].reveal(row); }", row)
        screen.page.mouse.move(*screen.on_map(row))
    return row is not None


def _take(screen: Screen, stem: Path, part: str = "") -> None:
    screen.page.wait_for_timeout(300)  # frames that are still to be drawn
    screen.page.screenshot(path=f"{stem}-{part}.png" if part else f"{stem}.png")


if __name__ == "__main__":
    main()
