"""Small models of every kind, and small tracks for them: vectors, frames, both, with parts missing."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np

from musaic.models import MODELS, Frames, build, from_state, parse_config
from musaic.models.base import Representation
from musaic.models.config import BaselineConfig

N, CROP, BANDS, WORDS = 24, 8, 5, 7
LANGUAGE = np.array(["العربية", "বাংলা", "हिन्दी", None], dtype=object)[np.arange(N) % 4]
GENRE = np.array(["رای", "বাউল"], dtype=object)[np.arange(N) % 2]

DENSE: dict[str, Any] = {
    "network": {"widths": [12]},
    "latent_dim": 3,
    "warmup": 1,
    "crop": CROP,
    "training": {"epochs": 2, "batch_size": 10},
}
FLAT: dict[str, Any] = {"n_frames": 4}
QUICK: dict[str, dict[str, Any]] = {
    **{f"{kind}-vae": {**DENSE, "network": {"filters": [4], "head": [8]}} for kind in ("conv1d", "conv2d")},
    "deep-conv-vae": {**DENSE, "network": {"filters": [4], "head": [8]}},
    "vade": {**DENSE, "prior": {"n_clusters": 2, "n_init": 2, "hold": 1, "pretraining": 1}},
}
NAMES = sorted(MODELS)
DENSE_NAMES = [name for name in NAMES if "conv" not in name]
BASELINES = [name for name in NAMES if issubclass(MODELS[name].config, BaselineConfig)]


class Tracks(NamedTuple):
    """What a model is given."""

    X: Any
    present: dict[str, np.ndarray] | None = None


def quick(name: str, **options: Any) -> Representation:
    usual = FLAT if name in BASELINES else DENSE
    return build(parse_config({"model": name, **QUICK.get(name, usual), **options}), random_state=3)


def told(model: Representation | str) -> dict[str, np.ndarray] | None:
    """Return the labels that a model has to be told."""
    labels = (quick(model) if isinstance(model, str) else model).config.labels
    return {name: {"language": LANGUAGE, "genre": GENRE}[name] for name in labels} or None


def vectors(n: int = N, seed: int = 0) -> dict[str, np.ndarray]:
    """Two modalities with one common cause, so that each tells something of the other."""
    rng = np.random.default_rng(seed)
    cause = rng.normal(size=(n, 3))
    return {
        "audio": (cause @ rng.normal(size=(3, 12)) + 0.3 * rng.normal(size=(n, 12))).astype(np.float32),
        "lyrics": (cause @ rng.normal(size=(3, WORDS)) + 0.3 * rng.normal(size=(n, WORDS))).astype(np.float32),
    }


def frames(seed: int = 0) -> Frames:
    """Tracks of 2 to 40 frames: shorter than a crop, as long, and longer."""
    rng = np.random.default_rng(seed)
    lengths = [2, 3, CROP, CROP + 1, 2 * CROP, 40, *rng.integers(2, 40, size=N - 6)]
    return Frames.of([rng.normal(size=BANDS) + rng.normal(size=(n, BANDS)) for n in lengths])


def missing() -> dict[str, np.ndarray]:
    """Every track keeps at least one modality."""
    return {"mel": (np.arange(N) % 7 != 0) | (np.arange(N) % 3 == 1), "lyrics": np.arange(N) % 3 != 1}


def tracks(kind: str) -> Tracks:
    lyrics = vectors()["lyrics"]
    return {
        "vectors": Tracks(lyrics),
        "frames": Tracks(frames()),
        "both": Tracks({"mel": frames(), "lyrics": lyrics}),
        "missing": Tracks({"mel": frames(), "lyrics": lyrics}, missing()),
    }[kind]


def through_json(model: Representation) -> Representation:
    head, arrays = model.get_state()
    assert all(isinstance(array, np.ndarray) and array.flags.c_contiguous for array in arrays.values())
    return from_state(json.loads(json.dumps(head)), {name: array.copy() for name, array in arrays.items()})
