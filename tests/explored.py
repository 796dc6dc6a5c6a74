"""A tiny run with a tiny corpus that sounds, and a browser that behaves, for tests of the explorer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from fake_run import HOSTILE, make_run
from sounds import music, write, write_av

VAE = "basic-vae-statistics-00000003"
FIRST = "http://127.0.0.1:8642"


@dataclass(frozen=True)
class Made:
    """A run, its corpus and one song of every kind of file by what it is."""

    run: Path
    corpus: Path
    songs: dict[str, str]


def made(folder: Path) -> Made:
    """Make a run of 30 songs, eight of which have files: titles in five scripts, one of them hostile."""
    run = make_run(folder / "run", n=30, hostile=True, rich=True)
    corpus = folder / "music"
    environment = json.loads((run / "environment.json").read_text("utf-8"))
    (run / "environment.json").write_text(json.dumps({**environment, "corpus_root": "../music"}), "utf-8")
    tracks = pd.read_parquet(run / "tracks.parquet")
    tracks["status"] = "ok"
    free = iter([one for one in tracks.index if HOSTILE not in tracks["track_id"][one]])
    write(corpus / "plain.wav", music(2.0))
    write(corpus / "যে গান/নামহীন.mp3", music(2.0, seed=1), format="WAV")  # not what its name says
    write(corpus / "old.aiff", music(2.0, seed=2))
    write(corpus / "loud.flac", music(2.0, seed=3))
    write_av(corpus / "apple.m4a", music(2.0, seed=4), "alac", "ipod")
    (corpus / "words.mp3").write_text("these are words, and no sound\n" * 40)
    files = {
        "wav": "plain.wav",
        "mislabelled": "যে গান/নামহীন.mp3",
        "aiff": "old.aiff",
        "flac": "loud.flac",
        "alac": "apple.m4a",
        "no-sound": "words.mp3",
        "gone": "gone.mp3",
    }
    songs = {}
    for kind, file in files.items():
        row = next(free)
        tracks.loc[row, "audio"] = file
        songs[kind] = str(tracks["track_id"][row])
    tracks.to_parquet(run / "tracks.parquet", index=False)
    return Made(run, corpus, songs)


def browser(app: ASGIApp, base_url: str = FIRST, **more: Any) -> TestClient:
    """Return a client that asks as a page of ours does."""
    return TestClient(app, base_url=base_url, **more)
