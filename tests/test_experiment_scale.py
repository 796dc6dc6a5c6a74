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
from musaic.experiment import run as run_experiment
from musaic.experiment.config import ComputeConfig
from musaic.experiment.crowds import limits_of
from musaic.listening.neighbours import neighbours
from musaic.listening.space import Space, read_space
from musaic.report import draw_report
from musaic.runs import Run

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


def made(folder: Path, compute: dict[str, Any], maps: list[str], out: str = "run") -> Run:
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
    kept = run.graph_file(cell["cell"], 0, "latent") if way == "graph" else run.micro_file(cell["cell"], 0, "latent")
    assert kept.is_file()
    page = draw_report(run.path).read_text(encoding="utf-8")
    assert "some clusterings are approximate" in page
    # what is missing is made again, of what was kept, with the same bytes
    run.report_file.unlink()
    before = files(run)
    for file in (run.map_file(cell["cell"], "tsne"), *run.path.glob("clusters/*/scores/*spectral*")):
        file.unlink()
    assert files(made(tmp_path, compute, ["tsne"])) == before


def test_few_tracks_leave_no_graph_and_nothing_is_approximate(tmp_path: Path) -> None:
    run = made(tmp_path, {}, [])
    assert not (run.path / "graphs").exists()
    assert run.leaderboard["approximation"].isna().all()


def test_a_graph_is_as_wide_as_any_clustering_asks_for() -> None:
    ask = [{"algorithm": "hdbscan", "min_cluster_size": [500, 5], "min_samples": 35}, {"algorithm": "spectral"}]
    configs = [parse_config(one) for one in ask]
    compute = ComputeConfig(exact_up_to=7, micro_above=9, micro_clusters=3)
    limits = limits_of(compute, configs)
    assert (limits.exact, limits.micro_above, limits.micro_clusters, limits.width) == (7, 9, 3, 35)
    assert limits_of(ComputeConfig(), []).width == 20


def test_neighbours_of_many_songs_come_from_the_graph_that_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from musaic.graph import neighbour_graph
    from musaic.runs.graphs import write_graph

    run = made(tmp_path, {}, [])
    cell = run.cells[0]["cell"]
    exact = read_space(run, cell)
    assert exact.graph is None
    latents = run.embedding(cell, 0)
    graph = neighbour_graph(latents.to_numpy(np.float64), 9)
    write_graph(run.graph_file(cell, 0, "latent"), list(latents.index), graph)
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
