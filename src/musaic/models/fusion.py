"""Early fusion: the modalities of a track as one vector, each with an equal say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from musaic.models.config import Scaling, Scalings
from musaic.models.inputs import Blocks
from musaic.models.scaling import Scaler


class EarlyFusion:
    """Scales every modality and lays them side by side.

    A modality is divided by its spread (the root of its total variance), so that a wide one does not outweigh a
    narrow one in a distance, and multiplied by its weight; everything is then multiplied by one number, so that one
    modality alone comes out as scaled. An absent modality contributes its mean.

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
            rows = values[blocks.present[name]] if blocks.present[name].any() else np.zeros((1, values.shape[1]))
            self.scalers_[name] = Scaler(self.scaling_of(name)).fit(rows)
            scaled = self.scalers_[name].transform(rows)
            self.means_[name] = scaled.mean(axis=0, dtype=np.float64)
            self.spreads_[name] = float(np.sqrt(scaled.var(axis=0, dtype=np.float64).mean())) or 1.0
        return self

    @property
    def slices(self) -> dict[str, slice]:
        """Columns of every modality."""
        ends = np.cumsum(list(self.dims_.values())).tolist()
        return {name: slice(end - width, end) for (name, width), end in zip(self.dims_.items(), ends, strict=True)}

    @property
    def balance(self) -> dict[str, float]:
        """What gives every normalised modality an equal say, whatever its width; 1 for one alone."""
        mean = float(np.mean(list(self.dims_.values())))
        return {name: float(np.sqrt(mean / width)) for name, width in self.dims_.items()}

    @property
    def factors(self) -> dict[str, float]:
        """What the scaled values of every modality are multiplied by: balance, units and weight; 1 for one alone."""
        unit = float(np.sqrt(np.mean(np.square(list(self.spreads_.values())))))
        return {
            name: balance * unit / self.spreads_[name] * self.weight(name) for name, balance in self.balance.items()
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
            scaled = self.scalers_[name].transform(blocks.values[name])
            filled = np.where(blocks.present[name][:, None], scaled, self.means_[name].astype(np.float32))
            fused[:, columns] = filled * np.float32(self.factors[name])
        return fused

    def normalized(self, blocks: Blocks) -> NDArray[np.float32]:
        """Return the scaled modalities with mean 0 and mean variance 1 each, absent ones 0, shape (N, sum of D)."""
        fused = np.empty((blocks.n_tracks, sum(self.dims_.values())), np.float32)
        for name, columns in self.slices.items():
            scaled = self.scalers_[name].transform(blocks.values[name])
            centred = (scaled - self.means_[name]) / self.spreads_[name]
            fused[:, columns] = np.where(blocks.present[name][:, None], centred, 0.0)
        return fused

    def inverse(self, normalized: NDArray[Any], blocks: Blocks) -> dict[str, NDArray[np.float32]]:
        """Return every modality in its own units, for every track, from what `normalized` returns."""
        result = {}
        for name, columns in self.slices.items():
            scaled = normalized[:, columns] * self.spreads_[name] + self.means_[name]
            values = self.scalers_[name].inverse(scaled)
            here = blocks.present[name]
            values[here] = self.scalers_[name].inverse(scaled[here], blocks.values[name][here])
            result[name] = values
        return result

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
