"""A run of many tracks goes the way of a run of few: what stands in for all distances is found once, kept, and said.

The limits are tiny here, so that two hundred tracks are many.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from musaic.clustering.registry import parse_config
from musaic.errors import UsageError
from musaic.experiment import run as run_experiment
from musaic.experiment.config import ComputeConfig
from musaic.experiment.crowds import limits_of
from musaic.files import read_json
from musaic.graph import neighbour_graph
from musaic.listening.neighbours import neighbours
from musaic.listening.space import Space, read_space
from musaic.report import draw_report
from musaic.report.limits import limits
from musaic.report.reading import Results
from musaic.runs import Run
from musaic.runs.graphs import write_graph

N, K = 200, 4
ON_GRAPH = {"exact_up_to": 120}
ON_CENTRES = {"exact_up_to": 120, "micro_above": 130, "micro_clusters": 80}


def corpus(folder: Path) -> tuple[Path, Path]:
    """Write a table of tracks without sound, and a file of their latents in another order; genre is the group."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, K, N)
    Z = 12 * rng.normal(size=(K, 6))[group] + rng.normal(size=(N, 6))
    ids = [f"গান/أغنية {row:03d}.mp3" for row in range(N)]
    table = {
        "track_id": ids,
        "audio": "",
        "genre": [f"g{one}" for one in group],
        "language": rng.choice(["ar", "bn"], N),
    }
    pd.DataFrame(table).to_csv(folder / "songs.csv", index=False)
    order = rng.permutation(N)
    columns = {f"z_{dim}": Z[order, dim] for dim in range(6)}
    pd.DataFrame({"track_id": np.array(ids)[order], **columns}).to_parquet(folder / "z.parquet")
    return folder / "songs.csv", folder / "z.parquet"


def made(folder: Path, compute: dict[str, Any], maps: list[str], out: str = "run", **changed: Any) -> Run:
    songs, vectors = corpus(folder)
    experiment = {
        "name": "many",
        "cells": [{"model": "raw", "input": f"latents:{vectors}", "scaling": "none"}],
        "clusterings": [
            {"algorithm": "spectral", "n_clusters": K},
            {"algorithm": "agglomerative", "n_clusters": K, "linkage": ["ward", "average"]},
            {"algorithm": "hdbscan"},
            {"algorithm": "dbscan"},
            {"algorithm": "gmm", "n_clusters": K},
        ],
        "evaluation": {"permutations": 20},
        "seeds": 1,
        "figures": {"maps": maps},
        "compute": compute,
        **changed,
    }
    return run_experiment(experiment, corpus=songs, out=folder / out, workers=0)


