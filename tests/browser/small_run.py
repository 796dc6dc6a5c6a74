"""One small real corpus and two runs of it, made as the commands make them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HOSTILE = "</script><img src=x onerror=alert(1)>"

FEATURES = {"duration": 4, "n_mels": 32, "hop_length": 1024}
"""Four seconds from the middle of songs of eight, so that what was analysed begins at 2 s."""

FIRST = {
    "name": "screens",
    "features": FEATURES,
    "cells": [
        {"model": "pca", "input": "statistics"},
        {"model": "beta-vae", "input": "statistics", "latent_dim": 4, "training": {"epochs": 12}},
        {
            "model": "conv2d-vae",
            "input": "log_mel",
            "network": {"kind": "conv2d", "filters": [4, 8]},
            "crop": 32,
            "latent_dim": 4,
            "beta": 0.1,
            "training": {"epochs": 6},
        },
    ],
    "clusterings": [{"algorithm": "kmeans", "n_clusters": 5}, {"algorithm": "hdbscan", "min_cluster_size": 4}],
    "evaluation": {"permutations": 20, "bootstrap": 100, "probes": [], "language": False},
    "seeds": 2,
}
SECOND = {
    **FIRST,
    "name": "other",
    "cells": [{"model": "pca", "input": "mfcc_moments", "n_components": 3}],
    "clusterings": [{"algorithm": "kmeans", "n_clusters": 4}],
    "seeds": 1,
    "figures": {"maps": ["umap"]},
}


@dataclass(frozen=True)
class Made:
    """Two runs of one corpus: forty songs in five languages, one with a hostile title, one broken, one gone since."""

    run: Path
    other: Path
    corpus: Path
    broken: str
    gone: str


def make_runs(folder: Path) -> Made:
    """Make the corpus, both runs and the first one's report, within a folder."""
    import mutagen

    from musaic.demo.corpus import write_corpus
    from musaic.experiment import load_experiment
    from musaic.experiment import run as run_experiment
    from musaic.report import draw_report

    corpus = write_corpus(folder / "music", n_tracks=40, seconds=8.0, workers=0)
    english = sorted((corpus / "audio" / "english").rglob("*.mp3"))
    hostile, broken, gone, *_ = english
    tags = mutagen.File(hostile, easy=True)
    tags["title"] = HOSTILE
    tags.save()
    broken.write_bytes(b"these are words, and no sound\n" * 40)
    for experiment in (FIRST, SECOND):
        out = folder / str(experiment["name"])
        run_experiment(load_experiment(experiment), corpus=corpus, out=out, workers=0)
    draw_report(folder / "screens", workers=0)
    gone.unlink()
    return Made(folder / "screens", folder / "other", corpus, broken.name, gone.name)
