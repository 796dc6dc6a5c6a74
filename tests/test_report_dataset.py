"""The data of a page: packed columns come out as they went in, rows are joined by id, what is missing is missing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_run import HOSTILE, make_run
from musaic.audio.decode import Recording
from musaic.errors import MusaicError, UsageError
from musaic.experiment.cards.adjectives import WORDS, unit
from musaic.listening import sound
from musaic.report import assets
from musaic.report.columns import BETWEEN, clean, quantised, texts, unpack_numbers, unpack_texts, whole
from musaic.report.dataset import cell_columns, dataset, page_json, song_ids
from musaic.report.songs import UNITS
from musaic.runs import open_run

WILD = st.text(st.characters(codec=None), max_size=12)  # controls, halves of surrogate pairs, right-to-left


@settings(max_examples=60, deadline=None)
@given(st.lists(WILD | st.sampled_from(["", "أغنية\u202e", HOSTILE, "a\x1fb\x00", "\ud800", "বাংলা"]), max_size=8))
def test_texts_come_out_as_they_went_in(values: list[str]) -> None:
    assert unpack_texts(texts(values), len(values)) == [clean(value) for value in values]
    for value in values:
        assert BETWEEN not in clean(value)
        assert clean(clean(value)) == clean(value)
        assert len(clean(value)) == len(value)
    kept = [value for value in values if value.isprintable()]
    assert unpack_texts(texts(kept), len(kept)) == kept


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=64), max_size=20), st.sampled_from([2, 200, 255, 256, 4096, 65535]))
def test_numbers_move_by_half_a_step_at_most(values: list[float], levels: int) -> None:
    column = quantised(values, levels=levels)
    found = unpack_numbers(column)
    given_ = np.array(values, dtype=float)
    there = np.isfinite(given_)
    assert np.array_equal(np.isnan(found), ~there)
    largest = np.abs(given_[there]).max(initial=0)
    assert np.all(np.abs(found[there] / 2 - given_[there] / 2) <= column["scale"] * 0.2501 + largest * 1e-11)
    json.dumps(column, allow_nan=False)


def test_one_value_is_exact() -> None:
    assert unpack_numbers(quantised([12.3, np.nan, 12.3])).tolist()[0] == 12.3


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=20))
def test_whole_numbers_are_exact(values: list[int]) -> None:
    assert unpack_numbers(whole(values)).tolist() == values


def test_codes_take_one_byte() -> None:
    assert whole([-2, -1, 0, 253])["type"] == "u8"
    assert whole([-1, 255])["type"] == "u16"


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="32 bits"):
        whole([2**31])
    with pytest.raises(UsageError, match="2 to 65535"):
        quantised([1.0], levels=1)


def data_of(folder: Path, **asked: Any) -> dict[str, Any]:
    """Return the page's data of a run after a journey through JSON."""
    text = page_json(dataset(open_run(folder), **{"mode": "report", **asked}))
    assert "<" not in text
    found: dict[str, Any] = json.loads(text)["runs"][0]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("page") / "run", hostile=True)


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "run"))


