"""How likely the features are under what the decoder says.

A learned decoder variance makes the reconstruction term a log-likelihood in nats, so that beta weighs nats against
nats: "Simple and Effective VAE Training with Calibrated Decoders" (arXiv:2006.13202).

Letters: B tracks of a batch, D features of a vector or of a frame; C frames of a crop. ``x`` and ``said`` (what the
decoder says) have shape (B, D), or (B, C, D) with a ``mask`` (B, C) that is 1 where a frame is real.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name every torch program gives it)


class Likelihood(nn.Module, ABC):
    """The distribution of one modality's features around what the decoder says."""

    def forward(self, x: Tensor, said: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the negative log-likelihood of every track in nats, summed over features and real frames, (B,)."""
        nll = self.rows(x.float(), said.float())
        return (nll if mask is None else nll * mask).flatten(1).sum(dim=1) if nll.dim() > 1 else nll

    @abstractmethod
    def rows(self, x: Tensor, said: Tensor) -> Tensor:
        """Return the negative log-likelihood of every vector in nats, shape (B,) or (B, C)."""

    def expected(self, said: Tensor) -> Tensor:
        """Return the features expected where the decoder says this."""
        return said


class Normal(Likelihood):
    """Independent normal features.

    Parameters
    ----------
    width : int
        D.
    variance : {'dimension', 'modality'} or float > 0
        Learned for every feature, learned once, or stated.
    min_variance : float > 0
        The least that a learned variance may become; without it a feature that the decoder can copy drives the
        likelihood to infinity.
    """

    stated: Tensor

    def __init__(
        self, width: int, variance: Literal["dimension", "modality"] | float = "modality", min_variance: float = 0.01
    ) -> None:
        super().__init__()
        self.width = width
        self.floor = math.log(min_variance)
        self.learned = isinstance(variance, str)
        if isinstance(variance, str):
            # softplus(-floor) above the floor is a variance of about 1: that of the features themselves
            self.above_floor = nn.Parameter(torch.full((width if variance == "dimension" else 1,), -self.floor))
        else:
            self.register_buffer("stated", torch.tensor([math.log(variance)]), persistent=False)

    def log_variance(self) -> Tensor:
        """Return the log-variance of every feature, shape (D,)."""
        return (self.floor + F.softplus(self.above_floor) if self.learned else self.stated).expand(self.width)

    def rows(self, x: Tensor, said: Tensor) -> Tensor:
        """Return the negative log-density."""
        log_variance = self.log_variance()
        squares = ((x - said) ** 2 * torch.exp(-log_variance)).sum(dim=-1)
        return 0.5 * (squares + log_variance.sum() + self.width * math.log(2 * math.pi))


class Bernoulli(Likelihood):
    """Independent features between 0 and 1; the decoder says their log-odds."""

    def rows(self, x: Tensor, said: Tensor) -> Tensor:
        """Return the cross-entropy."""
        return F.binary_cross_entropy_with_logits(said, x, reduction="none").sum(dim=-1)

    def expected(self, said: Tensor) -> Tensor:
        """Return the probabilities."""
        return torch.sigmoid(said)


class Cosine(Likelihood):
    """Directions, such as sentence vectors: the von Mises-Fisher distribution around the direction of what is said.

    Its log-density is the concentration times the cosine, less the normaliser (Banerjee et al., JMLR 6, 2005, eq. 2.1).

    Parameters
    ----------
    width : int >= 2
        D.
    concentration : float > 0
        How close to the direction; the width where none is given, which leaves about half of a vector unexplained.
    """

    def __init__(self, width: int, concentration: float | None = None) -> None:
        super().__init__()
        self.concentration = float(width if concentration is None else concentration)
        self.normaliser = vmf_normaliser(width, self.concentration)

    def rows(self, x: Tensor, said: Tensor) -> Tensor:
        """Return the negative log-density on the sphere."""
        return self.normaliser - self.concentration * F.cosine_similarity(x, said, dim=-1)

    def expected(self, said: Tensor) -> Tensor:
        """Return the direction, of length 1."""
        return F.normalize(said, dim=-1)


def vmf_normaliser(width: int, concentration: float) -> float:
    """Return the log of the integral of exp(concentration · cosine) over the sphere in ``width`` dimensions."""
    from scipy.special import ive

    order = width / 2 - 1
    scaled = float(ive(order, concentration))
    if scaled > 0:
        bessel = math.log(scaled) + concentration
    else:  # too small for a double: the leading term of Debye's expansion, good to 1 / (12 · order)
        ratio = concentration / order
        root = math.sqrt(1 + ratio**2)
        bessel = order * (root + math.log(ratio / (1 + root))) - 0.5 * math.log(2 * math.pi * order * root)
    return width / 2 * math.log(2 * math.pi) + bessel - order * math.log(concentration)
