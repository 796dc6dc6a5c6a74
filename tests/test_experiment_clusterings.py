"""Every clustering of a run: placed again after loading, added later, never credited to what had no part in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import musaic
from musaic.cli import invoke
from musaic.clustering import CLUSTERERS, SpacedClusterer
from musaic.clustering.registry import parse_config
from musaic.errors import UsageError
from musaic.experiment.clusters import cluster
from musaic.experiment.runner import run
from musaic.experiment.spaces import LATENT, RAW, read_points
from musaic.runs.state import load_state
from songs import write_tree

VADE = {
    "model": "vade",
    "input": "statistics",
    "latent_dim": 2,
    "training": {"epochs": 2},
    "prior": {"kind": "mixture", "n_clusters": 3, "n_init": 1, "hold": 1, "pretraining": 1},
}
EXPERIMENT = {
    "version": 1,
    "name": "every",
    "cells": [
        {"phase": "baselines", "model": {"grid": ["raw", "pca"]}, "input": "statistics"},
        {"phase": "models", **VADE},
        {"phase": "models", "model": "pca", "input": "statistics", "name": "told", "labels_used": ["genre"]},
    ],
    "clusterings": [
        {"algorithm": "kmeans", "n_clusters": [3, "labels:genre"], "space": ["latent", "raw", "pca4"]},
        {"algorithm": "agglomerative", "n_clusters": 3, "linkage": ["ward", "average"]},
        {"algorithm": "agglomerative", "n_clusters": None, "distance_threshold": 8.0},
        {"algorithm": "dbscan", "eps": ["knee", 1e-9], "min_samples": 3},
        {"algorithm": "hdbscan", "min_cluster_size": 3},
        {"algorithm": "gmm", "n_clusters": 2},
        {"algorithm": "spectral", "n_clusters": 2, "n_neighbors": 4},
        {"algorithm": "vade"},
    ],
    "evaluation": {
        "permutations": 20,
        "bootstrap": 100,
        "leave_out": {"label": "language", "cells": ["pca*"]},
    },
    "seeds": 2,
    "figures": {"maps": []},
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> musaic.Run:
    folder = tmp_path_factory.mktemp("every")
    corpus = write_tree(folder / "songs")
    return run(EXPERIMENT, corpus=corpus, out=folder / "run", cache=folder / "cache", workers=0)


def clusterings(done: musaic.Run) -> list[tuple[dict, dict]]:
    return [(cell, clustering) for cell in done.cells for clustering in cell["clusterings"]]


def test_all_algorithms_are_there(done: musaic.Run) -> None:
    assert {cell["status"] for cell in done.cells} == {"done"}
    assert {clustering["algorithm"] for _, clustering in clusterings(done)} == set(CLUSTERERS)


def test_after_loading_every_song_has_the_label_it_had(done: musaic.Run) -> None:
    for cell, clustering in clusterings(done):
        for seed in cell["seeds"]:
            name = cell["cell"]
            latents = read_points(done, name, seed, LATENT)
            raw = done.space_file(name, seed, RAW)
            inputs = read_points(done, name, seed, RAW).loc[latents.index].to_numpy() if raw.exists() else None
            folder = done.clusterer_folder(name, seed, clustering["id"])
            clusterer = SpacedClusterer.from_state(*load_state(folder, name="clusterer"))
            found = clusterer.assign(latents.to_numpy(), inputs)
            kept = done.clusters(name, clustering["id"], seed).loc[latents.index]
            np.testing.assert_array_equal(found.labels, kept["cluster"], err_msg=f"{name} {clustering}")
            np.testing.assert_allclose(found.confidence, kept["confidence"])


def test_the_curve_that_is_drawn_is_the_one_that_eps_was_read_from(done: musaic.Run, tmp_path: Path) -> None:
    from musaic.report.knee import knee_figure, undrawn
    from musaic.report.plotting import style
    from musaic.report.reading import Results

    results = Results(Path(shutil.copytree(done.path, tmp_path / "run")))
    for cell in results.done:
        [kept] = [
            table
            for c in cell.clusterings
            if c["algorithm"] == "dbscan"
            if (table := results.choice(cell, c)) is not None
        ]
        results.run.embedding_file(cell.name, cell.seeds[0]).unlink()  # nothing is left to find distances from
        with style():
            figure = knee_figure(results, cell)
        assert figure is not None
        curve, *points = figure.axes[0].get_lines()
        np.testing.assert_array_equal(curve.get_ydata(), kept["score"])
        assert np.asarray(curve.get_xdata())[-1] == 100
        knee = next(point for point in points if point.get_marker() == "o")
        assert np.asarray(knee.get_ydata()) == kept.loc[kept["chosen"], "score"].iloc[0]
    assert not undrawn(results)


def test_distances_of_too_many_songs_are_not_found_again(done: musaic.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from musaic.report import knee
    from musaic.report.limits import limits
    from musaic.report.reading import Results

    results = Results(done.path)
    given = "drawn only where DBSCAN’s eps was read from them"
    for cell in results.done:  # as if eps had been given as a number alone
        cell.data["clusterings"] = [c for c in cell.clusterings if "1e-09" in str(c["params"])]
    cell = results.done[0]
    assert knee.knee_figure(results, cell) is not None
    assert given not in " ".join(limits(results))
    monkeypatch.setattr(knee, "MOST_SONGS", len(results.tracks) - 1)
    assert knee.knee_figure(results, cell) is None
    assert given in " ".join(limits(results))


def test_what_leaks_or_leaves_most_songs_out_is_never_ranked(done: musaic.Run) -> None:
    rows = done.leaderboard
    ranked = rows[rows["rank"].notna()]
    assert len(ranked)
    assert not ranked["leaked"].any()
    assert (ranked["coverage"] >= 0.5).all()
    told = rows[rows["cell"].str.startswith("told")]
    assert set(told[told["label"] == "genre"]["remarks"].str.contains("leaked")) == {True}
    nothing = rows[rows["params"].str.contains("1e-09")]
    assert len(nothing)
    assert nothing["rank"].isna().all()
    assert rows["rank"].iloc[0] == 1


def test_inputs_are_clustered_once_and_for_a_baseline(done: musaic.Run) -> None:
    rows = done.leaderboard
    assert set(rows[rows["space"].isin(["raw", "pca4"])]["model"]) == {"raw"}


def test_questions_and_transfer_are_answered_for_every_cell(done: musaic.Run) -> None:
    cells = {cell["cell"] for cell in done.cells}
    language, probes, transfer = (
        pd.read_csv(file) for file in (done.language_file, done.probes_file, done.transfer_table_file)
    )
    assert set(language["cell"]) == set(probes["cell"]) == cells
    assert {"language_nmi", "language_nmi_sd", "across_1", "across_1_chance"} <= set(language)
    assert set(probes["label"]) == {"genre", "language"}
    assert set(probes[probes["leaked"]]["cell"]) == {cell for cell in cells if cell.startswith("told")}
    assert set(transfer["left_out"]) == {"arabic", "bangla", "hindi"}
    assert transfer["seeds"].eq(2).all()
    assert transfer["n"].eq(8).all()


def test_every_best_clustering_has_its_cards(done: musaic.Run) -> None:
    for cell, rows in done.leaderboard.groupby("cell", sort=False):
        assert done.cards_file(cell, rows["clustering_id"].iloc[0]).exists()


def test_clusterings_are_added_and_nothing_is_trained_again(done: musaic.Run, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(done.path, copy)
    models = {file: file.stat().st_mtime_ns for file in (copy / "models").rglob("*") if file.is_file()}
    before = musaic.open_run(copy).leaderboard
    more = parse_config({"algorithm": "kmeans", "n_clusters": [4, 5], "cells": ["pca*"]}, "here")
    after = cluster(copy, [more], workers=0).leaderboard
    new = after[~after["clustering_id"].isin(before["clustering_id"])]
    assert set(new["cell"].str.rpartition("-")[0]) == {"pca-statistics"}
    assert sorted(set(new["n_clusters"])) == [4, 5]
    assert len(after) == len(before) + len(new)
    assert {file: file.stat().st_mtime_ns for file in models} == models
    again = cluster(copy, [more], workers=0)
    pd.testing.assert_frame_equal(again.leaderboard.drop(columns="seconds"), after.drop(columns="seconds"))
    with pytest.raises(UsageError, match="no cell of"):
        cluster(copy, [parse_config({"algorithm": "kmeans", "cells": ["cpa*"]}, "here")])


def test_a_phase_can_be_run_alone(done: musaic.Run, tmp_path: Path) -> None:
    corpus, cache = done.path.parent / "songs", done.path.parent / "cache"
    only = run(EXPERIMENT, corpus=corpus, out=tmp_path / "run", cache=cache, workers=0, phases=["models"])
    assert {cell["cell"] for cell in only.cells if cell["status"] == "done"} >= {
        cell["cell"] for cell in done.cells if cell["phase"] == "models"
    }
    with pytest.raises(UsageError, match="no phase 'modles', did you mean 'models'"):
        run(EXPERIMENT, corpus=corpus, out=tmp_path / "other", cache=cache, phases=["modles"])


def test_a_plan_says_what_would_be_done_and_does_nothing(
    done: musaic.Run, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    corpus = done.path.parent / "songs"
    code = invoke(
        ["run", str(done.experiment_file), "--corpus", str(corpus), "--out", str(tmp_path / "r"), "--dry-run"]
    )
    told = capsys.readouterr().out
    assert code == 0
    assert not (tmp_path / "r").exists()
    assert all(cell["cell"] in told for cell in done.cells)
    assert "24 tracks, 24 with sound; 4 cells, 14 fits" in told  # three languages are left out of one of them
