"""What every clustering is asked to be: typed, frozen, readable from an experiment file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from musaic.clustering.grid import Count, Counts, Grid, several
from musaic.clustering.spaces import SpaceConfig
from musaic.config import digest
from musaic.errors import UsageError

LABELS = "labels:"
"""``labels:genre`` asks for as many clusters as the label column has values."""

OneK = int | str
"""A number of clusters, ``auto``, or ``labels:<column>``."""

Criterion = Literal["silhouette", "bic", "stability"]


def _named(value: str) -> str:
    if value == "auto" or (value.startswith(LABELS) and value != LABELS):
        return value
    raise ValueError


def _spaces(value: Any) -> Any:
    """Read spaces by their names or their keys."""
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError("space is an empty list; name at least one space, such as latent")
        return tuple(_spaces(one) for one in value)
    return SpaceConfig.read(value) if isinstance(value, str | Mapping) else value


def _globs(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Spaces = Annotated[SpaceConfig | tuple[SpaceConfig, ...], BeforeValidator(_spaces)]
Name = Annotated[str, AfterValidator(_named)]
Numbers = Annotated[
    Count | Name | tuple[Count | Name, ...], several("a whole number from 1, 'auto' or 'labels:<column>'")
]
Criteria = Annotated[Criterion | tuple[Criterion, ...], several("'silhouette', 'bic' or 'stability'")]


class ClusteringConfig(Grid):
    """What every clustering is told.

    Attributes
    ----------
    algorithm : str
        The clusterer's registered name.
    space : str or mapping, or a list of these
        Where songs are clustered: ``latent``, ``raw``, ``pca``, ``umap`` (`SpaceConfig`).
    cells : tuple of str
        Globs of the cells that are clustered this way; all by default.
    """

    whole: ClassVar[frozenset[str]] = frozenset({"cells"})
    always_told: ClassVar[tuple[str, ...]] = ()
    """Parameters that are named in a table of results even where they have their default."""

    algorithm: str
    space: Spaces = SpaceConfig()
    cells: Annotated[tuple[str, ...], BeforeValidator(_globs), Field(min_length=1)] = ("*",)

    def wanted(self) -> tuple[OneK, ...]:
        """Return the numbers of clusters asked for, one or several; none where the algorithm finds its own."""
        return ()

    @property
    def identity(self) -> str:
        """``<space>-<algorithm>-<8 hex>`` of a single-valued configuration; which cells it is for does not matter."""
        one = self.single()
        data = {key: value for key, value in one.plain().items() if key != "cells"}
        return f"{one.only_space.name}-{one.algorithm}-{digest(data)}"

    @property
    def only_space(self) -> SpaceConfig:
        """The space of a single-valued configuration."""
        space: SpaceConfig = _all(self.single().space)[0]
        return space

    def single(self) -> Self:
        """Return the one combination of a single-valued configuration.

        Raises
        ------
        UsageError
            Where a value is a list.
        """
        combinations = self.expand()
        if len(combinations) > 1:
            raise UsageError(f"{self.algorithm} is asked for in {len(combinations)} ways; take one of expand().")
        return combinations[0]


class CountedConfig(ClusteringConfig):
    """What clusterings are told that want to know how many clusters.

    Attributes
    ----------
    n_clusters : int >= 1, 'auto', 'labels:<column>', or a list of these
        How many clusters. ``auto`` takes the number that ``choose_by`` says, and sees no label; ``labels:genre`` takes
        as many as there are genres.
    choose_by : {'silhouette', 'bic', 'stability'}, or a list of these
        How ``auto`` chooses. ``bic`` needs a likelihood: only ``gmm`` has one.
    most : int >= 2, or a list
        The largest number that ``auto`` tries; never more than 2 sqrt(tracks).
    """

    likelihood: ClassVar[bool] = False
    starts: ClassVar[int] = 4
    """The most ``n_init`` of a clustering that is made only to choose."""
    always_told: ClassVar[tuple[str, ...]] = ("n_clusters",)

    n_clusters: Numbers | None = "auto"
    choose_by: Criteria = "silhouette"
    most: Annotated[Counts, several("a whole number from 2")] = 20

    @model_validator(mode="after")
    def _choosable(self) -> Self:
        if not self.likelihood and "bic" in _all(self.choose_by):
            raise ValueError(
                f"choose_by 'bic' needs a likelihood, which {self.algorithm} has not; choose_by silhouette or "
                "stability, or take the algorithm gmm"
            )
        if min(_all(self.most)) < 2:
            raise ValueError(f"most must be a whole number from 2 or a list of these, not {min(_all(self.most))}")
        return self

    def wanted(self) -> tuple[OneK, ...]:
        """Return the numbers of clusters asked for, one or several."""
        return tuple(one for one in _all(self.n_clusters) if one is not None)

    def plainest(self) -> Self:
        """Return it without what only ``auto`` reads, where the number is known."""
        if self.n_clusters == "auto":
            return self
        fields = type(self).model_fields
        return self.model_copy(update={name: fields[name].default for name in ("choose_by", "most")})


def _all(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
