"""Several processes of one machine train one cell together, as an experiment file asks for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from musaic.errors import MusaicError, UsageError
from musaic.experiment.runner import run
from musaic.experiment.together import together
from songs import write_tree
from test_experiment_run import fingerprint

ONE = {
    "version": 1,
    "name": "devices",
    "cells": [
        {
            "model": "basic-vae",
            "input": "statistics",
            "latent_dim": 2,
            "input_noise": 0.0,  # each process draws its own
            "network": {"widths": [8], "dropout": 0.0},
            "training": {"epochs": 4, "batch_size": 9, "precision": "float32"},
        },
        {"model": "pca", "input": "statistics"},
    ],
    "clusterings": [{"algorithm": "kmeans", "n_clusters": 2, "n_init": 2}],
    "evaluation": {"permutations": 20, "bootstrap": 100},
    "seeds": 1,
    "figures": {"maps": ["tsne"]},
}
TWO = ONE | {"compute": {"devices": 2}}


@pytest.mark.slow
def test_a_cell_trained_by_two_processes(tmp_path: Path) -> None:
    songs = write_tree(tmp_path / "songs", per_cell=3, seconds=1.0)
    folders = {}
    for name, experiment in (("one", ONE), ("two", TWO), ("again", TWO)):
        folders[name] = run(experiment, corpus=songs, out=tmp_path / name, cache=tmp_path / "cache", workers=1)
        assert [cell["status"] for cell in folders[name].cells] == ["done", "done"]
    assert fingerprint(folders["two"].path) == fingerprint(folders["again"].path)
    for cell in folders["one"].cells:
        one, two = (pd.read_parquet(folders[name].embedding_file(cell["cell"], 0)) for name in ("one", "two"))
        assert list(one["track_id"]) == list(two["track_id"])
        values = [table.filter(regex="^z_").to_numpy() for table in (one, two)]
        np.testing.assert_allclose(*values, rtol=1e-2, atol=1e-3)


def test_a_launcher_around_a_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "somebody")
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(UsageError, match=r"leave torchrun out, and set compute\.devices to 4"):
        run(ONE, corpus=tmp_path, out=tmp_path / "run")


def stumble(rank_told: str) -> float:
    import os

    if os.environ["RANK"] == rank_told:
        raise ValueError("this one cannot")
    return 1.0


def vanish(rank_told: str) -> float:
    import os

    if os.environ["RANK"] == rank_told:
        os._exit(3)
    return 1.0


@pytest.mark.slow
def test_one_that_fails_ends_all() -> None:
    assert together(stumble, "none", 2) == 1.0
    with pytest.raises(MusaicError, match="this one cannot"):
        together(stumble, "1", 2)
    with pytest.raises(MusaicError, match="a process that trained with others died"):
        together(vanish, "1", 2)
