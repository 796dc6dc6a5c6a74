"""Run folders as the experiment writes them, made up from nothing, to look at reports of every kind of run."""

from __future__ import annotations

import json
import os
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from musaic.evaluation.ranking import rank
from musaic.models import parse_config

LANGUAGES = ["العربية", "বাংলা", "English", "हिन्दी", "Español"]
GENRES = ["folk", "موسيقى شعبية", "রবীন্দ্রসঙ্গীত", "शास्त्रीय संगीत", "flamenco · canción", "rock", "Łódź jazz"]
TITLES = ["Title", "أغنية الصباح", "আমার সোনার বাংলা", "वन्दे मातरम्"]
HOSTILE = "</script><img src=x onerror=alert(1)>"
SCORES = ["silhouette", "calinski_harabasz", "davies_bouldin", "ari", "ami", "nmi", "purity"]
COLUMNS = [
    *[
        "cell",
        "model",
        "input",
        "modality",
        "clustering",
        "params",
        "space",
        "n_clusters",
        "label",
        "n_labelled",
        "seeds",
    ],
    *[name + end for name in SCORES for end in ("", "_sd")],
    *["silhouette_ref", "calinski_harabasz_ref", "davies_bouldin_ref", "ari_chance", "nmi_chance", "majority"],
    *["coverage", "noise_policy", "stability", "labels_used", "leaked", "collapsed", "active_units", "seconds"],
    *["clustering_id", "ami_chance", "purity_chance", "p_value", "sizes", "silhouette_sampled"],
]


def make_run(
    folder: Path,
    *,
    n: int = 120,
    labels: bool = True,
    hostile: bool = False,
    n_genres: int | None = None,
    trained: bool = True,
    failed: bool = True,
    verdict: bool = True,
    maps: bool = True,
    models: tuple[str, ...] = ("pca", "raw", "basic-vae"),
    rich: bool = False,
    svg: bool = False,
    seed: int = 0,
) -> Path:
    """Write a run folder and return it; joins by position instead of by ``track_id`` come out visibly wrong."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    tracks = _tracks(rng, n, labels=labels, hostile=hostile, n_genres=n_genres)
    tracks.to_parquet(folder / "tracks.parquet", index=False)
    tracks[["track_id"]].assign(tempo=120.0).to_parquet(folder / "descriptors.parquet", index=False)
    cells = [cell for cell in _cells(n, trained=trained, failed=failed, labels=labels) if cell["model"] in models]
    if rich:
        _more_clusterings(next(cell for cell in cells if cell["model"] == "basic-vae"), n)
    for place, cell in enumerate(cells):
        if cell["status"] == "done":
            _cell_files(folder, cell, tracks, np.random.default_rng((seed, place)), maps=maps)
    _json(folder / "cells.json", {"cells": cells})
    if rich:
        _decoded(folder, next(cell for cell in cells if cell["model"] == "basic-vae"), tracks, rng)
    board = _leaderboard(cells, tracks, labels=labels, rng=rng)
    if rich and labels:
        for score in ("ami", "nmi", "ari"):
            board[f"{score}_low"], board[f"{score}_high"] = board[score] - 0.03, board[score] + 0.05
    board.to_csv(folder / "leaderboard.csv", index=False)
    (folder / "leaderboard.md").write_text(
        "# Leaderboard\n\nPCA is ahead; the VAE does not beat it.\n\n| cell |\n|---|\n", "utf-8"
    )
    if verdict:
        sentence = "At equal input and k, the best VAE does not beat PCA on genre (AMI .31 against .33, −.06 to .02)."
        _json(folder / "verdict.json", {"sentence": sentence})
    (folder / "experiment.yaml").write_text(
        f"version: 1\nname: {'x' if not hostile else json.dumps(HOSTILE)}\nseeds: [0, 1]\n"
        + ("figures: {formats: [png, svg]}\n" if svg else ""),
        "utf-8",
    )
    libraries = {"torch": "2.13.0", "matplotlib": "3.11.2"}
    environment = {"musaic": "0.1.0", "python": "3.11.2", "platform": "Linux x86_64", "libraries": libraries}
    _json(
        folder / "environment.json",
        {**environment, "corpus_root": "../music", "corpus_notes": ["genre: 'Rock' read as 'rock' (3)"]},
    )
    _json(folder / "timings.json", {})
    return folder


def place_song(run: Path, cell: str, file: Path, *, latent: np.ndarray, track_id: str, **said: Any) -> None:
    """Keep a song in a run as `musaic assign` does: in cluster 0 of a cell's clusterings, at (0, 0) of its map."""
    from musaic.files import content_id, write_parquet

    entry = next(one for one in json.loads((run / "cells.json").read_text("utf-8"))["cells"] if one["cell"] == cell)
    content = content_id(file)
    facts = {"track_id": track_id, "content_id": content, "audio": os.path.relpath(file, run), "status": "ok"}
    facts |= {"duration": 2.0, "start": 0.0, "seconds": 2.0, "title": None, "artist": None, "labels": "{}", **said}
    where = {"cell": cell, "seed": 0, "x_umap": 0.0, "y_umap": 0.0, "x_tsne": np.nan, "y_tsne": np.nan}
    rows = [
        {
            **facts,
            **where,
            "clustering": one["id"],
            "cluster": 0,
            "confidence": 0.5,
            "latent": latent.astype(np.float32),
        }
        for one in entry["clusterings"]
    ]
    write_parquet(run / "assigned" / f"{content}.parquet", pd.DataFrame(rows).astype({"cluster": "Int64"}))


