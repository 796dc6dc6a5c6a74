"""Early fusion: the modalities of a track as one vector, each with an equal say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from musaic.models.config import Scaling, Scalings
from musaic.models.inputs import Blocks, Frames
from musaic.models.scaling import Scaler, per_track

SAMPLED = 200_000
"""Frames, about, that scales are learned from where a corpus has more."""


class EarlyFusion:
    """Scales every modality and lays them side by side.

    A modality is divided by its spread (the root of its total variance), so that a wide one does not outweigh a
    narrow one in a distance, and multiplied by its weight; everything is then multiplied by one number, so that one
    modality alone comes out as scaled. An absent modality contributes its mean. Frames are scaled column by column
    ('per-track': by the mean and the deviation of all values of the track); they stay apart, and `affine` tells how.

    Parameters
    ----------
    scaling : {'none', 'standard', 'robust', 'per-track'}, or mapping of str to such
        Of every modality, or by name ('standard' for those not named).
    weights : mapping of str to float, optional
        1 where nothing is said.

    Attributes
    ----------
    dims_ : dict of str to int
        Width of every modality, in order.
    scalers_ : dict of str to Scaler
        One a modality.
    means_ : dict of str to ndarray, shape (D,)
        Mean of the scaled values over the tracks that have the modality.
    spreads_ : dict of str to float
        Root of the mean variance of the scaled values (1 where nothing varies).
    """

    def __init__(self, scaling: Scalings = "standard", weights: Mapping[str, float] | None = None) -> None:
        self.scaling = scaling
        self.weights = weights

    def fit(self, blocks: Blocks) -> Self:
        """Learn scales and means from the tracks that have a modality."""
        self.dims_ = blocks.dims
        self.scalers_, self.means_, self.spreads_ = {}, {}, {}
        for name, values in blocks.values.items():
            here, scaler = np.flatnonzero(blocks.present[name]), Scaler(self.scaling_of(name))
            if not len(here):
                scaled = scaler.fit(np.zeros((1, self.dims_[name]))).transform(np.zeros((1, self.dims_[name])))
            elif isinstance(values, Frames):
                scaled = _fit_to_frames(scaler, values, here)
            else:
                scaled = scaler.fit(values[here]).transform(values[here])
            self.scalers_[name] = scaler
            self.means_[name] = scaled.mean(axis=0, dtype=np.float64)
            self.spreads_[name] = float(np.sqrt(scaled.var(axis=0, dtype=np.float64).mean())) or 1.0
        return self

    @property
    def slices(self) -> dict[str, slice]:
        """Columns of every modality."""
        ends = np.cumsum(list(self.dims_.values())).tolist()
        return {name: slice(end - width, end) for (name, width), end in zip(self.dims_.items(), ends, strict=True)}

    @property
    def factors(self) -> dict[str, float]:
        """What the scaled values of every modality are multiplied by: balance, units and weight; 1 for one alone."""
        unit = float(np.sqrt(np.mean(np.square(list(self.spreads_.values())))))
        return {
            name: factor * unit / self.spreads_[name] * self.weight(name)
            for name, factor in balance(self.dims_).items()
        }

    def keep(self, name: str) -> None:
        """Let `normalized` return a modality as scaled: neither centred nor divided by its spread."""
        self.means_[name] = np.zeros_like(self.means_[name])
        self.spreads_[name] = 1.0

    def scaling_of(self, name: str) -> Scaling:
        """Return how a modality is scaled."""
        return self.scaling if isinstance(self.scaling, str) else self.scaling.get(name, "standard")

    def weight(self, name: str) -> float:
        """Return the weight asked for a modality."""
        return (self.weights or {}).get(name, 1.0)

    def transform(self, blocks: Blocks) -> NDArray[np.float32]:
        """Return one vector a track, shape (N, sum of D)."""
        fused = np.empty((blocks.n_tracks, sum(self.dims_.values())), np.float32)
        for name, columns in self.slices.items():
            scaled = self.scalers_[name].transform(blocks.vectors[name])
            filled = np.where(blocks.present[name][:, None], scaled, self.means_[name].astype(np.float32))
            fused[:, columns] = filled * np.float32(self.factors[name])
        return fused

    def normalized(self, blocks: Blocks) -> dict[str, NDArray[np.float32]]:
        """Return the scaled vectors with mean 0 and mean variance 1, absent ones 0, by modality, shape (N, D)."""
        return {
            name: np.where(
                blocks.present[name][:, None],
                (self.scalers_[name].transform(values) - self.means_[name]) / self.spreads_[name],
                0.0,
            ).astype(np.float32)
            for name, values in blocks.vectors.items()
        }

    def affine(self, name: str, frames: Frames | None = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what is taken from frames, and what they are then divided by, to have mean 0 and mean variance 1.

        Returns
        -------
        center, scale : ndarray, shape (N, F); or (1, F) where the same is done to all tracks
            Without ``frames``, what is done on average.
        """
        scaler = self.scalers_[name]
        center, scale = scaler.center_[None], scaler.scale_[None]
        if scaler.method == "per-track" and frames is not None:
            own = [
                per_track(frames.track(row).reshape(1, -1)) if frames.lengths[row] else (0.0, 1.0)
                for row in range(len(frames))
            ]
            center, scale = (
                np.array([float(np.squeeze(part)) for part in parts])[:, None] for parts in zip(*own, strict=True)
            )
        center = center + scale * self.means_[name]
        return center.astype(np.float32), np.broadcast_to(scale * self.spreads_[name], center.shape).astype(np.float32)

    def inverse(self, name: str, normalized: NDArray[Any], like: NDArray[Any] | None = None) -> NDArray[np.float32]:
        """Return vectors of a modality in its own units, from what `normalized` returns; ``like`` as in `Scaler`."""
        return self.scalers_[name].inverse(normalized * self.spreads_[name] + self.means_[name], like)

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return what was learned as arrays."""
        state: dict[str, NDArray[Any]] = {}
        for name, scaler in self.scalers_.items():
            state[f"scaling.{name}.center"] = scaler.center_
            state[f"scaling.{name}.scale"] = scaler.scale_
            state[f"scaling.{name}.mean"] = self.means_[name]
            state[f"scaling.{name}.spread"] = np.array([self.spreads_[name]])
        return state

    @classmethod
    def from_state(
        cls,
        scaling: Scalings,
        weights: Mapping[str, float] | None,
        dims: Mapping[str, int],
        state: Mapping[str, NDArray[Any]],
    ) -> Self:
        """Return the fusion that `get_state` was called on."""
        fusion = cls(scaling, weights)
        fusion.dims_ = dict(dims)
        fusion.scalers_, fusion.means_, fusion.spreads_ = {}, {}, {}
        for name in dims:
            scaler = Scaler(fusion.scaling_of(name))
            scaler.center_, scaler.scale_ = state[f"scaling.{name}.center"], state[f"scaling.{name}.scale"]
            fusion.scalers_[name] = scaler
            fusion.means_[name] = state[f"scaling.{name}.mean"]
            fusion.spreads_[name] = float(state[f"scaling.{name}.spread"][0])
        return fusion


def balance(dims: Mapping[str, int]) -> dict[str, float]:
    """Return what gives every normalised modality an equal say, whatever its width; 1 for one alone."""
    mean = float(np.mean(list(dims.values())))
    return {name: float(np.sqrt(mean / width)) for name, width in dims.items()}


def _fit_to_frames(scaler: Scaler, frames: Frames, here: NDArray[np.intp]) -> NDArray[np.float32]:
    """Fit a scaler to frames of the tracks that have them; return those frames, scaled."""
    step = max(1, int(frames.lengths[here].sum()) // SAMPLED)
    if scaler.method != "per-track":
        # a copy, or what is taken would keep the whole track in memory
        rows = np.concatenate([frames.track(int(row))[::step].copy() for row in here])
        return scaler.fit(rows).transform(rows)
    own = [per_track(frames.track(int(row)).reshape(1, -1)) for row in here]
    scaler.fit(np.zeros((1, frames.width)))
    scaler.center_ = np.full(frames.width, np.mean([center for center, _ in own]))
    scaler.scale_ = np.full(frames.width, np.mean([scale for _, scale in own]))
    return np.concatenate(
        [
            ((frames.track(int(row))[::step] - center) / scale).astype(np.float32)
            for row, (center, scale) in zip(here, own, strict=True)
        ]
    )
