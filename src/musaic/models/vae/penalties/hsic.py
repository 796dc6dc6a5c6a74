"""Latents that do not depend on a label, by a kernel measure of dependence.

Letters: B tracks of a batch, Z latent dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from musaic.models.vae.penalties.base import LEAST_SQUARED_DISTANCE, Penalty, View
from musaic.models.vae.penalty_config import IndependenceConfig

TINY = 1e-12
"""Keeps a ratio of dependences finite where one side does not vary at all."""


def normalised_hsic(z: Tensor, codes: Tensor) -> Tensor:
    """Return how far vectors depend on a label, between 0 and 1.

    The biased Hilbert-Schmidt independence criterion (Gretton et al., "Measuring Statistical Dependence with
    Hilbert-Schmidt Norms", ALT 2005, eq. 9), divided by the root of that of each side with itself (Cortes et al.,
    arXiv:1203.0550), which leaves an angle between centred kernel matrices. The kernel of the vectors is
    Gaussian, as wide as the median distance of two tracks; that of the label is 1 where two tracks share it, else 0.

    Being biased, it stays above 0 in a small batch even where nothing depends on anything.

    Parameters
    ----------
    z : Tensor, shape (B, Z)
        Vectors.
    codes : Tensor of int64, shape (B,)
        The label: 0 where it is missing; such rows take no part.

    Returns
    -------
    Tensor, scalar
        0 where fewer than two rows are labelled, or all of them alike.
    """
    here = (codes > 0).to(z.dtype)
    pairs = here[:, None] * here
    n = here.sum().clamp_min(1)
    z = (z - (here @ z) / n) * here[:, None]  # nearer to 0, squares lose fewer digits to each other
    square = (z**2).sum(dim=1)
    distance = (square[:, None] + square - 2 * z @ z.T).clamp_min(0)
    apart = torch.eye(len(z), dtype=torch.bool, device=z.device) | (pairs == 0)
    median = distance.detach().masked_fill(apart, math.nan).nanmedian().nan_to_num(0)
    kernel = torch.exp(-distance / (2 * median.clamp_min(LEAST_SQUARED_DISTANCE)))
    centred = [_centred(k, here, n) * pairs for k in (kernel, (codes[:, None] == codes).to(z.dtype))]
    across, vectors, labels = (
        (centred[i] * centred[j]).sum() / n**2 for i, j in ((0, 1), (0, 0), (1, 1))
    )  # HSIC, and that of each side with itself
    return across / (vectors * labels).clamp_min(TINY).sqrt()


def _centred(kernel: Tensor, here: Tensor, n: Tensor) -> Tensor:
    """Return H K H, with means taken over the rows that are here."""
    mean = kernel @ here / n
    return kernel - mean[:, None] - mean + (here @ mean) / n


class HsicIndependence(Penalty):
    """Posterior means depend little on a label, by `normalised_hsic`."""

    def __init__(self, config: IndependenceConfig, latent_dim: int, sizes: Mapping[str, int]) -> None:
        super().__init__(config)
        self.column = list(sizes).index(config.label)

    def value(self, view: View) -> Tensor:
        """Return the dependence, between 0 and 1."""
        return normalised_hsic(view.mean, view.codes[:, self.column])
