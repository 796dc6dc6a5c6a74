"""How several modalities become one representation inside a network: what can be asked for.

``early``, ``weighted`` and ``attention`` join hidden features before the posterior (`musaic.models.vae.joining`);
``poe``, ``moe`` and ``late`` join posteriors, one a modality (`musaic.models.vae.experts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from musaic.config import Config
from musaic.errors import nearest, unknown


class _KindConfig(Config):
    """A kind of fusion, closed to the options of the others."""

    kind: str

    @model_validator(mode="before")
    @classmethod
    def _only_what_has_a_meaning(cls, data: Any) -> Any:
        kind, options = cls.model_fields["kind"].default, sorted(set(cls.model_fields) - {"kind"})
        for key in data if isinstance(data, Mapping) else ():
            if key in cls.model_fields:
                continue
            others = [name for name, config in FUSIONS.items() if key in config.model_fields]
            hint = f" (only {', '.join(others)} can)" if others else nearest(str(key), options).rstrip("?")
            raise ValueError(f"{kind} fusion cannot take {key!r}{hint}; it takes {', '.join(options)}")
        return data


class _Dropped(_KindConfig):
    dropout: float = Field(default=0.0, ge=0, lt=1)


class JoiningConfig(_Dropped):
    """What every fusion of hidden features is told; see `EarlyConfig`."""

    joint: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _positive_widths(self) -> JoiningConfig:
        if any(width < 1 for width in self.joint):
            raise ValueError(f"joint must be whole numbers from 1, not {list(self.joint)}")
        return self


class _Weighted(_KindConfig):
    weights: dict[str, float] = Field(default_factory=dict)

    def weight(self, modality: str) -> float:
        """Return the weight of a modality; 1 where nothing is said."""
        return self.weights.get(modality, 1.0)

    @model_validator(mode="after")
    def _positive_weights(self) -> _Weighted:
        for name, weight in self.weights.items():
            if not 0 < weight < float("inf"):
                raise ValueError(f"the weight of {name!r} must be a positive number, not {weight}")
        return self


class EarlyConfig(JoiningConfig):
    """Hidden features side by side, with a flag for every modality that is there.

    Attributes
    ----------
    joint : tuple of int >= 1
        Widths of the layers between the joined features and the posterior; none where empty.
    dropout : float in [0, 1)
        Probability that a modality of a track is left out of a training step; one always stays.
    """

    kind: Literal["early"] = "early"


class WeightedConfig(_Weighted, JoiningConfig):
    """The weighted mean of hidden features, projected to one width, over the modalities that are there.

    Attributes
    ----------
    weights : dict of str to float > 0
        By modality; 1 where nothing is said. Those of a track's modalities are divided by their sum.
    joint, dropout
        As for `EarlyConfig`.
    """

    kind: Literal["weighted"] = "weighted"


class AttentionConfig(JoiningConfig):
    """The mean of hidden features, projected to one width, with weights that the features themselves decide.

    Attributes
    ----------
    joint, dropout
        As for `EarlyConfig`.
    """

    kind: Literal["attention"] = "attention"


class PoeConfig(_Dropped):
    """The product of the modalities' posteriors and the prior (MVAE, arXiv:1802.05335).

    Attributes
    ----------
    dropout : float in [0, 1)
        As for `EarlyConfig`; it stands for the paper's sub-sampled training (section 2.2), without which single
        experts stay untrained where most tracks have everything. With 0.4, two modalities are seen together in .36
        of the cases and each alone in .32; the paper gives all three a third.
    """

    kind: Literal["poe"] = "poe"
    dropout: float = Field(default=0.4, ge=0, lt=1)


class MoeConfig(_Dropped):
    """The mixture of the modalities' posteriors (MMVAE, arXiv:1911.03393).

    Attributes
    ----------
    dropout : float in [0, 1)
        As for `EarlyConfig`. Every expert is trained without it already.
    """

    kind: Literal["moe"] = "moe"


class LateConfig(_Weighted):
    """Latents of the modalities, each learned from its own modality alone, side by side.

    Attributes
    ----------
    weights : dict of str to float > 0
        What a modality's part of the embedding is multiplied by; 1 where nothing is said. Nothing is rescaled after.
    as_is : tuple of str
        Modalities that nothing is learned from: their features are part of the embedding as they are, such as a
        one-hot genre.
    """

    kind: Literal["late"] = "late"
    as_is: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> LateConfig:
        twice = sorted({name for name in self.as_is if self.as_is.count(name) > 1})
        if twice:
            raise ValueError(f"as_is names {', '.join(map(repr, twice))} more than once; name every modality once")
        return self


FUSIONS: dict[str, type[_KindConfig]] = {
    "early": EarlyConfig,
    "late": LateConfig,
    "weighted": WeightedConfig,
    "attention": AttentionConfig,
    "poe": PoeConfig,
    "moe": MoeConfig,
}


def _kind(value: object) -> object:
    """Let ``fusion: poe`` stand for ``fusion: {kind: poe}``, and refuse a kind that there is not."""
    data = {"kind": value} if isinstance(value, str) else value
    if isinstance(data, Mapping):
        if "kind" not in data:
            raise ValueError(f"fusion does not say which kind; add 'kind' with one of {', '.join(FUSIONS)}")
        if str(data["kind"]) not in FUSIONS:
            raise unknown("fusion", str(data["kind"]), FUSIONS)
    return data


FusionConfig = Annotated[
    EarlyConfig | LateConfig | WeightedConfig | AttentionConfig | PoeConfig | MoeConfig,
    Field(discriminator="kind"),
    BeforeValidator(_kind),
]
"""The field of a configuration that takes any of them, by name or as a mapping with the ``kind``."""
