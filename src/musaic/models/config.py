"""What a model is asked to be: typed, frozen, readable from an experiment file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

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

    _home: ClassVar[str]

    model: str
    scaling: Scaling | dict[str, Scaling] = "standard"
    weights: dict[str, float] = Field(default_factory=dict)
    without: str | dict[str, str] = Field(default_factory=dict)
    removal: Removal = "centre"

    @property
    def home(self) -> str:
        """``module:class`` of the model, imported when it is built."""
        return self._home

    @property
    def labels(self) -> tuple[str, ...]:
        """The label columns that the fit must be given, sorted."""
        return self._removed

    @property
    def labels_to_embed(self) -> tuple[str, ...]:
        """The label columns that a fitted model must be given, sorted: what is erased is not asked for again."""
        return self._removed if self.removal == "centre" else ()

    @property
    def _removed(self) -> tuple[str, ...]:
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


class BaselineConfig(ModelConfig):
    """A baseline, which takes vectors.

    Attributes
    ----------
    n_frames : int >= 1
        Sequences of frames are laid out as one vector of so many stretches of equal length, each its frames' mean.
    """

    n_frames: int = Field(default=32, ge=1)


class RawConfig(BaselineConfig):
    """The scaled features as they are."""

    _home: ClassVar[str] = "musaic.models.baselines:Raw"

    model: Literal["raw"] = "raw"


class PcaConfig(BaselineConfig):
    """Principal components of the scaled features.

    Attributes
    ----------
    n_components : int >= 1, or float in (0, 1)
        How many, or the share of the variance they must carry together.
    max_components : int >= 1
        The most that are kept, whatever share was asked for.
    """

    _home: ClassVar[str] = "musaic.models.baselines:Pca"

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
