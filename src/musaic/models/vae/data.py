"""Tracks as a network is given them: normalised, cut to crops, a batch at a time, on the device.

Vectors and, where they fit, frames lie in memory as one tensor each; frames that do not are read a crop at a time.

Letters: N tracks, B tracks of a batch, M modalities, L labels, C frames of a crop, F features of a frame.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from musaic.models.fusion import EarlyFusion
from musaic.models.inputs import Blocks, Frames


class Batch(NamedTuple):
    """What a network sees of B tracks.

    Attributes
    ----------
    x : dict of str to Tensor, shape (B, D) or (B, C, F)
        Normalised features by modality; 0 where the track lacks the modality or a crop is longer than the track.
    masks : dict of str to Tensor, shape (B, C)
        Of frames: 1 where a frame is real.
    present : Tensor, shape (B, M)
        1 where a track has the modality, else 0.
    codes : Tensor of int, shape (B, L)
        Labels: 0 where one is missing, 1 and up for the known values.
    held : Tensor, shape (B, K), or None
        Responsibilities that are to be taken in place of the prior's own.
    """

    x: dict[str, Tensor]
    masks: dict[str, Tensor]
    present: Tensor
    codes: Tensor
    held: Tensor | None = None


class _Sequence:
    """The frames of one modality, in memory or not."""

    def __init__(
        self,
        frames: Frames,
        center: NDArray[np.float32],
        scale: NDArray[np.float32],
        crop: int,
        device: torch.device,
        fits: bool,
    ) -> None:
        self.frames, self.crop, self.device = frames, crop, device
        self.center, self.scale = torch.from_numpy(center).to(device), torch.from_numpy(scale).to(device)
        self.starts = torch.from_numpy(frames.offsets[:-1]).to(device)
        self.lengths = torch.from_numpy(frames.lengths).to(device)
        self.values = _tensor(frames.values[:]).to(device) if fits else None

    def first(self, rows: Tensor, where: Tensor) -> Tensor:
        """Return the first frames of crops, shape (B,)."""
        slack = (self.lengths[rows] - self.crop).clamp_min(0)
        exact = torch.float32 if self.device.type == "mps" else torch.float64  # which that has not
        # a hair more, or i/n times n·k is rounded to less than i·k, and crops side by side leave out a frame
        return torch.minimum((where.to(exact) * (slack + 1) + 1e-6).long(), slack)

    def firsts(self) -> NDArray[np.float32]:
        """Return the first frames of the tracks that have any, and how many they have."""
        here = np.flatnonzero(self.frames.lengths)
        found = np.empty(len(here) * (self.frames.width + 1), np.float32)
        for place, row in enumerate(here):
            found[place * self.frames.width : (place + 1) * self.frames.width] = self.frames.track(int(row), 0, 1)
        found[len(here) * self.frames.width :] = self.frames.lengths[here]
        return found

    def means(self) -> NDArray[np.float32]:
        """Return every track's mean normalised frame, shape (N, F); 0 for tracks without."""
        found = np.zeros((len(self.frames), self.frames.width), np.float32)
        center, scale = self.center.cpu().numpy(), self.scale.cpu().numpy()
        for row in np.flatnonzero(self.frames.lengths):
            of = row if len(center) > 1 else 0
            found[row] = (self.frames.track(int(row)).mean(axis=0) - center[of]) / scale[of]
        return found

    def crops(self, rows: Tensor, where: Tensor) -> tuple[Tensor, Tensor]:
        """Return crops of tracks, (B, C, F), and which of their frames are real, (B, C).

        ``where`` (B,) says where a crop lies between the first place possible (0) and the last (1).
        """
        lengths, first = self.lengths[rows], self.first(rows, where)
        at = torch.arange(self.crop, device=self.device)
        mask = (at[None] < lengths[:, None]).float()
        if self.values is None:
            values = self._read(rows.tolist(), first.tolist())
        elif len(self.values):
            index = self.starts[rows, None] + first[:, None] + at
            values = self.values[index.clamp_max(len(self.values) - 1)].float()
        else:
            values = torch.zeros(len(rows), self.crop, self.frames.width, device=self.device)
        of = rows if len(self.center) > 1 else torch.zeros_like(rows)
        # what follows a short track is the next one's, whatever it is
        values = torch.where(mask[:, :, None] > 0, (values - self.center[of, None]) / self.scale[of, None], 0.0)
        return values, mask

    def _read(self, rows: list[int], first: list[int]) -> Tensor:
        """Return crops read one by one."""
        crops = np.zeros((len(rows), self.crop, self.frames.width), np.float32)
        for place, (row, start) in enumerate(zip(rows, first, strict=True)):
            frames = self.frames.track(row, start, start + self.crop)
            crops[place, : len(frames)] = frames
        return torch.from_numpy(crops).to(self.device)


