"""The variational autoencoder as a model among others: fit, transform, state.

The embedding of a track is the mean of its posterior; samples are drawn only where asked for by name.

Letters: N tracks, D features of all modalities, M modalities, Z latent dimensions.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from musaic.models.base import Condition, Representation, Row
from musaic.models.config import MixturePriorConfig, TrainingConfig, VaeConfig
from musaic.models.determinism import same_bytes
from musaic.models.elbo import active_units, collapsed
from musaic.models.inputs import Blocks, Input, InputError, Presence
from musaic.models.mixture import Start, starts
from musaic.models.module import VaeModule
from musaic.models.prior import MixturePrior
from musaic.models.training import Training, held_out, train

AT_ONCE = 8192
"""Tracks encoded or decoded at once, which bounds the memory."""


class Vae(Representation):
    """A variational autoencoder of vectors, with a learned decoder variance.

    Parameters
    ----------
    config : VaeConfig, optional
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
    pretraining_ : list of dict
        One row an epoch as an autoencoder, before a mixture prior was placed; empty without one and after loading.
    starts_ : list of float
        The ELBO of every start of a mixture prior, nats a track, in the order tried; the best was trained.
    variance_ : dict of str to ndarray, shape (D,)
        The decoder's variance by modality, in units of the modality's mean variance.
    """

    config_class = VaeConfig
    config_: VaeConfig
    least_tracks = 2

    def posterior(
        self, X: Input, *, present: Presence = None, condition: Condition = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return mean and variance of every track's posterior, shape (N, Z) each."""
        return self._posterior(self._blocks(X, present, condition))

    def responsibilities(
        self, X: Input, *, present: Presence = None, condition: Condition = None
    ) -> NDArray[np.float64]:
        """Return how far every track belongs to every component of a mixture prior, shape (N, K); rows sum to 1.

        Raises
        ------
        InputError
            Where the prior is no mixture.
        """
        prior = self._mixture()
        mean = self.transform(X, present=present, condition=condition)
        with torch.no_grad():
            return prior.double().responsibilities(torch.from_numpy(mean).double()).numpy()

    def predict(self, X: Input, *, present: Presence = None, condition: Condition = None) -> NDArray[np.int64]:
        """Return every track's component of a mixture prior, shape (N,)."""
        return np.asarray(self.responsibilities(X, present=present, condition=condition).argmax(axis=1), np.int64)

    def _mixture(self) -> MixturePrior:
        """Return a copy of the mixture prior."""
        if not hasattr(self, "module_"):
            raise InputError(f"{type(self).__name__} is not fitted yet; call fit first.")
        if not isinstance(self.module_.prior, MixturePrior):
            raise InputError(
                f"{self.config_.model!r} has a standard normal prior and no clusters; set prior 'mixture'."
            )
        return copy.deepcopy(self.module_.prior)

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
            decoded = self.module_.likelihood.expected(torch.cat(parts))
        return self.fusion_.inverse(decoded.numpy(), like)

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
        self._check_range(blocks)
        self.pretraining_: list[Row] = []
        self.starts_: list[float] = []
        with same_bytes(self.random_state):
            self.module_ = VaeModule(self.fusion_, config)
            if isinstance(config.prior, MixturePriorConfig):
                self._start_mixture(blocks, hold, config.prior)
            training = self._train(self._tensors(blocks), hold, config.training, config.warmup)
        self.history_: list[Row] = training.history
        self.best_epoch_ = training.best_epoch
        self.split_ = np.where(hold, "held-out", "train")
        self.n_dims_ = config.latent_dim
        mean, variance = self._posterior(blocks)
        with torch.no_grad():
            z, log_variance = torch.from_numpy(mean), torch.from_numpy(variance).log()
            divergence = self.module_.prior.divergence(z, log_variance, z)
        self.kl_per_dimension_ = divergence.dimensions.mean(dim=0).double().numpy()
        self.active_units_ = active_units(mean)
        self.collapsed_ = collapsed(self.active_units_, self.kl_per_dimension_)

    def _train(
        self,
        data: tuple[Tensor, ...],
        hold: NDArray[np.bool_],
        config: TrainingConfig,
        warmup: int = 0,
        *,
        beta: float | None = None,
        sampling: bool = True,
    ) -> Training:
        return train(
            self.module_,
            data,
            config=config,
            beta=self.config_.beta if beta is None else beta,
            warmup=min(warmup, config.epochs - 1),
            latent_dim=self.config_.latent_dim,
            hold=hold,
            sampling=sampling,
            accelerator=self.accelerator,
            on_epoch=self.on_epoch,
        )

    def _start_mixture(self, blocks: Blocks, hold: NDArray[np.bool_], config: MixturePriorConfig) -> None:
        """Pretrain as an autoencoder, place the components where the latents lie, and let encoder and mixture meet."""
        data, everyone = self._tensors(blocks), np.zeros_like(hold)
        training = self.config_.training
        if config.pretraining:
            long = training.model_copy(update={"epochs": config.pretraining})
            self.pretraining_ = self._train(data, everyone, long, beta=0.0, sampling=False).history
        latents = self._posterior(blocks)[0].astype(np.float64)
        found = [self._judged(start, data) for start in starts(latents, config, self.random_state)]
        self.starts_ = [elbo for elbo, _ in found]
        _, best = max(found, key=lambda judged: judged[0])
        self._place(best)
        if config.hold:
            short = training.model_copy(update={"epochs": config.hold})
            held = torch.from_numpy(best.responsibilities.astype(np.float32))
            self.pretraining_ += self._train((*data, held), everyone, short).history

    def _judged(self, start: Start, data: tuple[Tensor, ...]) -> tuple[float, Start]:
        """Return the ELBO with the components of a start, nats a track, latents at their means."""
        self._place(start)
        self.module_.eval()
        total = 0.0
        with torch.no_grad():
            for x, present in zip(*(torch.split(tensor, AT_ONCE) for tensor in data), strict=True):
                terms = self.module_(x, present, noise=torch.zeros(len(x), self.config_.latent_dim))
                total -= float((terms.nll + terms.divergence()).sum())
        return total / len(data[0]), start

    def _place(self, start: Start) -> None:
        prior = self.module_.prior
        assert isinstance(prior, MixturePrior)
        prior.place(
            *(torch.from_numpy(part.astype(np.float32)) for part in (start.weights, start.means, start.variances))
        )

    def _check_range(self, blocks: Blocks) -> None:
        """Let Bernoulli features through as they are, and refuse those that are no probabilities."""
        for name, values in blocks.values.items():
            if self.config_.likelihood_of(name) != "bernoulli":
                continue
            if values.min() < 0 or values.max() > 1:
                raise InputError(
                    f"modality {name!r} has values from {values.min():g} to {values.max():g}; a bernoulli likelihood "
                    "needs them between 0 and 1: divide them by their range, or set likelihood 'normal'."
                )
            self.fusion_.keep(name)

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
            "starts": self.starts_,
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
        self.history_, self.pretraining_, self.starts_ = [], [], list(facts["starts"])
        self.split_ = np.array([], dtype="<U8")
