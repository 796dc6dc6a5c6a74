"""The variational autoencoder as a model among others: fit, transform, state.

The embedding of a track is the mean of its posterior, pooled over its crops; samples are drawn only where asked for by
name.

Letters: N tracks, D features of a modality, F features of a frame, Z latent dimensions, K components.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from musaic.models.base import Condition, Labels, Representation, Row, State
from musaic.models.inputs import Blocks, Form, Frames, Input, InputError, Presence, check_names
from musaic.models.vae.condition import UNKNOWN, Vocabulary
from musaic.models.vae.config import AS_THEY_ARE, TrainingConfig, VaeConfig
from musaic.models.vae.data import Tracks
from musaic.models.vae.determinism import same_bytes
from musaic.models.vae.elbo import active_units, collapsed
from musaic.models.vae.experts import embedding
from musaic.models.vae.fusion_config import LateConfig
from musaic.models.vae.likelihood import Normal
from musaic.models.vae.module import VaeModule
from musaic.models.vae.networks import MlpConfig
from musaic.models.vae.penalty_config import free_nats, penalised_labels
from musaic.models.vae.posteriors import Encoded
from musaic.models.vae.reading import Reading
from musaic.models.vae.training.checkpoints import Stages, identity
from musaic.models.vae.training.devices import make_fabric
from musaic.models.vae.training.loop import Save, Training, held_out, train
from musaic.models.vae.training.schedules import Annealing

if TYPE_CHECKING:
    from lightning_fabric import Fabric

GIGABYTE = 1e9


class Vae(Reading, Representation):
    """A variational autoencoder of vectors, sequences or both: one model, six choices (`VaeConfig`).

    Parameters
    ----------
    config : VaeConfig, optional
        Networks, beta, prior, condition, fusion, penalties; training.
    random_state : int
        Same seed, same bytes (on the same machine and device).
    accelerator : str
        'auto', 'cpu' or 'cuda'.
    on_epoch : callable, optional
        Called with each epoch and its row of the history while training.
    checkpoints : Checkpoints, optional
        Where a training is kept while it goes on; one that was killed goes on from there, and ends the same.

    Attributes
    ----------
    history_ : list of dict
        One row an epoch (see `musaic.models.vae.training.loop.Training`); empty after loading.
    best_epoch_ : int
        The epoch whose weights were kept.
    split_ : ndarray of str, shape (N,)
        'train' or 'held-out' for every track of the fit; empty after loading.
    embedding_, posterior_variance_ : ndarray, shape (N, n_dims_) and (N, Z)
        What `transform` returns for the tracks of the fit, and the variances of their posteriors; empty after loading.
    vocabulary_ : Vocabulary
        The values of the labels that the model is told, or is not to tell.
    latent_mean_, latent_sd_ : ndarray, shape (Z,)
        Of the posterior means of the fit.
    kl_per_dimension_ : ndarray, shape (Z,)
        Mean divergence from the prior over the tracks of the fit, nats; 0 with beta 0, where there is no posterior.
    active_units_ : int
        Dimensions whose posterior mean varies by more than 0.01 (Burda et al., arXiv:1509.00519).
    collapsed_ : bool
        No unit active, or less than 0.1 nats in all (where there is a posterior): the embedding says nothing and must
        not be ranked.
    variance_ : dict of str to ndarray, shape (D,) or (F,)
        The decoder's variance by modality of normal likelihood, in units of the modality's mean variance.
    """

    config_class = VaeConfig
    config_: VaeConfig
    least_tracks = 2

    def posterior(
        self, X: Input, *, present: Presence = None, condition: Condition = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return mean and variance of every track's posterior, averaged over its crops, shape (N, Z) each.

        With beta 0 there is none: the variance is 0.
        """
        return self._encoded(*self._read(X, present, condition)).pooled()

    def fit_transform(self, X: Input, y: Any = None, **told: Any) -> NDArray[np.float32]:
        """Fit and return the embeddings of the same tracks, which the fit has already made."""
        return self.fit(X, y, **told).embedding_

    @property
    def variance_(self) -> dict[str, NDArray[np.float32]]:
        """The decoder's variance by modality."""
        self._check_fitted()
        with torch.no_grad():
            return {
                name: likelihood.log_variance().exp().numpy()
                for name, likelihood in zip(self.module_.names, self.module_.likelihoods, strict=True)
                if isinstance(likelihood, Normal)
            }

    def _fit(self, blocks: Blocks, labels: Labels, groups: NDArray[Any] | None) -> None:
        config = self.config_
        hold = held_out(blocks.n_tracks, config.training.held_out, groups=groups, random_state=self.random_state)
        coded = {*config.condition, *penalised_labels(config.penalties)}
        self.vocabulary_ = Vocabulary.fit({name: column for name, column in labels.items() if name in coded})
        self._keep(blocks)
        with same_bytes(self.random_state):
            self.module_ = self._module()
            fabric = self._fabric()
            tracks = self._tracks(blocks, labels, fabric.device)
            told = f"{config.digest(32)} {self.random_state} {fabric.device.type}"
            given = {**self.fusion_.get_state(), "hold": hold, **tracks.fingerprint()}
            self._stages = Stages(self.checkpoints, identity(told, given))
            met = self._leave_unmet(tracks, hold)
            self._begin(tracks, hold, fabric)
            training = self._train("training", tracks, hold, fabric, config.training, warmup=config.warmup)
            self.module_.condition.leave_unknown(met)
        self.history_: list[Row] = training.history
        self.best_epoch_ = training.best_epoch
        self.split_ = np.where(hold, "held-out", "train")
        self._take_stock(self._encoded(blocks, labels), blocks)

    def _leave_unmet(self, tracks: Tracks, hold: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
        """Judge held-out tracks whose label no training track has as unknown; return which codes are met, (K + 1,)."""
        codes, sizes = tracks.codes.cpu().numpy(), self.vocabulary_.sizes
        found = []
        for label in self.config_.condition:
            column = list(sizes).index(label)
            met = np.isin(np.arange(sizes[label] + 1), codes[~hold, column])
            met[UNKNOWN] = True
            codes[~met[codes[:, column]], column] = UNKNOWN
            found.append(met)
        tracks.codes = torch.from_numpy(codes).to(tracks.device)
        return found

    def _take_stock(self, encoded: Encoded, blocks: Blocks) -> None:
        """Note what the latents of the fit are like."""
        mean, self.posterior_variance_ = encoded.pooled()
        self.embedding_ = self._embedding(encoded, blocks)
        self.n_dims_ = self.embedding_.shape[1]
        self.latent_mean_, self.latent_sd_ = mean.mean(axis=0), mean.std(axis=0)
        self.active_units_ = active_units(mean)
        self.kl_per_dimension_ = np.zeros(mean.shape[1])
        if self.config_.beta:
            with same_bytes(self.random_state), torch.no_grad():
                z = torch.from_numpy(encoded.mean)
                divergence = self.module_.prior.divergence(z, torch.from_numpy(encoded.log_variance), z)
            kl = encoded.pool(divergence.dimensions.numpy())
            self.kl_per_dimension_ = kl.mean(axis=0)
        self.collapsed_ = collapsed(self.active_units_, self.kl_per_dimension_ if self.config_.beta else None)

    def _begin(self, tracks: Tracks, hold: NDArray[np.bool_], fabric: Fabric) -> None:
        """Do what comes before training."""

    def _train(
        self,
        stage: str,
        tracks: Tracks,
        hold: NDArray[np.bool_],
        fabric: Fabric,
        config: TrainingConfig,
        *,
        warmup: int = 0,
        beta: float | None = None,
    ) -> Training:
        """Train the module, or go on where the stage was left."""
        beta = self.config_.beta if beta is None else beta
        annealing = Annealing(beta, warmup, self.config_.cycles, free_nats(self.config_.penalties))

        def training(save: Save | None, resume: State | None) -> Training:
            return train(
                self.module_,
                tracks,
                config=config,
                fabric=fabric,
                annealing=annealing,
                hold=hold,
                random_state=self.random_state,
                on_epoch=self.on_epoch,
                save=save,
                resume=resume,
            )

        return self._stages.run(stage, training)

    def _fabric(self) -> Fabric:
        convolves = any(part.convolves for part in self.module_.parts)
        return make_fabric(self.accelerator, self.config_.training.precision, convolves=convolves)

    def _check_config(self, blocks: Blocks) -> None:
        super()._check_config(blocks)
        config, names = self.config_, blocks.values
        for key in ("networks", "likelihood"):
            named = getattr(config, key)
            check_names(named if isinstance(named, Mapping) else {}, names, key)
        if not isinstance(config.network, MlpConfig) and all(form.kind == "vector" for form in self._learned.values()):
            raise InputError(
                f"a {config.network.kind!r} network is for frames, and {', '.join(self._learned)} has none; choose a "
                "model with network 'mlp', or give it log_mel or mfcc, say."
            )
        if isinstance(config.fusion, LateConfig):
            check_names(config.fusion.weights, names, "fusion.weights")
            check_names(config.fusion.as_is, blocks.vectors, "fusion.as_is")
            if not self._learned:
                raise InputError("fusion.as_is names every modality; leave at least one to learn from.")

    def _keep(self, blocks: Blocks) -> None:
        """Let features through as they are whose likelihood wants it, and refuse those that it cannot take."""
        for name in self._learned:
            kind = self.config_.likelihood_of(name)
            if kind not in AS_THEY_ARE:
                continue
            self.fusion_.keep(name)
            if kind == "bernoulli":
                _check_shares(name, blocks.values[name], np.flatnonzero(blocks.present[name]))

    def _module(self) -> VaeModule:
        return VaeModule(self._learned, self.config_, self.vocabulary_.sizes, self.config_.weights)

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities that something is learned from."""
        return tuple(self._learned)

    @property
    def _learned(self) -> dict[str, Form]:
        """The same, with what each looks like."""
        fusion = self.config_.fusion
        as_is = fusion.as_is if isinstance(fusion, LateConfig) else ()
        return {name: form for name, form in self.forms_.items() if name not in as_is}

    def _tracks(self, blocks: Blocks, labels: Labels, device: torch.device | None = None) -> Tracks:
        codes = self._codes(labels, blocks.n_tracks)
        learned = Blocks(
            {name: blocks.values[name] for name in self._learned},
            {name: blocks.present[name] for name in self._learned},
        )
        memory = self.config_.training.memory if self.memory is None else self.memory
        return Tracks(learned, self.fusion_, codes, crop=self.config_.crop, memory=GIGABYTE * memory, device=device)

    def _codes(self, labels: Labels, n_tracks: int) -> NDArray[np.int64]:
        """Return labels as numbers, shape (N, L); those that were not given are missing."""
        nobody = np.full(n_tracks, None, dtype=object)
        told = {name: labels.get(name, nobody) for name in self.vocabulary_.values}
        return self.vocabulary_.codes(told, self.config_.unseen) if told else np.zeros((n_tracks, 0), np.int64)

    def _encoded(self, blocks: Blocks, labels: Labels) -> Encoded:
        """Return the posteriors of all crops of all tracks."""
        tracks = self._tracks(blocks, labels)
        at_once = self.module_.at_once
        parts: list[tuple[NDArray[Any], ...]] = []
        with same_bytes(self.random_state), torch.no_grad():
            self.module_.eval()
            for share in self.vocabulary_.marginal(tracks.codes.numpy()):
                tracks.codes[torch.from_numpy(share.rows)] = torch.from_numpy(share.codes)
                rows, where = tracks.segments(share.rows)
                for start in range(0, len(rows), at_once):
                    these, places = rows[start : start + at_once], where[start : start + at_once]
                    batch = tracks.batch(torch.from_numpy(these), torch.from_numpy(places))
                    found = self.module_.posterior(batch)
                    weights = share.weight / tracks.n_segments[these]
                    sides = (batch.codes, found.mean, found.log_variance)
                    parts.append((these, places, weights, *(side.numpy() for side in sides)))
        rows, where, weights, codes, mean, log_variance = (np.concatenate(part) for part in zip(*parts, strict=True))
        if not self.config_.beta:  # an autoencoder has no posterior; its heads say any variance
            log_variance = np.full_like(log_variance, -np.inf)
        return Encoded(blocks.n_tracks, rows, where, weights, codes, mean, log_variance)

    def _embedding(self, encoded: Encoded, blocks: Blocks) -> NDArray[np.float32]:
        """Return what stands for the tracks: pooled posterior means, weighted and accompanied as configured."""
        mean, _ = encoded.pooled()
        fusion = self.config_.fusion
        deviations = [encoded.deviation()] if self.config_.pooling == "mean+std" else []
        if not isinstance(fusion, LateConfig):
            return np.concatenate([mean, *deviations], axis=1)
        weights = [fusion.weight(name) for name in self._learned]
        weighted = [embedding(torch.from_numpy(part), weights).numpy() for part in (mean, *deviations)]
        as_is = [fusion.weight(name) * blocks.vectors[name] for name in fusion.as_is]
        return np.concatenate([*weighted, *as_is], axis=1).astype(np.float32)

    def _transform(self, blocks: Blocks, labels: Labels) -> NDArray[np.float32]:
        return self._embedding(self._encoded(blocks, labels), blocks)

    def _facts(self) -> dict[str, Any]:
        return {
            "n_dims": self.n_dims_,
            "best_epoch": self.best_epoch_,
            "kl_per_dimension": self.kl_per_dimension_.tolist(),
            "active_units": self.active_units_,
            "collapsed": self.collapsed_,
            "vocabulary": self.vocabulary_.get_state(),
        }

    def _arrays(self) -> dict[str, NDArray[Any]]:
        network = {f"network.{name}": tensor.numpy().copy() for name, tensor in self.module_.state_dict().items()}
        return {**network, "latent.mean": self.latent_mean_, "latent.sd": self.latent_sd_}

    def _restore(self, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        self.vocabulary_ = Vocabulary.from_state(facts["vocabulary"])
        with same_bytes(self.random_state):
            self.module_ = self._module()
        weights = {
            name.removeprefix("network."): torch.from_numpy(np.array(array))
            for name, array in arrays.items()
            if name.startswith("network.")
        }
        self.module_.load_state_dict(weights)
        self.module_.eval()
        self.latent_mean_, self.latent_sd_ = arrays["latent.mean"], arrays["latent.sd"]
        self.n_dims_, self.best_epoch_ = facts["n_dims"], facts["best_epoch"]
        self.kl_per_dimension_ = np.array(facts["kl_per_dimension"], np.float64)
        self.active_units_, self.collapsed_ = facts["active_units"], facts["collapsed"]
        self.history_ = []
        self.split_ = np.array([], dtype="<U8")
        self.embedding_ = np.zeros((0, self.n_dims_), np.float32)
        self.posterior_variance_ = np.zeros((0, self.module_.n_latent), np.float32)


def _check_shares(name: str, block: NDArray[Any] | Frames, here: NDArray[np.intp]) -> None:
    """Refuse features that are not between 0 and 1."""
    tracks = (block.track(int(row)) if isinstance(block, Frames) else block[row] for row in here)
    least, most = np.array([(track.min(), track.max()) for track in tracks]).reshape(-1, 2).T
    if len(here) and not (least.min() >= 0 and most.max() <= 1):
        raise InputError(
            f"modality {name!r} has values from {least.min():g} to {most.max():g}; a bernoulli likelihood needs them "
            "between 0 and 1: divide them by their range, or set likelihood 'normal'."
        )
