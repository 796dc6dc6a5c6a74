"""Two runs held against each other: aligned clusters, songs that moved, scores side by side."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from fake_run import make_run
from musaic.cli import invoke
from musaic.errors import UsageError
from musaic.experiment.compare import RunComparison, align, compare
from musaic.runs import Run

N = 40
TITLES = ["شجرة التين", "দাদুর চেয়ার", "रोटी की ख़ुशबू", "Łódź \u202e\x1b[31m | *b*\n"]
CLUSTERS = st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4)), min_size=1, max_size=30)


def series(values: list[int]) -> pd.Series:
    return pd.Series(values, index=[f"গান/{i:03d}" for i in range(len(values))])


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_run(tmp_path_factory.mktemp("first") / "run", n=N, maps=False)
    tracks = pd.read_parquet(folder / "tracks.parquet")
    tracks["title"] = [TITLES[i % len(TITLES)] for i in range(N)]
    tracks.to_parquet(folder / "tracks.parquet")
    return folder


@pytest.fixture
def second(first: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(first, tmp_path / "second"))


def change(run: Path, side: dict[str, object], table: pd.DataFrame) -> None:
    """Write other clusters for the clustering that a comparison looked at."""
    table.to_parquet(Run(run).clusters_file(str(side["cell"]), int(str(side["seed"])), str(side["clustering"])))


def clusters_of(run: Path, side: dict[str, object]) -> pd.DataFrame:
    return pd.read_parquet(Run(run).clusters_file(str(side["cell"]), int(str(side["seed"])), str(side["clustering"])))


# Alignment


@settings(max_examples=30, deadline=None)
@given(CLUSTERS, st.permutations(range(5)))
def test_other_names_are_no_move(pairs: list[tuple[int, int]], names: list[int]) -> None:
    one = [a for a, _ in pairs]
    found = align(series(one), series([a if a < 0 else names[a] + 10 for a in one]))
    assert (found.stayed, found.ari, found.ami) == (1, 1, pytest.approx(1))
    assert (found.clusters["first"] == found.clusters["second"]).all()


@settings(max_examples=30, deadline=None)
@given(CLUSTERS)
def test_no_other_matching_keeps_more_songs(pairs: list[tuple[int, int]]) -> None:
    one, other = (np.array(side) for side in zip(*pairs, strict=True))
    found = align(series(one.tolist()), series(other.tolist()))
    best = 0
    for names in itertools.permutations(range(5)):
        told = np.where(other < 0, -1, np.array(names)[other])
        best = max(best, int((told == one).sum()))
    assert found.stayed * len(one) == pytest.approx(best)
    assert found.contingency.to_numpy().sum() == len(one)
    assert found.ari == adjusted_rand_score(one, other)
    assert found.ami == adjusted_mutual_info_score(one, other)
    by = found.by_cluster
    assert by[["first", "second", "stayed"]].sum().tolist() == [len(one), len(one), best]
    assert (by["first"] == by["stayed"] + by["left"]).all()
    assert (by["second"] == by["stayed"] + by["came"]).all()


@settings(max_examples=30, deadline=None)
@given(CLUSTERS, st.randoms(use_true_random=False))
def test_noise_is_noise_and_the_order_of_songs_is_nothing(pairs: list[tuple[int, int]], random: object) -> None:
    one, other = (series(list(side)) for side in zip(*pairs, strict=True))
    found = align(one, other)
    assert ((found.clusters["second"] == -1) == (other == -1)).all()
    shuffled = other.sample(frac=1, random_state=random.randrange(9999))  # type: ignore[attr-defined]
    again = align(one, shuffled)
    pd.testing.assert_frame_equal(found.clusters, again.clusters)
    assert (found.matching, found.ari, found.ami) == (again.matching, again.ari, again.ami)


def test_what_has_no_partner_gets_a_number_of_its_own() -> None:
    found = align(series([0, 0, 1, 1]), series([7, 7, 7, 3]))
    assert found.matching == {7: 0, 3: 1}
    found = align(series([4, 4, 4, 4]), series([0, 0, 0, 1]))
    assert found.matching == {0: 4, 1: 5}
    assert found.by_cluster["second_own"].tolist() == [0, 1]


def test_different_songs_cannot_be_aligned() -> None:
    with pytest.raises(UsageError, match="same tracks"):
        align(series([0, 1]), series([0, 1, 1]))


# Runs


def test_a_run_is_like_itself(first: Path) -> None:
    found = compare(first, first)
    assert found.moved.empty
    assert (found.alignment.ari, found.alignment.ami, found.alignment.stayed) == (1, pytest.approx(1), 1)
    assert (found.n_common, found.n_only_first, found.n_only_second, found.n_changed) == (N, 0, 0, 0)
    assert found.first.rank == found.second.rank == 1
    assert (found.scores["difference"] == 0).all()
    assert found.scores["low"].dropna().eq(0).all()
    board = Run(first).leaderboard
    assert found.scores.drop_duplicates(["cell_first", "clustering_first", "label"]).shape[0] == len(board)
    assert "None." in found.to_markdown()


def test_exactly_the_songs_that_moved_are_listed(first: Path, second: Path) -> None:
    side = compare(first, first, n_bootstrap=0).first.plain()
    table = clusters_of(first, side)
    table["confidence"] = np.linspace(0.2, 0.8, N)
    change(first_copy := second, side, table)
    moved = table.iloc[[3, 11, 20]]
    k = table["cluster"].max() + 1
    table["cluster"] = (table["cluster"] + 1) % k  # names are nothing
    table.loc[moved.index, "cluster"] = (table.loc[moved.index, "cluster"] + 1) % k
    other = Path(shutil.copytree(first_copy, second.parent / "third"))
    gone = table.drop(index=[30]).sample(frac=1, random_state=1)
    change(other, side, gone)
    tracks = pd.read_parquet(other / "tracks.parquet")
    tracks.loc[tracks["track_id"] == table["track_id"][5], "content_id"] = "another"
    tracks[tracks["track_id"] != table["track_id"][31]].to_parquet(other / "tracks.parquet")

    found = compare(first_copy, other, n_bootstrap=20)
    assert found.moved["track_id"].tolist() == moved["track_id"].tolist()[::-1]  # the surest first
    titles = Run(first).tracks.set_index("track_id")["title"]
    assert found.moved["title"].tolist() == titles[found.moved["track_id"]].tolist()
    assert (found.n_common, found.n_only_first, found.n_compared) == (N - 1, 1, N - 2)
    assert found.n_changed == 1
    assert found.alignment.stayed == pytest.approx(1 - 3 / (N - 2))
    back = compare(other, first_copy, n_bootstrap=0)
    assert set(back.moved["track_id"]) == set(found.moved["track_id"])
    assert (back.alignment.ari, back.n_only_second) == (pytest.approx(found.alignment.ari), 1)


def test_the_difference_on_common_tracks_is_that_of_scikit_learn(first: Path) -> None:
    found = compare(first, first, cell=("pca-statistics-0", "raw"), n_bootstrap=30)
    rows = found.scores[(found.scores["score"] == "ami") & found.scores["compared"]]
    assert set(rows["label"]) == {"genre", "language"}
    tracks = Run(first).tracks.set_index("track_id")
    for row in rows.to_dict("records"):
        truth = tracks[row["label"]].dropna()
        means = []
        for side in ("first", "second"):
            cell, name = row[f"cell_{side}"], row[f"clustering_{side}"]
            seeds = [Run(first).clusters(cell, name, seed)["cluster"].reindex(truth.index) for seed in (0, 1)]
            means.append(np.mean([adjusted_mutual_info_score(truth, clusters) for clusters in seeds]))
        assert row["on_common"] == pytest.approx(means[1] - means[0], abs=1e-9)
        assert row["low"] < row["high"]
        assert row["difference"] == row["second"] - row["first"]


def test_both_sides_take_the_best_place_that_both_have(first: Path, second: Path) -> None:
    board = pd.read_csv(second / "leaderboard.csv", keep_default_na=False, na_values=[""])
    worst = board[board["remarks"].isna()].sort_values("rank").iloc[-1]
    last = (board["cell"] == worst["cell"]) & (board["clustering_id"] == worst["clustering_id"])
    board.loc[~last, "n_clusters"] = 77  # only the last row has a place in common
    board.to_csv(second / "leaderboard.csv", index=False)
    for pair in ((first, second), (second, first)):
        found = compare(*pair, n_bootstrap=0)
        assert (found.first.cell, found.first.clustering) == (worst["cell"], worst["clustering_id"])
        assert (found.second.cell, found.second.clustering) == (worst["cell"], worst["clustering_id"])
    board["n_clusters"] = 77  # none has
    board.to_csv(second / "leaderboard.csv", index=False)
    found = compare(first, second, n_bootstrap=0)
    assert (found.first.rank, found.second.rank) == (1, 1)


def test_equal_corpora_are_needed(first: Path, second: Path) -> None:
    tracks = pd.read_parquet(second / "tracks.parquet")
    tracks.assign(track_id=["x/" + name for name in tracks["track_id"]]).to_parquet(second / "tracks.parquet")
    with pytest.raises(UsageError, match="no track in common") as caught:
        compare(first, second)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cell": "nothing-here"}, "unknown cell"),
        ({"cell": ("pca", "raw")}, "names 2 cells"),
        ({"cell": "raw", "clustering": "latent-kmeans"}, "names 2 clusterings"),
        ({"cell": "raw", "clustering": "dbscan"}, "unknown clustering"),
        ({"cell": "basic-vae-mel"}, "failed"),
        ({"seed": 9}, "no seed 9"),
        ({"n_bootstrap": -1}, "-1"),
    ],
)
def test_what_cannot_be_chosen_is_said(first: Path, options: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        compare(first, first, **options)


def test_an_unfinished_run_is_said(first: Path, second: Path) -> None:
    (second / "leaderboard.csv").unlink()
    with pytest.raises(UsageError, match="not finished"):
        compare(first, second)


def test_a_config_that_changed_still_has_its_row(first: Path, second: Path) -> None:
    """The digits of a cell change with its configuration; its slug tells that it is the same one."""
    for name in ("leaderboard.csv", "cells.json"):
        text = (second / name).read_text(encoding="utf-8")
        (second / name).write_text(text.replace("raw-mfcc_moments-00000001", "raw-mfcc_moments-abcdef01"), "utf-8")
    shutil.move(second / "clusters" / "raw-mfcc_moments-00000001", second / "clusters" / "raw-mfcc_moments-abcdef01")
    pairs = compare(first, second, n_bootstrap=0).scores[["cell_first", "cell_second"]].drop_duplicates()
    assert ("raw-mfcc_moments-00000001", "raw-mfcc_moments-abcdef01") in set(pairs.itertuples(index=False, name=None))


# For people and programs


@pytest.fixture(scope="module")
def found(first: Path) -> RunComparison:
    return compare(first, first, cell=("pca-statistics-0", "raw"), n_bootstrap=10)


def test_strangers_words_do_not_break_the_page(found: RunComparison) -> None:
    text = found.to_markdown()
    assert len(found.moved) > len(TITLES)
    assert not {"\x1b", "\u202e", "\r"} & set(text)
    for title in TITLES[:3]:
        assert title in text
    assert "\u2068شجرة التين\u2069" in text
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    for lines in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


def test_files_and_json_hold_all_of_it(found: RunComparison, tmp_path: Path) -> None:
    found.write(tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("compare.md", "contingency.csv", "moved.csv", "scores.csv")
    ]
    moved = pd.read_csv(tmp_path / "out" / "moved.csv")
    assert list(moved) == [
        *("track_id", "title", "artist", "from", "to", "to_own", "confidence_first", "confidence_second")
    ]
    assert moved["title"].tolist() == found.moved["title"].tolist()
    assert pd.read_csv(tmp_path / "out" / "contingency.csv", index_col="cluster").to_numpy().sum() == N
    plain = json.loads(json.dumps(found.plain(), allow_nan=False))
    assert len(plain["moved"]) == len(moved)
    assert len(plain["scores"]) == len(pd.read_csv(tmp_path / "out" / "scores.csv"))
    with pytest.raises(UsageError, match="is a file"):
        found.write(tmp_path / "out" / "moved.csv")


def test_the_command(first: Path, second: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    same = [str(first), str(second), "--bootstrap", "0"]
    assert invoke(["compare", *same]) == 0
    assert capsys.readouterr().out.startswith("# Two runs")
    assert invoke(["compare", *same, "--cell", "pca-statistics-0:raw", "--seed", "0", "--seed", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["first"]["model"], told["second"]["model"]) == ("pca", "raw")
    assert (told["first"]["seed"], told["second"]["seed"]) == (0, 1)
    assert invoke(["compare", *same, "--cell", "pca-statistics-0", "--cell", "raw", "--out", str(tmp_path / "o")]) == 0
    assert capsys.readouterr().out == f"comparison: {tmp_path / 'o' / 'compare.md'}\n"
    for wrong in (["--cell", "a:b:c"], ["--cell", "a:"], ["--seed", "1", "--seed", "1", "--seed", "1"]):
        assert invoke(["compare", *same, *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert {path: path.read_bytes() for path in first.rglob("*") if path.is_file()} == before
