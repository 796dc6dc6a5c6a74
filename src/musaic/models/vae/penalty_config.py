"""What a VAE's training is asked to mind beside the ELBO: typed, frozen, light to import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from musaic.config import Config


class CropConsistencyConfig(Config):
    """Two views of a track (two crops of its spectrogram) lie close together, and apart from those of other tracks.

    Attributes
    ----------
    weight : float > 0
        What the contrastive loss, in nats, is multiplied by.
    temperature : float > 0
        What cosine similarities are divided by: the lower, the more the nearest other tracks count.
    projection : int >= 0
        Width of a small network between latents and loss, as SimCLR has one; 0 for none, so that the latents
        themselves are consistent.
    """

    kind: Literal["crop-consistency"] = "crop-consistency"
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    temperature: float = Field(default=0.1, gt=0, allow_inf_nan=False)
    projection: int = Field(default=0, ge=0)

    @property
    def name(self) -> str:
        """What the penalty is called among others."""
        return self.kind


class IndependenceConfig(Config):
    """The latents do not tell a label. A track without the label takes no part.

    Attributes
    ----------
    label : str
        The label column; composite ones (``language+genre``) are columns like any other.
    method : {'hsic', 'adversary'}
        ``hsic`` lowers a kernel measure of dependence between 0 and 1; ``adversary`` lowers what a classifier, trained
        along, can say of the label, in nats.
    weight : float > 0
        What that is multiplied by. The ELBO is a sum over all features and grows with their number, and so should the
        weight; where it is too large, other things than the label go too.
    """

    kind: Literal["independence"] = "independence"
    label: str = Field(min_length=1)
    method: Literal["hsic", "adversary"] = "hsic"
    weight: float = Field(default=30.0, gt=0, allow_inf_nan=False)

    @property
    def name(self) -> str:
        """What the penalty is called among others."""
        return f"{self.kind}-{self.label}"


class FreeBitsConfig(Config):
    """Every latent dimension may tell a little about a track at no cost, so that none is given up early.

    Attributes
    ----------
    nats : float > 0
        How much, on average over a batch (Kingma et al., arXiv:1606.04934, eq. 15: their lambda).
    """

    kind: Literal["free-bits"] = "free-bits"
    nats: float = Field(default=0.1, gt=0, allow_inf_nan=False)

    @property
    def name(self) -> str:
        """What the penalty is called among others."""
        return self.kind


def _kind(value: object) -> object:
    """Let ``free-bits`` stand for ``{kind: free-bits}``."""
    if isinstance(value, Mapping) and "kind" not in value:
        kinds = "crop-consistency, independence, free-bits"
        raise ValueError(f"a penalty does not say which kind; add 'kind' with one of {kinds}")
    return {"kind": value} if isinstance(value, str) else value


PenaltyConfig = Annotated[
    CropConsistencyConfig | IndependenceConfig | FreeBitsConfig, Field(discriminator="kind"), BeforeValidator(_kind)
]


def _each_once(penalties: tuple[PenaltyConfig, ...]) -> tuple[PenaltyConfig, ...]:
    names = [penalty.name for penalty in penalties]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"penalty {name!r} is asked for twice; keep one of them")
    return penalties


def _several(value: object) -> object:
    """Let one penalty stand for a list of one."""
    return [value] if isinstance(value, str | Mapping) else value


Penalties = Annotated[tuple[PenaltyConfig, ...], BeforeValidator(_several), AfterValidator(_each_once)]
"""Any number of penalties, each once (`independence` once a label)."""


def penalised_labels(penalties: Iterable[PenaltyConfig]) -> tuple[str, ...]:
    """Return the label columns that the penalties must be given, sorted: scores against them are leaked."""
    return tuple(sorted({penalty.label for penalty in penalties if isinstance(penalty, IndependenceConfig)}))


def free_nats(penalties: Iterable[PenaltyConfig]) -> float:
    """Return how many nats a latent dimension has free; 0 where free bits are not asked for."""
    return sum(penalty.nats for penalty in penalties if isinstance(penalty, FreeBitsConfig))
