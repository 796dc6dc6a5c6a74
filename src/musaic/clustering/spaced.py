"""A clustering together with the space that it was made in, so that new songs find their way from latents to clusters.

Letters: N songs of the fit, M songs, D dimensions of the base space, C of the space.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.clustering import registry
from musaic.clustering.base import Clusterer, Clustering, ClusterInputError, State
from musaic.clustering.neighbours import Songs
from musaic.clustering.projection import Space, space_from_state
from musaic.graph.crowd import Crowd

_SPACE, _SONGS, _CLUSTERER = "space.", "songs.", "clusterer."


class SpacedClusterer:
    """A clusterer in a space.

    In a space that new songs have no place in (UMAP), they are placed by the vote of their 5 nearest songs of the fit
    in the base space, each weighted by the inverse of its distance; the confidence is the share of that vote. Songs of
    the fit are assigned the label and the confidence they had, in every space.

    Parameters
    ----------
    space : Space
        Unfitted, or fitted where ``points`` are handed to `fit`.
    clusterer : Clusterer
        Unfitted, or fitted to the points of the space.
    songs : Songs, optional
        For a fitted clusterer in a space that new songs have no place in: the songs of the fit in the base space.

    Attributes
    ----------
    points_ : ndarray, shape (N, C)
        What was clustered. Not kept with the state.
    """

    points_: NDArray[np.float64]

    def __init__(self, space: Space, clusterer: Clusterer, songs: Songs | None = None) -> None:
        self.space = space
        self.clusterer = clusterer
        self.songs = songs

    def fit(
        self,
        latents: ArrayLike | None,
        raw: ArrayLike | None = None,
        *,
        random_state: int = 0,
        points: NDArray[np.float64] | None = None,
        crowd: Crowd | None = None,
    ) -> Clustering:
        """Cluster songs.

        Parameters
        ----------
        latents : array_like, shape (N, D)
            The representation; None where the space is not computed of it.
        raw : array_like, shape (N, D'), optional
            The scaled inputs of the same songs, where the space is computed of them.
        random_state : int
            For the space; the clusterer has its own.
        points : ndarray, shape (N, C), optional
            What ``space.fit_transform`` gave for these songs, where several clusterings share it.
        crowd : Crowd, optional
            What stands in for the distances of these points where they are many, where several clusterings share it.

        Raises
        ------
        ClusterInputError
            Where what the space is computed of is missing, or cannot be clustered.
        """
        self.points_ = self.space.fit_transform(latents, raw, random_state=random_state) if points is None else points
        found = self.clusterer.fit(self.points_, crowd)
        if not self.space.open:
            base = self.space.base(latents, raw)
            if len(base) != len(found.labels):
                raise ClusterInputError(f"{len(found.labels)} points are given for {len(base)} songs; they must match.")
            self.songs = Songs.of(base, found)
        return found

    def assign(self, latents: ArrayLike | None, raw: ArrayLike | None = None) -> Clustering:
        """Return the clusters that M songs belong to; those of the fit get the label they had."""
        if self.space.open:
            return self.clusterer.assign(self.space.transform(latents, raw))
        if self.songs is None:
            raise ClusterInputError("no clusters found yet; call fit first.")
        return self.songs.assign(self.space.base(latents, raw))

    def get_state(self) -> State:
        """Return space and clusterer: a JSON-ready dict, and arrays by name."""
        clusterer_head, clusterer_arrays = self.clusterer.get_state()
        space_head, space_arrays = self.space.get_state()
        arrays = _prefixed(_CLUSTERER, clusterer_arrays) | _prefixed(_SPACE, space_arrays)
        if self.songs is not None:
            arrays |= _prefixed(_SONGS, self.songs.get_state()[1])
        return {"clusterer": clusterer_head, **space_head}, arrays

    @classmethod
    def from_state(cls, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the clusterer and space that `get_state` was called on."""
        space = space_from_state(head, _of(_SPACE, arrays))
        spaced = cls(space, registry.from_state(head["clusterer"], _of(_CLUSTERER, arrays)))
        if not space.open:
            spaced.songs = Songs.from_state({}, _of(_SONGS, arrays))
        return spaced


def _prefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {prefix + name: array for name, array in arrays.items()}


def _of(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
