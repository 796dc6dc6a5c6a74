"""The report in a real browser: opened from its file, without a network, seen, heard and searched all the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chromium import Screen
from small_run import HOSTILE, Made

pytestmark = pytest.mark.browser


def test_a_click_plays_the_file_beside_the_page(report: Screen) -> None:
    row = report.clickable()[0]
    report.click_song(row)
    assert report.hear() == pytest.approx(2.0, abs=0.7)
    assert report.ask("() => recorded.sounds.at(-1).src").startswith("file:")
    assert report.titles[row] in report.page.get_by_role("group", name="Player").inner_text()


def test_nothing_is_asked_of_any_network(report: Screen) -> None:
    report.click_song(report.clickable()[0])
    report.hear()
    assert {address.partition(":")[0] for address in report.requests} <= {"file", "data", "blob"}
    blocked = """async (url) => {
      const told = new Promise((done) => document.addEventListener("securitypolicyviolation", done));
      document.body.append(Object.assign(new Image(), {src: url}));
      return (await told).blockedURI;
    }"""
    assert report.ask(blocked, "https://music.example/pixel.png") == "https://music.example/pixel.png"
    assert "Content Security Policy" in report.errors[0]
    report.errors.clear()


def test_songs_named_in_the_text_and_decoded_sounds_play_one_at_a_time(report: Screen) -> None:
    song = report.page.locator("a.play").first
    song.click()
    report.hear()
    report.click_song(report.clickable()[0])
    report.hear()
    assert report.ask("() => recorded.sounds.filter((sound) => !sound.paused).length") == 1
    decoded = report.page.locator('#decoded audio[src^="data:"]').first
    decoded.evaluate("(sound) => { sound.closest('details')?.setAttribute('open', ''); sound.play(); }")
    report.hear()
    assert report.ask("() => recorded.sounds.at(-1).currentSrc").startswith("data:")
    assert report.ask("() => new Set(recorded.sounds.filter((sound) => !sound.paused)).size") == 1


def test_lasso_search_and_playlist_need_no_server(report: Screen, made: Made) -> None:
    page = report.page
    page.get_by_role("application").scroll_into_view_if_needed()
    page.get_by_role("button", name="Drag draws a lasso").click()
    report.lasso(2, report.ask("() => musaic.app.maps[0].width / 2"))
    chosen = report.standing_out
    assert 0 < len(chosen) < 40
    page.get_by_role("tab", name="Playlist").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as .m3u8").click()
    text = Path(saved.value.path()).read_bytes().decode("utf-8")
    files = [line for line in text.splitlines() if line and not line.startswith("#")]
    heard = report.ask("(rows) => rows.filter((row) => musaic.app.soundUrl({run: 0, row})).length", chosen)
    assert len(files) == heard
    there = [(made.run / file).is_file() for file in files]
    assert sum(there) >= heard - 1  # all but the one that is gone
    page.get_by_role("searchbox", name="Search titles").fill("onerror")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Lift: lasso").click()
    assert len(report.standing_out) == 40


def test_a_hostile_title_neither_ends_the_page_nor_acts(report: Screen) -> None:
    assert HOSTILE in report.titles
    page = report.page
    assert page.locator("#limits").count() == 1  # the page goes on behind its data
    assert page.locator('img[src="x"]').count() == 0
    page.get_by_role("searchbox", name="Search titles").fill("onerror")
    report.until("() => musaic.app.activeRows().length === 1")
    page.get_by_role("searchbox", name="Search titles").press("Enter")
    assert page.locator("#musaic").get_by_role("heading", name=HOSTILE).count() == 1


def test_the_address_keeps_the_view(report: Screen) -> None:
    row = report.clickable()[0]
    report.click_song(row)
    report.until("() => location.hash.includes('song=')")
    address = report.page.url
    report.page.goto("about:blank")
    report.open(address)
    assert report.ask("() => musaic.store.state.focus.row") == row


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_and_map_follow_the_system(new_screen: Callable[..., Screen], made: Made, scheme: str) -> None:
    screen = new_screen(color_scheme=scheme, offline=True).open((made.run / "report.html").as_uri())
    body = "() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    corner = (
        "() => [...document.querySelector('.mz-points').getContext('2d').getImageData(1, 1, 1, 1).data.slice(0, 3)]"
    )
    assert (sum(screen.ask(body)) < 3 * 128) == (scheme == "dark")
    assert (sum(screen.ask(corner)) < 3 * 128) == (scheme == "dark")


def test_a_narrow_window_needs_no_scrolling_sideways(report: Screen) -> None:
    report.page.set_viewport_size({"width": 360, "height": 740})
    assert report.ask("() => document.documentElement.scrollWidth") <= 360


def test_without_scripts_the_page_still_says_everything(new_screen: Callable[..., Screen], made: Made) -> None:
    screen = new_screen(java_script_enabled=False, offline=True)
    screen.page.goto((made.run / "report.html").as_uri())
    for part in ("verdict", "leaderboard", "map", "files", "limits"):
        assert screen.page.locator(f"#{part}").is_visible(), part
    assert screen.page.get_by_text("The maps as pictures").is_visible()


def test_a_moved_page_says_that_its_sound_is_gone(
    new_screen: Callable[..., Screen], made: Made, tmp_path: Path
) -> None:
    page = tmp_path / "elsewhere" / "page.html"
    page.parent.mkdir()
    page.write_bytes((made.run / "report.html").read_bytes())
    screen = new_screen(offline=True).open(page.as_uri())
    screen.click_song(screen.clickable()[0])
    screen.until("() => musaic.app.player.message.textContent.includes('not where it was')")
    assert all("ERR_FILE_NOT_FOUND" in error for error in screen.errors)
    screen.errors.clear()


def test_clips_in_the_page_sound_wherever_it_goes(
    new_screen: Callable[..., Screen], made: Made, tmp_path: Path
) -> None:
    from musaic.report import draw_report

    page = draw_report(made.run, out=tmp_path / "page.html", embed_clips=True, workers=0)
    screen = new_screen(offline=True).open(page.as_uri())
    screen.page.locator("a.play[data-clip]").first.click()
    screen.hear()
    assert screen.ask("() => recorded.sounds.at(-1).currentSrc").startswith("data:")
