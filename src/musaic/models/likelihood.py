"""How likely the features are under what the decoder says.

A learned decoder variance makes the reconstruction term a log-likelihood in nats, so that beta weighs nats against
nats: "Simple and Effective VAE Training with Calibrated Decoders" (arXiv:2006.13202).

Letters: B tracks of a batch, D features, M modalities.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name every torch program gives it)


def normal_nll(x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the negative log-density of independent normals, element by element, in nats."""
    return 0.5 * (math.log(2 * math.pi) + log_variance + (x - mean) ** 2 * torch.exp(-log_variance))


class Likelihood(nn.Module):
    """Independent features around what the decoder says: normal, or Bernoulli with its output as log-odds.

    Parameters
    ----------
    dims : sequence of int
        Width of every modality.
    variance : {'dimension', 'modality'} or float > 0
        Learned for every feature, learned once a modality, or stated.
    min_variance : float > 0
        The least that a learned variance may become; without it a feature that the decoder can copy drives the
        likelihood to infinity.
    weights : sequence of float
        What every modality's log-likelihood is multiplied by.
    kinds : sequence of {'normal', 'bernoulli'}, optional
        Of every modality; all normal where nothing is said. Features of a Bernoulli one lie between 0 and 1.
    """

    columns: Tensor
    weights: Tensor
    stated: Tensor

    def __init__(
        self,
        dims: Sequence[int],
        variance: Literal["dimension", "modality"] | float = "modality",
        min_variance: float = 0.01,
        weights: Sequence[float] | None = None,
        kinds: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        kinds = ["normal"] * len(dims) if kinds is None else list(kinds)
        ends = [sum(dims[: position + 1]) for position in range(len(dims))]
        self.bernoulli = [
            slice(end - width, end) for end, width, kind in zip(ends, dims, kinds, strict=True) if kind == "bernoulli"
        ]
        self.floor = math.log(min_variance)
        columns = torch.repeat_interleave(torch.arange(len(dims)), torch.tensor(list(dims)))
        self.register_buffer("columns", columns, persistent=False)
        weight = torch.tensor([1.0] * len(dims) if weights is None else list(weights))
        self.register_buffer("weights", weight[columns], persistent=False)
        self.per_feature = variance == "dimension"
        self.learned = isinstance(variance, str)
        if isinstance(variance, str):
            # softplus(-floor) above the floor is a variance of about 1: that of the features themselves
            self.above_floor = nn.Parameter(torch.full((sum(dims) if self.per_feature else len(dims),), -self.floor))
        else:
            self.register_buffer("stated", torch.full((len(dims),), math.log(variance)), persistent=False)

    def log_variance(self) -> Tensor:
        """Return the log-variance of every feature, shape (D,)."""
        if not self.learned:
            return self.stated[self.columns]
        log_variance = self.floor + F.softplus(self.above_floor)
        return log_variance if self.per_feature else log_variance[self.columns]

    def forward(self, x: Tensor, mean: Tensor, present: Tensor | None = None) -> Tensor:
        """Return the negative log-likelihood of every track in nats, summed over what it has, shape (B,).

        Parameters
        ----------
        x, mean : Tensor, shape (B, D)
            Features and the decoder's output.
        present : Tensor, shape (B, M), optional
            1 where a track has the modality, else 0; absent modalities leave the sum.
        """
        nll = normal_nll(x, mean, self.log_variance())
        for columns in self.bernoulli:
            nll[:, columns] = F.binary_cross_entropy_with_logits(mean[:, columns], x[:, columns], reduction="none")
        nll = nll * self.weights
        return (nll if present is None else nll * present[:, self.columns]).sum(dim=1)

    def expected(self, mean: Tensor) -> Tensor:
        """Return the expected features for the decoder's output, shape (B, D)."""
        if not self.bernoulli:
            return mean
        expected = mean.clone()
        for columns in self.bernoulli:
            expected[:, columns] = torch.sigmoid(mean[:, columns])
        return expected
