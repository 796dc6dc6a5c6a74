"""What a learned model has to beat: the features as they are, and their principal components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musaic.models.base import Labels, Representation
from musaic.models.config import BaselineConfig, PcaConfig, RawConfig
from musaic.models.inputs import Blocks, Frames

EXACT = 1000
"""Up to this many tracks or features the decomposition is the full one; above, scikit-learn chooses."""


class Baseline(Representation):
    """A model of vectors, for which sequences are laid out as such."""

    config_: BaselineConfig

    def _arranged(self, blocks: Blocks) -> Blocks:
        laid_out = {name: stretches(frames, self.config_.n_frames) for name, frames in blocks.frames.items()}
        return Blocks({**blocks.values, **laid_out}, blocks.present)


def stretches(frames: Frames, n_frames: int) -> NDArray[np.float32]:
    """Return the mean frames of ``n_frames`` stretches of every track, side by side, shape (N, n_frames * F).

    The stretches cover a track from end to end; those of one shorter than ``n_frames`` share frames. 0 for a track
    without frames.
    """
    vectors = np.zeros((len(frames), n_frames, frames.width), np.float32)
    for row in np.flatnonzero(frames.lengths):
        track = frames.track(int(row)).astype(np.float64)
        sums = np.concatenate([np.zeros((1, frames.width)), track.cumsum(axis=0)])
        first = np.arange(n_frames) * len(track) // n_frames
        last = -(-np.arange(1, n_frames + 1) * len(track) // n_frames)
        vectors[row] = (sums[last] - sums[first]) / (last - first)[:, None]
    return vectors.reshape(len(frames), -1)


class Raw(Baseline):
    """The scaled features themselves, modalities side by side."""

    config_class = RawConfig
    config_: RawConfig

    def _fit(self, blocks: Blocks, labels: Labels, groups: NDArray[Any] | None) -> None:
        self.n_dims_ = sum(blocks.dims.values())

    def _transform(self, blocks: Blocks, labels: Labels) -> NDArray[np.float32]:
        return self.fusion_.transform(blocks)

    def _facts(self) -> dict[str, Any]:
        return {"n_dims": self.n_dims_}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {}

    def _restore(self, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        self.n_dims_ = facts["n_dims"]


class Pca(Baseline):
    """Principal components of the scaled features.

    Attributes
    ----------
    mean_ : ndarray, shape (D,)
        Mean of the fused features.
    components_ : ndarray, shape (n_dims_, D)
        Directions of most variance first; the largest entry of each is positive.
    explained_variance_ratio_ : ndarray, shape (n_dims_,)
        Share of the variance along each.
    """

    config_class = PcaConfig
    config_: PcaConfig
    least_tracks = 2

    def _fit(self, blocks: Blocks, labels: Labels, groups: NDArray[Any] | None) -> None:
        from sklearn.decomposition import PCA
        from threadpoolctl import threadpool_limits

        fused = self.fusion_.transform(blocks).astype(np.float64)
        asked = self.config_.n_components
        cap = min(self.config_.max_components, len(fused) - 1, fused.shape[1])
        solver = "full" if min(fused.shape) <= EXACT else "auto"
        most = min(cap, asked) if isinstance(asked, int) else cap
        self.mean_ = fused.mean(axis=0)
        if not np.any(fused != fused[0]):
            self.components_ = np.eye(1, fused.shape[1])
            self.explained_variance_ratio_ = np.zeros(1)
        else:
            # one thread: the last bits of the decomposition depend on the number of threads
            with threadpool_limits(1):
                pca = PCA(most, svd_solver=solver, random_state=self.random_state).fit(fused)
            ratio = pca.explained_variance_ratio_
            reached = np.cumsum(ratio) >= (2.0 if isinstance(asked, int) else asked)
            keep = int(reached.argmax()) + 1 if reached.any() else most
            largest = np.abs(pca.components_).argmax(axis=1)
            signs = np.sign(pca.components_[np.arange(most), largest])
            self.components_ = (pca.components_ * signs[:, None])[:keep]
            self.explained_variance_ratio_ = ratio[:keep]
        self.n_dims_ = len(self.components_)

    def _transform(self, blocks: Blocks, labels: Labels) -> NDArray[np.float32]:
        from threadpoolctl import threadpool_limits

        centred = self.fusion_.transform(blocks) - self.mean_
        with threadpool_limits(1):
            return np.asarray(centred @ self.components_.T, dtype=np.float32)

    def _facts(self) -> dict[str, Any]:
        return {"n_dims": self.n_dims_}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "pca.mean": self.mean_,
            "pca.components": self.components_,
            "pca.explained_variance_ratio": self.explained_variance_ratio_,
        }

    def _restore(self, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        self.n_dims_ = facts["n_dims"]
        self.mean_, self.components_ = arrays["pca.mean"], arrays["pca.components"]
        self.explained_variance_ratio_ = arrays["pca.explained_variance_ratio"]
