"""What every penalty is: a number that the encoder lowers while training.

It is computed from the posterior means of a batch, since the mean is what a track's embedding is. No penalty looks at a
value on the way (no branch on data), so that a GPU is never waited for.

Letters: B tracks of a batch, Z latent dimensions, L labels, K values of a label.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from musaic.models.vae.penalty_config import CropConsistencyConfig, IndependenceConfig

LEAST_SQUARED_DISTANCE = 1e-4
"""As the width of a kernel or of latents: the prior has variance 1, and what differs by less than 0.01 is alike."""


class View(NamedTuple):
    """What penalties see of a batch.

    Attributes
    ----------
    mean : Tensor, shape (B, Z)
        Posterior means.
    codes : Tensor of int64, shape (B, L)
        Labels: 0 where missing, else 1 to K.
    other : Tensor, shape (B, Z), optional
        Posterior means of a second view of the same tracks; without one, there is no consistency to penalise.
    paired : Tensor of bool, shape (B,), optional
        Which tracks have two views that differ; all where nothing is said.
    """

    mean: Tensor
    codes: Tensor
    other: Tensor | None = None
    paired: Tensor | None = None


class Penalty(nn.Module, ABC):
    """A number that the encoder lowers.

    Attributes
    ----------
    name : str
        What it is called among others.
    weight : float
        What its value is to be multiplied by.
    needs_second_view : bool
        Whether it compares two views of every track.
    speed : float
        What the learning rate is to be multiplied by for the penalty's own parameters.
    """

    needs_second_view: ClassVar[bool] = False
    speed: ClassVar[float] = 1.0

    def __init__(self, config: CropConsistencyConfig | IndependenceConfig) -> None:
        super().__init__()
        self.name, self.weight = config.name, config.weight

    def forward(self, view: View) -> Tensor:
        """Return the value, a scalar without the weight, in single precision whatever the networks use."""
        with torch.autocast(view.mean.device.type, enabled=False):
            other = None if view.other is None else _single(view.other)
            return self.value(view._replace(mean=_single(view.mean), other=other))

    @abstractmethod
    def value(self, view: View) -> Tensor:
        """Return the value for a batch."""


def _single(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