def test_rows_are_joined_by_id(folder: Path) -> None:
    run, data = open_run(folder), data_of(folder)
    ids = song_ids(run)
    assert data["n"] == len(ids) == len(run.tracks)
    for cell in data["cells"]:
        if not cell["methods"]:
            continue
        columns = cell["columns"]
        assert columns == cell_columns(run, cell["cell"])
        for method in cell["methods"]:
            table = run.map(cell["cell"], method).loc[ids]
            assert table.index.tolist() != run.map(cell["cell"], method).index.tolist()  # the file has its own order
            for axis in ("x", "y"):
                packed = columns["maps"][method][axis]
                assert np.allclose(unpack_numbers(packed), table[axis], atol=packed["scale"], rtol=0)
        for clustering in cell["clusterings"]:
            found = columns["clusterings"][clustering["id"]]
            expected = run.clusters(cell["cell"], clustering["id"], cell["seed"])["cluster"].loc[ids]
            assert unpack_numbers(found["codes"]).tolist() == expected.tolist()
            assert unpack_numbers(found["confidence"])[0] == 0.9
    tracks = run.tracks.set_index("track_id")
    for label in data["labels"]:
        if label["name"] in tracks:
            codes = unpack_numbers(label["codes"]).astype(int)
            said = [None if code < 0 else label["values"][code] for code in codes]
            assert said == [None if pd.isna(value) else value for value in tracks[label["name"]].loc[ids]]
    titles = unpack_texts(data["songs"]["title"], data["n"])
    assert titles == tracks["title"].loc[ids].tolist()
    assert unpack_texts(data["songs"]["artist"], data["n"]) == tracks["artist"].loc[ids].tolist()


def test_opens_with_the_best_honest_cell_that_has_a_map(own: Path) -> None:
    board = pd.read_csv(own / "leaderboard.csv", keep_default_na=False, na_values=[""])
    order = list(dict.fromkeys(board.loc[board["remarks"].isna(), "cell"]))
    for name in order:
        data = data_of(own)
        assert data["cells"][data["first"]]["cell"] == name
        best = [one["id"] for one in data["cells"][data["first"]]["clusterings"] if one["best"]]
        assert best == [board.loc[(board["cell"] == name) & board["remarks"].isna(), "clustering_id"].iloc[0]]
        shutil.rmtree(own / "maps" / name)
    data = data_of(own)
    left = data["cells"][data["first"]]
    assert left["methods"]
    assert left["collapsed"]
    assert "collapsed" in left["remarks"][0]


def test_cells_say_what_is_wrong_with_them(folder: Path) -> None:
    cells = {cell["cell"]: cell for cell in data_of(folder)["cells"]}
    assert not [name for name in cells if "ffffffff" in name]  # it failed
    leaked = next(cell for cell in cells.values() if cell["leaked"])
    assert leaked["leaked"] == ["genre"]
    assert any("seen genre" in remark for remark in leaked["remarks"])
    titles = [one["title"] for cell in cells.values() for one in cell["clusterings"]]
    assert {"K-Means, 6 (labels:genre)", "K-Means, 3 (auto)"} == set(titles)


def test_a_killed_run_shows_what_it_has(own: Path) -> None:
    name = "raw-mfcc_moments-00000001"
    gone = next((own / "clusters" / name / "seed-0").iterdir())
    gone.unlink()
    for file in ("leaderboard.csv", "descriptors.parquet", "environment.json", "verdict.json"):
        (own / file).unlink()
    data = data_of(own)
    cell = next(cell for cell in data["cells"] if cell["cell"] == name)
    assert gone.stem not in {one["id"] for one in cell["clusterings"]} | set(cell["columns"]["clusterings"])
    assert len(cell["clusterings"]) == 1
    assert data["descriptors"] == []
    assert data["songs"]["audio"] is None
    assert np.isnan(unpack_numbers(data["songs"]["start"])).all()
    for file in ("tracks.parquet", "cells.json"):
        (own / file).unlink()
    assert data_of(own)["n"] == 0


def test_a_cell_that_knows_some_songs_only(own: Path) -> None:
    name = "pca-statistics-00000000"
    for file in [*(own / "maps" / name).glob("*"), *(own / "clusters" / name / "seed-0").glob("*")]:
        table = pd.read_parquet(file)
        table["confidence"] = None
        table.iloc[:50].to_parquet(file, index=False)
    some = set(table["track_id"][:50])
    columns = cell_columns(open_run(own), name)
    here = np.array([track_id in some for track_id in song_ids(open_run(own))])
    assert np.array_equal(~np.isnan(unpack_numbers(columns["maps"]["umap"]["x"])), here)
    for clustering in columns["clusterings"].values():
        assert np.array_equal(unpack_numbers(clustering["codes"]) != -2, here)
        assert clustering["confidence"] is None


