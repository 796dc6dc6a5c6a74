"""Latents that do not tell a label, by a classifier that tries to.

Letters: B tracks of a batch, Z latent dimensions, K values of the label.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name every torch program gives it)

from musaic.models.vae.penalties.base import LEAST_SQUARED_DISTANCE, Penalty, View
from musaic.models.vae.penalty_config import IndependenceConfig

ADVERSARY_WIDTH = 64
"""Units of each of the adversary's two hidden layers."""


def _unit(z: Tensor) -> Tensor:
    """Return vectors (B, Z) around 0 with a mean variance of 1, so that a classifier learns as fast on narrow ones."""
    centre = z.detach().mean(dim=0)
    variance = ((z.detach() - centre) ** 2).mean()
    return (z - centre) / variance.clamp_min(LEAST_SQUARED_DISTANCE).sqrt()


def reverse_gradient(x: Tensor) -> Tensor:
    """Return ``x``, to the bit, with a gradient of opposite sign (Ganin & Lempitsky, arXiv:1409.7495)."""
    return 2 * x.detach() - x


class Adversary(Penalty):
    """A classifier that learns to tell the label from posterior means, while the encoder learns to leave it nothing.

    One step serves both: the gradient changes its sign between classifier and encoder (arXiv:1409.7495). The encoder
    is only ever misled by a classifier that lags behind, hence the classifier's speed.
    """

    speed = 10.0

    def __init__(self, config: IndependenceConfig, latent_dim: int, sizes: Mapping[str, int]) -> None:
        super().__init__(config)
        self.column = list(sizes).index(config.label)
        self.classifier = nn.Sequential(
            nn.Linear(latent_dim, ADVERSARY_WIDTH),
            nn.SiLU(),
            nn.Linear(ADVERSARY_WIDTH, ADVERSARY_WIDTH),
            nn.SiLU(),
            nn.Linear(ADVERSARY_WIDTH, max(1, sizes[config.label])),
        )

    def value(self, view: View) -> Tensor:
        """Return what the classifier can say of the label, in nats: the label's entropy minus its cross-entropy.

        A lower bound of the mutual information of latents and label in the batch (Barber & Agakov, "The IM Algorithm",
        NeurIPS 2003), below 0 where the classifier is misled. Minimising it has the classifier learn all the same.
        """
        codes = view.codes[:, self.column]
        here = (codes > 0).to(view.mean.dtype)
        n = here.sum().clamp_min(1)
        logits = self.classifier(reverse_gradient(_unit(view.mean)))
        target = (codes - 1).clamp_min(0)
        loss = (F.cross_entropy(logits, target, reduction="none") * here).sum() / n
        share = here @ F.one_hot(target, logits.shape[1]).to(here.dtype) / n
        told = torch.special.entr(share).sum() - loss.detach()
        value: Tensor = loss + (told - loss).detach()
        return value
