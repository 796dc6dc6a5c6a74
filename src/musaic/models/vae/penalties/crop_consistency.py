"""Two views of a track, such as two crops of its spectrogram, told from all others: contrastive learning.

Letters: B tracks of a batch, Z latent dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name every torch program gives it)

from musaic.models.vae.penalties.base import Penalty, View
from musaic.models.vae.penalty_config import CropConsistencyConfig


def nt_xent(a: Tensor, b: Tensor, temperature: float, paired: Tensor | None = None) -> Tensor:
    """Return how hard it is to find a track's other view among all others, in nats, averaged over both views.

    The normalised temperature-scaled cross-entropy of "A Simple Framework for Contrastive Learning of Visual
    Representations" (SimCLR, arXiv:2002.05709, eq. 1 and algorithm 1).

    Parameters
    ----------
    a, b : Tensor, shape (B, Z)
        Two views; row i of both is one track.
    temperature : float > 0
        What cosine similarities are divided by.
    paired : Tensor of bool, shape (B,), optional
        The rows that take part; all where nothing is said.

    Returns
    -------
    Tensor, scalar
        log(2B - 1) where all are alike; 0 where fewer than two tracks take part.
    """
    n = len(a)
    here = (torch.ones(n, dtype=torch.bool, device=a.device) if paired is None else paired).repeat(2)
    views = F.normalize(torch.cat([a, b]), dim=1, eps=1e-6)
    own = torch.arange(2 * n, device=a.device)
    positive = own.roll(n)
    # a view is never compared with itself, and with one that takes no part only where that is its own other
    barred = ~here.repeat(2 * n, 1)
    barred[own, positive] = False
    barred[own, own] = True
    logits = (views @ views.T / temperature).masked_fill(barred, -math.inf)
    each = F.cross_entropy(logits, positive, reduction="none")
    return (each * here).sum() / here.sum().clamp_min(1)


class CropConsistency(Penalty):
    """Two views of a track lie close together, and apart from other tracks."""

    needs_second_view = True

    def __init__(self, config: CropConsistencyConfig, latent_dim: int, sizes: Mapping[str, int]) -> None:
        super().__init__(config)
        self.temperature, width = config.temperature, config.projection
        self.projection: nn.Module = nn.Identity()
        if width:
            self.projection = nn.Sequential(nn.Linear(latent_dim, width), nn.SiLU(), nn.Linear(width, width))

    def value(self, view: View) -> Tensor:
        """Return the contrastive loss between the two views, in nats."""
        assert view.other is not None
        return nt_xent(self.projection(view.mean), self.projection(view.other), self.temperature, view.paired)