def test_a_run_without_labels_or_maps(tmp_path: Path) -> None:
    data = data_of(make_run(tmp_path / "run", n=30, labels=False, maps=False))
    assert data["labels"] == []
    assert data["first"] == 0
    assert [cell["methods"] for cell in data["cells"]] == [[]] * len(data["cells"])


def test_cards_name_their_songs_by_row(own: Path) -> None:
    name, run = "pca-statistics-00000000", open_run(own)
    clustering, ids = "latent-kmeans-0a2b3c4d", song_ids(run)
    card = {"cluster": 0, "name": HOSTILE, "text": "slow\x00", "size": 31, "medoids": [{"track_id": ids[7]}]}
    file = run.cards_file(name, clustering)
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"seed": 0, "cards": [card]}), "utf-8")
    (found,) = cell_columns(run, name)["clusterings"][clustering]["cards"]
    assert found == {"cluster": 0, "name": HOSTILE, "text": "slow ", "size": 31, "medoids": [7]}
    file.write_text(json.dumps({"seed": 1, "cards": [card]}), "utf-8")  # clusters of another seed have other numbers
    assert cell_columns(run, name)["clusterings"][clustering]["cards"] == []


def test_sound_lies_where_the_page_says(folder: Path, own: Path) -> None:
    page = folder / "report.html"
    files = sound.audio_files(open_run(folder))
    songs = data_of(folder, page=page)["songs"]
    ids = song_ids(open_run(folder))
    assert songs["audio"] is None
    assert unquote(songs["audio_base"]) == "../../music/" or unquote(songs["audio_base"]).endswith("music/")
    paths = unpack_texts(songs["path"], len(ids))
    heard = ~np.isnan(unpack_numbers(songs["start"]))
    for track_id, path, plays in zip(ids, paths, heard, strict=True):
        assert plays == (track_id in files)
        if plays:
            assert (page.parent / unquote(songs["audio_base"]) / path).resolve() == files[track_id].resolve()
    tracks = pd.read_parquet(own / "tracks.parquet")
    tracks.loc[tracks["track_id"].str.startswith("<"), "status"] = "ok"  # now its line break must be in an address
    tracks.to_parquet(own / "tracks.parquet", index=False)
    files = sound.audio_files(open_run(own))
    addresses = unpack_texts(data_of(own)["songs"]["audio"], len(ids))
    for track_id, address in zip(ids, addresses, strict=True):
        assert re.fullmatch(r"[\w.~/%-]*", address, re.ASCII)
        assert bool(address) == (track_id in files)
        if address:
            assert (own / unquote(address)).resolve() == files[track_id].resolve()


