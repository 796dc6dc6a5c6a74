"""What a model is told of a track beside its features: label columns, as codes and as learned vectors.

Encoder and decoder both see the label (the conditional VAE of Sohn et al., "Learning Structured Output Representation
using Deep Conditional Generative Models", NeurIPS 2015), so that the latents need not carry it.

Letters: N tracks, B tracks of a batch, L labels, K values of a label, E dimensions of a label's vector.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from musaic.models.inputs import InputError

UNKNOWN, UNSEEN = 0, -1
"""The codes of a missing label, and of a value that the fit has not seen."""

NAMED = 5
"""The most values that a message lists."""


class Share(NamedTuple):
    """Tracks under one supposition of what their unseen labels are.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        The tracks.
    weight : float in (0, 1]
        How far the supposition counts; the weights that a track meets sum to 1.
    codes : ndarray of int64, shape (n, L)
        Their labels so supposed, none of them -1.
    """

    rows: NDArray[np.intp]
    weight: float
    codes: NDArray[np.int64]


@dataclass(frozen=True)
class Vocabulary:
    """The values of label columns, as numbers: 0 for a missing label, 1 to K for the known values in sorted order.

    Attributes
    ----------
    values : dict of str to tuple of str
        The K known values of every label, sorted by code point.
    counts : dict of str to tuple of int
        How many tracks of the fit have each.
    """

    values: dict[str, tuple[str, ...]]
    counts: dict[str, tuple[int, ...]]

    @classmethod
    def fit(cls, labels: Mapping[str, NDArray[np.object_]]) -> Self:
        """Learn the values of labels of shape (N,) each, None where one is missing."""
        counted = {name: Counter(value for value in column if value is not None) for name, column in labels.items()}
        values = {name: tuple(sorted(counter)) for name, counter in counted.items()}
        return cls(values, {name: tuple(counted[name][value] for value in known) for name, known in values.items()})

    @property
    def sizes(self) -> dict[str, int]:
        """The number K of known values of every label, in the order of the columns of `codes`."""
        return {name: len(known) for name, known in self.values.items()}

    @property
    def shares(self) -> dict[str, NDArray[np.float64]]:
        """The share of every known value among the labelled tracks of the fit, shape (K,) each."""
        return {name: np.array(counts, np.float64) / max(sum(counts), 1) for name, counts in self.counts.items()}

    def codes(
        self, labels: Mapping[str, NDArray[np.object_]], unseen: Literal["refuse", "marginalise"] = "refuse"
    ) -> NDArray[np.int64]:
        """Return labels as numbers, shape (N, L).

        Parameters
        ----------
        labels : mapping of str to ndarray of str or None, shape (N,)
            Every label of the fit (see `musaic.models.removal.read_labels`).
        unseen : {'refuse', 'marginalise'}
            What a value does that the fit has not seen: it is refused, or its code is -1 (see `marginal`).

        Raises
        ------
        InputError
            For an unseen value that is to be refused.
        """
        columns = []
        for name, known in self.values.items():
            places = {None: UNKNOWN} | {value: place for place, value in enumerate(known, start=1)}
            column = np.array([places.get(value, UNSEEN) for value in labels[name]], np.int64)
            if unseen == "refuse" and (column == UNSEEN).any():
                strange = sorted(set(labels[name][column == UNSEEN]))
                raise InputError(
                    f"label {name!r} has {_listed(strange)}, which the model was not fitted on (it knows "
                    f"{_listed(known) or 'no value'}); give None where the label does not matter, or set unseen: "
                    "marginalise."
                )
            columns.append(column)
        n_tracks = len(next(iter(labels.values()))) if labels else 0
        return np.stack(columns, axis=1) if columns else np.zeros((n_tracks, 0), np.int64)

    def marginal(self, codes: NDArray[np.int64]) -> Iterator[Share]:
        """Yield tracks under every supposition of what their unseen labels are, each with its weight.

        An unseen label is supposed to be every known value in turn, weighted by the value's share in the fit; several
        unseen ones are supposed independent. What a model says of a track, averaged with these weights, has the label
        marginalised. A track without unseen labels comes once, with weight 1.

        Parameters
        ----------
        codes : ndarray of int64, shape (N, L)
            As `codes` returns them.
        """
        choices = [
            list(enumerate(shares, start=1)) or [(UNKNOWN, 1.0)]  # of no known value, the unknown one is what is left
            for shares in (share.tolist() for share in self.shares.values())
        ]
        patterns, of_row = np.unique(codes == UNSEEN, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            rows = np.flatnonzero(of_row.ravel() == number)
            columns = np.flatnonzero(pattern)
            for supposed in itertools.product(*(choices[column] for column in columns)):
                filled = codes[rows]
                filled[:, columns] = [code for code, _ in supposed]
                yield Share(rows, math.prod(share for _, share in supposed), filled)

    def get_state(self) -> list[list[Any]]:
        """Return one JSON-ready row a label: its name, its values and their counts."""
        return [[name, list(known), list(self.counts[name])] for name, known in self.values.items()]

    @classmethod
    def from_state(cls, state: Sequence[Sequence[Any]]) -> Self:
        """Return the vocabulary that `get_state` was called on."""
        values = {name: tuple(known) for name, known, _ in state}
        return cls(values, {name: tuple(counts) for name, _, counts in state})


class ConditionEmbedding(nn.Module):
    """A learned vector for every value of every label, and one for `unknown`.

    Parameters
    ----------
    sizes : mapping of str to int
        The number K of known values of every label (`Vocabulary.sizes`).
    dim : int >= 1
        E, for each label.
    drop : float in [0, 1]
        The probability with which a label is withheld while training, so that `unknown` is learned even where no
        label is missing.

    Attributes
    ----------
    width : int
        Dimensions of what comes out: E for each label.
    """

    def __init__(self, sizes: Mapping[str, int], dim: int = 8, drop: float = 0.1) -> None:
        super().__init__()
        self.drop = drop
        self.width = dim * len(sizes)
        self.vectors = nn.ModuleList(nn.Embedding(size + 1, dim) for size in sizes.values())

    def dropped(self, codes: Tensor) -> Tensor:
        """Return codes (B, L) some of which are withheld at random while training: once, for encoder and decoder."""
        if not self.training or not self.drop:
            return codes
        return codes.masked_fill(torch.rand(codes.shape, device=codes.device) < self.drop, UNKNOWN)

    @torch.no_grad()
    def leave_unknown(self, met: Sequence[NDArray[np.bool_]]) -> None:
        """Give values that no training track has, ``met`` (K + 1,) of each label being False, the vector of `unknown`.

        Their own would be whatever they were drawn as.
        """
        for vectors, known in zip(self.vectors, met, strict=True):
            assert isinstance(vectors, nn.Embedding)
            vectors.weight[torch.from_numpy(~known)] = vectors.weight[UNKNOWN].clone()

    def forward(self, codes: Tensor) -> Tensor:
        """Return the vectors of codes (B, L) of 0 to K, side by side, shape (B, width)."""
        return torch.cat([vectors(codes[:, column]) for column, vectors in enumerate(self.vectors)], dim=1)


def _listed(values: Sequence[str]) -> str:
    more = f" and {len(values) - NAMED} more" if len(values) > NAMED else ""
    return ", ".join(repr(value) for value in values[:NAMED]) + more
