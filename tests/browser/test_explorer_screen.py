"""The explorer in a real browser: seen, heard, searched, chosen from, walked with keys; one run, and two."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from chromium import REBOUND, Screen, serving
from small_run import HOSTILE, Made

pytestmark = pytest.mark.browser

SCRIPTS = {"Arabic": "؀-ۿ", "Bangla": "ঀ-৿", "Devanagari": "ऀ-ॿ"}


def legend_counts(screen: Screen) -> dict[str, int]:
    """Return how many songs of every class stand out, as the legend says it."""
    counts: dict[str, int] = screen.page.get_by_role("region", name="Legend").evaluate(
        """(legend) => Object.fromEntries([...legend.querySelectorAll("button")].map((button) => [
          button.querySelector(".mz-name").textContent,
          Number(button.querySelector(".mz-count").textContent.split(" / ")[0].replace(",", "")),
        ]))"""
    )
    return counts


def colour_by(screen: Screen, key: str) -> None:
    screen.page.get_by_label("Colour by").select_option(key)
    screen.until("(key) => musaic.app.colourings[0].key === key", key)


def keep(screen: Screen, name: str) -> None:
    """Click a class in the legend."""
    legend = screen.page.get_by_role("region", name="Legend")
    legend.get_by_role("button").filter(has=screen.page.get_by_text(name, exact=True)).click()


def search(screen: Screen, words: str) -> None:
    screen.page.get_by_role("searchbox", name="Search titles").fill(words)
    screen.until("(words) => musaic.store.state.query === words", words)


def choose_cell(screen: Screen, title: str) -> None:
    screen.page.get_by_label("Representation").select_option(label=title)
    screen.until("(title) => musaic.app.run.cells[musaic.store.state.cell].title === title", title)
    screen.until("() => musaic.app.colourings[0].codes.length === musaic.app.maps[0].x.length")


def download(screen: Screen, button: str) -> tuple[str, str]:
    """Press a button that saves; return the file's name and content."""
    with screen.page.expect_download() as saved:
        screen.page.get_by_role("button", name=button).first.click()
    return saved.value.suggested_filename, Path(saved.value.path()).read_bytes().decode("utf-8")


# Sound


def test_a_click_plays_a_song_from_the_stretch_that_was_analysed(explorer: Screen) -> None:
    row = explorer.clickable()[0]
    explorer.click_song(row)
    assert explorer.hear() == pytest.approx(2.0, abs=0.7)  # the middle four of eight seconds
    player = explorer.page.get_by_role("group", name="Player")
    assert explorer.titles[row] in player.inner_text()
    player.get_by_role("button", name="Pause").click()
    assert explorer.ask("() => musaic.app.player.audio.paused")


def test_every_song_with_sound_can_be_clicked_one_after_the_other(explorer: Screen) -> None:
    for row in explorer.clickable()[:4]:
        explorer.click_song(row)
        assert explorer.ask("() => musaic.store.state.playing.row") == row
        assert explorer.hear() >= 1.9


def test_volume_is_kept_over_a_reload(explorer: Screen) -> None:
    volume = explorer.page.get_by_role("slider", name="Volume")
    volume.focus()
    volume.press("Home")
    explorer.page.reload()
    explorer.until("() => window.musaic?.app?.player && musaic.app.player.audio.volume === 0")


def test_a_file_that_is_gone_is_told_in_words(explorer: Screen, made: Made) -> None:
    row = explorer.ask("(name) => musaic.app.run.songs.path.findIndex((path) => path.endsWith(name))", made.gone)
    explorer.ask("(row) => musaic.app.open({run: 0, row}, {play: true})", row)
    explorer.until("(name) => musaic.app.player.message.textContent.includes(name)", made.gone)
    assert all("404" in error for error in explorer.errors)
    explorer.errors.clear()


def test_a_broken_file_is_on_no_map_and_says_what_it_is(explorer: Screen, made: Made) -> None:
    search(explorer, made.broken)
    explorer.page.get_by_role("button", name="Table", exact=True).click()
    line = explorer.page.get_by_role("table").get_by_role("row").nth(1)
    line.get_by_role("button", name="Play").click()
    card = explorer.page.get_by_role("tabpanel", name="Song")
    assert "unreadable" in card.inner_text()
    assert card.get_by_role("button", name="Play").first.is_disabled()
    expect(card).to_contain_text("not in this representation")
    assert "no sound" in explorer.page.get_by_role("group", name="Player").inner_text()


# Choosing


