"""``musaic playlist``: what is asked for in words becomes a file that plays, or one sentence."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import musaic
from fake_run import make_run
from musaic.cli import invoke
from musaic.listening.choice import choose_cell, choose_clustering
from musaic.report.reading import Results
from musaic.runs import Run

N = 48
TITLES = ["شجرة التين", "দাদুর চেয়ার", "रोटी की ख़ुशबू", "Corazón", "שיר", "夜の歌"]
NAMES = ["slow, quiet", "سريع", "slow দ্রুত", "loud", "loud, bright", "noise"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run with latents and cards, beside its corpus."""
    path = make_run(tmp_path_factory.mktemp("house") / "runs" / "x", n=N, maps=False)
    (path.parent / "music").mkdir()
    tracks = pd.read_parquet(path / "tracks.parquet")
    tracks["title"] = [f"{TITLES[i % len(TITLES)]} {i:02d}" for i in range(N)]
    tracks.to_parquet(path / "tracks.parquet")
    run, rng = Run.open(path), np.random.default_rng(0)
    for cell in run.cells:
        file = run.embedding_file(cell["cell"], 0)
        file.parent.mkdir(parents=True, exist_ok=True)
        Z = pd.DataFrame(rng.normal(size=(N, 3)).astype(np.float32), columns=["z_000", "z_001", "z_002"])
        Z.assign(track_id=tracks["track_id"].to_numpy()[rng.permutation(N)]).to_parquet(file)
        for clustering in cell["clusterings"]:
            cards = [{"cluster": i, "name": name} for i, name in enumerate(NAMES[: clustering["n_clusters"]])]
            file = run.cards_file(cell["cell"], clustering["id"])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({"seed": 0, "cards": cards}), "utf-8")
    return path


@pytest.fixture
def heard(folder: Path) -> pd.DataFrame:
    """Return the songs with sound, by ``track_id``."""
    tracks = Run(folder).tracks.set_index("track_id")
    return tracks[(tracks["status"] == "ok") & tracks["audio"].notna()]


