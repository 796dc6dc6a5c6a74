"""Posteriors of several modalities to one, each modality being an expert.

The product (MVAE, Wu & Goodman, arXiv:1802.05335): an expert that knows more counts more, and one that is absent is no
factor. It is trained on all modalities of a track and on fewer of them (section 2.2), which `drop_modalities` draws.

The mixture (MMVAE, Shi et al., arXiv:1911.03393, section 3): every expert speaks for all modalities. Its bound is
taken over strata, one sample from each present expert q_m (`strata`) in place of one from a random expert:

    1/n Σ_m E_{z ~ q_m} [ log p(x | z) ] - 1/n Σ_m KL(q_m || p),    n = number of present modalities,

the mean of the bounds of single experts, hence a bound itself; the divergence of the mixture as a whole, which is
never larger than the mean of the experts', has no closed form.

Late fusion: the latents side by side; what one modality says never reaches those of another.

Absent experts may hold anything. Log-variances are treated in float32 at least, also under autocast.

Letters: B tracks of a batch, M modalities, Z latent dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

Posterior = tuple[Tensor, Tensor]
"""Mean and log-variance."""


class Strata(NamedTuple):
    """The components of a mixture of experts.

    Attributes
    ----------
    mean, log_variance : Tensor, shape (B, M, Z)
        Of each expert; those of the standard normal prior where it is absent.
    weight : Tensor, shape (B, M)
        1 / n for the n present ones, 0 for the others. Where a track has none, 1 / M each: the prior remains.
    """

    mean: Tensor
    log_variance: Tensor
    weight: Tensor


def product(means: Tensor, log_variances: Tensor, present: Tensor) -> Posterior:
    """Return the normalised product of the present experts' densities and that of a standard normal prior expert.

    Precisions add up, and the mean is weighted by precision (Cao & Fleet, arXiv:1410.7827; section 2.1 of
    arXiv:1802.05335). The prior expert is standard normal also where latents are expected elsewhere, as in VaDE: it
    is part of the encoder, and keeps the posterior proper where nothing is present.

    Parameters
    ----------
    means, log_variances : Tensor, shape (B, M, Z)
        Of the experts.
    present : Tensor of 0 and 1, shape (B, M)
        Which track has which modality.

    Returns
    -------
    mean, log_variance : Tensor, shape (B, Z)
        Of N(0, 1) where nothing is present.
    """
    means, log_variances = _stood_in(means, log_variances, present)
    log_precisions = (-log_variances).masked_fill(present[:, :, None] == 0, -torch.inf)
    with_prior = torch.cat([torch.zeros_like(means[:, :1]), log_precisions], dim=1)
    # shares of the whole precision: a softmax of log-precisions, in which nothing overflows
    shares = torch.softmax(with_prior, dim=1)[:, 1:]
    return (shares * means).sum(dim=1), -torch.logsumexp(with_prior, dim=1)


def strata(means: Tensor, log_variances: Tensor, present: Tensor) -> Strata:
    """Return the experts of a mixture with their weights; parameters as for `product`."""
    n_present = (present > 0).sum(dim=1, keepdim=True)
    here = (present > 0) | (n_present == 0)
    means, log_variances = _stood_in(means, log_variances, present)
    return Strata(means, log_variances, here.to(means.dtype) / here.sum(dim=1, keepdim=True))


def mixture(means: Tensor, log_variances: Tensor, present: Tensor) -> Posterior:
    """Return mean and log-variance of the equal mixture of the present experts; parameters as for `product`.

    The variance is the mean of the experts' variances plus the variance of their means (law of total variance): experts
    that contradict each other make the track uncertain.
    """
    experts = strata(means, log_variances, present)
    weight = experts.weight[:, :, None]
    mean = (weight * experts.mean).sum(dim=1)
    variances = torch.exp(experts.log_variance) + (experts.mean - mean[:, None]) ** 2
    return mean, torch.log((weight * variances).sum(dim=1))


def concatenation(means: Tensor, log_variances: Tensor, present: Tensor) -> Posterior:
    """Return the experts' latents side by side, shape (B, M * Z) each; parameters as for `product`.

    An absent expert leaves its latents at the prior's mean 0 and log-variance 0, so that they diverge by nothing.
    """
    means, log_variances = _stood_in(means, log_variances, present)
    return means.flatten(start_dim=1), log_variances.flatten(start_dim=1)


POSTERIORS: dict[str, Callable[[Tensor, Tensor, Tensor], Posterior]] = {
    "poe": product,
    "moe": mixture,
    "late": concatenation,
}
"""What a track's embedding is read from, by kind of fusion."""


def embedding(mean: Tensor, weights: Sequence[float]) -> Tensor:
    """Return parts side by side, each multiplied by its weight, and nothing else done to them.

    This is the last step to the embedding of a late fusion. Weights that were applied any earlier would be undone by
    the next scaling or learned away by the next layer.

    Parameters
    ----------
    mean : Tensor, shape (B, D)
        Posterior means of the modalities side by side, equally wide.
    weights : sequence of float
        One a modality.
    """
    parts = mean.chunk(len(weights), dim=1)
    return torch.cat([weight * part for weight, part in zip(weights, parts, strict=True)], dim=1)


def drop_modalities(present: Tensor, probability: float) -> Tensor:
    """Return ``present`` (B, M) with each modality of a track left out with a probability, one always staying.

    One draw a modality decides: those below ``probability`` go, except the largest of a track's. Where all would go,
    each is thus equally likely to stay. Random numbers are torch's.

    Parameters
    ----------
    present : Tensor of 0 and 1, shape (B, M)
        Which track has which modality.
    probability : float in [0, 1)
        Of each to go.
    """
    drawn = torch.rand(present.shape, device=present.device).where(present > 0, -1.0)
    stays = drawn >= probability
    stays.scatter_(1, drawn.argmax(dim=1, keepdim=True), True)
    return present * stays


def _stood_in(means: Tensor, log_variances: Tensor, present: Tensor) -> Posterior:
    """Return the experts in float32 at least, the standard normal (zeros) standing in for absent ones."""
    dtype = torch.promote_types(means.dtype, torch.float32)
    absent = present[:, :, None] == 0
    return means.to(dtype).masked_fill(absent, 0), log_variances.to(dtype).masked_fill(absent, 0)
