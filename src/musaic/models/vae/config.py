"""What a variational autoencoder is asked to be: typed, frozen, light to import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from musaic.config import Config
from musaic.models.config import ModelConfig
from musaic.models.vae.fusion_config import EarlyConfig, FusionConfig
from musaic.models.vae.networks import MlpConfig, Network, NetworkConfig
from musaic.models.vae.penalty_config import Penalties, penalised_labels


def _kind(value: object) -> object:
    """Let ``prior: mixture`` stand for ``prior: {kind: mixture}``."""
    if isinstance(value, Mapping) and "kind" not in value:
        raise ValueError("prior does not say which kind; add 'kind' with one of standard, mixture")
    return {"kind": value} if isinstance(value, str) else value


def _several(value: object) -> object:
    """Let ``condition: language`` stand for ``condition: [language]``, and a label named twice for itself."""
    return (value,) if isinstance(value, str) else tuple(dict.fromkeys(value)) if isinstance(value, list) else value


class TrainingConfig(Config):
    """How long, how fast, and on what.

    Attributes
    ----------
    epochs : int >= 1
        The most passes over the data.
    batch_size : int >= 2
        Tracks a step, at least (the last, smaller batch is shared out over the others).
    learning_rate, weight_decay : float
        Of AdamW.
    schedule : {'constant', 'cosine', 'plateau'}
        Whether the learning rate stays, falls to 0 along a half cosine over all epochs, or is halved whenever the
        held-out ELBO has not improved for a third of ``patience``.
    clip : float > 0
        Largest norm of a gradient.
    held_out : float in [0, 0.5]
        Share of the tracks (by group) held out for the early stop; none below 20 tracks.
    patience : int >= 1
        Epochs after the warm-up without a better held-out ELBO before training stops.
    precision : {'auto', 'float32', 'bfloat16', 'float16'}
        Of the networks; losses, variances and weights are always float32. 'auto' is bfloat16 for convolutions where
        the processor multiplies matrices of it (AMX) and for everything on a GPU that has it, float16 with scaled
        gradients on one that has not, else float32.
    memory : float > 0
        Gigabytes of frames that may lie in the memory of one machine, for all trainings of an experiment that it
        does at once; where there are more, crops are read one by one. The results are the same.
    """

    epochs: int = Field(default=400, ge=1)
    batch_size: int = Field(default=64, ge=2)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    schedule: Literal["constant", "cosine", "plateau"] = "constant"
    clip: float = Field(default=5.0, gt=0)
    held_out: float = Field(default=0.1, ge=0, le=0.5)
    patience: int = Field(default=60, ge=1)
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    memory: float = Field(default=4.0, gt=0)


class StandardPriorConfig(Config):
    """A standard normal."""

    kind: Literal["standard"] = "standard"


class MixturePriorConfig(Config):
    """A mixture of normals, whose components are clusters (VaDE, arXiv:1611.05148).

    Attributes
    ----------
    n_clusters : int >= 1
        Components.
    start : {'gmm', 'umap'}
        How the groups to begin with are found: by a Gaussian mixture, or by one fitted to a UMAP embedding, which
        follows neighbourhoods.
    space : {'latents', 'features'}
        Where they are found: in the latents of the pretrained autoencoder, or in the features that it sees.
    n_init : int >= 1
        Starts with different seeds; the one with the best ELBO after its ``hold`` epochs is trained on.
    hold : int >= 0
        Epochs in which every track keeps the responsibilities of the start, so that encoder and components meet. Too
        few, and the components drift together as soon as they are free.
    pretraining : int >= 0
        Epochs as an autoencoder (no divergence, no sampling) before.
    denoising : float >= 0, optional
        The ``input_noise`` of the pretraining; the model's own where nothing is said. Much noise makes for latents
        with clear neighbourhoods, but later blurs which component a track belongs to.
    """

    kind: Literal["mixture"] = "mixture"
    n_clusters: int = Field(default=10, ge=1)
    start: Literal["gmm", "umap"] = "gmm"
    space: Literal["latents", "features"] = "latents"
    n_init: int = Field(default=5, ge=1)
    hold: int = Field(default=10, ge=0)
    pretraining: int = Field(default=50, ge=0)
    denoising: float | None = Field(default=None, ge=0)


Likelihood = Literal["normal", "bernoulli", "cosine"]
AS_THEY_ARE: dict[str, str] = {"bernoulli": "features between 0 and 1", "cosine": "directions"}
"""Likelihoods of features that are not to be scaled, and what those are."""


class VaeConfig(ModelConfig):
    """A variational autoencoder: one model, six choices.

    The defaults are for a few hundred songs and a statistics vector. A posterior with beta 1 gives every direction it
    codes nearly the same spread, weak ones too, and K-Means then follows those; with beta 4 and a denoising encoder
    the strong directions stand out.

    Attributes
    ----------
    network : str or mapping with ``kind``
        Encoder and decoder: 'mlp', 'conv1d', 'conv2d', 'deep-conv2d' and their options. Convolutions are for frames;
        vectors beside them go through the default 'mlp'.
    networks : dict of str to such
        Of single modalities, by name.
    latent_dim : int >= 1
        Latent dimensions; of every modality where fusion is 'late'.
    beta : float >= 0
        Weight of the KL term, in nats against nats: 1 is the ELBO, 0 an autoencoder, whose latents are not sampled.
    warmup : int >= 0
        Epochs over which beta grows from 0, linearly.
    cycles : int >= 1
        How often it does so, each time staying for as many epochs again (arXiv:1903.10145).
    prior : {'standard', 'mixture'}, or mapping with the ``kind`` and its options
        Where latents are expected: a standard normal, or a mixture whose components are clusters.
    condition : str or tuple of str
        Label columns that encoder and decoder are told, so that latents need not carry them (arXiv:1406.5298).
    unseen : {'refuse', 'marginalise'}
        What becomes of a track whose label no track of the fit had: it is refused, or embedded under every known value,
        in their shares.
    fusion : str or mapping with ``kind``
        How modalities are joined: 'early', 'late', 'weighted', 'attention', 'poe', 'moe'.
    penalties : tuple of mappings with ``kind``
        What is asked of latents beside the ELBO: 'crop-consistency', 'independence', 'free-bits'.
    crop : int >= 4
        Frames of the crops that sequences are trained on and embedded by.
    pooling : {'mean', 'mean+std'}
        How the posterior means of a track's crops become its embedding; 'mean+std' puts their deviations beside.
    likelihood : {'normal', 'bernoulli', 'cosine'}, or dict of str to such
        What the decoder says of a modality's features. ``bernoulli`` is for features between 0 and 1, ``cosine`` for
        directions such as sentence vectors; both are taken as they are (``scaling`` 'none').
    variance : {'dimension', 'modality'}, or float > 0
        The variance of normal likelihoods: learned for every feature, learned once a modality, or stated. Its unit is
        the modality's mean variance.
    min_variance : float > 0
        The least that a learned variance may become.
    input_noise : float >= 0
        Standard deviation of the noise added to what the encoder sees while training (denoising), in units of the
        modality's own.
    training : TrainingConfig
        Epochs, steps and the early stop.
    """

    model: str = "basic-vae"
    network: Network = MlpConfig()
    networks: dict[str, Network] = Field(default_factory=dict)
    latent_dim: int = Field(default=16, ge=1)
    beta: float = Field(default=4.0, ge=0)
    warmup: int = Field(default=30, ge=0)
    cycles: int = Field(default=1, ge=1)
    prior: Annotated[StandardPriorConfig | MixturePriorConfig, Field(discriminator="kind"), BeforeValidator(_kind)] = (
        StandardPriorConfig()
    )
    condition: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
    unseen: Literal["refuse", "marginalise"] = "refuse"
    fusion: FusionConfig = EarlyConfig()
    penalties: Penalties = ()
    crop: int = Field(default=128, ge=4)
    pooling: Literal["mean", "mean+std"] = "mean"
    likelihood: Likelihood | dict[str, Likelihood] = "normal"
    variance: Literal["dimension", "modality"] | float = "dimension"
    min_variance: float = Field(default=0.01, gt=0)
    input_noise: float = Field(default=1.0, ge=0)
    training: TrainingConfig = TrainingConfig()

    @property
    def home(self) -> str:
        """``module:class`` of the model, imported when it is built."""
        return f"musaic.models.vae.{'vade:Vade' if self.prior.kind == 'mixture' else 'estimator:Vae'}"

    @property
    def labels(self) -> tuple[str, ...]:
        """The label columns that the fit must be given, sorted."""
        return tuple(sorted({*super().labels, *self.condition, *penalised_labels(self.penalties)}))

    @property
    def labels_to_embed(self) -> tuple[str, ...]:
        """The label columns that a fitted model must be given, sorted."""
        return tuple(sorted({*super().labels_to_embed, *self.condition}))

    def network_of(self, modality: str, kind: str) -> NetworkConfig:
        """Return the network of a modality that is of the kind 'vector' or 'frames'."""
        if modality in self.networks:
            return self.networks[modality]
        return MlpConfig() if kind == "vector" and not isinstance(self.network, MlpConfig) else self.network

    def likelihood_of(self, modality: str) -> Likelihood:
        """Return the likelihood of a modality; normal where nothing is said."""
        return self.likelihood if isinstance(self.likelihood, str) else self.likelihood.get(modality, "normal")

    @model_validator(mode="after")
    def _positive_variance(self) -> VaeConfig:
        if isinstance(self.variance, float) and not 0 < self.variance < float("inf"):
            raise ValueError(f"variance must be 'dimension', 'modality' or a positive number, not {self.variance}")
        return self

    @model_validator(mode="after")
    def _taken_as_they_are(self) -> VaeConfig:
        named = self.likelihood if isinstance(self.likelihood, dict) else {}
        everywhere = self.likelihood if isinstance(self.likelihood, str) else "normal"
        wrong = [kind for name, kind in named.items() if kind in AS_THEY_ARE and self.scaling_of(name) != "none"]
        if everywhere in AS_THEY_ARE and self.scaling != "none":
            wrong.append(everywhere)
        if wrong:
            raise ValueError(
                f"a {wrong[0]} likelihood takes {AS_THEY_ARE[wrong[0]]} as they are; set scaling to 'none'"
            )
        return self

    @model_validator(mode="after")
    def _mixture_is_sampled(self) -> VaeConfig:
        if self.prior.kind == "mixture" and self.beta == 0:
            raise ValueError("a mixture prior is learned through the KL term; set beta above 0")
        return self
