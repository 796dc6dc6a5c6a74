"""Hidden features of several modalities to one vector a track, before the posterior.

What an absent modality's features hold never matters, and it counts as not there rather than as zero.

Letters: B tracks of a batch, M modalities, H hidden features (H_m of modality m).
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from musaic.models.inputs import check_names
from musaic.models.vae.fusion_config import AttentionConfig, EarlyConfig, JoiningConfig, WeightedConfig


class Joining(nn.Module, ABC):
    """A way to make one vector of the hidden features of several modalities.

    A further one is a class made from the modalities' widths and its configuration, and registered in `JOININGS` under
    the configuration's ``kind``.

    Parameters
    ----------
    width : int >= 1
        Number of features that `_join` gives.
    joint : sequence of int >= 1
        Widths of the hidden layers that these go through (32 + 32 to 64, say); none where empty.

    Attributes
    ----------
    width : int
        Number of features that come out, H.
    """

    def __init__(self, width: int, joint: Sequence[int]) -> None:
        super().__init__()
        sizes = (width, *joint)
        layers = ((nn.Linear(a, b), nn.LayerNorm(b), nn.SiLU()) for a, b in itertools.pairwise(sizes))
        self.projection = nn.Sequential(*itertools.chain.from_iterable(layers))
        self.width = sizes[-1]

    def forward(self, hidden: Sequence[Tensor], present: Tensor) -> Tensor:
        """Return the joined features.

        Parameters
        ----------
        hidden : sequence of M Tensor, shape (B, H_m)
            Features by modality; rows of tracks without it may hold anything.
        present : Tensor of 0 and 1, shape (B, M)
            Which track has which modality.

        Returns
        -------
        Tensor, shape (B, H)
        """
        known = [h.masked_fill(present[:, m, None] == 0, 0) for m, h in enumerate(hidden)]
        joined: Tensor = self.projection(self._join(known, present))
        return joined

    @abstractmethod
    def _join(self, hidden: Sequence[Tensor], present: Tensor) -> Tensor:
        """Return the features before the joint layers; absent ones are 0 in ``hidden``."""


class Concatenation(Joining):
    """Side by side, absent ones 0, followed by the presence flags that tell such a 0 from a feature of 0.

    With one modality only, its presence says nothing and is left out.
    """

    def __init__(self, widths: Mapping[str, int], config: EarlyConfig) -> None:
        n_flags = len(widths) if len(widths) > 1 else 0
        super().__init__(sum(widths.values()) + n_flags, config.joint)
        self.n_flags = n_flags

    def _join(self, hidden: Sequence[Tensor], present: Tensor) -> Tensor:
        return torch.cat([*hidden, present.to(hidden[0].dtype)] if self.n_flags else list(hidden), dim=1)


class Mean(Joining):
    """A weighted mean of features that linear layers bring to one width, that of the widest modality."""

    def __init__(self, widths: Mapping[str, int], config: WeightedConfig | AttentionConfig) -> None:
        common = max(widths.values())
        super().__init__(common, config.joint)
        self.values = nn.ModuleList(nn.Linear(width, common) for width in widths.values())

    @abstractmethod
    def weights(self, hidden: Sequence[Tensor], present: Tensor) -> Tensor:
        """Return what each modality counts, shape (B, M): absent ones 0, the others of a track 1 together.

        Parameters as for `forward`. A track that has nothing gets zeros.
        """

    def _join(self, hidden: Sequence[Tensor], present: Tensor) -> Tensor:
        weights = self.weights(hidden, present)
        values = [value(h) for value, h in zip(self.values, hidden, strict=True)]
        return torch.stack([weights[:, m, None] * value for m, value in enumerate(values)]).sum(dim=0)


class WeightedSum(Mean):
    """Weights as configured, divided by the sum of those that a track has.

    Raises
    ------
    InputError
        Where a weight is given to a modality that is not there.
    """

    configured: Tensor

    def __init__(self, widths: Mapping[str, int], config: WeightedConfig) -> None:
        check_names(config.weights, widths, "fusion.weights")
        super().__init__(widths, config)
        weights = torch.tensor([config.weight(name) for name in widths])
        self.register_buffer("configured", weights, persistent=False)

    def weights(self, hidden: Sequence[Tensor], present: Tensor) -> Tensor:
        """Return the configured weights of the modalities that are there; the features do not matter."""
        here = self.configured.where(present > 0, 0)
        total = here.sum(dim=1, keepdim=True)
        return here / total.where(total > 0, 1)


class Attention(Mean):
    """Weights from the features: a softmax over present modalities of v·tanh(W_m h_m + b_m).

    The score is that of Bahdanau et al. (arXiv:1409.0473), taken over modalities with a W of each modality's own and
    one v as in "Attention-based multimodal fusion" (Hori et al., arXiv:1701.03126), without a decoder's state, as
    there is none here.
    """

    def __init__(self, widths: Mapping[str, int], config: AttentionConfig) -> None:
        super().__init__(widths, config)
        common = max(widths.values())
        self.keys = nn.ModuleList(nn.Linear(width, common) for width in widths.values())
        self.query = nn.Linear(common, 1, bias=False)  # a bias would be the same for all and cancel in the softmax

    def weights(self, hidden: Sequence[Tensor], present: Tensor) -> Tensor:
        """Return the softmax of the scores over the modalities that are there."""
        keys = [torch.tanh(key(h)) for key, h in zip(self.keys, hidden, strict=True)]
        scores = torch.cat([self.query(key) for key in keys], dim=1)
        scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
        # the least finite number and not -inf, of which a track without anything would make NaN
        scores = scores.masked_fill(present == 0, torch.finfo(scores.dtype).min)
        return torch.softmax(scores, dim=1).where(present > 0, 0)


JOININGS: dict[str, Callable[[Mapping[str, int], Any], Joining]] = {
    "early": Concatenation,
    "weighted": WeightedSum,
    "attention": Attention,
}
"""The ways by the ``kind`` of their configuration."""


def joining(widths: Mapping[str, int], config: JoiningConfig) -> Joining:
    """Return the network that joins modalities of these hidden widths, in the order in which they will be given."""
    return JOININGS[config.kind](widths, config)