def test_the_first_lasso_takes_the_songs_inside_it(explorer: Screen) -> None:
    places = explorer.ask("() => Array.from({length: musaic.app.run.n}, (_, row) => musaic.app.maps[0].at(row)[0])")
    across = sorted(x for x in places if x == x and x is not None)
    edge = (across[12] + across[13]) / 2
    inside = [row for row, x in enumerate(places) if x is not None and x < edge]
    explorer.page.get_by_role("button", name="Drag draws a lasso").click()
    explorer.lasso(2, edge)
    assert explorer.standing_out == inside
    assert sum(legend_counts(explorer).values()) == 13
    explorer.page.get_by_role("button", name="Lift: lasso").click()
    assert len(explorer.standing_out) == 40


@pytest.mark.parametrize("script", SCRIPTS)
def test_songs_are_found_by_titles_in_their_script(explorer: Screen, script: str) -> None:
    titles = explorer.titles
    row = next(i for i, title in enumerate(titles) if re.search(f"[{SCRIPTS[script]}]", title))
    search(explorer, titles[row])
    assert row in explorer.standing_out
    assert all(titles[row] in titles[other] for other in explorer.standing_out)
    field = explorer.page.get_by_role("searchbox")
    field.press("Enter")
    first = explorer.standing_out[0]
    assert explorer.ask("() => musaic.store.state.focus.row") == first
    assert titles[first] in explorer.page.get_by_role("tabpanel", name="Song").inner_text()
    search(explorer, "there is no song of this name")
    assert explorer.standing_out == []


def test_the_legend_filters_and_its_counts_follow(explorer: Screen) -> None:
    colour_by(explorer, "label:language")
    languages = ["arabic", "bangla", "english", "hindi", "spanish"]
    assert legend_counts(explorer) == dict.fromkeys(languages, 8)
    keep(explorer, "arabic")
    assert legend_counts(explorer) == {**dict.fromkeys(languages, 0), "arabic": 8}
    keep(explorer, "hindi")
    assert len(explorer.standing_out) == 16
    colour_by(explorer, "label:genre")
    counts = legend_counts(explorer)
    assert sum(counts.values()) == 16
    keep(explorer, "pop")
    assert legend_counts(explorer) == {**dict.fromkeys(counts, 0), "pop": counts["pop"]}
    explorer.page.keyboard.press("Escape")
    assert len(explorer.standing_out) == 40


def test_every_cell_map_and_colour_can_be_drawn(explorer: Screen) -> None:
    for cell in explorer.ask("() => musaic.app.run.cells.map((cell) => cell.title)"):
        choose_cell(explorer, cell)
        for method in ("t-SNE", "UMAP"):
            explorer.page.get_by_role("group", name="Map", exact=True).get_by_role("button", name=method).click()
        groups = explorer.page.get_by_label("Colour by").locator("optgroup")
        assert groups.count() == 3  # clusters, labels, what was measured
        for group in groups.all():
            colour_by(explorer, str(group.locator("option").last.get_attribute("value")))
            assert sum(legend_counts(explorer).values()) == 40


# Playlists


def test_a_playlist_of_what_stands_out_is_saved(explorer: Screen, made: Made) -> None:
    colour_by(explorer, "label:language")
    keep(explorer, "arabic")
    explorer.page.get_by_role("tab", name="Playlist").click()
    panel = explorer.page.get_by_role("tabpanel", name="Playlist")
    panel.get_by_label("Name").fill("أغاني الصباح")
    name, text = download(explorer, "Save as .m3u8")
    assert name == "أغاني الصباح.m3u8"
    lines = text.splitlines()
    assert lines[0] == "#EXTM3U"
    files = [line for line in lines if line and not line.startswith("#")]
    assert len(files) == sum(line.startswith("#EXTINF:8,") for line in lines) == 8
    assert all((made.corpus / file).is_file() and "/arabic/" in file for file in files)
    titles = explorer.titles
    assert all(any(titles[row] in line for line in lines) for row in explorer.standing_out)
    name, text = download(explorer, "Save as CSV")
    table = list(csv.DictReader(io.StringIO(text)))
    assert name == "أغاني الصباح.csv"
    assert {line["title"] for line in table} == {titles[row] for row in explorer.standing_out}


def test_neighbours_in_the_latent_space_are_listed_and_played(explorer: Screen) -> None:
    explorer.click_song(explorer.clickable()[0])
    panel = explorer.page.get_by_role("tabpanel", name="Song")
    shown = panel.locator("ol").get_by_role("listitem")
    shown.nth(11).wait_for()
    nearest = [shown.nth(i).locator(".mz-name").inner_text() for i in range(2)]
    distances = [float(shown.nth(i).locator(".mz-count").inner_text()) for i in range(12)]
    assert distances == sorted(distances)
    panel.get_by_role("button", name="Play all").click()
    assert explorer.hear() >= 1.9
    heard = [explorer.ask("() => musaic.store.state.playing.row")]
    explorer.page.get_by_role("button", name="Next song").click()
    heard.append(explorer.ask("() => musaic.store.state.playing.row"))
    assert [explorer.titles[row] for row in heard] == nearest