def _json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2), "utf-8")


def _tracks(rng: np.random.Generator, n: int, *, labels: bool, hostile: bool, n_genres: int | None) -> pd.DataFrame:
    genres = GENRES if n_genres is None else [f"genre number {i:02d}" for i in range(n_genres)]
    genre = [genres[i] for i in rng.integers(0, len(genres), n)]
    language = [LANGUAGES[i] for i in rng.integers(0, len(LANGUAGES), n)]
    ids = [f"{language[i]}/{genre[i]}/{i:05d}.mp3" for i in range(n)]
    table = pd.DataFrame(
        {
            "track_id": ids,
            "audio": [name if i % 9 else None for i, name in enumerate(ids)],
            "lyrics": ["la la" if i % 4 else None for i in range(n)],
            "lyrics_source": [name.replace(".mp3", ".txt") if i % 4 else None for i, name in enumerate(ids)],
            "lyrics_status": ["ok" if i % 4 else ("missing" if i % 8 else "no-words") for i in range(n)],
            "lyrics_reason": [None if i % 8 else "nothing but <b>emoji</b>" for i in range(n)],
            "title": [f"{TITLES[i % len(TITLES)]} {i}" for i in range(n)],
            "artist": [f"Artist {i % 7}" for i in range(n)],
            "language": language if labels else None,
            "genre": [value if i % 17 else None for i, value in enumerate(genre)] if labels else None,
            "group": None,
            "status": "ok",
            "reason": None,
            "content_id": [f"{i:032x}" for i in range(n)],
            "duration": rng.uniform(20, 200, n),
        }
    )
    broken = {
        1: ("unreadable", "the file is cut short after 3 s"),
        2: ("silent", "every sample is zero"),
        3: ("empty", "0 bytes"),
    }
    for row, (status, reason) in broken.items():
        if row < n:
            table.loc[row, ["status", "reason"]] = [status, reason]
    if hostile and n > 5:
        table.loc[5, "track_id"] = f"{HOSTILE}/5\n\u202egnp.mp3"
        table.loc[5, ["title", "audio", "status", "reason"]] = [
            HOSTILE,
            f"{HOSTILE}/5\n\u202egnp.mp3",
            "unreadable",
            f"bad: {HOSTILE}",
        ]
        if labels:
            table.loc[[5, 6, 7], "genre"] = [HOSTILE, "_hidden $x^2$", "$\\frac"]
    return table.sort_values("track_id").reset_index(drop=True)


