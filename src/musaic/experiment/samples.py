"""What a trained model makes of a few songs, and what its latent dimensions stand for, kept to be looked at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musaic.files import atomic
from musaic.models.inputs import Frames

if TYPE_CHECKING:
    from musaic.experiment.inputs import Inputs
    from musaic.models.vae.estimator import Vae

SONGS, DIMS, STEPS, SPAN = 6, 8, 7, 3.0


def write_samples(model: Vae, inputs: Inputs, reconstructions: Path, traversals: Path) -> None:
    """Write songs beside their reconstructions, and what is decoded while one latent dimension moves.

    Parameters
    ----------
    model : Vae
        Fitted on ``inputs``.
    inputs : Inputs
        What it was given.
    reconstructions, traversals : Path
        Archives (``.npz``, no pickles); `musaic.report.reading` says what they hold.
    """
    about = {key: value for name in model.modalities for key, value in _scale(inputs, name).items()}
    rows = _chosen(inputs)
    few = inputs.take(rows)
    rebuilt = model.reconstruct(few.values, present=few.present, condition=few.labels or None)
    assert isinstance(rebuilt, dict)
    held: dict[str, np.ndarray] = {"tracks": np.array(few.track_ids)}
    for name, made in rebuilt.items():
        held[f"{name}.original"] = _shown(few.values[name], few.present[name], model.config_.crop)
        held[f"{name}.reconstruction"] = _shown(made, few.present[name], model.config_.crop)
    _write(reconstructions, held | about)
    telling = model.kl_per_dimension_ if model.config_.beta else model.latent_sd_
    dims = np.argsort(-telling, kind="stable")[:DIMS]
    paths = [model.traverse(int(dim), steps=STEPS, span=SPAN)[1] for dim in dims]
    values = {f"{name}.values": np.stack([path[name] for path in paths]) for name in model.modalities}
    _write(traversals, {"dims": dims, "steps": np.linspace(-SPAN, SPAN, STEPS), **values, **about})


def _chosen(inputs: Inputs) -> np.ndarray:
    """Return the rows of a few songs far apart in the order of their names, those with every input first."""
    everything = np.all(list(inputs.present.values()), axis=0)
    by_name = np.argsort(np.array(inputs.track_ids), kind="stable")
    pool = by_name[everything[by_name]] if everything.sum() >= SONGS else by_name
    places = np.unique(np.linspace(0, len(pool) - 1, min(SONGS, len(pool))).round().astype(int))
    return np.asarray(pool[places])


def _shown(values: Any, present: np.ndarray, crop: int) -> np.ndarray:
    """Return vectors, or the middle of frames; NaN for songs that have none."""
    if not isinstance(values, Frames):
        found = np.array(values, dtype=np.float32)
        found[~present] = np.nan
        return found
    found = np.full((len(present), crop, values.width), np.nan, np.float32)
    for row in np.flatnonzero(present):
        length = int(values.lengths[row])
        first = max(0, (length - crop) // 2)
        frames = np.asarray(values.track(int(row), first, min(length, first + crop)))
        found[row, : len(frames)] = frames
    return found


def _scale(inputs: Inputs, name: str) -> dict[str, np.ndarray]:
    """Return mean and deviation of vectors over the songs, and the names of their features."""
    values = inputs.values[name]
    if isinstance(values, Frames):
        return {}
    here = values[inputs.present[name]].astype(np.float64)
    about = {f"{name}.mean": here.mean(axis=0), f"{name}.sd": here.std(axis=0)}
    return about | ({f"{name}.names": np.array(inputs.names[name])} if name in inputs.names else {})


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