def test_a_path_leads_from_one_song_to_another(explorer: Screen) -> None:
    start, end = explorer.clickable()[:2]
    explorer.click_song(start)
    explorer.page.get_by_role("button", name="Path from here").click()
    explorer.click_song(end)
    panel = explorer.page.get_by_role("tabpanel", name="Path")
    panel.get_by_role("button", name="This song").nth(1).click()
    panel.get_by_label("Songs", exact=True).fill("6")
    panel.get_by_role("button", name="Find a path").click()
    songs = panel.locator("ol").get_by_role("listitem")
    songs.nth(5).wait_for()
    titles = explorer.titles
    assert songs.count() == 6
    assert titles[start] in songs.first.inner_text()
    assert titles[end] in songs.last.inner_text()
    _, text = download(explorer, "Save as .m3u8")
    assert text.count("#EXTINF:") == 6


# Latents


def test_latents_are_moved_and_heard(explorer: Screen) -> None:
    choose_cell(explorer, "conv2d-vae on log_mel")
    explorer.page.get_by_role("tab", name="Latents").click()
    panel = explorer.page.get_by_role("tabpanel", name="Latents")
    assert "Choose a song" in panel.inner_text()
    first, second = explorer.clickable()[:2]
    explorer.click_song(first)
    for what in ("The song", "Its spectrogram", "Reconstruction"):
        panel.get_by_role("button", name=what, exact=True).click()
        explorer.hear()
        assert explorer.ask("() => recorded.sounds.at(-1).src").startswith("blob:")
    slider = panel.get_by_role("slider").first
    assert slider.is_enabled()
    before = explorer.ask("() => recorded.sounds.length")
    slider.focus()
    slider.press("End")
    explorer.until("(before) => recorded.sounds.length > before", before)
    explorer.hear()
    assert "+3.0 sd" in panel.inner_text()
    panel.get_by_role("button", name="As it is", exact=True).click()
    assert "+3.0 sd" not in panel.inner_text()
    explorer.click_song(second)
    panel.get_by_role("button", name="Make five steps").click()
    panel.get_by_role("button", name="50 %").click()
    explorer.hear()


def test_a_cell_without_a_decoder_says_so(explorer: Screen) -> None:
    choose_cell(explorer, "pca on statistics")
    explorer.page.get_by_role("tab", name="Latents").click()
    assert "no decoder" in explorer.page.get_by_role("tabpanel", name="Latents").inner_text()


# Keys, and who does not see the map


def test_keys_alone_reach_and_play_a_song(explorer: Screen) -> None:
    page = explorer.page
    for _ in range(40):
        page.keyboard.press("Tab")
        if explorer.ask("() => document.activeElement.getAttribute('role')") == "application":
            break
    assert page.get_by_role("application", name="Map of screens").evaluate("(map) => map === document.activeElement")
    page.keyboard.press("ArrowRight")
    first = explorer.ask("() => musaic.store.state.focus.row")
    assert explorer.titles[first] in page.get_by_role("status").first.inner_text()
    page.keyboard.press("Space")
    explorer.hear()
    walked = {first}
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
        walked.add(explorer.ask("() => musaic.store.state.focus.row"))
    assert len(walked) > 1
    last = explorer.ask("() => musaic.store.state.focus.row")
    assert explorer.ask("() => musaic.store.state.playing.row") == last  # who listens while walking hears each
    page.keyboard.press("Enter")
    assert explorer.standing_out == [last]
    page.keyboard.press("Space")
    assert explorer.ask("() => musaic.app.player.audio.paused")
    page.keyboard.press("Slash")
    assert page.get_by_role("searchbox").evaluate("(field) => field === document.activeElement")


def test_the_table_holds_what_the_map_shows(explorer: Screen) -> None:
    page = explorer.page
    colour_by(explorer, "label:language")
    keep(explorer, "bangla")
    page.get_by_role("button", name="Table", exact=True).focus()
    page.keyboard.press("Enter")
    table = page.get_by_role("table")
    titles = [cell.inner_text() for cell in table.get_by_role("rowheader").all()]
    assert sorted(titles) == sorted(explorer.titles[row] for row in explorer.standing_out)
    table.get_by_role("button", name="title").press("Enter")
    assert [cell.inner_text() for cell in table.get_by_role("rowheader").all()] == titles[::-1]
    table.get_by_role("button", name="Play").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    explorer.hear()
    table.get_by_role("checkbox").first.check()
    assert len(explorer.standing_out) == 1


# What is kept, and how it looks


