"""What a model is asked to be: typed, frozen, readable from an experiment file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from musaic.config import Config

Scaling = Literal["none", "standard", "robust", "per-track"]
Scalings = Scaling | Mapping[str, Scaling]
Removal = Literal["centre", "erase"]


class ModelConfig(Config):
    """What every model is told.

    Attributes
    ----------
    model : str
        The model's registered name.
    scaling : {'none', 'standard', 'robust', 'per-track'}, or dict of str to such
        How the modalities are scaled, all alike or by name ('standard' for those not named); fitted once on the
        tracks that have it. Vectors whose dimensions already have one unit, such as those of lyrics, are best left as
        they are: 'none'.
    weights : dict of str to float > 0
        Weight of a modality by name; 1 where nothing is said. The baselines multiply the modality's values by it,
        a VAE the modality's share of the log-likelihood.
    without : str, or dict of str to str
        A label column that is taken out of the features before anything is learned from them: out of all modalities,
        or by name (``{lyrics: language}``). Scores against that label are then marked as leaked.
    removal : {'centre', 'erase'}
        How (see `musaic.models.removal`): the tracks of every value of the label get one mean, or the directions that
        tell the label are projected away.
    """

    model: str
    scaling: Scaling | dict[str, Scaling] = "standard"
    weights: dict[str, float] = Field(default_factory=dict)
    without: str | dict[str, str] = Field(default_factory=dict)
    removal: Removal = "centre"

    @property
    def labels(self) -> tuple[str, ...]:
        """The label columns that the model must be given, sorted."""
        removed = [self.without] if isinstance(self.without, str) else self.without.values()
        return tuple(sorted(set(removed)))

    def scaling_of(self, modality: str) -> Scaling:
        """Return how a modality is scaled; standard where nothing is said."""
        return self.scaling if isinstance(self.scaling, str) else self.scaling.get(modality, "standard")

    def removed_from(self, modality: str) -> str | None:
        """Return the label that is taken out of a modality, or None."""
        return self.without if isinstance(self.without, str) else self.without.get(modality)

    @model_validator(mode="after")
    def _positive_weights(self) -> ModelConfig:
        for name, weight in self.weights.items():
            if not 0 < weight < float("inf"):
                raise ValueError(f"the weight of {name!r} must be a positive number, not {weight}")
        return self


class RawConfig(ModelConfig):
    """The scaled features as they are."""

    model: Literal["raw"] = "raw"


class PcaConfig(ModelConfig):
    """Principal components of the scaled features.

    Attributes
    ----------
    n_components : int >= 1, or float in (0, 1)
        How many, or the share of the variance they must carry together.
    max_components : int >= 1
        The most that are kept, whatever share was asked for.
    """

    model: Literal["pca"] = "pca"
    n_components: int | float = 0.95
    max_components: int = Field(default=64, ge=1)

    @model_validator(mode="after")
    def _count_or_share(self) -> PcaConfig:
        whole = isinstance(self.n_components, int)
        if not (self.n_components >= 1 if whole else 0 < self.n_components < 1):
            raise ValueError(
                f"n_components must be a whole number from 1 or a share between 0 and 1, not {self.n_components}"
            )
        return self


def _kind(value: object) -> object:
    """Let ``prior: mixture`` stand for ``prior: {kind: mixture}``."""
    return {"kind": value} if isinstance(value, str) else value


class MlpConfig(Config):
    """A multilayer perceptron; the decoder mirrors the encoder.

    Attributes
    ----------
    widths : tuple of int
        Widths of the encoder's hidden layers; empty for a linear encoder and decoder.
    dropout : float in [0, 1)
        Share of hidden units silenced while training.
    norm : {'none', 'batch', 'layer'}
        Normalisation before each activation.
    """

    network: Literal["mlp"] = "mlp"
    widths: tuple[int, ...] = (256, 128)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    norm: Literal["none", "batch", "layer"] = "layer"

    @model_validator(mode="after")
    def _positive_widths(self) -> MlpConfig:
        if any(width < 1 for width in self.widths):
            raise ValueError(f"widths must be whole numbers from 1, not {list(self.widths)}")
        return self


class TrainingConfig(Config):
    """How long and how fast.

    Attributes
    ----------
    epochs : int >= 1
        The most passes over the data.
    batch_size : int >= 2
        Tracks a step, at least (the last, smaller batch is shared out over the others).
    learning_rate, weight_decay : float
        Of AdamW.
    clip : float > 0
        Largest norm of a gradient.
    held_out : float in [0, 0.5]
        Share of the tracks (by group) held out for the early stop; none below 20 tracks.
    patience : int >= 1
        Epochs after the warm-up without a better held-out ELBO before training stops.
    """

    epochs: int = Field(default=400, ge=1)
    batch_size: int = Field(default=64, ge=2)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    clip: float = Field(default=5.0, gt=0)
    held_out: float = Field(default=0.1, ge=0, le=0.5)
    patience: int = Field(default=60, ge=1)


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
        Where the components begin: a Gaussian mixture fitted to the latents of the pretrained autoencoder, or to a
        UMAP embedding of them, which follows their neighbourhoods.
    n_init : int >= 1
        Starts with different seeds; the one with the best ELBO is trained.
    hold : int >= 0
        Epochs in which every track keeps the responsibilities of the start, so that encoder and components meet.
    pretraining : int >= 0
        Epochs as an autoencoder (no divergence, no sampling) before.
    """

    kind: Literal["mixture"] = "mixture"
    n_clusters: int = Field(default=10, ge=1)
    start: Literal["gmm", "umap"] = "gmm"
    n_init: int = Field(default=5, ge=1)
    hold: int = Field(default=10, ge=0)
    pretraining: int = Field(default=50, ge=0)