def _cells(n: int, *, trained: bool, failed: bool, labels: bool) -> list[dict[str, Any]]:
    kinds = [("pca", ["statistics"], {}), ("raw", ["mfcc_moments"], {}), ("pca", ["statistics", "lyrics"], {})]
    if trained:
        kinds += [
            ("basic-vae", ["statistics"], {"active_units": 12}),
            ("basic-vae", ["lyrics"], {"active_units": 0, "collapsed": True}),
        ]
        if labels:
            kinds.append(("basic-vae", ["statistics", "lyrics"], {"labels_used": ["genre"], "active_units": 9}))
    cells = []
    for i, (model, given, more) in enumerate(kinds):
        k = min(6, n)
        ids = [f"latent-kmeans-{i}a2b3c4d", f"latent-kmeans-{i}f00ba44"]
        cells.append(
            {
                "cell": f"{model}-{'+'.join(given)}-{i:08x}",
                "model": model,
                "input": given,
                "modality": "audio",
                "config": {"model": parse_config({"model": model}).plain()},
                "seeds": [0, 1],
                "status": "done",
                "reason": None,
                "n_tracks": n,
                "dims": 16,
                "labels_used": [],
                "collapsed": False,
                "active_units": None,
                "clusterings": [
                    {
                        "id": ids[0],
                        "space": "latent",
                        "algorithm": "kmeans",
                        "params": "n_clusters=6 (labels:genre)",
                        "n_clusters": k,
                    },
                    {
                        "id": ids[1],
                        "space": "latent",
                        "algorithm": "kmeans",
                        "params": "n_clusters=3 (auto)",
                        "n_clusters": min(3, n),
                    },
                ],
                **more,
            }
        )
    if failed:
        reason = f"the loss is not finite at epoch 3 {HOSTILE}"
        cells.append(
            {
                **cells[0],
                "cell": "basic-vae-mel-ffffffff",
                "model": "basic-vae",
                "input": ["mel"],
                "status": "failed",
                "reason": reason,
                "clusterings": [],
            }
        )
    return cells


def _cell_files(
    folder: Path, cell: dict[str, Any], tracks: pd.DataFrame, rng: np.random.Generator, *, maps: bool
) -> None:
    """Write clusters and maps in an order of their own, so that only a join on ``track_id`` gets them right."""
    order = rng.permutation(len(tracks))
    ids = tracks["track_id"].to_numpy()[order]
    codes = pd.factorize(
        tracks["genre"].fillna("none") if tracks["genre"].notna().any() else tracks["artist"], sort=True
    )[0][order]
    for seed in cell["seeds"]:
        for clustering in cell["clusterings"]:
            k = clustering["n_clusters"]
            noisy = rng.random(len(codes)) < 0.25
            found = np.where(noisy, rng.integers(0, k, len(codes)), codes % k)
            path = folder / "clusters" / cell["cell"] / f"seed-{seed}" / f"{clustering['id']}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pd.DataFrame({"track_id": ids, "cluster": found, "confidence": 0.9, "status": "ok"}).to_parquet(
                path, index=False
            )
        if cell["model"] == "basic-vae":
            _history(folder / "models" / cell["cell"] / f"seed-{seed}", rng, collapsed=cell["collapsed"])
    # One cell has both maps: drawing is what costs time in tests.
    methods = ("umap", "tsne") if cell["model"] == "raw" else ("umap",)
    for method in methods if maps else ():
        path = folder / "maps" / cell["cell"] / f"{method}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        angle = 2 * np.pi * codes / max(codes.max() + 1, 1)
        xy = np.stack([np.cos(angle), np.sin(angle)], 1) + rng.normal(scale=0.16, size=(len(codes), 2))
        pd.DataFrame({"track_id": ids, "x": xy[:, 0], "y": xy[:, 1]}).to_parquet(path, index=False)