class Tracks:
    """All tracks that a network is trained on, or asked about.

    Parameters
    ----------
    blocks : Blocks
        The modalities.
    fusion : EarlyFusion
        How they are scaled.
    codes : ndarray of int, shape (N, L)
        Labels as numbers.
    crop : int
        C.
    memory : float
        Bytes of frames that may lie in memory; more than that are read crop by crop.
    device : torch.device
        Where batches are made.
    """

    def __init__(
        self,
        blocks: Blocks,
        fusion: EarlyFusion,
        codes: NDArray[np.int64],
        *,
        crop: int = 1,
        memory: float = float("inf"),
        device: torch.device | None = None,
    ) -> None:
        self.device = device or torch.device("cpu")
        self.n_tracks, self.crop = blocks.n_tracks, crop
        self.present = torch.from_numpy(blocks.mask().astype(np.float32)).to(self.device)
        self.codes = torch.from_numpy(codes).to(self.device)
        self.held: Tensor | None = None
        vectors = fusion.normalized(blocks)
        self._vectors = {name: torch.from_numpy(values).to(self.device) for name, values in vectors.items()}
        fits = sum(frames.nbytes for frames in blocks.frames.values()) <= memory
        self._sequences = {
            name: _Sequence(frames, *fusion.affine(name, frames), crop, self.device, fits)
            for name, frames in blocks.frames.items()
        }
        longest = [frames.lengths for frames in blocks.frames.values()]
        n_crops = -(-np.max(longest, axis=0) // crop) if longest else np.ones(self.n_tracks, np.int64)
        self.n_segments = np.maximum(1, n_crops)

    def __len__(self) -> int:
        return self.n_tracks

    @property
    def in_memory(self) -> bool:
        """Whether all frames lie in memory."""
        return all(sequence.values is not None for sequence in self._sequences.values())

    @property
    def has_frames(self) -> bool:
        """Whether a batch depends on where the tracks are cropped."""
        return bool(self._sequences)

    def batch(self, rows: Tensor, where: Tensor | None = None) -> Batch:
        """Return tracks by their rows.

        Parameters
        ----------
        rows : Tensor of int, shape (B,)
            Which tracks; one may come more than once.
        where : Tensor, shape (B,), optional
            Where each is cropped, from 0 (its beginning) to 1 (its end), the same in all modalities; the middle where
            nothing is said.
        """
        rows = rows.to(self.device)
        x = {name: values[rows] for name, values in self._vectors.items()}
        masks = {}
        for name, sequence in self._sequences.items():
            places = torch.full((len(rows),), 0.5, device=self.device) if where is None else where.to(self.device)
            x[name], masks[name] = sequence.crops(rows, places)
        return Batch(x, masks, self.present[rows], self.codes[rows], None if self.held is None else self.held[rows])

    def fingerprint(self) -> dict[str, NDArray[Any]]:
        """Return what tells these tracks from others: all but frames, and of those the first of every track."""
        whole = {"present": self.present, "codes": self.codes}
        whole |= {f"vectors.{name}": values for name, values in self._vectors.items()}
        frames = {f"frames.{name}": sequence.firsts() for name, sequence in self._sequences.items()}
        return {name: tensor.cpu().numpy() for name, tensor in whole.items()} | frames

    def overview(self) -> NDArray[np.float64]:
        """Return every track as one vector of normalised features, shape (N, D); of frames, their mean."""
        parts = [values.cpu().numpy() for values in self._vectors.values()]
        parts += [sequence.means() for sequence in self._sequences.values()]
        return np.concatenate(parts, axis=1).astype(np.float64)

    def segments(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the crops that cover tracks from end to end: their tracks and places, shape (S,) each."""
        places = [(row, place) for row in rows.tolist() for place in self.places(row)]
        of, where = zip(*places, strict=True)
        return np.array(of, np.intp), np.array(where, np.float64)

    def first_frames(self, name: str, rows: NDArray[np.intp], where: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return where in their tracks crops of a modality of frames begin, shape (B,)."""
        return self._sequences[name].first(torch.from_numpy(rows), torch.from_numpy(where)).cpu().numpy()

    def places(self, row: int) -> list[float]:
        """Return where the crops lie that cover a track, from 0 (its beginning) to 1 (its end)."""
        n = int(self.n_segments[row])
        return [number / (n - 1) for number in range(n)] if n > 1 else [0.5]


def _tensor(values: Any) -> Tensor:
    """Return numbers as a tensor that shares their memory, or of a copy where torch cannot: in foreign byte order."""
    array = np.asarray(values)
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # nothing is written to it
        return torch.from_numpy(native)
