"""The feature itself: a track's mean, over windows and time, of what a pretrained network makes of its sound.

A track is decoded at the rate that the network hears, not at that of the other features, and cut into windows of the
length that it was trained on. The last window is moved back to end with the sound, so that all are whole; a rest of
less than a tenth of a window is left out; sound that is shorter than one is one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from musaic.audio.moments import Moments
from musaic.audio.spectra import Clip
from musaic.errors import MusaicError, TrackError, UsageError
from musaic.features.config import FeatureConfig
from musaic.features.kinds import Summary, Vector
from musaic.features.pretrained.architectures import ARCHITECTURES
from musaic.features.pretrained.checkpoint import Checkpoint
from musaic.features.pretrained.hub import require_extra
from musaic.features.pretrained.network import network
from musaic.features.registry import PRETRAINED

REST = 0.1
"""Share of a window below which what is left at the end is left out."""
DEVICES = ("auto", "cpu", "cuda", "mps")


class EmbeddingConfig(FeatureConfig):
    """Everything that an embedding depends on but the sound; what the store keeps it under.

    Parameters
    ----------
    weights : str
        Hash of the model's files: the same files are the same model, whatever it is called and wherever it lies.
    architecture : str
        A key of ``ARCHITECTURES``.
    n_dims : int
        Dimensions of the mean.
    layers, std, segment, batch_size
        As in `musaic.features.pretrained.config.PretrainedConfig`, all resolved.
    device : {"cpu", "cuda", "mps"}
        Where it is computed.
    versions : dict of str to str
        Of the libraries that compute.
    folder : Path
        Where the model lies; of no influence.
    """

    weights: str
    architecture: str
    n_dims: int
    layers: Literal["all", "last"] | tuple[int, ...]
    std: bool
    segment: float
    batch_size: int
    device: Literal["cpu", "cuda", "mps"]
    versions: dict[str, str]
    folder: Path = Field(exclude=True)

    @property
    def record(self) -> dict[str, Any]:
        """What a run keeps of how it was made, JSON-ready."""
        keys = ("sample_rate", "segment", "layers", "std", "n_dims", "device", "versions")
        return {key: value for key, value in self.plain().items() if key in keys}


def embedding_config(
    found: Checkpoint, config: FeatureConfig, *, device: str = "cpu", cache: Path | None = None
) -> EmbeddingConfig:
    """Return what the embedding of a model depends on.

    Parameters
    ----------
    found : Checkpoint
        The model.
    config : FeatureConfig
        Which part of a track is heard, and how what the network says of it is pooled.
    device : {"auto", "cpu", "cuda", "mps"}
        Where it runs; ``auto`` takes a GPU where there is one.
    cache : Path, optional
        The cache folder, where hashes of files are remembered.

    Raises
    ------
    UsageError
        For a device that is not there, or windows longer than the model can hear.
    """
    architecture, asked = found.architecture, config.pretrained
    here = _device(device)
    longest = architecture.longest(found.preparation)
    segment = asked.segment or (found.entry.segment if found.entry else longest or architecture.segment)
    if longest is not None and segment > longest:
        raise UsageError(
            f"pretrained.segment is {segment:g} s, but {PRETRAINED}{found.model} hears at most {longest:g} s at once; "
            "give less."
        )
    if architecture.output != "frames" and asked.layers is not None:
        raise UsageError(
            f"pretrained.layers is {asked.layers!r}, but {PRETRAINED}{found.model} gives one vector a window, of no "
            "layers to choose from; leave it out."
        )
    n_layers = int(found.config.get("num_hidden_layers") or 12)
    if isinstance(asked.layers, tuple) and not all(layer <= n_layers for layer in asked.layers):
        raise UsageError(
            f"pretrained.layers names layer {max(asked.layers)}, but {PRETRAINED}{found.model} has {n_layers}, and 0 "
            "is what enters the first."
        )
    weights = found.digest(cache)
    return EmbeddingConfig(
        names=(f"{PRETRAINED}{weights}",),
        sample_rate=architecture.rate(found.preparation),
        duration=config.duration,
        offset=config.offset,
        segments=config.segments,
        normalize=config.normalize,
        weights=weights,
        architecture=str(found.config["model_type"]),
        n_dims=architecture.dims(found.config),
        layers=asked.layers or "all",
        std=asked.std,
        segment=segment,
        batch_size=1 if here == "cpu" else asked.batch_size,
        device=here,
        versions={name: version for name, version in require_extra().items() if name in ("torch", "transformers")},
        folder=Path(os.path.abspath(found.folder)),
    )


def dims(config: FeatureConfig) -> tuple[str, ...]:
    """Name the columns: the means, then the standard deviations."""
    config = _embedding(config)
    moments = ("mean", "std") if config.std else ("mean",)
    return tuple(f"{moment}_{i:04d}" for moment in moments for i in range(config.n_dims))


def measure(clip: Clip, config: FeatureConfig) -> Summary:
    """Gather what the network says of a stretch of sound."""
    config = _embedding(config)
    heard = network(config.folder, ARCHITECTURES[config.architecture], config.layers, config.sample_rate, config.device)
    rows: Moments | None = None
    for batch in _batches(clip.y, round(config.segment * config.sample_rate), config.batch_size):
        found = heard.rows(batch)
        if found.shape[1] != config.n_dims:
            raise MusaicError(
                f"the model in {config.folder} gives {found.shape[1]} numbers where its configuration says "
                f"{config.n_dims}; get it again, or name another."
            )
        rows = Moments.of(found) if rows is None else rows + Moments.of(found)
    return {"rows": rows}


def finish(summary: Summary, config: FeatureConfig) -> np.ndarray:
    """Return the vector, in the order of `dims`."""
    rows: Moments = summary["rows"]
    vector = np.concatenate([rows.mean, rows.std]) if _embedding(config).std else rows.mean
    if not np.isfinite(vector).all():
        raise TrackError("crashed", " makes the network give numbers that are not finite.")
    return vector


def windows(y: NDArray[np.float32], n: int) -> Iterator[NDArray[np.float32]]:
    """Yield stretches of ``n`` samples end to end, the last one moved back; all of ``y`` where it is no longer."""
    whole = len(y) // n
    for i in range(whole):
        yield y[i * n : (i + 1) * n]
    if not whole:
        yield y
    elif len(y) - whole * n > REST * n:
        yield y[-n:]


def _batches(y: NDArray[np.float32], n: int, size: int) -> Iterator[list[NDArray[np.float32]]]:
    """Yield windows in groups."""
    group: list[NDArray[np.float32]] = []
    for window in windows(y, n):
        group.append(window)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _embedding(config: FeatureConfig) -> EmbeddingConfig:
    assert isinstance(config, EmbeddingConfig)
    return config


def _device(asked: str) -> Literal["cpu", "cuda", "mps"]:
    """Return the device that is meant, if it is there."""
    if asked == "cpu":
        return "cpu"
    import torch

    if asked in ("auto", "cuda") and torch.cuda.is_available():
        return "cuda"
    if asked in ("auto", "mps") and torch.backends.mps.is_available():
        return "mps"
    if asked == "auto":
        return "cpu"
    raise UsageError(f"the device {asked!r} is not here; give one of {', '.join(DEVICES)}.")


FEATURE = Vector((), dims, measure, finish)