def _history(folder: Path, rng: np.random.Generator, *, collapsed: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    epochs = np.arange(60)
    rate = np.exp(-epochs / 12)
    weights = np.zeros(16) if collapsed else np.sort(rng.gamma(0.6, 1.2, 16))
    kl = weights[None, :] * (1 - rate)[:, None] + 0.001
    table = pd.DataFrame(
        {"epoch": epochs, "reconstruction": 90 + 60 * rate + rng.normal(scale=0.6, size=60), "kl": kl.sum(1)}
    )
    table["beta"] = np.minimum(epochs / 20, 1)
    table["loss"] = table["reconstruction"] + table["beta"] * table["kl"]
    for name in ("loss", "reconstruction", "kl"):
        table[f"val_{name}"] = table[name] * 1.04
    for d in range(16):
        table[f"kl_{d:03d}"] = kl[:, d]
    table.to_csv(folder / "history.csv", index=False)


def _more_clusterings(cell: dict[str, Any], n: int) -> None:
    """Add clusterings of every kind that has a figure of its own: a search for k, a list of k, a tree, densities."""
    asked = [("kmeans", f"n_clusters={k}", k) for k in (4, 5, 8)]
    asked += [("agglomerative", f"linkage=ward, n_clusters={k}", k) for k in (4, 6, 9)]
    asked += [("dbscan", "eps=0.9 (knee), min_samples=3", 3), ("dbscan", "eps=1.4, min_samples=5", 2)]
    for place, (algorithm, params, k) in enumerate(asked):
        entry = {"space": "latent", "algorithm": algorithm, "params": params, "n_clusters": min(k, n)}
        cell["clusterings"].append({"id": f"latent-{algorithm}-{place:08x}", **entry})


def _decoded(folder: Path, cell: dict[str, Any], tracks: pd.DataFrame, rng: np.random.Generator) -> None:
    """Write latents, reconstructions, traversals and what a search for k tried."""
    path = folder / "embeddings" / cell["cell"] / "seed-0.parquet"
    path.parent.mkdir(parents=True)
    shuffled = tracks.sample(frac=1, random_state=1)
    genre = pd.factorize(shuffled["genre"].fillna("none"), sort=True)[0] if shuffled["genre"].notna().any() else 0
    Z = rng.normal(size=(7, 4))[genre % 7] * 2 + rng.normal(size=(len(tracks), 4), scale=0.6)
    columns = {f"z_{d:03d}": Z[:, d] for d in range(4)}
    pd.DataFrame({"track_id": shuffled["track_id"], "split": "train", **columns}).to_parquet(path, index=False)
    songs = min(4, len(tracks))
    mel = np.cumsum(rng.normal(size=(songs, 32, 24)), axis=1)
    vectors = rng.normal(size=(songs, 30)) * 5 + 40
    vectors[1 % songs] = np.nan
    mel_steps = mel[:1, None] + np.linspace(-3, 3, 5)[None, :, None, None] * np.linspace(0, 1, 24)
    vector_steps = 40 + np.linspace(-3, 3, 5)[None, :, None] * rng.normal(size=(3, 1, 30)) * 3
    shared = {
        "statistics.mean": np.full(30, 40.0),
        "statistics.sd": np.full(30, 5.0),
        "statistics.names": np.array([f"mfcc {i} sd" for i in range(29)] + ["গতি"]),
    }
    arrays: dict[str, dict[str, Any]] = {
        "reconstructions": {
            "tracks": tracks["track_id"].to_numpy(str)[:songs],
            "log_mel.original": mel,
            "log_mel.reconstruction": mel * 0.8,
            "statistics.original": vectors,
            "statistics.reconstruction": 40 + 0.7 * (np.nan_to_num(vectors, nan=41.0) - 40),
            **shared,
        },
        "traversals": {
            "dims": np.array([3, 0, 2]),
            "steps": np.linspace(-3, 3, 5),
            "log_mel.values": np.repeat(mel_steps, 3, axis=0),
            "statistics.values": vector_steps,
            **shared,
        },
    }
    for kind, values in arrays.items():
        path = folder / kind / cell["cell"] / "seed-0.npz"
        path.parent.mkdir(parents=True)
        np.savez_compressed(path, allow_pickle=False, **values)
    path = folder / "choices" / cell["cell"] / f"{cell['clusterings'][1]['id']}.parquet"
    path.parent.mkdir(parents=True)
    tried = {"parameter": "n_clusters", "value": range(2, 12), "criterion": "silhouette", "score": 0.3}
    table = pd.DataFrame(tried)
    table.assign(score=0.3 - 0.01 * (table["value"] - 3) ** 2, chosen=table["value"] == 3).to_parquet(path, index=False)


def _leaderboard(
    cells: list[dict[str, Any]], tracks: pd.DataFrame, *, labels: bool, rng: np.random.Generator
) -> pd.DataFrame:
    rows = []
    names = [name for name in ("genre", "language") if tracks[name].notna().any()] or [None]
    for cell in cells:
        for clustering in cell["clusterings"]:
            for name in names:
                row = {column: None for column in COLUMNS}
                row |= {key: cell[key] for key in ("cell", "model", "modality", "collapsed", "active_units")}
                row |= {key: clustering[key] for key in ("params", "space", "n_clusters")}
                leaked = name in cell["labels_used"]
                row |= {
                    "input": "+".join(cell["input"]),
                    "clustering": clustering["algorithm"],
                    "label": name,
                    "n_labelled": int(tracks[name].notna().sum()) if name else 0,
                    "seeds": 2,
                    "noise_policy": "keep",
                    "coverage": 0.41 if cell["model"] == "raw" and clustering is cell["clusterings"][1] else 1.0,
                    "stability": round(float(rng.uniform(0.5, 1)), 4),
                    "labels_used": "+".join(cell["labels_used"]),
                    "leaked": leaked,
                    "seconds": 1.5,
                    "clustering_id": clustering["id"],
                    "silhouette_sampled": False,
                }
                good = 0.98 if leaked else float(rng.uniform(0.05, 0.4))
                for score in SCORES if name else SCORES[:3]:
                    scale = {"calinski_harabasz": 300.0, "davies_bouldin": 4.0}.get(score, 1.0)
                    row[score], row[f"{score}_sd"] = good * scale, 0.013 * scale
                row |= {"silhouette_ref": good / 2, "calinski_harabasz_ref": 80.0, "davies_bouldin_ref": 2.2}
                if name:
                    row |= {"ari_chance": 0.0, "nmi_chance": 0.04, "ami_chance": 0.0, "majority": 0.21}
                    row["p_value"] = 0.31 if good < 0.1 else 0.005
                rows.append(row)
    board = pd.DataFrame(rows, columns=COLUMNS)
    numeric = [name for name in board if name.startswith(tuple(SCORES)) or name.endswith(("_chance", "majority"))]
    return rank(board.astype(dict.fromkeys(numeric, float)))


DRAWN = ("grid", "scores", "corpus", "*-raw-*", "*-basic-vae-statistics-0*")
"""Drawing is what costs time in tests: two cells show every kind of figure."""


@cache
def drawn_run(base: Path) -> Path:
    """Make a run of every kind of cell, with hostile names and its figures, once for a whole session of tests."""
    from musaic.report import write_figures

    folder = make_run(base / "drawn-run", n=40, hostile=True, rich=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_figures(folder, only=DRAWN, workers=0)
    return folder


if __name__ == "__main__":
    import sys

    print(make_run(Path(sys.argv[1])))
