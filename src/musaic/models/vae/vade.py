"""Variational deep embedding (VaDE, arXiv:1611.05148): the VAE whose prior is a mixture, and the mixture its clusters.

Letters: N tracks, K components, Z latent dimensions.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import ClusterMixin
from torch import Tensor

from musaic.models.base import Condition, Row
from musaic.models.inputs import Blocks, Input, Presence
from musaic.models.vae.config import MixturePriorConfig
from musaic.models.vae.data import Tracks
from musaic.models.vae.determinism import same_bytes
from musaic.models.vae.estimator import Vae
from musaic.models.vae.mixture import Start, check_enough, start
from musaic.models.vae.module import VaeModule
from musaic.models.vae.posteriors import Encoded
from musaic.models.vae.prior import LOG_VARIANCE_RANGE, MixturePrior

if TYPE_CHECKING:
    from lightning_fabric import Fabric

JUDGED_AT_ONCE = 4096


class Vade(ClusterMixin, Vae):  # type: ignore[misc]
    """A VAE with a mixture prior, of any network, fusion and condition.

    It begins as an autoencoder. The components are placed on groups of tracks, by several starts; with each, the tracks
    keep the components of the start for some epochs, and training goes on freely from the one with the best ELBO then.
    The schedule of the learning rate is that of the free training; before, the rate is constant.

    Attributes
    ----------
    labels_ : ndarray of int, shape (N,)
        The component of every track of the fit; empty after loading.
    pretraining_ : list of dict
        One row an epoch before the mixture was left free; empty after loading.
    starts_ : list of float
        The ELBO of every start after its held epochs, nats a track, in the order tried.
    """

    def responsibilities(
        self, X: Input, *, present: Presence = None, condition: Condition = None
    ) -> NDArray[np.float64]:
        """Return how far every track belongs to every component, shape (N, K); rows sum to 1."""
        return self._assigned(self.posterior(X, present=present, condition=condition)[0])

    def predict(self, X: Input, *, present: Presence = None, condition: Condition = None) -> NDArray[np.int64]:
        """Return every track's component, shape (N,)."""
        return np.asarray(self.responsibilities(X, present=present, condition=condition).argmax(axis=1), np.int64)

    @property
    def mixture_(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """The components: weights (K,), means and variances (K, Z)."""
        self._check_fitted()
        with torch.no_grad():
            prior = copy.deepcopy(self._mixture).double()
            weights, variances = (
                torch.softmax(prior.logits, dim=0),
                prior.log_variances.clamp(*LOG_VARIANCE_RANGE).exp(),
            )
            return weights.numpy(), prior.means.numpy(), variances.numpy()

    def _assigned(self, means: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the responsibilities at posterior means."""
        with same_bytes(self.random_state), torch.no_grad():
            return copy.deepcopy(self._mixture).double().responsibilities(torch.from_numpy(means).double()).numpy()

    @property
    def _mixture(self) -> MixturePrior:
        prior = self.module_.prior
        assert isinstance(prior, MixturePrior)
        return prior

    def _begin(self, tracks: Tracks, hold: NDArray[np.bool_], fabric: Fabric) -> None:
        """Pretrain as an autoencoder, then let every start's components and the encoder meet, and keep the best."""
        config, training = self.config_.prior, self.config_.training
        assert isinstance(config, MixturePriorConfig)
        check_enough(int((~hold).sum()), config)
        self.pretraining_: list[Row] = []
        if config.pretraining:
            noise = self.config_.input_noise if config.denoising is None else config.denoising
            self.module_.set_noise(noise)
            long = training.model_copy(update={"epochs": config.pretraining, "schedule": "constant"})
            self.pretraining_ += self._train("pretraining", tracks, hold, fabric, long, beta=0.0).history
            self.module_.set_noise(self.config_.input_noise)
        notes = self._stages.notes
        if "latents" not in notes:
            notes |= {"latents": self._means(tracks), **_weights("pretrained", self.module_), "bounds": np.zeros(0)}
        histories = [self._meet(number, tracks, hold, fabric) for number in range(config.n_init)]
        self.starts_ = notes["bounds"].tolist()
        self.pretraining_ += histories[int(np.argmax(self.starts_))]
        _load(self.module_, notes, "best")

    def _meet(self, number: int, tracks: Tracks, hold: NDArray[np.bool_], fabric: Fabric) -> list[Row]:
        """Train with the responsibilities of a start held; keep the weights if its ELBO is the best yet."""
        config, notes, stage = self.config_.prior, self._stages.notes, f"meeting {number}"
        assert isinstance(config, MixturePriorConfig)
        history: list[Row] = []
        done = number < len(notes["bounds"])
        if not done:
            _load(self.module_, notes, "pretrained")
            held = self._placed(number, tracks, hold)
        if config.hold:
            short = self.config_.training.model_copy(update={"epochs": config.hold, "schedule": "constant"})
            tracks.held = None if done else held.to(tracks.device)
            history = self._train(stage, tracks, hold, fabric, short).history
            tracks.held = None
        if not done:
            bound = self._bound(tracks)
            if bound > max(notes["bounds"], default=-np.inf):
                notes |= _weights("best", self.module_)
            notes["bounds"] = np.append(notes["bounds"], bound)
        return history

    def _placed(self, number: int, tracks: Tracks, hold: NDArray[np.bool_]) -> Tensor:
        """Place the components on groups of the training tracks; return every track's responsibilities, (N, K)."""
        config, latents = self.config_.prior, self._stages.notes["latents"].astype(np.float64)
        assert isinstance(config, MixturePriorConfig)
        features = tracks.overview() if config.space == "features" else latents
        found = start(latents[~hold], features[~hold], config, self.random_state + 1000 * number)
        torch.set_num_threads(1)  # as `same_bytes` has it: the first UMAP of a process starts threads for torch too
        self._place(found)
        held = self._assigned(latents.astype(np.float32))
        held[~hold] = found.responsibilities
        return torch.from_numpy(held.astype(np.float32))

    def _means(self, tracks: Tracks) -> NDArray[np.float32]:
        """Return the posterior means of the crops in the middle of the tracks, shape (N, Z)."""
        self.module_.to(tracks.device).eval()
        with torch.no_grad():
            parts = [self.module_.posterior(tracks.batch(rows)).mean.cpu() for rows in self._all(tracks)]
        return torch.cat(parts).numpy()

    def _bound(self, tracks: Tracks) -> float:
        """Return the ELBO, nats a track, with latents at their means."""
        self.module_.to(tracks.device).eval()
        total = 0.0
        with torch.no_grad():
            for rows in self._all(tracks):
                noise = torch.zeros(len(rows), self.module_.n_latent, device=tracks.device)
                terms = self.module_(tracks.batch(rows), noise)
                total -= float((terms.nll + terms.divergence()).sum())
        return total / len(tracks)

    def _all(self, tracks: Tracks) -> tuple[Tensor, ...]:
        """Return the rows of all tracks, a part at a time."""
        return torch.split(torch.arange(len(tracks)), min(JUDGED_AT_ONCE, self.module_.at_once))

    def _place(self, start: Start) -> None:
        self._mixture.place(
            *(torch.from_numpy(part.astype(np.float32)) for part in (start.weights, start.means, start.variances))
        )

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "starts": self.starts_}

    def _restore(self, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        super()._restore(facts, arrays)
        self.pretraining_, self.starts_ = [], list(facts["starts"])
        self.labels_ = np.array([], np.int64)

    def _take_stock(self, encoded: Encoded, blocks: Blocks) -> None:
        super()._take_stock(encoded, blocks)
        self.labels_ = self._assigned(encoded.pooled()[0]).argmax(axis=1)


def _weights(prefix: str, module: VaeModule) -> dict[str, NDArray[Any]]:
    """Return a copy of the module's weights as arrays."""
    return {f"{prefix}.{name}": tensor.cpu().numpy().copy() for name, tensor in module.state_dict().items()}


def _load(module: VaeModule, notes: Mapping[str, NDArray[Any]], prefix: str) -> None:
    """Give the module the weights that `_weights` returned."""
    own = module.state_dict()
    module.load_state_dict({name: torch.from_numpy(np.array(notes[f"{prefix}.{name}"])) for name in own})
