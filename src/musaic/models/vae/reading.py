"""What a fitted VAE says: features from latents, songs from each other's modalities, paths through latent space.

Letters: N tracks, S steps of a path, D features of a vector, C frames of a crop, F features of a frame, Z latent
dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from musaic.models.base import Condition, Labels
from musaic.models.inputs import Blocks, Frames, Input, InputError, Presence, check_names
from musaic.models.removal import read_labels
from musaic.models.vae.data import Batch
from musaic.models.vae.determinism import same_bytes

if TYPE_CHECKING:
    from musaic.models.fusion import EarlyFusion
    from musaic.models.inputs import Form
    from musaic.models.vae.condition import Vocabulary
    from musaic.models.vae.config import VaeConfig
    from musaic.models.vae.data import Tracks
    from musaic.models.vae.module import VaeModule
    from musaic.models.vae.posteriors import Encoded

DECODED_AT_ONCE = 512


class _Crops(NamedTuple):
    """Crops of tracks, and what is said of them.

    Attributes
    ----------
    rows, weights : ndarray, shape (B,)
        The track of each, and how much it counts there.
    first : dict of str to ndarray, shape (B,)
        Where it begins in the track, by modality of frames.
    batch : Batch
        What the network is given.
    said : dict of str to ndarray, shape (B, D) or (B, C, F)
        The normalised features that it expects.
    """

    rows: NDArray[np.intp]
    weights: NDArray[np.float64]
    first: dict[str, NDArray[np.int64]]
    batch: Batch
    said: dict[str, NDArray[np.float32]]


class Reading:
    """The side of a VAE that is there to be looked at and listened to."""

    config_: VaeConfig
    fusion_: EarlyFusion
    forms_: dict[str, Form]
    latent_mean_: NDArray[np.float32]
    latent_sd_: NDArray[np.float32]
    module_: VaeModule
    random_state: int
    vocabulary_: Vocabulary

    if TYPE_CHECKING:  # what the model itself brings

        def _check_fitted(self) -> None: ...
        def _read(self, X: Input, present: Presence, condition: Condition = None) -> tuple[Blocks, Labels]: ...
        def _encoded(self, blocks: Blocks, labels: Labels) -> Encoded: ...
        def _tracks(self, blocks: Blocks, labels: Labels) -> Tracks: ...
        def _codes(self, labels: Labels, n_tracks: int) -> NDArray[np.int64]: ...

    def sample(
        self, X: Input, *, present: Presence = None, condition: Condition = None, random_state: int = 0
    ) -> NDArray[np.float32]:
        """Return one draw from every track's posterior, shape (N, Z)."""
        mean, variance = self._encoded(*self._read(X, present, condition)).pooled()
        noise = np.random.default_rng(random_state).standard_normal(mean.shape, np.float32)
        return np.asarray(mean + np.sqrt(variance) * noise, dtype=np.float32)

    def decode(self, Z: ArrayLike, *, condition: Condition = None) -> dict[str, NDArray[np.float32]]:
        """Return the features that latents stand for, by modality, in their own units.

        Parameters
        ----------
        Z : array_like, shape (N, Z)
            Latents.
        condition : mapping of str to array_like, optional
            The labels that the model is told, one value a row; unknown where none are given. Where unseen ones are
            marginalised, the features are the average over the known values.

        Returns
        -------
        dict of str to ndarray, shape (N, D), or (N, C, F) for frames

        Raises
        ------
        InputError
            Where the latents do not have Z dimensions or are not finite, or a label is not one of the model's.
        """
        latents = self._latents(Z)
        config = self.config_
        labels = read_labels(condition, config.labels, len(latents), config.model, needed=())
        codes = self._codes(labels, len(latents))
        decoded: dict[str, NDArray[np.float32]] = {}
        for share in self.vocabulary_.marginal(codes):
            for name, values in self._said(latents[share.rows], share.codes).items():
                decoded.setdefault(name, np.zeros((len(latents), *values.shape[1:]), np.float32))
                decoded[name][share.rows] += np.float32(share.weight) * values
        return {name: self._own_units(name, values) for name, values in decoded.items()}

    def reconstruct(
        self, X: Input, *, present: Presence = None, condition: Condition = None
    ) -> NDArray[np.float32] | Frames | dict[str, NDArray[np.float32] | Frames]:
        """Return the features as decoded from the posterior means, in the form and units of ``X``.

        Frames are decoded crop by crop, and averaged where crops overlap. A modality that a track lacks is what the
        model expects of it from the others (frames of a track that has none stay none). A label that the model takes
        out stays out.
        """
        blocks, labels = self._read(X, present, condition)
        rebuilt = self._rebuilt(blocks, labels)
        return rebuilt if isinstance(X, Mapping) else next(iter(rebuilt.values()))

    def infer(
        self, X: Input, modality: str, *, present: Presence = None, condition: Condition = None
    ) -> NDArray[np.float32]:
        """Return what the model expects of one modality from the others: sound from lyrics, say.

        Parameters
        ----------
        X : mapping of str to array_like or Frames
            The others; what is given of the modality itself is not looked at.
        modality : str
            What is asked for.

        Returns
        -------
        ndarray, shape (N, D), or (N, C, F) for frames

        Raises
        ------
        InputError
            Where the model does not know the modality, or learns every modality by itself (late fusion).
        """
        self._check_fitted()
        check_names([modality], self.module_.names, "infer")
        if self.config_.fusion.kind == "late":
            raise InputError(
                "late fusion learns every modality by itself, and cannot tell one from another; choose fusion 'early', "
                "'weighted', 'attention', 'poe' or 'moe'."
            )
        others = {name: values for name, values in X.items() if name != modality} if isinstance(X, Mapping) else {}
        if not others:
            raise InputError(
                f"there is nothing to infer {modality!r} from; give X as a mapping with at least one of "
                f"{', '.join(name for name in self.module_.names if name != modality) or 'several modalities'}."
            )
        known = (
            {name: mask for name, mask in present.items() if name != modality}
            if isinstance(present, Mapping)
            else present
        )
        mean, _ = self._encoded(*self._read(others, known, condition)).pooled()
        return self.decode(mean, condition=condition)[modality]

    def reconstruction_error(
        self, X: Input, *, present: Presence = None, condition: Condition = None
    ) -> dict[str, NDArray[np.float64]]:
        """Return how far every track's features are from their reconstruction, by modality, shape (N,) each.

        The mean squared difference in units of the modality's mean variance, so that 1 is what its mean alone would
        give on average; NaN for tracks without the modality.
        """
        blocks, labels = self._read(X, present, condition)
        sums, counts = ({name: np.zeros(blocks.n_tracks) for name in self.module_.names} for _ in range(2))
        for crops in self._crops_said(blocks, labels):
            for name, said in crops.said.items():
                square = ((said - crops.batch.x[name].numpy()) ** 2).mean(axis=-1)
                mask = crops.batch.masks[name].numpy() if name in crops.batch.masks else np.ones(square.shape)
                square, mask = ((crops.weights * part.reshape(len(part), -1).T).T for part in (square * mask, mask))
                np.add.at(sums[name], crops.rows, square.sum(axis=1))
                np.add.at(counts[name], crops.rows, mask.sum(axis=1))
        return {
            name: np.where(blocks.present[name], sums[name] / np.maximum(counts[name], 1e-12), np.nan) for name in sums
        }

    def traverse(
        self, dim: int, *, steps: int = 7, span: float = 3.0, at: ArrayLike | None = None, condition: Condition = None
    ) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
        """Move along one latent dimension, the others standing still.

        Parameters
        ----------
        dim : int
            Which dimension, from 0.
        steps : int >= 2
            S.
        span : float > 0
            How far to either side of the tracks' mean, in standard deviations of their posterior means.
        at : array_like, shape (Z,), optional
            Where the other dimensions stand; at the mean of all tracks where nothing is said.
        condition : mapping of str to array_like, optional
            Labels for the S steps, as for `decode`.

        Returns
        -------
        latents : ndarray, shape (S, Z)
            The path.
        decoded : dict of str to ndarray, shape (S, D) or (S, C, F)
            What it stands for.
        """
        self._check_fitted()
        n_dims = len(self.latent_mean_)
        if not isinstance(dim, int | np.integer) or not 0 <= dim < n_dims:
            raise InputError(f"there is no latent dimension {dim}; give one from 0 to {n_dims - 1}.")
        middle = self.latent_mean_ if at is None else self._latents(np.asarray(at)[None])[0]
        latents = np.repeat(middle[None], _at_least_two(steps), axis=0)
        latents[:, dim] = self.latent_mean_[dim] + self.latent_sd_[dim] * np.linspace(-span, span, steps)
        return latents, self.decode(latents, condition=condition)

    def interpolate(
        self, a: ArrayLike, b: ArrayLike, *, steps: int = 7, condition: Condition = None
    ) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
        """Move in a straight line from one place in latent space to another, both included.

        Parameters
        ----------
        a, b : array_like, shape (Z,)
            Places, such as two rows of `posterior`'s means.
        steps : int >= 2
            S.
        condition : mapping of str to array_like, optional
            Labels for the S steps, as for `decode`.

        Returns
        -------
        latents, decoded
            As `traverse` returns them.
        """
        share = np.linspace(0, 1, _at_least_two(steps), dtype=np.float32)[:, None]
        first, last = self._latents(np.stack([np.asarray(a), np.asarray(b)]))
        latents = (1 - share) * first + share * last
        return latents, self.decode(latents, condition=condition)

    def _rebuilt(self, blocks: Blocks, labels: Labels) -> dict[str, NDArray[np.float32] | Frames]:
        """Return every modality as decoded from the posterior means of the tracks' crops."""
        names = self.module_.names
        frames = {name: blocks.frames[name] for name in names if name in blocks.frames}
        rebuilt: dict[str, Any] = {name: np.zeros((blocks.n_tracks, self.forms_[name].width)) for name in names}
        rebuilt |= {name: np.zeros(values.values.shape) for name, values in frames.items()}
        counts = {name: np.zeros((values.values.shape[0], 1)) for name, values in frames.items()}
        for crops in self._crops_said(blocks, labels):
            for name, said in crops.said.items():
                if name not in frames:
                    np.add.at(rebuilt[name], crops.rows, (crops.weights * said.T).T)
                    continue
                for row, first, weight, crop in zip(crops.rows, crops.first[name], crops.weights, said, strict=True):
                    begin, end = frames[name].offsets[row : row + 2]
                    place = slice(begin + first, min(end, begin + first + len(crop)))
                    rebuilt[name][place] += weight * crop[: place.stop - place.start]
                    counts[name][place] += weight
        for name, values in rebuilt.items():
            if name not in frames:
                own = self.fusion_.inverse(name, values)
                here = blocks.present[name]
                own[here] = self.fusion_.inverse(name, values[here], blocks.vectors[name][here])
                rebuilt[name] = own
                continue
            center, scale = self.fusion_.affine(name, frames[name])
            of = np.repeat(np.arange(blocks.n_tracks), np.diff(frames[name].offsets)) if len(center) > 1 else [0]
            whole = values / np.maximum(counts[name], 1e-12) * scale[of] + center[of]
            rebuilt[name] = Frames(whole.astype(np.float32), frames[name].offsets)
        return rebuilt

    def _crops_said(self, blocks: Blocks, labels: Labels) -> Iterator[_Crops]:
        """Yield what is said of all crops of all tracks."""
        tracks, encoded = self._tracks(blocks, labels), self._encoded(blocks, labels)
        for start in range(0, len(encoded.rows), DECODED_AT_ONCE):
            part = slice(start, start + DECODED_AT_ONCE)
            rows, where = encoded.rows[part], encoded.where[part]
            yield _Crops(
                rows,
                encoded.weights[part],
                {name: tracks.first_frames(name, rows, where) for name in self.module_.names if name in blocks.frames},
                tracks.batch(torch.from_numpy(rows), torch.from_numpy(where)),
                self._said(encoded.mean[part], encoded.codes[part]),
            )

    def _said(self, latents: NDArray[np.float32], codes: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
        """Return the normalised features that latents stand for, by modality."""
        parts = []
        with same_bytes(self.random_state), torch.no_grad():
            self.module_.eval()
            for start in range(0, len(latents), DECODED_AT_ONCE):
                rows = slice(start, start + DECODED_AT_ONCE)
                extra = self.module_.extra(torch.from_numpy(codes[rows]))
                parts.append(self.module_.expected(torch.from_numpy(latents[rows]), extra))
        return {name: torch.cat([part[name] for part in parts]).numpy() for name in self.module_.names}

    def _own_units(self, name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return normalised features in the units of the modality, as they are on average where tracks differ."""
        if self.forms_[name].kind == "vector":
            return self.fusion_.inverse(name, values)
        center, scale = self.fusion_.affine(name)
        return values * scale + center

    def _latents(self, Z: ArrayLike) -> NDArray[np.float32]:
        self._check_fitted()
        try:
            latents = np.ascontiguousarray(Z, dtype=np.float32)
        except (TypeError, ValueError):
            raise InputError("latents hold values that are not numbers; give an array (tracks, Z).") from None
        shape = (len(latents) or None, self.module_.n_latent)
        if latents.shape != shape or not np.isfinite(latents).all():
            raise InputError(
                f"latents have shape {latents.shape}; they must be finite, of shape (tracks, {self.module_.n_latent})."
            )
        return latents


def _at_least_two(steps: int) -> int:
    if not isinstance(steps, int | np.integer) or steps < 2:
        raise InputError(f"a path needs a whole number of at least 2 steps, not {steps}.")
    return steps
