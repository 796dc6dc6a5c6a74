"""The network of a VAE: encoders, fusion, prior, decoders and likelihoods, and the bound that they make together.

Letters: B tracks of a batch, D features of a vector, C frames of a crop, F features of a frame, M modalities, P parts,
Z latent dimensions, K components, L labels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor, nn

from musaic.models.fusion import balance
from musaic.models.inputs import Form
from musaic.models.vae.condition import ConditionEmbedding
from musaic.models.vae.config import MixturePriorConfig, VaeConfig
from musaic.models.vae.data import Batch
from musaic.models.vae.elbo import Terms, reparameterise
from musaic.models.vae.experts import POSTERIORS, Strata, drop_modalities, strata
from musaic.models.vae.fusion_config import JoiningConfig, LateConfig
from musaic.models.vae.joining import Concatenation, Joining, joining
from musaic.models.vae.likelihood import Bernoulli, Cosine, Likelihood, Normal
from musaic.models.vae.networks import LOG_VARIANCE_RANGE, build_decoder, build_encoder
from musaic.models.vae.networks.config import MlpConfig, NetworkConfig
from musaic.models.vae.penalties import View, build_penalties
from musaic.models.vae.prior import MixturePrior, Prior, StandardPrior

AT_ONCE = 1 << 22
"""Numbers that go into the networks at once outside training, about, which bounds the memory."""

ModuleT = TypeVar("ModuleT", bound=nn.Module)


class Posterior(NamedTuple):
    """Where the latents of a batch are.

    Attributes
    ----------
    mean, log_variance : Tensor, shape (B, Z)
        Of the posteriors.
    experts : Strata or None
        The posteriors of single modalities and their shares, where fusion is 'moe'.
    """

    mean: Tensor
    log_variance: Tensor
    experts: Strata | None = None


class Part(nn.Module):
    """Encoder and decoder of one modality, or of several vectors side by side.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Of its modalities: (D,), or (C, F).
    config : NetworkConfig
        Which networks.
    n_latent, n_extra : int
        Latent dimensions that the decoder sees, and dimensions of the labels that both see.
    noise : float
        Added to what the encoder sees while training.
    """

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], config: NetworkConfig, n_latent: int, n_extra: int, noise: float
    ) -> None:
        super().__init__()
        self.shapes, self.noise, self.convolves = dict(shapes), noise, not isinstance(config, MlpConfig)
        # with one modality only, its presence says nothing
        self.n_flags = len(shapes) if len(shapes) > 1 else 0
        self.widths = [shape[0] for shape in shapes.values()]
        self.balance = balance({name: shape[0] for name, shape in shapes.items()}) if self.n_flags else {}
        shape = (sum(self.widths),) if self.n_flags else next(iter(shapes.values()))
        seen = (shape[0] + self.n_flags,) if self.n_flags else shape
        self.encoder = build_encoder(config, seen, n_extra)
        self.decoder = build_decoder(config, n_latent + n_extra, shape)

    @property
    def width(self) -> int:
        """Hidden features of the encoder."""
        return int(self.encoder.width)

    def hidden(self, x: Mapping[str, Tensor], present: Tensor, extra: Tensor | None) -> Tensor:
        """Return hidden features, (B, width), of modalities of which ``present`` (B, m) are there."""
        noisy = [self._noisy(x[name]) for name in self.shapes]
        if self.n_flags:
            parts = zip(noisy, present.unbind(dim=1), self.balance.values(), strict=True)
            noisy = [torch.cat([*(part * here[:, None] * factor for part, here, factor in parts), present], dim=1)]
        hidden: Tensor = self.encoder(noisy[0], extra)
        return hidden

    def decode(self, z: Tensor) -> dict[str, Tensor]:
        """Return what the decoder says of every modality, for latents and labels side by side."""
        said = self.decoder(z)
        parts = said.split(self.widths, dim=1) if self.n_flags else (said,)
        return dict(zip(self.shapes, parts, strict=True))

    def _noisy(self, x: Tensor) -> Tensor:
        return x + self.noise * torch.randn_like(x) if self.training and self.noise else x


class VaeModule(nn.Module):
    """Everything of a VAE that is trained.

    Parameters
    ----------
    forms : mapping of str to Form
        The modalities that are learned from.
    config : VaeConfig
        The six choices.
    sizes : mapping of str to int
        The number of known values of every label that the model is told or is not to tell.
    weights : mapping of str to float
        What a modality's log-likelihood is multiplied by; 1 where nothing is said.
    """

    def __init__(
        self,
        forms: Mapping[str, Form],
        config: VaeConfig,
        sizes: Mapping[str, int],
        weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.names, self.config = tuple(forms), config
        self.weights = [(weights or {}).get(name, 1.0) for name in forms]
        self.told = [list(sizes).index(label) for label in config.condition]
        self.condition = ConditionEmbedding({label: sizes[label] for label in config.condition})
        shapes = {
            name: (form.width,) if form.kind == "vector" else (config.crop, form.width) for name, form in forms.items()
        }
        groups = _groups(forms, config)
        n_latent, n_extra = config.latent_dim, self.condition.width
        parts = [
            Part(
                {name: shapes[name] for name in group},
                config.network_of(group[0], forms[group[0]].kind),
                n_latent,
                n_extra,
                config.input_noise,
            )
            for group in groups
        ]
        self.parts = _modules(parts)
        self.members = [[self.names.index(name) for name in group] for group in groups]
        widths = {"+".join(group): part.width for group, part in zip(groups, parts, strict=True)}
        self.late = isinstance(config.fusion, LateConfig)
        self.n_latent = n_latent * (len(groups) if self.late else 1)
        fusion = config.fusion
        self.joining: Joining | None = joining(widths, fusion) if isinstance(fusion, JoiningConfig) else None
        heads = list(widths.values()) if self.joining is None else [self.joining.width]
        self.heads = _modules([nn.Linear(width, 2 * n_latent) for width in heads])
        self.likelihoods = _modules([_likelihood(name, forms[name].width, config) for name in forms])
        self.prior = _prior(config, self.n_latent)
        self.penalties = _modules(build_penalties(config.penalties, self.n_latent, sizes))

    @property
    def n_inputs(self) -> int:
        """Numbers that a track's crop is made of."""
        return sum(math.prod(shape) for part in self.parts for shape in part.shapes.values())

    @property
    def at_once(self) -> int:
        """Tracks or crops that may go in together outside training."""
        return max(1, AT_ONCE // self.n_inputs)

    @property
    def needs_second_view(self) -> bool:
        """Whether a penalty compares two views of every track."""
        return any(penalty.needs_second_view for penalty in self.penalties)

    def set_noise(self, noise: float) -> None:
        """Set what is added to what encoders see while training."""
        for part in self.parts:
            part.noise = noise

    @property
    def apart(self) -> list[list[nn.Parameter]]:
        """The parameters by what is learned for itself: all together, except in late fusion."""
        if not self.late:
            return [list(self.parameters())]
        owned: list[list[nn.Module]] = [
            [part, head, *(self.likelihoods[member] for member in members)]
            for part, head, members in zip(self.parts, self.heads, self.members, strict=True)
        ]
        owned.append([self.condition, self.prior, *self.penalties])
        return [[parameter for module in modules for parameter in module.parameters()] for modules in owned]

    @property
    def paces(self) -> list[dict[str, Any]]:
        """The parameters by what their learning rate is multiplied by (``pace``), as an optimiser takes them."""
        quick = {id(parameter): penalty.speed for penalty in self.penalties for parameter in penalty.parameters()}
        by_pace: dict[float, list[nn.Parameter]] = {}
        for parameter in self.parameters():
            by_pace.setdefault(quick.get(id(parameter), 1.0), []).append(parameter)
        return [{"params": parameters, "pace": pace} for pace, parameters in by_pace.items()]

    def extra(self, codes: Tensor) -> Tensor | None:
        """Return the vectors of the labels (B, L) that the model is told, (B, E), or None where it is told none."""
        return self.condition(self.condition.dropped(codes[:, self.told])) if self.told else None

    def posterior(self, batch: Batch) -> Posterior:
        """Return the posteriors of a batch, its labels being told."""
        return self.encode(batch, self.extra(batch.codes))

    def encode(self, batch: Batch, extra: Tensor | None) -> Posterior:
        """Return the posteriors of a batch."""
        present = batch.present
        dropout = getattr(self.config.fusion, "dropout", 0.0)
        if self.training and dropout:
            present = drop_modalities(present, dropout)
        hidden = [
            part.hidden(batch.x, present[:, members], extra)
            for part, members in zip(self.parts, self.members, strict=True)
        ]
        if len(hidden) == 1 and isinstance(self.joining, Concatenation):
            return Posterior(*self._head(0, self.joining.projection(hidden[0])))
        here = torch.stack([present[:, members].amax(dim=1) for members in self.members], dim=1)
        if self.joining is not None:
            return Posterior(*self._head(0, self.joining(hidden, here)))
        means, log_variances = (
            torch.stack(side, dim=1)
            for side in zip(*(self._head(number, h) for number, h in enumerate(hidden)), strict=True)
        )
        mixed = self.config.fusion.kind == "moe"
        joined = POSTERIORS[self.config.fusion.kind](means, log_variances, here)
        return Posterior(*joined, strata(means, log_variances, here) if mixed else None)

    def decode(self, z: Tensor, extra: Tensor | None) -> dict[str, Tensor]:
        """Return what the decoders say of every modality for latents (B, Z)."""
        own = z.chunk(len(self.parts), dim=1) if self.late else [z] * len(self.parts)
        said: dict[str, Tensor] = {}
        for part, latents in zip(self.parts, own, strict=True):
            said |= part.decode(latents if extra is None else torch.cat([latents, extra], dim=1))
        return said

    def expected(self, z: Tensor, extra: Tensor | None) -> dict[str, Tensor]:
        """Return the features that latents (B, Z) stand for, by modality."""
        said = self.decode(z, extra)
        return {name: self._likelihood(name).expected(said[name].float()) for name in self.names}

    def forward(self, batch: Batch, noise: Tensor, other: Batch | None = None) -> Terms:
        """Return the parts of the bound, with the posterior samples that ``noise`` (B, Z) stands for.

        ``other`` is a second view of the same tracks, for the penalties that compare two. Penalties are computed while
        training only.
        """
        extra = self.extra(batch.codes)
        posterior = self.encode(batch, extra)
        if posterior.experts is None:
            terms = self._bound(batch, posterior.mean, posterior.log_variance, extra, noise)
        else:
            terms = self._stratified(batch, posterior.experts, extra, noise)
        if not self.penalties or not self.training:
            return terms
        second = None if other is None else self.encode(other, extra).mean
        # of tracks without frames, a second view is the first one again
        frames = [place for place, name in enumerate(self.names) if name in batch.masks]
        paired = batch.present[:, frames].any(dim=1) if frames else None
        view = View(posterior.mean, batch.codes, second, paired)
        return terms._replace(penalties={penalty.name: penalty.weight * penalty(view) for penalty in self.penalties})

    def _bound(self, batch: Batch, mean: Tensor, log_variance: Tensor, extra: Tensor | None, noise: Tensor) -> Terms:
        z = reparameterise(mean, log_variance, noise)
        said = self.decode(z, extra)
        nll = torch.zeros(len(z), device=z.device)
        for name, weight, here in zip(self.names, self.weights, batch.present.unbind(dim=1), strict=True):
            own = self._likelihood(name)(batch.x[name], said[name], batch.masks.get(name))
            nll = nll + weight * own * here
        return Terms(nll, *self.prior.divergence(mean, log_variance, z, batch.held), {})

    def _stratified(self, batch: Batch, experts: Strata, extra: Tensor | None, noise: Tensor) -> Terms:
        """Return the mean of the bounds of the experts that a track has (see `musaic.models.vae.experts`)."""
        sides = zip(experts.mean.unbind(dim=1), experts.log_variance.unbind(dim=1), strict=True)
        bounds = [self._bound(batch, mean, log_variance, extra, noise) for mean, log_variance in sides]
        nll, kl, component = (torch.stack(side, dim=1) for side in zip(*(bound[:3] for bound in bounds), strict=True))
        weight = experts.weight
        return Terms(
            (weight * nll).sum(dim=1), (weight[:, :, None] * kl).sum(dim=1), (weight * component).sum(dim=1), {}
        )

    def _head(self, number: int, hidden: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.heads[number](hidden).float().chunk(2, dim=1)
        return mean, torch.clamp(log_variance, *LOG_VARIANCE_RANGE)

    def _likelihood(self, name: str) -> Likelihood:
        return self.likelihoods[self.names.index(name)]


def _modules(modules: list[ModuleT]) -> list[ModuleT]:
    """Return modules as torch wants them in a list."""
    return cast("list[ModuleT]", nn.ModuleList(modules))


def _groups(forms: Mapping[str, Form], config: VaeConfig) -> list[list[str]]:
    """Return the modalities by part: in early fusion, vectors without a network of their own go side by side."""
    together = [name for name, form in forms.items() if form.kind == "vector" and name not in config.networks]
    if config.fusion.kind != "early" or len(together) < 2:
        return [[name] for name in forms]
    return [together, *([name] for name in forms if name not in together)]


def _likelihood(name: str, width: int, config: VaeConfig) -> Likelihood:
    kind = config.likelihood_of(name)
    if kind == "normal":
        return Normal(width, config.variance, config.min_variance)
    return Bernoulli() if kind == "bernoulli" else Cosine(width)


def _prior(config: VaeConfig, n_latent: int) -> Prior:
    if isinstance(config.prior, MixturePriorConfig):
        return MixturePrior(config.prior.n_clusters, n_latent)
    return StandardPrior()
