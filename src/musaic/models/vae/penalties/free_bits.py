"""A divergence in which every latent dimension has a little free.

Letters: B tracks of a batch, Z latent dimensions.
"""

from __future__ import annotations

from torch import Tensor


def free_bits(kl: Tensor, nats: float) -> Tensor:
    """Return a batch's divergence, in which no latent dimension counts for less than it has free.

    Improved variational inference with inverse autoregressive flow (arXiv:1606.04934), eq. 15, each dimension a group.

    Parameters
    ----------
    kl : Tensor, shape (B, Z)
        Divergence from the prior along each latent dimension, nats.
    nats : float >= 0
        What each has free on average over the batch; no gradient comes from a dimension below it.
    """
    return kl.mean(dim=0).clamp_min(nats).sum()
