"""Neighbours are the nearest, a way leads from one song to another, and a playlist can be read again."""

from __future__ import annotations

import io
import os
import shutil
import unicodedata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_run import HOSTILE, make_run, place_song
from musaic.errors import MusaicError, UsageError
from musaic.listening.choice import choose_clustering
from musaic.listening.making import playlist
from musaic.listening.neighbours import neighbours
from musaic.listening.path import _way, song_path
from musaic.listening.playlist import COLUMNS, m3u8, playlist_csv, write_playlist
from musaic.listening.songs import artist_numbers, at_most, find_song
from musaic.listening.space import METRICS, Space, latents, read_space
from musaic.listening.words import file_name, fold, one_line
from musaic.runs import Run

N, D = 60, 5
CELL = "pca-statistics"
TITLES = ["شجرة التين", "দাদুর চেয়ার", "रोटी की ख़ुशबू", "Corazón de Łódź", "שיר של בוקר", "夜の歌"]
POINTS = st.lists(st.tuples(*[st.integers(-3, 3)] * 2), min_size=2, max_size=25)
WILD = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30)
NAMES = st.one_of(WILD, st.sampled_from([*TITLES, HOSTILE, "#1 hit", " a", "a ", "c:x", "http://a/b", "\u202egnp.3pm"]))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run whose latents stand in another order than its tracks."""
    folder = make_run(tmp_path_factory.mktemp("house") / "runs" / "x", n=N, maps=False)
    tracks = pd.read_parquet(folder / "tracks.parquet")
    tracks["title"] = [f"{TITLES[i % len(TITLES)]} {i}" for i in range(N)]
    tracks.to_parquet(folder / "tracks.parquet")
    found = Run.open(folder)
    rng = np.random.default_rng(0)
    for cell in found.cells:
        for seed in (0, 1):
            file = found.embedding_file(cell["cell"], seed)
            file.parent.mkdir(parents=True, exist_ok=True)
            Z = pd.DataFrame(rng.normal(size=(N, D)).astype(np.float32), columns=[f"z_{d:03d}" for d in range(D)])
            ids = tracks["track_id"].to_numpy()[rng.permutation(N)]
            Z.assign(track_id=ids, split="train").to_parquet(file, index=False)
    return found


def space_of(points: list[tuple[int, ...]] | np.ndarray) -> Space:
    Z = np.asarray(points, dtype=np.float32)
    ids = pd.Index([f"{i:03d}" for i in range(len(Z))])
    return Space(ids, Z, np.linalg.norm(Z.astype(float), axis=1).astype(np.float32), "cell")


def some(run: Run, **columns: list[object]) -> Run:
    """Return the run with other tracks in memory."""
    n = len(next(iter(columns.values())))
    given = {"track_id": [f"t{i}" for i in range(n)], "status": "ok", "duration": 12.0, **columns}
    other = Run(run.path)
    other.__dict__["tracks"] = pd.DataFrame(given)
    return other


def entries(text: str) -> list[tuple[str, str]]:
    """Read an extended M3U file as players do: what is said of a song, and its path."""
    lines = [line.strip() for line in text.removesuffix("\n").split("\n")]
    assert lines[0] == "#EXTM3U"
    body = [line for line in lines[1:] if not line.startswith("#PLAYLIST:")]
    assert all(line.startswith("#EXTINF:") for line in body[::2])
    assert not any(line.startswith("#") or not line for line in body[1::2])
    return list(zip(body[::2], body[1::2], strict=True))


# Neighbours


@settings(max_examples=60)
@given(POINTS, st.integers(1, 30), st.sampled_from(METRICS), st.data())
def test_the_nearest_are_those_that_a_search_of_all_finds(
    points: list, k: int, metric: str, data: st.DataObject
) -> None:
    space = space_of(points)
    row = data.draw(st.integers(0, len(points) - 1))
    allowed = np.array(data.draw(st.lists(st.booleans(), min_size=len(points), max_size=len(points))))
    X, q = np.array(points, float), np.array(points[row], float)
    lengths = np.linalg.norm(X, axis=1) * np.linalg.norm(q)
    cosine = np.divide(X @ q, lengths, out=np.zeros(len(X)), where=lengths > 0)
    truth = np.linalg.norm(X - q, axis=1) if metric == "euclidean" else np.abs(np.round(1 - cosine, 12))
    order = [i for i in sorted(range(len(X)), key=lambda i: (truth[i], i)) if allowed[i]][:k]
    rows, distances = space.nearest(q, k, metric=metric, allowed=allowed)
    assert rows.tolist() == order
    assert distances == pytest.approx(truth[order], abs=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_they_are_exact_far_from_the_origin(metric: str) -> None:
    """Where |x|² - 2xq + |q|² alone loses all digits."""
    rng = np.random.default_rng(1)
    Z = (1000 + rng.normal(scale=0.05, size=(500, 40))).astype(np.float32)
    q = Z[7].astype(float)
    rows, distances = space_of(Z).nearest(q, 20, metric=metric)
    X = Z.astype(float)
    truth = np.linalg.norm(X - q, axis=1)
    if metric == "cosine":
        truth = np.round(np.clip(1 - X @ q / np.linalg.norm(X, axis=1) / np.linalg.norm(q), 0, 2), 12)
    assert np.sort(truth)[:20] == pytest.approx(distances, abs=2e-12)
    assert rows[0] == 7 or distances[0] == 0


def test_neighbours_are_joined_on_track_id_and_leave_the_song_out(run: Run) -> None:
    table = latents(run, CELL)
    song = run.tracks["track_id"].iloc[17]
    found = neighbours(run, CELL, song, 10)
    truth = np.linalg.norm((table - table.loc[song]).astype(float), axis=1)
    expected = pd.Series(truth, index=table.index).drop(song).nsmallest(10)
    assert found["track_id"].tolist() == expected.index.tolist()
    assert found["distance"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-5)
    everyone = neighbours(run, CELL, song, 10_000)
    assert set(everyone["track_id"]) == set(table.index) - {song}
    assert everyone["distance"].is_monotonic_increasing
    assert everyone["distance"].notna().all()
    few = everyone["track_id"].iloc[[40, 3, 20]].tolist()
    assert neighbours(run, CELL, song, among=[*few, song])["track_id"].tolist() == [few[1], few[2], few[0]]
    other_seed = neighbours(run, CELL, song, 10, seed=1)
    assert other_seed["track_id"].tolist() != found["track_id"].tolist()
    assert neighbours(run.path, None, song)["track_id"].tolist() != []


def test_equal_songs_come_in_order_and_songs_without_a_place_not_at_all(run: Run, tmp_path: Path) -> None:
    other = Run.open(make_run(tmp_path / "x", n=12, maps=False))
    ids = other.tracks["track_id"].tolist()
    Z = np.zeros((12, 2))
    Z[4], Z[5] = np.nan, (1, 1)
    file = other.embedding_file(other.find_cell(CELL), 0)
    file.parent.mkdir(parents=True)
    written = pd.DataFrame(Z, columns=["z_000", "z_001"]).assign(track_id=ids)
    written.iloc[::-1].to_parquet(file)
    found = neighbours(other, CELL, ids[0], 20)
    assert found["track_id"].tolist() == [*sorted(set(ids) - {ids[0], ids[4], ids[5]}), ids[5]]
    assert neighbours(other, CELL, ids[0], 20, metric="cosine")["distance"].eq(1).all()
    assert read_space(other, CELL) is read_space(Run.open(other.path), CELL)
    written.assign(z_000=range(12)).to_parquet(file)
    os.utime(file, ns=(1, 1))
    assert neighbours(other, CELL, ids[0], 1)["track_id"].tolist() == [ids[1]]
    with pytest.raises(UsageError, match="no song"):
        neighbours(other, CELL, ids[4])
    with pytest.raises(MusaicError, match="no latents"):
        neighbours(other, CELL, ids[0], seed=1)


def test_songs_that_were_placed_later_are_near_on_the_way_and_in_playlists(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "x")
    (tmp_path / "music").mkdir()
    before = Run.open(tmp_path / "x")
    cell, ids = before.find_cell(CELL), before.tracks["track_id"].tolist()
    table = latents(before, CELL)
    read_space(before, CELL)
    middle = ((table.loc[ids[3]] + table.loc[ids[40]]) / 2).to_numpy()
    for name, latent in (("নতুন.wav", table.loc[ids[7]].to_numpy() + 0.001), ("أغنية.wav", middle)):
        (tmp_path / "new").mkdir(exist_ok=True)
        (tmp_path / "new" / name).write_bytes(name.encode())
        told = {"title": name.removesuffix(".wav"), "artist": "কেউ", "language": "bangla", "genre": None}
        place_song(before.path, cell, tmp_path / "new" / name, latent=latent, track_id=f"{name}#0a1b2c3d", **told)
    later = Run.open(before.path)
    near, between = "নতুন.wav#0a1b2c3d", "أغنية.wav#0a1b2c3d"
    assert neighbours(later, CELL, ids[7], 1)["track_id"].tolist() == [near]
    assert neighbours(later, CELL, near, 1)["track_id"].tolist() == [ids[7]]
    assert song_path(later, CELL, ids[3], ids[40], 3) == [ids[3], between, ids[40]]
    assert song_path(later, CELL, near, ids[40], 3, among=set(ids))[1] in ids
    assert latents(later, CELL).equals(table)
    for words in (near, "নতুন", str(tmp_path / "new" / "নতুন.wav")):
        assert find_song(later, words) == near
    assert at_most(later, [near, between, ids[0]], 1) == [near, ids[0]]
    ((said, path),) = entries(m3u8(later, [near], folder=tmp_path))
    assert (said, path) == ("#EXTINF:2,কেউ - নতুন", "new/নতুন.wav")
    (row,) = pd.read_csv(io.StringIO(playlist_csv(later, [near], cell=cell))).to_dict("records")
    assert (row["track_id"], row["language"], row["cluster"]) == (near, "bangla", 0)
    clustering = choose_clustering(later, cell)
    members = later.clusters(cell, clustering)["cluster"]
    made = playlist(later, cluster=0, cell=cell, out=tmp_path / "0.csv")
    assert set(made.track_ids) == {near, between, *members[members == 0].index}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"k": 0}, "at least 1"), ({"metric": "map"}, "euclidean"), ({"seed": 9}, "0, 1"), ({"track_id": "x"}, "'x'")],
)
def test_a_wrong_wish_for_neighbours_is_a_sentence(run: Run, wrong: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        neighbours(run, CELL, **{"track_id": run.tracks["track_id"].iloc[0], **wrong})


# Ways


def test_songs_on_a_line_are_the_way() -> None:
    far = np.random.default_rng(0).normal(loc=50, size=(20, 3))
    line = np.linspace([0, 0, 0], [11, 22, 0], 12)
    space = space_of(np.concatenate([line, far]))
    n = len(space.Z)
    allowed = ~np.isin(np.arange(n), [0, 11])
    assert _way(space, 0, 11, 12, allowed, np.arange(n), 1) == list(range(12))


@settings(max_examples=30)
@given(st.integers(0, 2**16), st.integers(2, 9), st.integers(1, 3))
def test_a_way_is_as_asked_for_and_no_exchange_betters_it(seed: int, steps: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    space, artists = space_of(rng.normal(size=(30, 3))), rng.integers(0, 9, 30)
    start, end = (int(row) for row in rng.choice(30, 2, replace=False))
    allowed = rng.random(30) < 0.9
    allowed[[start, end]] = False
    if np.minimum(np.bincount(artists[allowed]), most).sum() < steps - 2:
        return
    rows = _way(space, start, end, steps, allowed, artists, most)
    assert (rows[0], rows[-1], len(rows), len(set(rows))) == (start, end, steps, steps)
    assert allowed[rows[1:-1]].all()
    assert np.bincount(artists[rows[1:-1]], minlength=1).max() <= most
    X = space.Z.astype(float)
    line = np.linspace(X[start], X[end], steps)

    def cost(way: list[int]) -> float:
        return float(((X[way] - line) ** 2).sum() + sum(((X[a] - X[b]) ** 2).sum() for a, b in pairwise(way)))

    for place in range(1, steps - 1):
        for other in set(np.flatnonzero(allowed).tolist()) - set(rows):
            way = [*rows[:place], other, *rows[place + 1 :]]
            if np.bincount(artists[way[1:-1]]).max() <= most:
                assert cost(way) >= cost(rows) * (1 - 1e-6)


def test_a_way_is_the_same_every_time_and_knows_artists(run: Run) -> None:
    ids = run.tracks["track_id"].tolist()
    artist = run.tracks.set_index("track_id")["artist"]
    found = song_path(run, CELL, ids[3], ids[40], 12, per_artist=1 + 1)
    assert found == song_path(Run.open(run.path), CELL, ids[3], ids[40])
    assert artist[found[1:-1]].value_counts().max() <= 2
    heard = set(ids[::2])
    assert set(song_path(run, CELL, ids[3], ids[40], 8, None, among=heard)[1:-1]) <= heard
    assert song_path(run, CELL, ids[3], ids[40], 2) == [ids[3], ids[40]]
    assert len(song_path(run, CELL, ids[3], ids[40], N, None)) == N


def test_what_cannot_be_is_a_sentence_with_what_can(run: Run) -> None:
    a, b = run.tracks["track_id"].iloc[[3, 40]]
    with pytest.raises(UsageError, match="at most 9 songs"):
        song_path(run, CELL, a, b, 12, per_artist=1)
    assert len(song_path(run, CELL, a, b, 9, per_artist=1)) == 9
    for wrong, said in [({"steps": 1}, "at least 2"), ({"per_artist": 0}, "at least 1"), ({"end": a}, "two different")]:
        with pytest.raises(UsageError, match=said):
            song_path(run, CELL, **{"start": a, "end": b, **wrong})


# Songs


def test_artists_are_alike_whatever_their_spelling_and_unknown_ones_are_alone(run: Run) -> None:
    names = ["Beyoncé", "BEYONCE\u0301 ", "ليل", None, None, None, "", "ليل"]
    groups = [None, None, None, None, "g", "g", None, None]
    other = some(run, artist=names, group=groups)
    found = artist_numbers(other, other.tracks["track_id"]).tolist()
    assert found[0] == found[1]
    assert found[2] == found[7]
    assert found[4] == found[5]
    assert len(set(found)) == 5
    assert at_most(other, ["t7", "t1", "t2", "t0", "t3", "t6"], 1) == ["t7", "t1", "t3", "t6"]


@pytest.mark.parametrize("title", TITLES)
def test_a_song_is_found_by_what_it_is_called(run: Run, title: str) -> None:
    tracks = run.tracks
    row = tracks[tracks["audio"].notna()].iloc[20]
    for words in (row["track_id"], row["audio"], row["title"], unicodedata.normalize("NFD", row["title"]).upper()):
        assert find_song(run, words) == row["track_id"]
    many = tracks["title"].str.startswith(title).sum()
    with pytest.raises(UsageError, match=rf"may be {many} songs: .* and {many - 5} more") as caught:
        find_song(run, title)
    assert str(caught.value).count("('") == 5
    with pytest.raises(UsageError, match="no song is meant"):
        find_song(run, f"{title} nowhere")


def test_a_file_of_this_machine_is_its_song(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    audio = run.tracks["audio"].dropna().iloc[5]
    file = run.path.parent / "music" / audio
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    monkeypatch.chdir(file.parent)
    assert find_song(run, file.name) == audio
    assert find_song(run, str(file)) == audio


# Playlists


@settings(max_examples=80)
@given(st.lists(st.tuples(NAMES, NAMES, st.one_of(st.none(), NAMES)), min_size=1, max_size=4), NAMES)
def test_any_name_is_read_again_as_it_was(run: Run, songs: list[tuple], name: str) -> None:
    audio = [f"{i}/{path}" if i % 2 else path for i, (path, _, _) in enumerate(songs)]
    other = some(run, audio=audio, title=[song[1] for song in songs], artist=[song[2] for song in songs])
    root = (run.path.parent / "music").resolve()
    folder = run.path / "play lists"
    text = m3u8(other, other.tracks["track_id"].tolist(), folder=folder, name=name)
    signs = {unicodedata.category(sign) for sign in text.replace("\n", "")}
    assert not signs & {"Cc", "Cs", "Zl", "Zp"}
    assert text.count("\n#PLAYLIST:") <= 1
    inside = [os.path.normpath(path) for path in audio]
    wanted = [
        str(root / path)
        for path, given in zip(inside, audio, strict=True)
        if path.split("/")[0] not in ("..", ".") and not os.path.isabs(given)
    ]
    readable = [path for path in wanted if path == path.rstrip() and path == "".join(path.splitlines())]
    readable = [path for path in readable if not any(unicodedata.category(sign) == "Cc" for sign in path)]
    assert [os.path.normpath(folder / path) for _, path in entries(text)] == readable


@pytest.mark.parametrize("name", ["#1 hit.mp3", " led.mp3", "AC: DC.mp3", "http:/x.mp3", "#EXTINF:1,x/y.mp3"])
def test_a_path_that_looks_like_something_else_is_still_a_path(run: Run, name: str) -> None:
    ((_, path),) = entries(m3u8(some(run, audio=[name], title=["x"]), ["t0"]))
    assert path == f"./{name}"


def test_paths_are_as_they_stand_on_the_disk(run: Run) -> None:
    names = ["100% পাকা/é.mp3", "é.mp3", "AC\\DC.mp3", "شجرة/ليل.mp3"]
    found = entries(m3u8(some(run, audio=names, title=["x"] * 4), ["t3", "t0", "t1", "t2"]))
    assert [path for _, path in found] == [names[3], *names[:3]]


def test_titles_are_one_line_and_lengths_are_rounded(run: Run) -> None:
    other = some(
        run,
        audio=["a.mp3", "b.mp3", "c.mp3", "d d.mp3"],
        title=["one\r\ntwo\x1b[31m\u2028three", "\u202eשיר\u202c של בוקר", "क्\u200dष", None],
        artist=["ليل وياسمين", None, "Corazo\u0301n", None],
        duration=[12.5, float("nan"), 0.4, float("inf")],
    )
    told = [line for line, _ in entries(m3u8(other, ["t0", "t1", "t2", "t3"], name="a\n#b"))]
    assert told == [
        "#EXTINF:13,ليل وياسمين - one two [31m three",
        "#EXTINF:-1,שיר של בוקר",
        "#EXTINF:0,Corazón - क्\u200dष",
        "#EXTINF:-1,d d",
    ]


def test_what_cannot_be_heard_is_left_out_and_counted(run: Run, tmp_path: Path) -> None:
    other = some(
        run,
        audio=["a.mp3", None, "broken.mp3", "two\nlines.mp3", "../outside.mp3"],
        title=TITLES[:5],
        status=["ok", "missing", "unreadable", "ok", "ok"],
    )
    ids = other.tracks["track_id"].tolist()
    made = write_playlist(other, ids[::-1], tmp_path / "قائمة.m3u8")
    assert (made.name, made.track_ids) == ("قائمة", ("t0",))
    assert (set(made.without_sound), made.without_name) == ({"t1", "t2", "t4"}, ("t3",))
    written = made.file.read_bytes()
    assert written.startswith(b"#EXTM3U\n#PLAYLIST:\xd9\x82")
    assert len(entries(written.decode())) == 1
    with pytest.raises(UsageError, match=r"\.m3u8 or \*\.csv"):
        write_playlist(other, ids, tmp_path / "x.pls")
    with pytest.raises(UsageError, match="'t9'"):
        write_playlist(other, ["t9"], made.file)
    assert made.file.read_bytes() == written
    assert os.listdir(tmp_path) == [made.file.name]


def test_the_table_holds_all_songs_and_their_clusters(run: Run, tmp_path: Path) -> None:
    tracks = run.tracks
    ids = tracks["track_id"].iloc[[30, 0, 9, 12]].tolist()
    table = pd.read_csv(io.StringIO(playlist_csv(run, ids, cell=CELL, clustering="latent-kmeans-0a")))
    assert tuple(table) == COLUMNS
    assert table["track_id"].tolist() == ids
    heard = tracks.set_index("track_id")["audio"].loc[ids].notna() & (
        tracks.set_index("track_id")["status"].loc[ids] == "ok"
    )
    assert (table["path"].notna().to_numpy() == heard.to_numpy()).all()
    truth = run.clusters(run.find_cell(CELL), "latent-kmeans-0a2b3c4d")["cluster"]
    assert table["cluster"].tolist() == truth[ids].tolist()
    wild = some(run, audio=["a\nb.mp3"], title=[f'{HOSTILE}\r\n"x",'], artist=["=1+1"], genre=[None])
    read = pd.read_csv(io.StringIO(playlist_csv(wild, ["t0"]), newline=""), keep_default_na=False).iloc[0]
    assert read["path"] == "a\nb.mp3"
    assert read["artist"] == "'=1+1"  # text to a spreadsheet, no formula
    assert (read["genre"], read["cluster"]) == ("", "")


# Words


@given(WILD)
def test_a_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line


@pytest.mark.parametrize(
    ("one", "other"),
    [("Beyoncé", " BEYONCE\u0301"), ("ＣＡＦÉ", "café"), ("Straße", "STRASSE"), ("ليل  وياسمين", "ليل وياسمين\n")],
)
def test_spellings_of_one_name_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    assert fold(one) != fold(f"{other}s")


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_a_file_name_is_one(text: str) -> None:
    name = file_name(text, "0a1b2c3d")
    assert name.endswith("0a1b2c3d")
    assert len(name.encode()) <= 159
    assert not set(name) & set('/\\:*?"<>|\0\n')
    assert file_name(text) not in ("", ".", "..")