def test_the_address_keeps_the_view(explorer: Screen) -> None:
    choose_cell(explorer, "pca on statistics")
    colour_by(explorer, "label:language")
    keep(explorer, "spanish")
    explorer.page.get_by_role("button", name="Zoom in").click()
    row = explorer.standing_out[0]
    search(explorer, explorer.titles[row])
    explorer.page.get_by_role("searchbox").press("Enter")
    state = """() => {
      const {cell, method, colour, query, focus, filters} = musaic.store.state;
      const kept = [...filters].map(([key, {kept}]) => [key, [...kept]]);
      return {cell, method, colour, query, row: focus.row, kept, zoom: musaic.app.maps[0].view.zoom};
    }"""
    before = explorer.ask(state)
    explorer.until("() => new URLSearchParams(location.hash.slice(2)).has('song')")
    address = explorer.page.url
    explorer.page.goto("about:blank")
    explorer.open(address)
    assert explorer.ask(state) == before
    assert row in explorer.standing_out


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_system_and_the_button(new_screen: Callable[..., Screen], url: str, scheme: str) -> None:
    screen = new_screen(color_scheme=scheme).open(url)
    paper = "() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    assert (sum(screen.ask(paper)) < 3 * 128) == (scheme == "dark")
    button = screen.page.get_by_role("button", name="Theme")
    button.click()  # from the system's to light
    assert sum(screen.ask(paper)) > 3 * 128
    button.click()
    assert sum(screen.ask(paper)) < 3 * 128
    screen.page.reload()
    screen.until("() => window.musaic?.store?.state.theme === 'dark'")
    assert sum(screen.ask(paper)) < 3 * 128


def test_a_narrow_window_needs_no_scrolling_sideways(explorer: Screen) -> None:
    explorer.page.set_viewport_size({"width": 360, "height": 740})
    assert explorer.ask("() => document.documentElement.scrollWidth") <= 360
    explorer.until("() => musaic.app.maps[0].width <= 360")
    explorer.click_song(explorer.clickable()[0])
    explorer.hear()


# Hostile titles, foreign pages


def test_a_title_is_text_and_nothing_else(explorer: Screen) -> None:
    row = explorer.titles.index(HOSTILE)
    page = explorer.page
    search(explorer, "onerror")
    page.get_by_role("searchbox").press("Enter")
    assert page.get_by_role("tabpanel", name="Song").get_by_role("heading", name=HOSTILE).count() == 1
    page.mouse.move(*explorer.on_map(row))
    page.get_by_role("button", name="Table", exact=True).click()
    assert page.get_by_role("rowheader", name=HOSTILE).count() == 1
    for tab in ("Playlist", "Path"):
        page.get_by_role("tab", name=tab).click()
    explorer.ask("(row) => musaic.app.player.play({run: 0, row})", row)
    explorer.hear()
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1


def test_a_foreign_name_for_this_machine_is_refused(chromium: Browser, url: str) -> None:
    # on a page of its own: the browser reports the refusal on the console, when it likes
    page = chromium.new_page()
    answer = page.goto(url.replace("127.0.0.1", REBOUND))
    assert answer is not None
    assert answer.status == 421
    assert "musaic.js" not in answer.text()
    page.close()


# Two runs


@pytest.fixture(scope="module")
def url_of_two(made: Made) -> Iterator[str]:
    with serving(made.run, made.other) as address:
        yield address


def test_two_runs_stand_side_by_side_and_share_their_songs(new_screen: Callable[..., Screen], url_of_two: str) -> None:
    screen = new_screen().open(url_of_two)
    page = screen.page
    assert [page.get_by_role("application", name=f"Map of {name}").count() for name in ("screens", "other")] == [1, 1]
    screen.until("() => musaic.app.pairs && musaic.app.colourings[1]")
    page.get_by_role("button", name="Drag draws a lasso").click()
    screen.lasso(2, screen.ask("() => musaic.app.maps[0].width / 2"))
    assert 0 < len(screen.standing_out) < 40
    there = """() => {
      const [run, other] = musaic.app.runs;
      const mask = musaic.app.active[1].mask;
      return other.songs.track_id.filter((_, row) => mask[row] === 1).sort();
    }"""
    here = "() => musaic.app.activeRows().map((row) => musaic.app.run.songs.track_id[row]).sort()"
    assert screen.ask(there) == screen.ask(here)
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Moved").click()
    panel = page.get_by_role("tabpanel", name="Moved")
    panel.get_by_role("button", name="Show only these").click()
    told = int(panel.locator("p").first.inner_text().split()[0])
    assert len(screen.standing_out) == told
    box = page.get_by_role("application").nth(1)
    row = screen.ask(
        """() => {
          const map = musaic.app.maps[1];
          return [...Array(musaic.app.runs[1].n).keys()].find((row) => map.pick(...map.at(row)) === row);
        }"""
    )
    page.mouse.click(*screen.on_map(row, 1))
    assert box.is_visible()
    assert screen.hear() >= 1.9