Likelihood = Literal["normal", "bernoulli"]


class VaeConfig(ModelConfig):
    """A variational autoencoder of vectors.

    The defaults are for a few hundred songs and a statistics vector. A posterior with beta 1 gives every direction it
    codes nearly the same spread, weak ones too, and K-Means then follows those; with beta 4 and a denoising encoder
    the strong directions stand out.

    Attributes
    ----------
    network : MlpConfig
        Encoder and decoder.
    latent_dim : int >= 1
        Latent dimensions.
    beta : float >= 0
        Weight of the KL term, in nats against nats: 1 is the ELBO.
    warmup : int >= 0
        Epochs over which beta grows from 0, linearly.
    prior : {'standard', 'mixture'}, or mapping with the ``kind`` and its options
        Where latents are expected: a standard normal, or a mixture whose components are clusters.
    likelihood : {'normal', 'bernoulli'}, or dict of str to such
        What the decoder says of a modality's features. ``bernoulli`` is for features between 0 and 1, which are then
        taken as they are (``scaling`` 'none').
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
    network: MlpConfig = MlpConfig()
    latent_dim: int = Field(default=16, ge=1)
    beta: float = Field(default=4.0, ge=0)
    warmup: int = Field(default=30, ge=0)
    prior: Annotated[StandardPriorConfig | MixturePriorConfig, Field(discriminator="kind"), BeforeValidator(_kind)] = (
        StandardPriorConfig()
    )
    likelihood: Likelihood | dict[str, Likelihood] = "normal"
    variance: Literal["dimension", "modality"] | float = "dimension"
    min_variance: float = Field(default=0.01, gt=0)
    input_noise: float = Field(default=1.0, ge=0)
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="after")
    def _positive_variance(self) -> VaeConfig:
        if isinstance(self.variance, float) and not 0 < self.variance < float("inf"):
            raise ValueError(f"variance must be 'dimension', 'modality' or a positive number, not {self.variance}")
        return self

    @model_validator(mode="after")
    def _bernoulli_is_not_scaled(self) -> VaeConfig:
        named = {} if isinstance(self.likelihood, str) else self.likelihood
        kinds = [self.likelihood] if isinstance(self.likelihood, str) else []
        scaled = self.scaling if isinstance(self.scaling, str) else None
        wrong = [name for name, kind in named.items() if kind == "bernoulli" and self.scaling_of(name) != "none"]
        if wrong or ("bernoulli" in kinds and scaled != "none"):
            raise ValueError("a bernoulli likelihood takes features between 0 and 1 as they are; set scaling to 'none'")
        return self

    def likelihood_of(self, modality: str) -> Likelihood:
        """Return the likelihood of a modality; normal where nothing is said."""
        return self.likelihood if isinstance(self.likelihood, str) else self.likelihood.get(modality, "normal")
