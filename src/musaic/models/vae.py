"""The variational autoencoder as a model among others: fit, transform, state.

The embedding of a track is the mean of its posterior; samples are drawn only where asked for by name.

Letters: N tracks, D features of all modalities, M modalities, Z latent dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from musaic.models.base import Condition, Representation, Row
from musaic.models.config import BasicVaeConfig
from musaic.models.determinism import same_bytes
from musaic.models.elbo import Terms, active_units, collapsed, kl_normal, reparameterise
from musaic.models.fusion import EarlyFusion
from musaic.models.inputs import Blocks, Input, Presence
from musaic.models.likelihood import NormalLikelihood
from musaic.models.networks import MlpDecoder, MlpEncoder
from musaic.models.training import held_out, train

AT_ONCE = 8192
"""Tracks encoded or decoded at once, which bounds the memory."""


class VaeModule(nn.Module):
    """Encoder, decoder and likelihood over the modalities of a track, side by side.

    Parameters
    ----------
    fusion : EarlyFusion
        Widths, balance and weights of the modalities.
    config : BasicVaeConfig
        Sizes.
    """

    balance: Tensor

    def __init__(self, fusion: EarlyFusion, config: BasicVaeConfig) -> None:
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
        self.likelihood = NormalLikelihood(dims, config.variance, config.min_variance, weights)

    def encode(self, x: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of the posterior of features (B, D) of which (B, M) are present."""
        if self.training and self.input_noise:
            x = x + self.input_noise * torch.randn_like(x)
        if self.n_flags:
            x = torch.cat([x * present[:, self.likelihood.columns] * self.balance, present], dim=1)
        mean, log_variance = self.encoder(x)
        return mean, log_variance

    def forward(self, x: Tensor, present: Tensor, noise: Tensor) -> Terms:
        """Return the parts of the bound, with the posterior sample that ``noise`` (B, Z) stands for."""
        mean, log_variance = self.encode(x, present)
        decoded = self.decoder(reparameterise(mean, log_variance, noise))
        return Terms(self.likelihood(x, decoded, present if self.n_flags else None), kl_normal(mean, log_variance))


