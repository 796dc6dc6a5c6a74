"""What no order of songs, no kill and no clustering added later may change, and what may never stand first."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import musaic
from musaic.clustering.registry import parse_config
from musaic.errors import UsageError
from musaic.experiment.clusters import cluster
from musaic.experiment.runner import run
from songs import WORDS

VAE: dict[str, Any] = {"model": "beta-vae", "input": "lyrics", "latent_dim": 2, "training": {"epochs": 4}}
TOLD = {**VAE, "model": "cvae", "condition": "genre"}
EXPERIMENT: dict[str, Any] = {
    "version": 1,
    "cells": [{"model": "raw", "input": "lyrics"}, VAE, {**VAE, "beta": 1e6, "warmup": 0}, TOLD],
    "clusterings": [
        {"algorithm": "kmeans", "n_clusters": ["labels:genre", "auto"], "n_init": 2},
        {"algorithm": "agglomerative", "n_clusters": 3, "space": ["latent", "pca2"]},
        {"algorithm": "dbscan", "eps": ["knee", 1e-9], "min_samples": 3},
    ],
    "lyrics": {"n_components": 4},
    "evaluation": {
        "permutations": 10,
        "bootstrap": 100,
        "labels": ["genre", "language", "language+genre"],
        "probes": ["genre", "language+genre"],
        "leave_out": {"label": "language", "target": "genre", "cells": ["raw*", "cvae*"]},
    },
    "seeds": 2,
    "figures": {"maps": []},
}
TABLES = ("language.csv", "probes.csv", "transfer.csv")

Run = Callable[..., musaic.Run]


def songs(languages: bool = True) -> pd.DataFrame:
    """Return songs of words alone, their language stated or left to be read from the words."""
    rows = [
        {
            "track_id": f"{language}-{n}",
            "language": language,
            "genre": ("pop", "लोक")[n % 2],
            "mood": ("أزرق", "glad")[n // 4],
        }
        | {"lyrics": " ".join(np.random.default_rng(n).permutation(words.split())) + f" {n}"}
        for language, words in WORDS.items()
        for n in range(8)
    ]
    table = pd.DataFrame(rows)
    return table if languages else table.drop(columns="language")


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("truth")

    def go(table: pd.DataFrame, out: Path, change: dict[str, Any] | None = None, **options: Any) -> musaic.Run:
        table.to_csv(folder / "songs.csv", index=False)
        experiment = {**EXPERIMENT, **(change or {})}
        options = {"corpus": folder / "songs.csv", "cache": folder / "cache", "workers": 0} | options
        return run(experiment, out=out, **options)

    return go


@pytest.fixture(scope="module")
def done(go: Run, tmp_path_factory: pytest.TempPathFactory) -> musaic.Run:
    return go(songs(), tmp_path_factory.mktemp("done") / "run")


def scores(found: musaic.Run) -> pd.DataFrame:
    return found.leaderboard.drop(columns="seconds")


def files(folder: Path) -> dict[str, bytes]:
    """Return what must be the same, whatever happened meanwhile."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and path.name not in ("timings.json", "leaderboard.csv", "environment.json", "experiment.yaml")
        and not path.name.startswith("leaderboard.")
    }


def test_the_order_of_songs_changes_no_score(go: Run, done: musaic.Run, tmp_path: Path) -> None:
    other = go(songs().sample(frac=1, random_state=5), tmp_path / "run")
    pd.testing.assert_frame_equal(scores(done), scores(other), check_exact=True)
    for name in TABLES:
        pd.testing.assert_frame_equal(pd.read_csv(done.path / name), pd.read_csv(other.path / name), check_exact=True)


def test_a_corpus_in_another_order_goes_on_where_it_was(go: Run, done: musaic.Run, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(done.path, tmp_path / "run"))
    for folder in ("probes", "language", "transfer", "choices"):
        shutil.rmtree(copy / folder)
    again = go(songs().iloc[::-1], copy)
    for name in TABLES:
        pd.testing.assert_frame_equal(pd.read_csv(done.path / name), pd.read_csv(again.path / name), check_exact=True)


def test_what_leaks_has_collapsed_or_is_noise_never_stands_first(done: musaic.Run) -> None:
    rows = done.leaderboard
    collapsed = rows["cell"].isin([cell["cell"] for cell in done.cells if cell["config"]["model"].get("beta") == 1e6])
    leaked = rows["cell"].str.startswith("cvae") & rows["label"].isin(["genre", "language+genre"])
    noise = rows["params"].str.contains("1e-09")
    assert min(collapsed.sum(), leaked.sum(), noise.sum()) > 0
    for kind, word in ((collapsed, "collapsed"), (leaked, "leaked"), (noise, "low coverage")):
        assert rows[kind]["rank"].isna().all()
        assert rows[kind]["remarks"].str.contains(word).all()
    ranked = rows["rank"].notna()
    assert ranked.iloc[0]
    assert not ranked[ranked.idxmin() :].any()  # none of them stands between those that are ranked
    told = pd.read_csv(done.path / "transfer.csv").set_index("cell")["leaked"]
    assert told[told.index.str.startswith("cvae")].all()
    assert not told[told.index.str.startswith("raw")].any()
    spoken = pd.read_csv(done.path / "language.csv").set_index("cell")
    assert (spoken["genre_leaked"] == spoken.index.str.startswith("cvae")).all()
    assert not spoken["language_leaked"].any()


