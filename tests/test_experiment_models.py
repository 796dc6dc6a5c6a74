"""Models of frames, of several modalities and of labels as cells of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import musaic
from musaic.experiment.runner import run
from musaic.files import read_json, read_parquet
from songs import write_tree

QUICK = {"epochs": 2, "batch_size": 8}
CELLS = [
    {"model": "pca", "input": "mfcc", "n_frames": 4},
    {"model": "conv1d-vae", "input": "mfcc", "crop": 16, "latent_dim": 3, "training": QUICK},
    {"name": "joint", "model": "multimodal-vae", "input": ["mfcc", "lyrics"], "latent_dim": 2, "training": QUICK},
    {
        "name": "late",
        "model": "basic-vae",
        "input": ["statistics", "label:genre"],
        "fusion": {"kind": "late", "as_is": ["label:genre"], "weights": {"label:genre": 3.0}},
        "latent_dim": 2,
        "training": QUICK,
    },
    {"model": "cvae", "input": "statistics", "condition": "language", "latent_dim": 2, "training": QUICK},
]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> musaic.Run:
    folder = tmp_path_factory.mktemp("models")
    experiment = {
        "version": 1,
        "name": "models",
        "features": {"names": ["statistics", "descriptors"], "duration": 2.0},
        "cells": CELLS,
        "clusterings": [{"algorithm": "kmeans", "n_clusters": 3, "n_init": 1}],
        "evaluation": {"permutations": 10, "bootstrap": 100},
        "seeds": 1,
        "figures": {"maps": []},
    }
    return run(experiment, corpus=write_tree(folder / "songs"), out=folder / "run", cache=folder / "cache", workers=0)


def test_all_are_done_and_every_track_has_its_place(done: musaic.Run) -> None:
    assert [cell["status"] for cell in done.cells] == ["done"] * len(CELLS)
    for cell in done.cells:
        assert np.isfinite(done.embedding(cell["cell"]).to_numpy()).all()
        assert set(done.embedding(cell["cell"]).index) <= set(done.tracks["track_id"])


def test_labels_that_a_cell_was_given_or_told_are_leaked(done: musaic.Run) -> None:
    used = {cell["cell"].rpartition("-")[0]: cell["labels_used"] for cell in done.cells}
    assert used["late"] == ["genre"]
    assert used["cvae-statistics"] == ["language"]
    table = done.leaderboard.set_index(["cell", "label"])["leaked"]
    for cell in done.cells:
        for label in ("genre", "language"):
            assert table[cell["cell"], label] == (label in cell["labels_used"])


def test_a_label_taken_as_it_is_weighs_what_it_was_given(done: musaic.Run) -> None:
    latents = done.embedding("late").to_numpy()
    genres = done.tracks.set_index("track_id")["genre"].reindex(done.embedding("late").index)
    assert latents.shape[1] == 2 + genres.nunique()
    assert set(latents[:, 2:].sum(axis=1)) == {3.0}
    assert len(np.unique(latents[:, 2:], axis=0)) == genres.nunique()


def test_several_modalities_leave_joint_and_single_embeddings(done: musaic.Run) -> None:
    cell = done.find_cell("joint")
    joint = done.embedding("joint")
    lyrics = read_parquet(done.embedding_file(cell, 0, "lyrics")).set_index("track_id").reindex(joint.index)
    sound = read_parquet(done.embedding_file(cell, 0, "mfcc")).set_index("track_id").reindex(joint.index)
    has = done.tracks.set_index("track_id")["lyrics"].reindex(joint.index).notna()
    assert (lyrics.notna().all(axis=1) == has).all()
    assert has.any()
    silent = ~has
    np.testing.assert_allclose(sound[silent].to_numpy(), joint[silent].to_numpy(), atol=1e-5)


def test_what_latents_go_with_and_where_reconstruction_fails_is_written(done: musaic.Run) -> None:
    for cell in done.cells:
        found = read_parquet(done.associations_file(cell["cell"]))
        assert {"dim", "name", "association", "q_value", "seed"} <= set(found)
        assert {"genre", "tempo"} <= set(found["name"])
        if cell["model"] == "pca":
            continue
        errors = read_parquet(done.errors_file(cell["cell"], 0))
        assert set(errors["track_id"]) == set(done.embedding(cell["cell"]).index)
        by_label = read_parquet(done.errors_by_label_file(cell["cell"]))
        assert set(by_label["name"]) == {"genre", "language"}
        assert (by_label["mean"] > 0).all()


def test_a_history_has_the_parts_of_the_bound(done: musaic.Run, tmp_path: Path) -> None:
    cell = done.find_cell("conv1d-vae-mfcc")
    header = (done.model_folder(cell, 0) / "history.csv").read_text().splitlines()[0].split(",")
    assert {"epoch", "loss", "reconstruction", "kl", "val_loss", "beta", "learning_rate", "kl_002"} <= set(header)
    assert len(read_json(done.model_folder(cell, 0) / "config.json")["fitted"]["kl_per_dimension"]) == 3