class BasicVae(Representation):
    """A variational autoencoder of vectors, with a learned decoder variance.

    Parameters
    ----------
    config : BasicVaeConfig, optional
        Sizes, beta, training.
    random_state : int
        Same seed, same bytes (on the same machine and device).
    accelerator : str
        'auto', 'cpu' or 'cuda'.
    on_epoch : callable, optional
        Called with each epoch and its row of the history while training.

    Attributes
    ----------
    history_ : list of dict
        One row an epoch (see `musaic.models.training.Training`); empty after loading.
    best_epoch_ : int
        The epoch whose weights were kept.
    split_ : ndarray of str, shape (N,)
        'train' or 'held-out' for every track of the fit; empty after loading.
    kl_per_dimension_ : ndarray, shape (Z,)
        Mean divergence from the prior over the tracks of the fit, nats.
    active_units_ : int
        Dimensions whose posterior mean varies by more than 0.01 (Burda et al., arXiv:1509.00519).
    collapsed_ : bool
        No unit active, or less than 0.1 nats in all: the embedding says nothing and must not be ranked.
    variance_ : dict of str to ndarray, shape (D,)
        The decoder's variance by modality, in units of the modality's mean variance.
    """

    config_class = BasicVaeConfig
    config_: BasicVaeConfig
    least_tracks = 2

    def posterior(
        self, X: Input, *, present: Presence = None, condition: Condition = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return mean and variance of every track's posterior, shape (N, Z) each."""
        return self._posterior(self._blocks(X, present, condition))

    def sample(
        self, X: Input, *, present: Presence = None, condition: Condition = None, random_state: int = 0
    ) -> NDArray[np.float32]:
        """Return one draw from every track's posterior, shape (N, Z)."""
        mean, variance = self.posterior(X, present=present, condition=condition)
        noise = np.random.default_rng(random_state).standard_normal(mean.shape, np.float32)
        return np.asarray(mean + np.sqrt(variance) * noise, dtype=np.float32)

    def decode(self, Z: NDArray[Any], like: Blocks) -> dict[str, NDArray[np.float32]]:
        """Return the features that latents of shape (N, Z) stand for, by modality, in their own units."""
        with same_bytes(self.random_state), torch.no_grad():
            parts = [
                self.module_.decoder(torch.from_numpy(np.ascontiguousarray(Z[start : start + AT_ONCE], np.float32)))
                for start in range(0, len(Z), AT_ONCE)
            ]
        return self.fusion_.inverse(torch.cat(parts).numpy(), like)

    def reconstruct(
        self, X: Input, *, present: Presence = None, condition: Condition = None
    ) -> NDArray[np.float32] | dict[str, NDArray[np.float32]]:
        """Return the features as decoded from the posterior means, in the form and units of ``X``.

        A modality that a track lacks is what the model expects of it from the others. A label that the model takes
        out stays out.
        """
        blocks = self._blocks(X, present, condition)
        decoded = self.decode(self._posterior(blocks)[0], blocks)
        return decoded if isinstance(X, Mapping) else next(iter(decoded.values()))

    def _fit(self, blocks: Blocks, groups: NDArray[Any] | None) -> None:
        config = self.config_
        hold = held_out(blocks.n_tracks, config.training.held_out, groups=groups, random_state=self.random_state)
        with same_bytes(self.random_state):
            self.module_ = VaeModule(self.fusion_, config)
            training = train(
                self.module_,
                self._tensors(blocks),
                config=config.training,
                beta=config.beta,
                warmup=min(config.warmup, config.training.epochs - 1),
                latent_dim=config.latent_dim,
                hold=hold,
                accelerator=self.accelerator,
                on_epoch=self.on_epoch,
            )
        self.history_: list[Row] = training.history
        self.best_epoch_ = training.best_epoch
        self.split_ = np.where(hold, "held-out", "train")
        self.n_dims_ = config.latent_dim
        mean, variance = self._posterior(blocks)
        self.kl_per_dimension_ = (
            kl_normal(torch.from_numpy(mean), torch.from_numpy(variance).log()).mean(dim=0).double().numpy()
        )
        self.active_units_ = active_units(mean)
        self.collapsed_ = collapsed(self.active_units_, self.kl_per_dimension_)

    @property
    def variance_(self) -> dict[str, NDArray[np.float32]]:
        """The decoder's variance by modality."""
        with torch.no_grad():
            variance = self.module_.likelihood.log_variance().exp().numpy()
        return {name: variance[columns] for name, columns in self.fusion_.slices.items()}

    def _tensors(self, blocks: Blocks) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self.fusion_.normalized(blocks)), torch.from_numpy(blocks.mask().astype(np.float32))

    def _posterior(self, blocks: Blocks) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        x, present = self._tensors(blocks)
        with same_bytes(self.random_state), torch.no_grad():
            parts = [
                self.module_.encode(a, b)
                for a, b in zip(torch.split(x, AT_ONCE), torch.split(present, AT_ONCE), strict=True)
            ]
        mean, log_variance = (torch.cat(part) for part in zip(*parts, strict=True))
        return mean.numpy(), log_variance.exp().numpy()

    def _transform(self, blocks: Blocks) -> NDArray[np.float32]:
        return self._posterior(blocks)[0]

    def _facts(self) -> dict[str, Any]:
        return {
            "n_dims": self.n_dims_,
            "best_epoch": self.best_epoch_,
            "kl_per_dimension": self.kl_per_dimension_.tolist(),
            "active_units": self.active_units_,
            "collapsed": self.collapsed_,
        }

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {f"network.{name}": tensor.numpy().copy() for name, tensor in self.module_.state_dict().items()}

    def _restore(self, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        with same_bytes(self.random_state):
            self.module_ = VaeModule(self.fusion_, self.config_)
        weights = {
            name.removeprefix("network."): torch.from_numpy(np.array(array))
            for name, array in arrays.items()
            if name.startswith("network.")
        }
        self.module_.load_state_dict(weights)
        self.module_.eval()
        self.n_dims_, self.best_epoch_ = facts["n_dims"], facts["best_epoch"]
        self.kl_per_dimension_ = np.array(facts["kl_per_dimension"], np.float64)
        self.active_units_, self.collapsed_ = facts["active_units"], facts["collapsed"]
        self.history_ = []
        self.split_ = np.array([], dtype="<U8")