def test_a_language_read_from_lyrics_is_marked_wherever_lyrics_are_read(go: Run, tmp_path: Path) -> None:
    change = {"cells": EXPERIMENT["cells"][:1], "evaluation": {"permutations": 5, "bootstrap": 100}}
    first = go(songs(languages=False), tmp_path / "a", change)
    assert first.tracks["language"].notna().sum() > 12
    elsewhere = {**change, "cells": [{"model": "raw", "input": f"run:{first.path}#raw-lyrics"}]}
    second = go(songs(languages=False), tmp_path / "b", elsewhere)
    for found in (first, second):
        rows = found.leaderboard
        assert rows[rows["label"] == "language"]["leaked"].all()
        probes = pd.read_csv(found.probes_file)
        assert (probes["leaked"] == (probes["label"] == "language")).all()
        assert pd.read_csv(found.language_file)["language_leaked"].all()


@pytest.mark.slow
def test_workers_change_no_byte(go: Run, done: musaic.Run, tmp_path: Path) -> None:
    assert files(go(songs(), tmp_path / "run", workers=2).path) == files(done.path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "lost",
    [
        ("spaces/*/*/pca2/config.json", "scores", "clusters/*/scores/*.parquet"),
        ("spaces/*/*/pca2.parquet", "clusters", "choices"),
        ("probes/*", "transfer/*/*", "language"),
        ("embeddings/*/*", "cards", "cells.json", "transfer/*"),
    ],
)
def test_what_a_kill_left_out_is_made_again(go: Run, done: musaic.Run, tmp_path: Path, lost: tuple[str, ...]) -> None:
    copy = Path(shutil.copytree(done.path, tmp_path / "run"))
    for path in [path for pattern in lost for path in copy.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    again = go(songs(), copy)
    assert {cell["status"] for cell in again.cells} == {"done"}
    assert files(copy) == files(done.path)


def test_clusterings_are_added_by_any_label_and_space_and_outlive_the_next_run(
    go: Run, done: musaic.Run, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(done.path, tmp_path / "run"))
    ask = [{"n_clusters": "labels:mood"}, {"n_clusters": 2, "space": "raw"}]
    more = [parse_config({"algorithm": "kmeans", **one}, "here") for one in ask]
    options = {"corpus": tmp_path / "songs.csv", "cache": tmp_path / "cache", "workers": 0}
    songs().to_csv(options["corpus"], index=False)
    first = scores(cluster(copy, more, **options))  # type: ignore[arg-type]
    assert first["params"].str.contains("labels:mood").sum() == 4 * 3
    assert set(first[first["space"] == "raw"]["model"]) == {"raw"}
    pd.testing.assert_frame_equal(scores(cluster(copy, more, **options)), first)  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(scores(go(songs(), copy)), first)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"algorithm": "vade"}, "vade can be had of no cell"),
        ({"algorithm": "kmeans", "n_clusters": ["labels:moods", 2]}, "a label 'moods'"),
        ({"algorithm": "kmeans", "cells": ["raww*"]}, "no cell of"),
    ],
)
def test_a_clustering_that_cannot_be_had_is_refused_and_not_kept(done: musaic.Run, asked: dict, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        cluster(done, [parse_config(asked, "here")])
    assert not done.added_file.exists()


def test_a_run_that_was_never_finished_says_so(done: musaic.Run, tmp_path: Path) -> None:
    shutil.copy(done.experiment_file, tmp_path)
    with pytest.raises(UsageError, match="end it with 'musaic run'"):
        cluster(tmp_path, [parse_config({"algorithm": "kmeans"}, "here")])


def test_latents_that_change_under_a_run_are_noticed_and_may_be_all_there_is(go: Run, tmp_path: Path) -> None:
    table = songs().drop(columns="lyrics").assign(audio=None)
    vectors = pd.DataFrame(np.random.default_rng(0).normal(size=(24, 3)), columns=["a", "b", "c"])
    file = tmp_path / "μ.parquet"
    vectors.assign(track_id=table["track_id"]).to_parquet(file)
    change = {"cells": [{"model": "raw", "input": f"latents:{file}", "labels_used": ["genre"]}]}
    found = go(table, tmp_path / "run", change)
    rows = found.leaderboard
    assert rows[~rows["params"].str.contains("eps")]["coverage"].eq(1).all()
    assert rows[rows["label"].str.contains("genre")]["leaked"].all()
    vectors.assign(track_id=table["track_id"]).iloc[::-1].to_parquet(file)
    go(table, tmp_path / "run", change)  # another order is no change
    (vectors + 1).assign(track_id=table["track_id"]).to_parquet(file)
    with pytest.raises(UsageError, match=r"latents:μ\.parquet has changed"):
        go(table, tmp_path / "run", change)


def test_what_two_songs_are_too_few_for_stops_nothing_else(go: Run, tmp_path: Path) -> None:
    ways = [{"algorithm": "kmeans", "n_clusters": 5, "space": ["latent", "umap2"]}]
    found = go(songs().iloc[[0, 9]], tmp_path / "run", {"cells": EXPERIMENT["cells"][:1], "clusterings": ways})
    assert [cell["status"] for cell in found.cells] == ["done"]
    assert set(found.leaderboard["space"]) == {"latent"}