def test_placed_songs_are_the_last_rows(own: Path) -> None:
    run, cell, clustering = open_run(own), "pca-statistics-00000000", "latent-kmeans-0a2b3c4d"
    run.assigned_folder.mkdir()
    row = {
        "track_id": "أغنية.mp3#0a", "audio": "../new/أغنية.mp3", "title": "أغنية الصباح", "artist": None,
        "status": "ok", "duration": 61.0, "start": 15.5, "seconds": 30.0, "labels": json.dumps({"genre": "rock"}),
        "cell": cell, "seed": 0, "clustering": clustering, "cluster": 2, "confidence": 0.4, "x_umap": 0.25,
        "y_umap": -0.5, "x_tsne": np.nan, "y_tsne": np.nan,
        "neighbours": [run.tracks["track_id"][3], "gone.mp3", run.tracks["track_id"][1]], "distances": [0.5, 1.0, 1.5],
    }  # fmt: skip
    rows = [row, {**row, "clustering": "latent-kmeans-0f00ba44", "cluster": 1}, {**row, "seed": 1, "cluster": 0}]
    pd.DataFrame(rows).to_parquet(run.assigned_file("0a"), index=False)
    data, n = data_of(own), len(run.tracks) + 1
    assert (data["n"], data["assigned"]) == (n, {"n": 1})
    assert song_ids(run)[-1] == row["track_id"]
    assert unpack_texts(data["songs"]["title"], n)[-1] == "أغنية الصباح"
    assert unquote(unpack_texts(data["songs"]["audio"], n)[-1]) == "../new/أغنية.mp3"
    assert unpack_numbers(data["songs"]["start"])[-1] == pytest.approx(15.5, abs=0.01)
    genre = next(label for label in data["labels"] if label["name"] == "genre")
    assert genre["values"][int(unpack_numbers(genre["codes"])[-1])] == "rock"
    found = next(one for one in data["cells"] if one["cell"] == cell)["columns"]
    assert unpack_numbers(found["maps"]["umap"]["y"])[-1] == pytest.approx(-0.5, abs=1e-3)
    assert unpack_numbers(found["clusterings"][clustering]["codes"])[-1] == 2
    assert found["neighbours"] == [{"rows": [3, 1], "distances": [0.5, 1.5]}]
    other = next(one for one in data["cells"] if one["cell"] != cell and one["methods"])["columns"]
    assert np.isnan(unpack_numbers(other["maps"]["umap"]["x"])[-1])


def test_heavy_cells_stay_beside_the_page(folder: Path) -> None:
    data = data_of(folder, most_bytes=0)
    assert [place for place, cell in enumerate(data["cells"]) if cell["columns"]] == [data["first"]]
    assert all(cell["columns"] is None for cell in data_of(folder, mode="explore")["cells"])
    with pytest.raises(UsageError, match="did you mean 'report'"):
        dataset(open_run(folder), mode="reprot")
    with pytest.raises(UsageError, match="Allowed"):
        cell_columns(open_run(folder), "../../etc")


def test_a_map_says_what_made_it_where_that_was_not_asked_for(own: Path) -> None:
    run, cell = open_run(own), "pca-statistics-00000000"
    assert "by" not in cell_columns(run, cell)["maps"]["umap"]
    file = run.map_file(cell, "umap")
    pd.read_parquet(file).assign(method="pca").to_parquet(file)
    assert cell_columns(run, cell)["maps"]["umap"]["by"] == "pca"


def test_units_are_those_of_the_cards() -> None:
    assert {name: unit(name) for name in UNITS} == UNITS
    assert {name for name in WORDS if unit(name)} <= {*UNITS, "mode"}  # a card says "in major" of a mode


def test_a_hundred_thousand_songs_fit(tmp_path: Path) -> None:
    n, rng = 20_000, np.random.default_rng(0)
    folder = make_run(tmp_path / "run", n=n, models=("raw",), failed=False)
    run, cell = open_run(folder), "raw-mfcc_moments-00000001"
    ids = run.tracks["track_id"]
    names = [f"descriptor {i}" for i in range(8)]
    pd.DataFrame(rng.normal(size=(n, 8)), columns=names).assign(track_id=ids).to_parquet(run.descriptors_file)
    cells = json.loads(run.cells_file.read_text("utf-8"))
    cells["cells"][0]["clusterings"].append({"id": "latent-gmm-1", "algorithm": "gmm", "n_clusters": 30})
    run.cells_file.write_text(json.dumps(cells), "utf-8")
    table = pd.DataFrame({"track_id": ids, "cluster": rng.integers(0, 30, n), "confidence": rng.uniform(size=n)})
    for name in ("latent-kmeans-1a2b3c4d", "latent-kmeans-1f00ba44", "latent-gmm-1"):
        table.to_parquet(run.clusters_file(cell, 0, name), index=False)
    data = dataset(run, mode="report")
    found = data["runs"][0]
    assert len(found["descriptors"]) == 8
    assert len(found["cells"][0]["columns"]["maps"]) == 2
    assert len(found["cells"][0]["columns"]["clusterings"]) == 3
    assert len(page_json(data)) * 100_000 / n < 5_500_000


