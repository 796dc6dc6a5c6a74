"""Strangers at the explorer's door: foreign pages, foreign names, paths, bodies, songs with names that bite."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from explored import FIRST, VAE, Made, browser, made
from fake_run import HOSTILE
from musaic.errors import TrackError
from musaic.explorer import answers, routes_page
from musaic.explorer.security import HEADERS, is_loopback, names_of
from musaic.explorer.server import create_app
from musaic.explorer.sound import inside
from musaic.runs import Run
from sounds import music, write

TOKEN = "t0ken-of-this-start"


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def client(explored: Made) -> Iterator[TestClient]:
    with browser(create_app([explored.run]), raise_server_exceptions=False) as one:
        yield one


@pytest.fixture(scope="module")
def ids(explored: Made) -> list[str]:
    from musaic.report.dataset import song_ids

    return song_ids(Run.open(explored.run))


# Names


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8642", "evil.example#127.0.0.1"),
        *("a@127.0.0.1", "192.168.1.7", "[::2]", "0x7f000001", "127.0.0.1:80:80", "127.0.0.1:x", " ", "[127.0.0.1"),
    ],
)
def test_a_foreign_name_is_refused(client: TestClient, host: str) -> None:
    for address in ("/", "/api/page", "/audio/0/0", "/nothing"):
        assert client.get(address, headers={"Host": host}).status_code == 421


def test_two_names_are_refused(client: TestClient) -> None:
    assert client.get("/", headers=[("Host", "127.0.0.1"), ("Host", "localhost")]).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:1", "LocalHost:8642", "localhost", "[::1]:8642"])
def test_this_machine_is_known_by_its_names(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_another_address_takes_numbers_but_no_foreign_names(explored: Made) -> None:
    app = create_app([explored.run], names=names_of("0.0.0.0"), any_address=True, token=TOKEN)
    for host, status in (("192.168.1.7:80", 200), ("[fe80::1]:80", 200), ("evil.example", 421)):
        assert browser(app).get(f"/?token={TOKEN}", headers={"Host": host}).status_code == status


def test_what_is_bound_decides_who_may_reach_it() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.7", "music.example", "")))
    assert "music.example" in names_of("Music.Example")


# Foreign pages


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_foreign_page_gets_nothing_but_a_link(client: TestClient, site: str) -> None:
    headers = {"Sec-Fetch-Site": site}
    for address in ("/api/page", "/audio/0/0", "/musaic.js", "/"):
        assert client.get(address, headers=headers).status_code == 403
    assert client.get("/", headers={**headers, "Sec-Fetch-Mode": "navigate"}).status_code == 200
    assert client.get("/api/page", headers={**headers, "Sec-Fetch-Mode": "navigate"}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": FIRST}, 200),
        ({"Origin": FIRST, "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_only_our_page_may_send(client: TestClient, headers: dict[str, str], status: int) -> None:
    body = json.dumps({"name": "x", "rows": [0], "format": "m3u8"})
    sent = {"Content-Type": "application/json", **headers}
    assert client.post("/api/0/playlist", content=body, headers=sent).status_code == status


def test_every_answer_is_closed_to_others(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes_page, "_asset", lambda *_: 1 / 0)
    asked = {"Origin": FIRST}
    found = [
        client.get(address, headers=asked) for address in ("/", "/api/page", "/audio/0/9999", "/none", "/musaic.js")
    ]
    found += [
        client.post("/", headers=asked),
        client.options("/api/page", headers=asked),
        client.get("/x", headers={"Host": "x"}),
    ]
    found.append(client.post("/api/0/playlist", content=b"{", headers=asked))
    assert [answer.status_code for answer in found] == [200, 200, 404, 404, 500, 405, 405, 421, 415]
    for answer in found:
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert answer.headers["cache-control"] == "no-store"
    assert "unforeseen" in found[4].json()["error"]


def test_the_policy_allows_no_foreign_address_and_no_inline_script() -> None:
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert {source for sources in policy.values() for source in sources.split()} == {
        "'none'",
        "'self'",
        "data:",
        "blob:",
    }
    assert policy["script-src"] == "'self'"


# The token


def test_without_the_token_nothing_is_told(explored: Made) -> None:
    client = browser(create_app([explored.run], token=TOKEN))
    for address in ("/", "/api/page", "/audio/0/0", "/musaic.js", "/none"):
        for given in ("", "?token=", "?token=wrong", "?token=%C3%A9", f"?token={TOKEN}x", f"?token={TOKEN[:-1]}"):
            assert client.get(address + given).status_code == 403
    assert client.get("/", headers={"Cookie": f"musaic_1={TOKEN}"}).status_code == 403


def test_the_token_is_shown_once_and_then_kept_out_of_reach(explored: Made) -> None:
    client = browser(create_app([explored.run], token=TOKEN))
    first = client.get(f"/?token={TOKEN}")
    parts = {part.strip().casefold() for part in first.headers["set-cookie"].split(";")}
    assert {"httponly", "samesite=strict", "path=/"} <= parts
    assert TOKEN not in first.text
    again = client.get("/api/page")
    assert again.status_code == 200
    assert "set-cookie" not in again.headers


# Paths


@pytest.mark.parametrize(
    "row", ["-1", "1e1", "٣", "0x0", "9" * 5000, "plain.wav", "..%2f..%2fetc%2fpasswd", "%00", "0/.."]
)
def test_a_song_is_a_number_and_no_path(client: TestClient, row: str) -> None:
    assert client.get(f"/audio/0/{row}").status_code == 404


@pytest.mark.parametrize("cell", ["..", "%2e%2e%2f%2e%2e", "basic-vae", "basic-vae-mel-ffffffff", HOSTILE, "a%00b"])
def test_a_cell_is_one_of_the_run_s_own_that_was_done(client: TestClient, cell: str) -> None:
    for rest in ("", "/neighbours?row=0", "/path?from=0&to=1", "/latents/0", "/interpolate?from=0&to=1"):
        assert client.get(f"/api/0/cells/{cell}{rest}").status_code == 404


def test_folders_are_not_listed(client: TestClient) -> None:
    for address in ("/audio", "/audio/", "/audio/0/", "/api/", "/static/", "/musaic.js/", "/cache/"):
        assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "audio", ["../secret.wav", "sub/../../secret.wav", "{root}/../secret.wav", "{root}x/secret.wav"]
)
def test_a_track_outside_of_the_corpus_is_not_opened(tmp_path: Path, audio: str) -> None:
    one = made(tmp_path)
    for folder in (tmp_path, tmp_path / "musicx"):
        write(folder / "secret.wav", music(1.0))
    status, sentence = _served(one, audio.format(root=one.corpus))
    assert status == 404
    assert sentence


def test_links_stay_in_the_corpus_unless_they_are_allowed_out(tmp_path: Path) -> None:
    one = made(tmp_path)
    write(tmp_path / "secret.wav", music(1.0))
    (one.corpus / "out.wav").symlink_to(tmp_path / "secret.wav")
    (one.corpus / "folder").symlink_to(tmp_path)
    (one.corpus / "in.wav").symlink_to(one.corpus / "plain.wav")
    (one.corpus / "loop.wav").symlink_to(one.corpus / "loop.wav")
    os.mkfifo(one.corpus / "pipe.wav")
    for audio in ("out.wav", "folder/secret.wav"):
        status, sentence = _served(one, audio)
        assert status == 404
        assert "--follow-links" in sentence
        assert _served(one, audio, follow_links=True)[0] == 200
    assert _served(one, "in.wav")[0] == 200
    for audio in ("loop.wav", "pipe.wav", "."):
        assert _served(one, audio)[0] == 404


def test_a_corpus_that_is_a_link_itself_is_the_corpus(tmp_path: Path) -> None:
    write(tmp_path / "real" / "a.wav", music(1.0))
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert inside(tmp_path / "link" / "a.wav", tmp_path / "link") == tmp_path / "real" / "a.wav"
    with pytest.raises(TrackError):
        inside(tmp_path / "link" / ".." / "other.wav", tmp_path / "link")


def _served(one: Made, audio: str, **more: Any) -> tuple[int, str]:
    """Return the status of a song's sound whose path in the corpus is ``audio``, and the sentence of a refusal."""
    file = Run.open(one.run).tracks_file
    tracks = pd.read_parquet(file)
    tracks.loc[tracks["track_id"] == one.songs["wav"], "audio"] = audio
    tracks.to_parquet(file, index=False)
    app = create_app([one.run], **more)
    from musaic.report.dataset import song_ids

    answer = browser(app).get(f"/audio/0/{song_ids(Run.open(one.run)).index(one.songs['wav'])}")
    return answer.status_code, "" if answer.status_code == 200 else answer.json()["error"]