def made(capsys: pytest.CaptureFixture, *words: object) -> list[dict]:
    """Run the command and return what it says that it made."""
    assert invoke(["playlist", *map(str, words), "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)["playlists"]


def paths(file: str | Path) -> list[str]:
    return [line for line in Path(file).read_text("utf-8").split("\n") if line and line[0] != "#"]


def test_the_best_honest_row_is_what_the_report_opens_with(folder: Path) -> None:
    results, run = Results(folder), Run(folder)
    assert choose_cell(run) == results.cells[0].name
    for cell in results.done:
        best = results.clustering(cell)
        assert best is not None
        assert choose_clustering(run, cell.name) == best["id"]


def test_a_cluster_by_number_and_by_name_is_the_same_file(
    folder: Path, heard: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run, asked = Run(folder), ("--clustering", "kmeans-0f", "--cell", "pca-statistics")
    cell, clustering = choose_cell(run, "pca-statistics"), "latent-kmeans-0f00ba44"
    clusters = run.clusters(cell, clustering)["cluster"]
    members = set(clusters[clusters == 1].index)
    (one,) = made(capsys, folder, "--cluster", 1, *asked)
    assert Path(one["file"]) == folder / "playlists" / cell / clustering / f"1 {NAMES[1]}.m3u8"
    assert (one["name"], set(one["songs"])) == (NAMES[1], members & set(heard.index))
    assert set(one["without_sound"]) == members - set(heard.index)
    place = Path(one["file"]).parent
    music = folder.parent / "music"
    assert [os.path.normpath(place / p) for p in paths(one["file"])] == [
        str(music / name) for name in heard["audio"].loc[one["songs"]]
    ]
    before = Path(one["file"]).read_bytes()
    assert made(capsys, folder, "--cluster", f" {NAMES[1]}", *asked) == [one]
    assert Path(one["file"]).read_bytes() == before
    again = musaic.playlist(folder, cluster=NAMES[1], cell="pca-statistics", clustering="kmeans-0f", out=tmp_path)
    assert again.file.parent == tmp_path
    assert list(again.track_ids) == one["songs"]


def test_without_a_wish_every_cluster_becomes_a_playlist(
    folder: Path, heard: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    found = made(capsys, folder, "--out", tmp_path / "lists")
    songs = [song for one in found for song in one["songs"]]
    assert sorted(songs) == sorted(heard.index)
    assert sorted(os.listdir(tmp_path / "lists")) == sorted(Path(one["file"]).name for one in found)


def test_a_song_and_its_neighbours(folder: Path, heard: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    song = heard.index[10]
    audible = musaic.neighbours(folder, None, song, N)["track_id"]
    expected = [song, *audible[audible.isin(heard.index)]]
    for words in (song, heard.loc[song, "audio"], heard.loc[song, "title"].upper()):
        (one,) = made(capsys, folder, "--near", words)
        assert one["songs"] == expected[:25]
    (one,) = made(capsys, folder, "--near", song, "--length", 7, "--per-artist", 1)
    assert one["songs"] == heard.loc[expected].drop_duplicates("artist").index.tolist()[:7]


def test_a_way_between_two_songs(folder: Path, heard: pd.DataFrame, capsys: pytest.CaptureFixture) -> None:
    start, end = heard.index[4], heard.index[22]
    (one,) = made(capsys, folder, "--from", start, "--to", heard.loc[end, "title"], "--length", 9)
    assert (one["songs"][0], one["songs"][-1], len(set(one["songs"]))) == (start, end, 9)
    assert one["songs"] == musaic.song_path(folder, None, start, end, 9, among=set(heard.index))
    assert one["name"] == f"{heard.loc[start, 'title']} → {heard.loc[end, 'title']}"


def test_a_selection_as_a_table(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    ids = Run(folder).tracks["track_id"].iloc[[30, 2, 9]].tolist()
    (tmp_path / "مختارات.txt").write_text("\ufeff" + "\n".join([*ids, "", ids[0]]), "utf-8")
    command = ("playlist", str(folder), "--selection", str(tmp_path / "مختارات.txt"), "--out", str(tmp_path / "x.csv"))
    assert invoke(command) == 0
    said = capsys.readouterr()
    assert said.out == f"playlist: {tmp_path / 'x.csv'}\n"
    assert said.err.startswith("مختارات: 3 songs")
    assert pd.read_csv(tmp_path / "x.csv")["track_id"].tolist() == ids
    assert invoke([*command, "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_a_moved_corpus_is_asked_for(
    folder: Path, heard: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    moved = Path(shutil.copytree(folder, tmp_path / "there" / "x"))
    command = ["playlist", str(moved), "--near", heard.index[3], "--length", "2"]
    assert invoke(command) == 2
    assert "--corpus" in capsys.readouterr().err
    (one,) = made(capsys, *command[1:], "--corpus", folder.parent / "music")
    real = [os.path.normpath(Path(one["file"]).parent / path) for path in paths(one["file"])]
    assert real == [str(folder.parent / "music" / name) for name in heard["audio"].loc[one["songs"]]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--near", "شجرة"], ["8 songs", "and 3 more"]),
        (["--near", "nothing like it"], ["'nothing like it'", "track_id"]),
        (["--near", "夜", "--cluster", "1"], ["2 of", "exactly one"]),
        (["--from", "শ"], ["other song"]),
        (["--cluster", "0", "--clustering", "not one"], ["'not one'"]),
        (["--cluster", "SLOW"], ["2 clusters", "2 (slow দ্রুত)", "number"]),
        (["--cluster", "77"], ["77", "0 (slow, quiet)"]),
        (["--cluster", "-1"], ["-1"]),
        (["--cluster", "0", "--out", "x.pls"], [".m3u8", ".csv"]),
        (["--out", "x.m3u8"], ["folder"]),
        (["--name", "x"], ["--name"]),
        (["--cell", "basic-vae", "--cluster", "0"], ["4 cells"]),
        (["--clustering", "kmean", "--cluster", "0"], ["2 clusterings"]),
        (["--selection", "not-there.txt"], ["not-there.txt"]),
        (["--length", "0", "--cluster", "0"], ["--length"]),
        (["--corpus", "not-there"], ["not-there"]),
    ],
)
def test_wrong_words_end_with_one_sentence_and_no_file(
    words: list[str],
    said: list[str],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke(["playlist", str(folder), *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    for word in said:
        assert word in told.err
    assert os.listdir(tmp_path) == []
