"""The network of a VAE: encoder, prior, decoder and likelihood, and the bound that they make together.

Letters: B tracks of a batch, D features of all modalities, M modalities, Z latent dimensions, K components.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from musaic.models.config import MixturePriorConfig, VaeConfig
from musaic.models.elbo import Terms, reparameterise
from musaic.models.fusion import EarlyFusion
from musaic.models.likelihood import Likelihood
from musaic.models.networks import MlpDecoder, MlpEncoder
from musaic.models.prior import MixturePrior, Prior, StandardPrior


class VaeModule(nn.Module):
    """Encoder, decoder and likelihood over the modalities of a track, side by side.

    Parameters
    ----------
    fusion : EarlyFusion
        Widths, balance and weights of the modalities.
    config : VaeConfig
        Sizes.
    """

    balance: Tensor

    def __init__(self, fusion: EarlyFusion, config: VaeConfig) -> None:
        super().__init__()
        dims = list(fusion.dims_.values())
        balance = [fusion.balance[name] for name, width in fusion.dims_.items() for _ in range(width)]
        self.register_buffer("balance", torch.tensor(balance), persistent=False)
        self.input_noise = config.input_noise
        # with one modality only, its presence says nothing
        self.n_flags = len(dims) if len(dims) > 1 else 0
        self.encoder = MlpEncoder(sum(dims) + self.n_flags, config.latent_dim, config.network)
        self.decoder = MlpDecoder(config.latent_dim, sum(dims), config.network)
        weights = [fusion.weight(name) for name in fusion.dims_]
        kinds = [config.likelihood_of(name) for name in fusion.dims_]
        self.likelihood = Likelihood(dims, config.variance, config.min_variance, weights, kinds)
        self.prior = _prior(config)

    def encode(self, x: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of the posterior of features (B, D) of which (B, M) are present."""
        if self.training and self.input_noise:
            x = x + self.input_noise * torch.randn_like(x)
        if self.n_flags:
            x = torch.cat([x * present[:, self.likelihood.columns] * self.balance, present], dim=1)
        mean, log_variance = self.encoder(x)
        return mean, log_variance

    def forward(self, x: Tensor, present: Tensor, held: Tensor | None = None, *, noise: Tensor) -> Terms:
        """Return the parts of the bound, with the posterior sample that ``noise`` (B, Z) stands for.

        ``held`` (B, K) are responsibilities to be taken in place of those of the sample.
        """
        mean, log_variance = self.encode(x, present)
        z = reparameterise(mean, log_variance, noise)
        nll = self.likelihood(x, self.decoder(z), present if self.n_flags else None)
        return Terms(nll, *self.prior.divergence(mean, log_variance, z, held))


def _prior(config: VaeConfig) -> Prior:
    if isinstance(config.prior, MixturePriorConfig):
        return MixturePrior(config.prior.n_clusters, config.latent_dim)
    return StandardPrior()
