"""What a model is asked to be: typed, frozen, readable from an experiment file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

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


class BasicVaeConfig(ModelConfig):
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
    variance : {'dimension', 'modality'}, or float > 0
        The decoder's variance: learned for every feature, learned once a modality, or stated. Its unit is the
        modality's mean variance.
    min_variance : float > 0
        The least that a learned variance may become.
    input_noise : float >= 0
        Standard deviation of the noise added to what the encoder sees while training (denoising), in units of the
        modality's own.
    training : TrainingConfig
        Epochs, steps and the early stop.
    """

    model: Literal["basic-vae"] = "basic-vae"
    network: MlpConfig = MlpConfig()
    latent_dim: int = Field(default=16, ge=1)
    beta: float = Field(default=4.0, ge=0)
    warmup: int = Field(default=30, ge=0)
    variance: Literal["dimension", "modality"] | float = "dimension"
    min_variance: float = Field(default=0.01, gt=0)
    input_noise: float = Field(default=1.0, ge=0)
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="after")
    def _positive_variance(self) -> BasicVaeConfig:
        if isinstance(self.variance, float) and not 0 < self.variance < float("inf"):
            raise ValueError(f"variance must be 'dimension', 'modality' or a positive number, not {self.variance}")
        return self
