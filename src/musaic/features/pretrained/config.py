"""How pretrained networks are heard: the ``pretrained:`` key of an experiment's ``features:``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from musaic.config import Config

Layer = Annotated[int, Field(ge=0)]


class PretrainedConfig(Config):
    """What is made of the output of a pretrained network.

    Parameters
    ----------
    layers : {"all", "last"} or tuple of int, optional
        Whose outputs are averaged before they are averaged over time: all layers of the transformer, its last one, or
        those that are named (0 is what enters the first layer). ``all`` where nothing is said. Models that give one
        vector a window (CLAP, AST) have no choice.
    std : bool
        Whether the standard deviation over time is joined to the mean.
    segment : float, s, optional
        Length of the windows that a model is given; by default the length that it was trained on.
    batch_size : int
        Windows of a track that are heard at once on a GPU; on a CPU it is one.
    """

    layers: Literal["all", "last"] | Annotated[tuple[Layer, ...], Field(min_length=1)] | None = None
    std: bool = False
    segment: Annotated[float | None, Field(ge=0.5, le=120, allow_inf_nan=False)] = None
    batch_size: Annotated[int, Field(ge=1, le=1024)] = 8