def test_the_bundle_is_what_its_hash_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, read, element in (("musaic.js", assets.script, "script"), ("musaic.css", assets.style, "style")):
        (tmp_path / name).write_text("أ = 1", "utf-8")
        monkeypatch.setattr(assets.resources, "files", lambda _: tmp_path)
        digest = base64.b64encode(hashlib.sha256("أ = 1".encode()).digest()).decode()
        assert read().source == f"'sha256-{digest}'"
        (tmp_path / name).write_text(f"'</{element.upper()}>'", "utf-8")
        with pytest.raises(MusaicError, match="build it again"):
            read()
        (tmp_path / name).unlink()
        with pytest.raises(MusaicError, match=f"lacks {name}"):
            read()


@pytest.mark.parametrize(
    "asked",
    [
        "{}",
        "{offset: start, duration: 2}",
        "{offset: 3.5, duration: 1.5, segments: 2}",
        "{offset: middle, duration: 1, segments: 3}",
        "{offset: 1, duration: whole}",
    ],
)
def test_the_stretch_is_what_was_analysed(own: Path, asked: str) -> None:
    rate, seconds = 11025, 7.3
    file = own.parent / "a.wav"
    soundfile.write(file, np.sin(np.arange(round(rate * seconds)) / 9), rate)
    tracks = pd.read_parquet(own / "tracks.parquet")
    track_id = tracks["track_id"].iloc[50]
    tracks.loc[50, ["audio", "status", "duration"]] = ["a.wav", "ok", seconds]
    tracks.to_parquet(own / "tracks.parquet", index=False)
    (own / "experiment.yaml").write_text(f"version: 1\nfeatures: {asked}\n", "utf-8")
    run = open_run(own)
    config = {"offset": "middle", "duration": 30.0, "segments": 1} | run.experiment["features"]
    config["duration"] = None if config["duration"] == "whole" else config["duration"]
    with Recording.open(file, **config) as recording:
        windows = list(recording.windows)
    start, length = sound.stretch(run, track_id)
    assert start == pytest.approx(windows[0][0], abs=1 / rate)
    joined = windows if "segments: 2" in asked else windows[:1]  # of three in the middle, the first alone
    assert length == pytest.approx(sum(seconds for _, seconds in joined), abs=2 / rate)
    assert tuple(sound.stretches(run).loc[track_id]) == (start, length)
    assert sound.audio_file(run, track_id, corpus=own.parent) == file.resolve()


def test_files_are_the_corpus_own(own: Path) -> None:
    tracks = pd.read_parquet(own / "tracks.parquet")
    ids = tracks["track_id"].tolist()
    for row, audio in enumerate(["/etc/passwd", "../secret.wav", "a/../../secret.wav", "..", ".", None], start=40):
        tracks.loc[row, ["audio", "status"]] = [audio, "ok"]
    tracks.loc[46, ["audio", "status"]] = ["..a/b..wav", "ok"]
    tracks.loc[47, ["audio", "status"]] = ["a.wav", "unreadable"]
    tracks.to_parquet(own / "tracks.parquet", index=False)
    run = open_run(own)
    for row in (*range(40, 46), 47):
        assert sound.audio_file(run, ids[row]) is None
    assert sound.audio_file(run, ids[46], corpus=own) == own.resolve() / "..a/b..wav"
    assert sound.audio_file(run, ids[46], corpus=own / "tracks.parquet") == own.resolve() / "..a/b..wav"
    assert np.isnan(sound.stretch(run, ids[47])).all()
    with pytest.raises(UsageError, match="no track"):
        sound.audio_file(run, "nobody")
    with pytest.raises(UsageError, match="there is no corpus"):
        sound.audio_file(run, ids[46], corpus=own / "gone")
