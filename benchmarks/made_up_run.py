"""A run folder of any size with nothing behind it: as `musaic.runs` lays it out, to see how fast it is shown.

Titles and artists are words of made-up letters with the frequencies of a language, so that they pack as real ones do;
numbers are noise, which does not pack at all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
import yaml

LETTERS = {
    "english": "etaoinshrdlucmfwypvbgk",
    "arabic": "المنهيوترسكبدعقحفجشصطخ",
    "bangla": "ারনকতবলসমদপযহগজচটধআইে",
    "hindi": "कानरतमलहपसबदयगजचटभआई",
    "spanish": "eaosrnidltcumpbgvyñáéó",
}
GENRES = ("ballad", "folk", "pop", "rock", "hip-hop", "electronic", "jazz", "classical", "film", "devotional", "dance")
WILD = (
    "</script><img src=x onerror=alert(1)>",
    "\u202egnos\u202c",
    "'; DROP TABLE songs; --",
    "=1+1",
    "Z̸̧̛͓a̷l̵g̶o̴" * 8,
    "a" * 400,
)
CELLS = (("pca-statistics-0a1b2c3d", "pca", 128), ("beta-vae-statistics-4e5f6a7b", "beta-vae", 16))
CLUSTERINGS = (("latent-kmeans-00112233", "kmeans", 11), ("latent-hdbscan-44556677", "hdbscan", 40))
SECONDS, SR = 180.0, 22050
"""Of the songs that sound."""


@dataclass(frozen=True)
class BigRun:
    """A run, and its songs that can be heard by the kind of their files."""

    path: Path
    sounds: dict[str, list[str]]


def make_run(folder: Path, n: int, *, sounds: int = 6, seed: int = 0) -> BigRun:
    """Write a run of ``n`` songs, of which ``sounds`` a kind of file have one."""
    rng = np.random.default_rng(seed)
    run = folder / "run"
    run.mkdir(parents=True)
    tracks, found = _tracks(rng, n, folder / "music", sounds)
    tracks.to_parquet(run / "tracks.parquet", index=False)
    _descriptors(rng, tracks["track_id"]).to_parquet(run / "descriptors.parquet", index=False)
    group = rng.integers(0, 40, n)
    for cell, _, dims in CELLS:
        _cell(rng, run, cell, tracks["track_id"], group, dims)
    cells = [
        {
            "cell": cell,
            "model": model,
            "input": ["statistics"],
            "modality": "audio",
            "seeds": [0],
            "status": "done",
            "n_tracks": n,
            "dims": dims,
            "labels_used": [],
            "collapsed": False,
            "active_units": None,
            "clusterings": [
                {"id": name, "space": "latent", "algorithm": how, "params": f"n_clusters={k}", "n_clusters": k}
                for name, how, k in CLUSTERINGS
            ],
        }
        for cell, model, dims in CELLS
    ]
    _json(run / "cells.json", {"cells": cells})
    _leaderboard(n).to_csv(run / "leaderboard.csv", index=False)
    _json(run / "verdict.json", {"sentence": "Nothing was found: this run is made up, and only as large as real ones."})
    _json(run / "environment.json", {"corpus_root": "../music"})
    experiment = {"version": 1, "name": f"{n} songs", "seeds": [0], "features": {"duration": 30.0, "offset": "middle"}}
    (run / "experiment.yaml").write_text(yaml.safe_dump(experiment), encoding="utf-8")
    return BigRun(run, found)


def _json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def _tracks(rng: np.random.Generator, n: int, music: Path, sounds: int) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Return the songs, and those with a file."""
    languages = list(LETTERS)
    spoken = rng.integers(0, len(languages), n)
    says = {language: _Speaker(rng, letters) for language, letters in LETTERS.items()}
    title = [says[languages[i]].words(k) for i, k in zip(spoken, rng.integers(1, 6, n), strict=True)]
    title[: len(WILD)] = WILD
    cast = {language: [speaker.words(2) for _ in range(max(2, n // 60))] for language, speaker in says.items()}
    artist = [cast[languages[i]][int(k)] for i, k in zip(spoken, rng.zipf(1.4, n) % max(2, n // 60), strict=True)]
    ids = [f"{languages[k]}/{artist[i]}/{i:06d} {says[languages[k]].words(2)}.mp3" for i, k in enumerate(spoken)]
    duration = rng.gamma(9, 25, n).clip(40, 900).round(3)
    found: dict[str, list[str]] = {"wav": [], "mp3": []}
    for place, row in enumerate(rng.choice(np.arange(len(WILD), n), 2 * sounds, replace=False)):
        kind = "wav" if place % 2 else "mp3"
        ids[row] = f"{ids[row].removesuffix('.mp3')}.{kind}"
        duration[row] = SECONDS
        found[kind].append(ids[row])
        _song(music / ids[row], 110 * 2 ** (place / 12))
    table = {
        "track_id": ids,
        "audio": ids,
        "title": title,
        "artist": artist,
        "language": [languages[i] for i in spoken],
        "language_confidence": rng.beta(8, 1, n),
        "genre": [GENRES[i] for i in rng.integers(0, len(GENRES), n)],
        "decade": [f"{10 * i}s" for i in rng.integers(195, 203, n)],
        "status": "ok",
        "reason": None,
        "duration": duration,
    }
    return pd.DataFrame(table).sort_values("track_id", ignore_index=True), found


class _Speaker:
    """Says words of a vocabulary, the frequent ones often."""

    def __init__(self, rng: np.random.Generator, letters: str, size: int = 4000) -> None:
        self.rng = rng
        chance = 1 / np.arange(1, len(letters) + 1) ** 0.7
        lengths = rng.integers(2, 10, size)
        drawn = rng.choice(list(letters), (size, 10), p=chance / chance.sum())
        self.vocabulary = ["".join(word[:length]) for word, length in zip(drawn, lengths, strict=True)]
        often = 1 / np.arange(10, size + 10)
        self.upto = np.cumsum(often / often.sum())

    def words(self, number: int) -> str:
        """Return so many words."""
        return " ".join(self.vocabulary[i] for i in np.searchsorted(self.upto, self.rng.random(number) * 0.999999))


def _song(path: Path, pitch: float) -> None:
    """Write a tone that swells once a second, in the format of the path's ending."""
    t = np.arange(round(SECONDS * SR)) / SR
    y = 0.2 * np.sin(2 * np.pi * pitch * t) * (1 + np.sin(2 * np.pi * t)) / 2
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, y.astype(np.float32), SR, format=path.suffix[1:].upper())


def _descriptors(rng: np.random.Generator, ids: pd.Series) -> pd.DataFrame:
    n = len(ids)
    return pd.DataFrame(
        {
            "track_id": ids,
            "tempo": rng.normal(118, 25, n),
            "key": rng.choice(["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"], n),
            "mode": rng.choice(["major", "minor"], n),
            "loudness": rng.normal(-14, 4, n),
            "energy": rng.beta(2, 6, n),
            "brightness": rng.gamma(4, 400, n),
            "onset_rate": rng.gamma(3, 1, n),
            "rhythm_regularity": rng.beta(2, 2, n),
            "valence_proxy": rng.beta(3, 3, n),
            "arousal_proxy": rng.beta(3, 3, n),
        }
    )


def _cell(rng: np.random.Generator, run: Path, cell: str, ids: pd.Series, group: np.ndarray, dims: int) -> None:
    """Write a cell's latents, maps and clusters: groups of songs that overlap."""
    n = len(ids)
    Z = 3 * rng.normal(size=(40, dims))[group] / np.sqrt(dims) + rng.normal(size=(n, dims))
    columns = {f"z_{d:03d}": Z[:, d].astype(np.float32) for d in range(dims)}
    _table(run / "embeddings" / cell / "seed-0.parquet", {"track_id": ids, "split": "train", **columns})
    for method in ("umap", "tsne"):
        xy = rng.uniform(-1, 1, (40, 2))[group] + 0.09 * rng.standard_t(4, (n, 2))
        _table(run / "maps" / cell / f"{method}.parquet", {"track_id": ids, "x": xy[:, 0], "y": xy[:, 1]})
    for name, algorithm, k in CLUSTERINGS:
        found = np.where(rng.random(n) < 0.1, -1 if algorithm == "hdbscan" else rng.integers(0, k, n), group % k)
        said = {"track_id": ids, "cluster": found, "confidence": rng.beta(5, 1, n), "status": "ok"}
        _table(run / "clusters" / cell / "seed-0" / f"{name}.parquet", said)


def _table(path: Path, columns: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_parquet(path, index=False)


def _leaderboard(n: int) -> pd.DataFrame:
    rows = [
        {
            **{"cell": cell, "model": model, "input": "statistics", "modality": "audio", "space": "latent"},
            **{"clustering": how, "clustering_id": name, "params": f"n_clusters={k}", "n_clusters": k},
            **{"label": "genre", "n_labelled": n, "seeds": 1, "ami": 0.0, "nmi": 0.0, "ari": 0.0, "purity": 0.09},
            **{"silhouette": 0.1, "coverage": 1.0 if how == "kmeans" else 0.9, "labels_used": "", "leaked": False},
            **{"collapsed": False, "stability": 0.5, "noise_policy": "keep", "seconds": 1.0, "rank": place},
        }
        for place, (cell, model, _) in enumerate(CELLS, 1)
        for name, how, k in CLUSTERINGS
    ]
    return pd.DataFrame(rows)