def files(run: Run) -> dict[str, bytes]:
    told = ("timings.json", "environment.json", "leaderboard.", "experiment.yaml")
    paths = [path for path in run.path.rglob("*") if path.is_file() and not path.name.startswith(told)]
    return {str(path.relative_to(run.path)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("way", [pytest.param("graph", marks=pytest.mark.slow), "centres"])
def test_known_groups_are_found_kept_and_said_to_be_approximate(tmp_path: Path, way: str) -> None:
    compute = ON_GRAPH if way == "graph" else ON_CENTRES
    run = made(tmp_path, compute, ["tsne"])
    (cell,) = run.cells
    assert cell["status"] == "done", cell["reason"]
    genre = run.tracks.set_index("track_id")["genre"]
    for clustering in cell["clusterings"]:
        clusters = run.clusters(cell["cell"], clustering["id"])["cluster"]
        known = clusters[clusters >= 0]
        assert len(known) > 0.6 * N, clustering
        assert adjusted_rand_score(genre[known.index], known) > 0.97, clustering
    board = run.leaderboard
    assert board["approximation"].notna().all()
    assert board["approximation"].str.contains("recall|micro-clusters|drawn at random").all()
    kept = (
        run.graph_file(cell["cell"], 0, "latent", 20) if way == "graph" else run.micro_file(cell["cell"], 0, "latent")
    )
    assert kept.is_file()
    page = draw_report(run.path).read_text(encoding="utf-8")
    assert "some clusterings are approximate" in page
    # what is missing is made again, of what was kept, with the same bytes
    run.report_file.unlink()
    before = files(run)
    for file in (run.map_file(cell["cell"], "tsne"), *run.path.glob("clusters/*/scores/*spectral*")):
        file.unlink()
    assert files(made(tmp_path, compute, ["tsne"])) == before


def test_what_maps_and_spaces_share_is_found_before_them(tmp_path: Path) -> None:
    kmeans = [{"algorithm": "kmeans", "n_clusters": K}]
    run = made(tmp_path, ON_CENTRES, ["tsne"], clusterings=kmeans)
    (cell,) = run.cells
    assert read_json(run.timings_file)[cell["cell"]].keys() >= {"neighbours-latent-0", "tsne"}
    assert run.micro_file(cell["cell"], 0, "latent").is_file()
    assert run.leaderboard["approximation"].isna().all()  # K-Means compares no pairs
    assert any("maps are approximate: tsne of" in sentence for sentence in limits(Results(run.path)))


@pytest.mark.slow
def test_spaces_of_one_base_are_made_of_one_graph_and_say_so(tmp_path: Path) -> None:
    spaces = ["umap2", "umap3", "umap2-of-raw", "umap3-of-raw"]
    kmeans = [{"algorithm": "kmeans", "n_clusters": K, "space": spaces}]
    run = made(tmp_path, ON_GRAPH, ["tsne", "umap"], clusterings=kmeans)
    (cell,) = run.cells
    assert cell["status"] == "done", cell["reason"]
    timings = list(read_json(run.timings_file)[cell["cell"]])
    for space in spaces:
        base = "raw" if "raw" in space else "latent"
        assert timings.index(f"neighbours-{base}-0") < timings.index(f"{space}-0")
    assert {file.stem for file in run.path.glob("graphs/*/seed-0/*")} == {"latent-20", "raw-20"}
    board = run.leaderboard
    assert board["approximation"].str.contains("UMAP of a graph of neighbours").all()
    assert "(recall" in run.map(cell["cell"], "umap")["note"].iloc[0]


def test_what_is_told_of_many_tracks_is_told_of_each_clustering_and_only_of_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(tmp_path, {}, [], clusterings=[{"algorithm": "kmeans", "n_clusters": [K, K + 1]}])
    assert not any("With so many songs" in sentence for sentence in limits(Results(run.path)))
    board = pd.read_csv(run.leaderboard_file, keep_default_na=False)
    board["approximation"] = ["one way", "another way"] * (len(board) // 2)
    board.to_csv(run.leaderboard_file, index=False)
    monkeypatch.setattr("musaic.report.limits.SAMPLE", N - 1)
    (told,) = (sentence for sentence in limits(Results(run.path)) if "With so many songs" in sentence)
    assert "kmeans (one way), kmeans (another way)" in told
    assert "probes and neighbours across languages were taken of samples" in told
    assert "silhouettes" not in told
    cell = run.cells[0]["cell"]
    latents = run.embedding(cell, 0)
    write_graph(run.graph_file(cell, 0, "latent", 5), list(latents.index), neighbour_graph(latents.to_numpy(), 5))
    assert any("neighbours of a song are those of its graph" in sentence for sentence in limits(Results(run.path)))


@pytest.mark.parametrize("policy", ["keep", "nearest"])
def test_noise_is_settled_once_and_what_is_approximated_said(tmp_path: Path, policy: str) -> None:
    hdbscan = [{"algorithm": "hdbscan", "min_cluster_size": 50}]  # one of the groups has fewer
    asked = {"noise_policy": policy, "permutations": 20}
    run = made(tmp_path, ON_CENTRES, [], clusterings=hdbscan, evaluation=asked)
    board = run.leaderboard
    assert (board["coverage"] < 1).all()
    sizes = board["sizes"].astype(str).str.split().map(lambda sizes: sum(map(int, sizes)))
    assert (sizes == N).all() == (policy == "nearest")
    told = board["approximation"].str.contains("noise went to the nearest micro-cluster")
    assert told.all() == (policy == "nearest")


def test_no_more_centres_can_be_asked_for_than_can_be_compared() -> None:
    with pytest.raises(UsageError, match=r"micro_clusters.*less than or equal to 20000, not 20001"):
        ComputeConfig.parse({"micro_clusters": 20_001})


def test_few_tracks_leave_no_graph_and_nothing_is_approximate(tmp_path: Path) -> None:
    run = made(tmp_path, {}, [])
    assert not (run.path / "graphs").exists()
    assert run.leaderboard["approximation"].isna().all()


def test_a_graph_is_as_wide_as_any_clustering_reads_and_a_size_of_clusters_is_no_width() -> None:
    ask = [{"algorithm": "hdbscan", "min_cluster_size": [500, 5], "min_samples": 35}, {"algorithm": "spectral"}]
    for settings in ({"min_cluster_size": 500}, {"min_samples": 200}):
        wide = parse_config({"algorithm": "hdbscan", **settings})
        assert limits_of(ComputeConfig(), [wide]).width == 50
    assert limits_of(ComputeConfig(), [parse_config({"algorithm": "dbscan", "min_samples": 60})]).width == 60
    configs = [parse_config(one) for one in ask]
    compute = ComputeConfig(exact_up_to=7, micro_above=9, micro_clusters=3)
    limits = limits_of(compute, configs)
    assert (limits.exact, limits.micro_above, limits.micro_clusters, limits.width) == (7, 9, 3, 35)
    assert limits_of(ComputeConfig(), []).width == 20


def test_neighbours_of_many_songs_come_from_the_graph_that_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(tmp_path, {}, [])
    cell = run.cells[0]["cell"]
    exact = read_space(run, cell)
    assert exact.graph is None
    latents = run.embedding(cell, 0)
    graph = neighbour_graph(latents.to_numpy(np.float64), 9)
    write_graph(run.graph_file(cell, 0, "latent", 9), list(latents.index), graph)
    write_graph(run.graph_file(cell, 0, "latent", 4), list(latents.index), neighbour_graph(latents.to_numpy(), 4))
    write_graph(run.graph_file(cell, 0, "latent-of-another", 12), list(latents.index), graph)
    assert [file.stem for file in run.graph_files(cell, 0, "latent")] == ["latent-9", "latent-4"]
    monkeypatch.setattr("musaic.listening.space.EXACT", 50)
    space = read_space(run, cell)
    assert space.graph is not None
    song = str(space.track_ids[17])
    for among in (None, list(space.track_ids[::2])):
        for k in (3, 8, 40):
            found = neighbours(run, cell, song, k, among=among)
            true = _nearest(exact, song, k, among)
            pd.testing.assert_frame_equal(found, true)


def _nearest(space: Space, song: str, k: int, among: list[str] | None) -> pd.DataFrame:
    allowed = space.among(among)
    row = space.row(song)
    allowed[row] = False
    rows, distances = space.nearest(space.Z[row].astype(np.float64), k, allowed=allowed)
    return pd.DataFrame({"track_id": space.track_ids[rows], "distance": distances})
