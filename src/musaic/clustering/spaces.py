"""The spaces that songs are clustered in, as they are named: ``latent``, ``raw``, ``pca64``, ``umap10-of-raw``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from musaic.clustering.grid import Count, Grid, several
from musaic.errors import unknown

if TYPE_CHECKING:
    from musaic.clustering.projection import Space

_NAME = re.compile(r"(latent|raw|pca|umap)(\d+)?(?:-n(\d+))?(?:-d(\d+(?:\.\d+)?))?(?:-of-(latent|raw))?")

_DEFAULTS: dict[str, dict[str, Any]] = {
    "latent": {},
    "raw": {},
    "pca": {"n_components": 64, "of": "raw"},
    "umap": {"n_components": 10, "of": "latent", "n_neighbors": 15, "min_dist": 0.0},
}
"""What a kind of space takes, and what it is where nothing is said."""

Base = Literal["latent", "raw"]
Neighbours = Annotated[int, Field(strict=True, ge=2)]
Distance = Annotated[float, Field(strict=True, ge=0, lt=1)]


class SpaceConfig(Grid):
    """Where songs are clustered.

    Parameters
    ----------
    kind : {'latent', 'raw', 'pca', 'umap'}
        The representation itself; the scaled inputs that it was made of; principal components; a UMAP embedding
        (arXiv:1802.03426) made for clustering.
    n_components : int >= 1, or a list
        Dimensions of ``pca`` (64) and ``umap`` (10); fewer where the songs do not have so many.
    of : {'latent', 'raw'}, or a list
        What ``pca`` (raw) and ``umap`` (latent) are computed of.
    n_neighbors : int >= 2, or a list
        Of ``umap``: 15.
    min_dist : float in [0, 1), or a list
        Of ``umap``: 0, so that songs of a group lie close together.
    """

    kind: Literal["latent", "raw", "pca", "umap"] = "latent"
    n_components: Annotated[Count | tuple[Count, ...] | None, several("a whole number from 1")] = None
    of: Annotated[Base | tuple[Base, ...] | None, several("'latent' or 'raw'")] = None
    n_neighbors: Annotated[Neighbours | tuple[Neighbours, ...] | None, several("a whole number from 2")] = None
    min_dist: Annotated[Distance | tuple[Distance, ...] | None, several("a number from 0, below 1,")] = None

    @model_validator(mode="before")
    @classmethod
    def _of_its_kind(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        kind = data.get("kind", "latent")
        if kind not in _DEFAULTS:
            raise unknown("space", str(kind), _DEFAULTS)
        given = {key: value for key, value in data.items() if value is not None}
        for key in given:
            if key in cls.model_fields and key not in ("kind", *_DEFAULTS[kind]):
                takes = f"takes only {', '.join(_DEFAULTS[kind])}" if _DEFAULTS[kind] else "has no settings"
                raise ValueError(f"{key} does not belong to the space {kind}, which {takes}")
        return {**_DEFAULTS[kind], **given}

    @classmethod
    def read(cls, data: str | Mapping[str, Any]) -> Self:
        """Read a space by its name (``pca64``, ``umap10-of-raw``) or by its keys.

        Raises
        ------
        UsageError
            Where there is no such space, or it does not take what is given.
        """
        if not isinstance(data, str):
            return cls.parse(data, "a space")
        match = _NAME.fullmatch(data)
        if not match:
            raise unknown("space", data, (*_DEFAULTS, "pca64", "umap10", "umap10-of-raw"))
        kind, n_components, n_neighbors, min_dist, of = match.groups()
        given = {
            "n_components": n_components and int(n_components),
            "n_neighbors": n_neighbors and int(n_neighbors),
            "min_dist": min_dist and float(min_dist),
            "of": of,
        }
        return cls.parse({"kind": kind, **{key: value for key, value in given.items() if value is not None}}, "a space")

    @property
    def name(self) -> str:
        """The readable name, fit for a file: ``latent``, ``raw``, ``pca64``, ``umap10``, ``umap10-of-raw``."""
        usual, parts = _DEFAULTS[self.kind], [f"{self.kind}{self.n_components or ''}"]
        for key, sign in (("n_neighbors", "n"), ("min_dist", "d"), ("of", "of-")):
            value = getattr(self, key)
            if value != usual.get(key):
                parts.append(f"{sign}{Decimal(repr(value)):f}" if isinstance(value, float) else f"{sign}{value}")
        return "-".join(parts)

    @property
    def told(self) -> str:
        """The space in words."""
        words = {
            "latent": "the latent space",
            "raw": "the scaled inputs",
            "pca": f"{self.n_components} principal components of the {self._base}",
            "umap": f"UMAP in {self.n_components} dimensions of the {self._base} ({self.n_neighbors} neighbours, "
            f"minimal distance {self.min_dist})",
        }
        return words[self.kind]

    @property
    def _base(self) -> str:
        return "latents" if self.of == "latent" else "scaled inputs"

    @property
    def needs_raw(self) -> bool:
        """Whether the scaled inputs are read."""
        return "raw" in (self.kind, self.of)


def build_space(config: SpaceConfig | str) -> Space:
    """Return an unfitted space from a single-valued configuration, or from a name such as ``pca64``."""
    from musaic.clustering.projection import KINDS

    config = SpaceConfig.read(config) if isinstance(config, str) else config
    return KINDS[config.kind](config)
