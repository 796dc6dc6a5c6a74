"""The explorer's server: what every address answers with, joined on ``track_id``."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from starlette.testclient import TestClient

from explored import VAE, Made, browser, made
from fake_run import HOSTILE, place_song
from musaic.errors import UsageError
from musaic.explorer.kept import Kept
from musaic.explorer.launch import _bound
from musaic.explorer.server import create_app
from musaic.files import content_id, write_parquet
from musaic.report.columns import unpack_numbers, unpack_texts
from musaic.runs import Run
from sounds import SR, music, write


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("explored"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("converted")


@pytest.fixture(scope="module")
def client(explored: Made, cache: Path) -> Iterator[TestClient]:
    with browser(create_app([explored.run], cache=cache)) as one:
        yield one


@pytest.fixture(scope="module")
def ids(explored: Made) -> list[str]:
    from musaic.report.dataset import song_ids

    return song_ids(Run.open(explored.run))


def _row(explored: Made, ids: list[str], kind: str) -> int:
    return ids.index(explored.songs[kind])


def _error(answer: Any, status: int) -> str:
    assert answer.status_code == status
    sentence = answer.json()["error"]
    assert isinstance(sentence, str)
    assert "\n" not in sentence
    return sentence


# The page


def test_the_page_is_whole_and_names_the_run(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert 'data-mode="explore"' in page.text
    assert '<meta name="musaic-runs" content="1">' in page.text
    for address in re.findall(r'(?:src|href)="(/[^"]*)"', page.text):
        assert client.get(address).status_code == 200, address


def test_the_data_hold_every_song_and_leave_out_columns_and_files(client: TestClient, ids: list[str]) -> None:
    data = client.get("/api/page").json()
    (run,) = data["runs"]
    assert (data["format"], data["mode"], run["n"]) == (1, "explore", len(ids))
    assert len(set(unpack_texts(run["songs"]["title"], 30))) == 30
    assert run["songs"]["audio"] is None
    assert all(cell["columns"] is None for cell in run["cells"])


def test_columns_of_a_cell_are_joined_on_track_id(client: TestClient, explored: Made, ids: list[str]) -> None:
    columns = client.get(f"/api/0/cells/{VAE}").json()
    x = unpack_numbers(columns["maps"]["umap"]["x"])
    truth = Run.open(explored.run).map(VAE)["x"].reindex(ids)
    np.testing.assert_allclose(x, truth, atol=1e-3 * np.ptp(truth))


# Sound


def test_a_file_that_browsers_play_is_sent_as_it_is(client: TestClient, explored: Made, ids: list[str]) -> None:
    row = _row(explored, ids, "wav")
    answer = client.get(f"/audio/0/{row}")
    assert answer.content == (explored.corpus / "plain.wav").read_bytes()
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"].startswith("private")
    head = client.head(f"/audio/0/{row}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("0-0", 0, 0), ("0-", 0, -1), ("100-299", 100, 299), ("-50", -50, -1), ("44-", 44, -1), ("500-99999999", 500, -1)],
)
def test_ranges(client: TestClient, explored: Made, ids: list[str], asked: str, first: int, last: int) -> None:
    whole = (explored.corpus / "plain.wav").read_bytes()
    start, stop = first % len(whole), last % len(whole)
    answer = client.get(f"/audio/0/{_row(explored, ids, 'wav')}", headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {start}-{stop}/{len(whole)}"
    assert answer.headers["content-length"] == str(stop - start + 1)
    assert answer.content == whole[start : stop + 1]


def test_beyond_the_end_there_is_no_range(client: TestClient, explored: Made, ids: list[str]) -> None:
    size = (explored.corpus / "plain.wav").stat().st_size
    answer = client.get(f"/audio/0/{_row(explored, ids, 'wav')}", headers={"Range": f"bytes={size}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{size}"


def test_a_changed_file_is_not_patched_together_from_ranges(client: TestClient, explored: Made, ids: list[str]) -> None:
    address = f"/audio/0/{_row(explored, ids, 'wav')}"
    tag = client.head(address).headers["etag"]
    asked = {"Range": "bytes=0-9"}
    assert client.get(address, headers={**asked, "If-Range": tag}).status_code == 206
    assert client.get(address, headers={**asked, "If-Range": '"another"'}).status_code == 200


def test_the_bytes_say_what_a_file_is_and_not_its_name(client: TestClient, explored: Made, ids: list[str]) -> None:
    answer = client.get(f"/audio/0/{_row(explored, ids, 'mislabelled')}")
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.content[:4] == b"RIFF"


@pytest.mark.parametrize(("kind", "seed", "channels"), [("aiff", 2, 1), ("alac", 4, 2)])
def test_what_browsers_do_not_play_is_converted_once(
    client: TestClient, cache: Path, explored: Made, ids: list[str], kind: str, seed: int, channels: int
) -> None:
    address = f"/audio/0/{_row(explored, ids, kind)}"
    answer = client.get(address)
    assert answer.headers["content-type"] == "audio/flac"
    y, sr = soundfile.read(io.BytesIO(answer.content), always_2d=True)
    assert y.shape[1] == channels
    if kind == "aiff":  # of 16 bits itself: nothing is lost
        assert sr == SR
        np.testing.assert_allclose(y[:, 0], music(2.0, seed=seed), atol=1.01 / 2**15)
    else:
        assert len(y) / sr == pytest.approx(1.0, abs=0.1)  # 22.05 kHz written as 44.1
    copies = {file: file.stat().st_mtime_ns for file in cache.rglob("*.flac")}
    ranged = client.get(address, headers={"Range": "bytes=10-19"})
    assert (ranged.status_code, ranged.content) == (206, answer.content[10:20])
    assert {file: file.stat().st_mtime_ns for file in cache.rglob("*.flac")} == copies


def test_sound_that_cannot_be_had_is_refused_in_words(client: TestClient, explored: Made, ids: list[str]) -> None:
    assert "words.mp3" in _error(client.get(f"/audio/0/{_row(explored, ids, 'no-sound')}"), 415)
    assert "gone.mp3" in _error(client.get(f"/audio/0/{_row(explored, ids, 'gone')}"), 404)
    assert f"0 to {len(ids) - 1}" in _error(client.get(f"/audio/0/{len(ids)}"), 404)
    assert "no run '1'" in _error(client.get("/audio/1/0"), 404)


def test_a_moved_corpus_is_found_again(explored: Made, ids: list[str], tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    (moved / "sub").mkdir(parents=True)
    (moved / "plain.wav").write_bytes((explored.corpus / "plain.wav").read_bytes()[:-2])
    app = create_app([explored.run], corpus=moved)
    answer = browser(app).get(f"/audio/0/{_row(explored, ids, 'wav')}")
    assert answer.content == (moved / "plain.wav").read_bytes()


def test_a_song_that_was_placed_later_is_heard_while_it_is_the_same_file(explored: Made, tmp_path: Path) -> None:
    from musaic.report.dataset import song_ids

    one = made(tmp_path)
    run = Run.open(one.run)
    file = write(tmp_path / "elsewhere" / "नया.wav", music(1.0))
    content = content_id(file)
    placed = pd.DataFrame({"track_id": ["नया.wav#1234"], "content_id": content, "audio": "../elsewhere/नया.wav"})
    write_parquet(run.assigned_file(content), placed)
    assert song_ids(run)[30:] == ["नया.wav#1234"]
    assert browser(create_app([one.run])).get("/audio/0/30").content == file.read_bytes()
    write(file, music(1.0, seed=9))
    assert "assign" in _error(browser(create_app([one.run])).get("/audio/0/30"), 404)


# Listening


def _heard(explored: Made, ids: list[str]) -> set[int]:
    tracks = Run.open(explored.run).tracks.set_index("track_id").loc[ids]
    return set(np.flatnonzero(tracks["audio"].notna() & (tracks["status"] == "ok")).tolist())


def test_neighbours_are_the_nearest_in_latent_space_with_sound(
    client: TestClient, explored: Made, ids: list[str]
) -> None:
    found = client.get(f"/api/0/cells/{VAE}/neighbours", params={"row": 7, "k": 5}).json()
    Z = Run.open(explored.run).embedding(VAE).reindex(ids).to_numpy()
    distances = np.linalg.norm(Z - Z[7], axis=1)
    heard = _heard(explored, ids)
    assert len(heard) < len(ids)
    assert found["rows"] == [row for row in np.argsort(distances).tolist() if row != 7 and row in heard][:5]
    np.testing.assert_allclose(found["distances"], distances[found["rows"]], rtol=1e-4)


def test_a_path_leads_from_one_song_to_the_other_through_songs_with_sound(
    client: TestClient, explored: Made, ids: list[str]
) -> None:
    heard = sorted(_heard(explored, ids))
    for steps in range(2, 9):
        asked = {"from": heard[0], "to": heard[-1], "steps": steps, "per_artist": 3}
        rows = client.get(f"/api/0/cells/{VAE}/path", params=asked).json()["rows"]
        assert (rows[0], rows[-1]) == (heard[0], heard[-1])
        assert len(rows) == len(set(rows)) == steps
        assert set(rows) <= set(heard)


def test_a_song_that_was_placed_later_is_a_song_like_others(tmp_path: Path) -> None:
    one = made(tmp_path)
    file = write(tmp_path / "elsewhere" / "नया.wav", music(1.0))
    Z = Run.open(one.run).embedding(VAE)
    near = one.songs["wav"]
    place_song(one.run, VAE, file, latent=Z.loc[near].to_numpy() + 1e-3, track_id="नया.wav#1234", title=HOSTILE)
    client = browser(create_app([one.run]))
    data = client.get("/api/page").json()["runs"][0]
    assert (data["n"], data["assigned"]) == (31, {"n": 1})
    row, new = unpack_texts(data["songs"]["track_id"], 31).index(near), 30
    address = f"/api/0/cells/{VAE}"
    assert client.get(f"{address}/neighbours", params={"row": row, "k": 1}).json()["rows"] == [new]
    assert client.get(f"{address}/neighbours", params={"row": new, "k": 1}).json()["rows"] == [row]
    assert client.get(f"{address}/path", params={"from": new, "to": row, "steps": 2}).json()["rows"] == [new, row]
    for form, end in (("m3u8", "\n../elsewhere/नया.wav\n"), ("csv", ",0\n")):
        answer = client.post("/api/0/playlist", json={"rows": [new], "format": form, "cell": VAE})
        assert answer.content.decode("utf-8").endswith(end)


def test_a_run_of_words_alone_has_neighbours_too(tmp_path: Path) -> None:
    one = made(tmp_path)
    file = Run.open(one.run).tracks_file
    pd.read_parquet(file).assign(audio=None).to_parquet(file, index=False)
    found = browser(create_app([one.run])).get(f"/api/0/cells/{VAE}/neighbours", params={"row": 7, "k": 29})
    assert sorted([7, *found.json()["rows"]]) == list(range(30))


def test_songs_placed_while_the_page_is_open_shift_no_row(tmp_path: Path) -> None:
    one = made(tmp_path)
    client = browser(create_app([one.run]))
    assert client.get("/api/page").json()["runs"][0]["n"] == 30
    kept = client.get(f"/api/0/cells/{VAE}").json()
    place_song(one.run, VAE, one.corpus / "plain.wav", latent=np.zeros(4), track_id="a.wav#1234")
    assert client.get(f"/api/0/cells/{VAE}").json() == kept
    other = next(cell["cell"] for cell in Run.open(one.run).cells if cell["cell"] != VAE and cell["status"] == "done")
    assert "again" in _error(client.get(f"/api/0/cells/{other}"), 400)
    assert max(client.get(f"/api/0/cells/{VAE}/neighbours?row=7&k=40").json()["rows"]) < 30


def test_playlists_are_saved_with_their_names(client: TestClient, explored: Made, ids: list[str]) -> None:
    rows = [_row(explored, ids, kind) for kind in ("mislabelled", "wav")]
    answer = client.post("/api/0/playlist", json={"name": "أغاني/הלילה", "rows": rows, "format": "m3u8"})
    assert answer.headers["content-type"] == "audio/x-mpegurl; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "%D8%A3%D8%BA%D8%A7%D9%86%D9%8A-" in answer.headers["content-disposition"]
    lines = answer.content.decode("utf-8").splitlines()
    assert lines[0] == "#EXTM3U"
    assert [line for line in lines if not line.startswith("#")] == ["যে গান/নামহীন.mp3", "plain.wav"]
    table = client.post("/api/0/playlist", json={"name": "x", "rows": rows, "format": "csv", "cell": VAE})
    assert pd.read_csv(io.BytesIO(table.content))["track_id"].tolist() == [ids[row] for row in rows]


# Latents


class _Decoder:
    """A decoder whose every answer is known."""

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids

    def latents(self, track_id: str) -> np.ndarray:
        return np.array([self.ids.index(track_id), 0.5, -1.0])

    def kl(self) -> np.ndarray:
        return np.array([0.0, 2.0, 0.5])

    def sd(self) -> np.ndarray:
        return np.array([9.0, 1.0, 2.0])

    def order(self) -> list[int]:
        return [1, 2, 0]

    def dead(self) -> list[int]:
        return [0]

    def labels(self, track_id: str) -> dict[str, str]:
        return {"genre": "folk"}

    def decode(self, z: np.ndarray, labels: dict[str, str] | None = None) -> tuple[np.ndarray, int]:
        return np.full(100, -z[1] if labels else z[1], np.float32), 8000

    def decoded(self, track_id: str) -> tuple[np.ndarray, int]:
        return self.decode(self.latents(track_id))

    def interpolate(self, a: str, b: str, steps: int) -> np.ndarray:
        return np.linspace(self.latents(a), self.latents(b), steps)

    def original(self, track_id: str) -> tuple[np.ndarray, int]:
        return np.full(100, 0.25, np.float32), 8000

    def griffin_lim(self, track_id: str) -> tuple[np.ndarray, int]:
        return np.full(100, 0.125, np.float32), 8000


@pytest.fixture
def decoding(explored: Made, ids: list[str], monkeypatch: pytest.MonkeyPatch) -> TestClient:
    import musaic.experiment.decoding

    monkeypatch.setattr(musaic.experiment.decoding, "decoder", lambda *_, **__: _Decoder(ids))
    return browser(create_app([explored.run]))


def test_latents_say_what_every_dimension_carries(decoding: TestClient) -> None:
    found = decoding.get(f"/api/0/cells/{VAE}/latents/4").json()
    assert found["mean"] == [4, 0.5, -1]
    assert (found["order"], found["dead"]) == ([1, 2, 0], [0])
    assert (found["kl"], found["sd"]) == ([0, 2, 0.5], [9, 1, 2])


def test_between_two_songs_lie_points_on_a_line(decoding: TestClient) -> None:
    found = decoding.get(f"/api/0/cells/{VAE}/interpolate", params={"from": 2, "to": 10, "steps": 3}).json()
    assert found["z"] == [[2, 0.5, -1], [6, 0.5, -1], [10, 0.5, -1]]


def test_points_and_songs_are_decoded_to_sound(decoding: TestClient, explored: Made, ids: list[str]) -> None:
    answer = decoding.post(f"/api/0/cells/{VAE}/decode", json={"z": [1, -0.75, 0]})
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["cache-control"] == "no-store"
    y, sr = soundfile.read(io.BytesIO(answer.content))
    assert (sr, len(y)) == (8000, 100)
    np.testing.assert_allclose(y, -0.75, atol=1e-4)
    told = decoding.post(f"/api/0/cells/{VAE}/decode", json={"z": [1, -0.75, 0], "row": 3})
    np.testing.assert_allclose(soundfile.read(io.BytesIO(told.content))[0], 0.75, atol=1e-4)
    row = _row(explored, ids, "wav")
    for what, level in (("original", 0.25), ("griffin-lim", 0.125), ("decoded", 0.5)):
        answer = decoding.get(f"/api/0/cells/{VAE}/reconstruction/{row}", params={"what": what})
        np.testing.assert_allclose(soundfile.read(io.BytesIO(answer.content))[0], level, atol=1e-4)


@pytest.mark.parametrize("z", [[1, 2], [1, 2, "3"], [1, 2, True], [1, 2, None], "123", None, [1, 2, 1e300]])
def test_a_point_that_is_none_is_refused(decoding: TestClient, z: Any) -> None:
    assert "z" in _error(decoding.post(f"/api/0/cells/{VAE}/decode", json={"z": z}), 400)


# Many at once


def test_what_many_ask_for_at_once_is_made_once_and_a_failure_is_not_kept() -> None:
    kept, made_by, together = Kept[int](2), [], threading.Barrier(6)

    def make() -> int:
        made_by.append(threading.get_ident())
        time.sleep(0.05)
        return 7

    def ask(_: int) -> int:
        together.wait()
        return kept.get("song", make)

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(ask, range(6))) == [7] * 6
    assert len(made_by) == 1
    with pytest.raises(ZeroDivisionError):
        kept.get("other", lambda: 1 // 0)
    assert [kept.get(key, lambda: 8) for key in ("other", "third", "song")] == [8, 8, 8]  # two are held


# Two runs


def test_a_mirrored_run_is_laid_upon_the_first(explored: Made, tmp_path: Path) -> None:
    other = made(tmp_path)
    file = Run.open(other.run).map_file(VAE, "umap")
    table = pd.read_parquet(file)
    table.assign(x=3 * table["y"] + 5, y=3 * table["x"]).sample(frac=1, random_state=0).to_parquet(file, index=False)
    client = browser(create_app([explored.run, other.run]))
    assert '<meta name="musaic-runs" content="2">' in client.get("/").text
    data = client.get("/api/page").json()
    assert [run["n"] for run in data["runs"]] == [30, 30]
    found = client.get("/api/align", params={"cell0": VAE, "cell1": VAE}).json()
    first = client.get(f"/api/0/cells/{VAE}").json()["maps"]["umap"]
    for axis in "xy":
        truth = unpack_numbers(first[axis])
        np.testing.assert_allclose(unpack_numbers(found[axis]), truth, atol=2e-3 * np.ptp(truth))
    np.testing.assert_array_equal(unpack_numbers(found["pairs"]), np.arange(30))
    np.testing.assert_array_equal(unpack_numbers(found["moved"]), np.zeros(30))


def test_one_run_has_nothing_to_be_aligned_with(client: TestClient) -> None:
    assert "two" in _error(client.get("/api/align", params={"cell0": VAE, "cell1": VAE}), 400)


# From the command line


def test_a_port_that_is_taken_is_told_and_another_found() -> None:
    with _bound("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} of 127.0.0.1"):
            _bound("127.0.0.1", port)
    with pytest.raises(UsageError, match="no address"):
        _bound("a..b", 0)
    with pytest.raises(UsageError, match=r"192\.0\.2\.1"):  # nobody's: for documentation
        _bound("192.0.2.1", None)


def test_only_one_or_two_finished_runs_are_explored(explored: Made, tmp_path: Path) -> None:
    for given in ([], [explored.run] * 3, [tmp_path]):
        with pytest.raises(UsageError):
            create_app(given)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_the_command_serves_until_it_is_interrupted(explored: Made) -> None:
    command = [sys.executable, "-m", "musaic", "explore", str(explored.run), "--port", "0", "--no-browser", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", url)
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with direct.open(url) as answer:
                assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
            with direct.open(f"{url}api/page") as answer:
                assert json.load(answer)["runs"][0]["n"] == 30
            process.send_signal(signal.SIGINT)
            out, told = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out, told) == (0, "", "")
    with socket.socket() as free:
        assert free.connect_ex(("127.0.0.1", int(url.rsplit(":", 1)[1].strip("/")))) != 0