# Names that bite


def test_a_run_s_and_a_song_s_name_stay_text(client: TestClient, explored: Made, ids: list[str]) -> None:
    page = client.get("/")
    assert "<img" not in page.text
    assert "&lt;/script&gt;" in page.text
    data = client.get("/api/page")
    assert data.headers["content-type"] == "application/json"
    assert "<" not in data.text
    row = next(row for row, track_id in enumerate(ids) if HOSTILE in track_id)
    for answer in (client.get(f"/audio/0/{row}"), client.get(f"/api/0/cells/{HOSTILE}")):
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "name", ["a\r\nSet-Cookie: x=1", "../../../etc/passwd", '"; x="', "\u202egnp", "\ud800", "a" * 9999, "", None]
)
def test_a_playlist_s_name_breaks_out_of_nothing(client: TestClient, name: str | None) -> None:
    body = json.dumps({"name": name, "rows": [0, 1], "format": "m3u8"})
    answer = client.post("/api/0/playlist", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    disposition = answer.headers["content-disposition"]
    assert len(disposition) < 4000
    assert disposition.count('"') == 2
    assert not set("/\\\r\n\u202e") & set(disposition.replace("UTF-8''", ""))
    assert answer.content.decode("utf-8").startswith("#EXTM3U\n")


def test_no_error_tells_where_things_lie_on_this_machine(tmp_path: Path) -> None:
    one = made(tmp_path)
    client = browser(create_app([one.run], cache=tmp_path / "cache"), raise_server_exceptions=False)
    (one.run / "embeddings" / VAE / "seed-0.parquet").write_bytes(b"damaged")
    (one.run / "clusters" / VAE / "seed-0").rename(tmp_path / "gone")
    (one.run / "maps" / VAE / "umap.parquet").write_bytes(b"damaged")
    asked = ["/neighbours?row=0", "/path?from=0&to=1", "", "/latents/0"]
    told = [client.get(f"/api/0/cells/{VAE}{rest}").json()["error"] for rest in asked]
    body = {"rows": [0], "format": "csv", "cell": VAE}
    told.append(client.post("/api/0/playlist", json=body).json()["error"])
    assert "run/embeddings/" in told[0]
    assert not [sentence for sentence in told if str(tmp_path) in sentence]


# Bodies


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"\xff\xfe{\x00}\x00", 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 100_000, 400),
        (b'{"rows": [NaN]}', 400),
        (b'{"rows": [' + b"9" * 10_000 + b"]}", 400),
        (b'{"rows": [0], "path": "/etc/passwd"}', 400),
        (b'{"rows": [0], "folder": "/etc"}', 400),
        (b'{"rows": [0], "format": "exe"}', 400),
        (b'{"rows": [0], "name": 7}', 400),
        (b'{"rows": []}', 400),
        (b'{"rows": "0"}', 400),
        (b'{"rows": [true]}', 400),
        (b'{"rows": [-1]}', 400),
        (b'{"rows": [0.5]}', 400),
        (b'{"rows": [30]}', 400),
        (b'{"rows": [0], "format": "csv", "cell": "../x"}', 404),
        (b'{"rows": [0], "format": "csv", "cell": "' + VAE.encode() + b'", "clustering": "../x"}', 404),
    ],
)
def test_a_body_that_is_wrong_is_refused_in_a_sentence(client: TestClient, body: bytes, status: int) -> None:
    answer = client.post("/api/0/playlist", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    sentence = answer.json()["error"]
    assert len(sentence) < 600
    assert "\n" not in sentence


def test_a_body_is_not_read_for_ever(client: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 1_000_000

    for given in (endless(), b" " * 13_000_000):
        answer = client.post("/api/0/playlist", content=given, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413


@pytest.mark.parametrize(
    "query", ["", "row=", "row=-1", "row=30", "row=1&k=0", "row=1&k=9999", "row=a", "row=1&k=1e3", "row=٣"]
)
def test_a_query_that_is_wrong_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/0/cells/{VAE}/neighbours?{query}")
    assert answer.status_code == 400
    assert "whole number from" in answer.json()["error"]


def test_numbers_too_long_for_a_float_are_no_numbers() -> None:
    for value in (10**400, -(10**400), float("inf"), True, "1", None):
        with pytest.raises(answers.UsageError):
            answers.numbers({"z": [value]}, "z", most=1e6)
