"""A small run folder with everything that is exported, its rows shuffled differently in every file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from fake_run import make_run
from musaic.exports.tracked import OF_CLUSTERING
from musaic.runs import Run

TITLES = [
    "أغنية الصباح",
    "আমার সোনার বাংলা",
    "वन्दे मातरम्",
    '=HYPERLINK("http://example.invalid","x")',
    "tab\tin it",
    'two\nlines, "quoted"',
    "'=1+1",
    "+1",
    "-1",
    "@a",
    " ",
    "\u202egnp.3pm",
]
PCA, VAE, COLLAPSED, LEAKED = (
    "pca-statistics-0",
    "basic-vae-statistics-0",
    "basic-vae-lyrics",
    "basic-vae-statistics+lyrics",
)
LOST = 7
"""The number of the track that the first cell was not made with."""


def make_exported(folder: Path, *, order: int = 0, n: int = 30) -> Run:
    """Write a run; ``order`` is the seed of the order of rows in its files, and changes nothing else."""
    make_run(folder, n=n, hostile=True, rich=False, failed=True)
    run = Run.open(folder)
    tracks = pd.read_parquet(run.tracks_file)
    tracks["title"] = [TITLES[i % len(TITLES)] for i in range(n)]
    tracks["مزاج"] = [None if i % 5 == 0 else f"هادئ {i % 3}" for i in range(n)]
    tracks["lyrics"] = "line one\nline two"
    tracks.to_parquet(run.tracks_file, index=False)
    rng = np.random.default_rng(1)
    shuffle = np.random.default_rng(order)
    ids = tracks["track_id"].to_numpy()
    for cell in run.cells:
        if cell["status"] != "done":
            continue
        for seed in cell["seeds"]:
            Z = pd.DataFrame(rng.normal(size=(n, 4)).astype(np.float32), columns=[f"z_{d:03d}" for d in range(4)])
            variances = {f"var_{d:03d}": rng.gamma(1, size=n).astype(np.float32) for d in range(4)}
            table = pd.DataFrame({"track_id": ids, "split": "train"}).join(Z)
            table = table.assign(**variances) if cell["model"] == "basic-vae" else table
            table = table.drop(index=[LOST]) if cell["cell"].startswith(PCA) else table
            _write(run.embedding_file(cell["cell"], seed), table, shuffle)
            for clustering in cell["clusterings"]:
                file = run.clusters_file(cell["cell"], seed, clustering["id"])
                _write(file, pd.read_parquet(file).sort_values("track_id"), shuffle)
        for method in ("umap", "tsne"):
            file = run.map_file(cell["cell"], method)
            if file.is_file():
                _write(file, pd.read_parquet(file).sort_values("track_id"), shuffle)
    space = pd.DataFrame(rng.normal(size=(n, 3)).astype(np.float32), columns=["r_000", "r_001", "r_002"])
    _write(run.reference_file, pd.DataFrame({"track_id": ids}).join(space), shuffle)
    board = run.leaderboard
    inner = [name for name in OF_CLUSTERING if name in board and name not in ("n_clusters", "coverage")]
    # clusterings have one silhouette, whatever the label of a row
    board[inner] = board.groupby(["cell", "clustering_id"])[inner].transform("first")
    board.to_csv(run.leaderboard_file, index=False)
    scores = [board.assign(seed=seed).drop(columns=["seeds", "seconds"]) for seed in (0, 1)]
    kept = [name for name in scores[0] if not name.endswith("_sd")]
    pd.concat(scores, ignore_index=True)[kept].to_parquet(run.scores_file, index=False)
    (folder / "figures").mkdir(exist_ok=True)
    for cell in run.cells:
        (folder / "figures" / f"training-{cell['cell']}.png").write_bytes(b"\x89PNG one")
    (folder / "figures" / "grid.png").write_bytes(b"\x89PNG all")
    return Run.open(folder)


def _write(file: Path, table: pd.DataFrame, rng: np.random.Generator) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    table.iloc[rng.permutation(len(table))].to_parquet(file, index=False)


def set_cell(run: Run, cell: str, **said: object) -> Run:
    """Return the run with something else said of one of its cells."""
    data = json.loads(run.cells_file.read_text("utf-8"))
    next(one for one in data["cells"] if one["cell"].startswith(cell)).update(said)
    run.cells_file.write_text(json.dumps(data), "utf-8")
    return Run.open(run.path)
