"""The spaces that songs are clustered in, fitted: the latents, the scaled inputs, principal components, or UMAP.

Letters: N songs of the fit, M songs, D dimensions of the base space, C of the space.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.clustering.base import ClusterInputError, State, canonical_order, firsts, read_latents, steady
from musaic.clustering.spaces import SpaceConfig
from musaic.graph.crowd import Crowd
from musaic.graph.neighbours import Graph, without_copies

SMALLEST = 8
"""Fewer distinct songs than this have no neighbourhoods for UMAP."""


class Space(ABC):
    """A space computed of what models gave, the base space.

    Parameters
    ----------
    config : SpaceConfig
        Single-valued.

    Attributes
    ----------
    open : bool
        Whether new songs have a place in it. Where not, they are placed by their neighbours in the base space.
    note : str
        What was approximated in the fit, in words; empty where nothing was.
    """

    open: ClassVar[bool] = True

    def __init__(self, config: SpaceConfig) -> None:
        self.config = config
        self.note = ""

    @abstractmethod
    def fit_transform(
        self,
        latents: ArrayLike | None,
        raw: ArrayLike | None = None,
        *,
        random_state: int = 0,
        crowd: Crowd | None = None,
    ) -> NDArray[np.float64]:
        """Fit to songs and return their points, shape (N, C).

        Parameters
        ----------
        latents : array_like, shape (N, D)
            The representation; None where the space is not computed of it.
        raw : array_like, shape (N, D'), optional
            The scaled inputs of the same songs in the same order, where the space is computed of them.
        random_state : int
            For PCA of large matrices and for UMAP: same seed, same bytes.
        crowd : Crowd, optional
            What stands in for the distances of the songs in the base space where they are many, for UMAP.

        Raises
        ------
        ClusterInputError
            Where what the space is computed of is missing or not finite.
        """

    @abstractmethod
    def transform(self, latents: ArrayLike | None, raw: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return the points of songs, shape (M, C); those of the fit have the same bytes as then.

        Raises
        ------
        ClusterInputError
            Where the space has no place for new songs.
        """

    def base(self, latents: ArrayLike | None, raw: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return what the space is computed of, shape (M, D), checked."""
        name = self.config.of or self.config.kind
        given = raw if name == "raw" else latents
        if given is None:
            words = "the scaled inputs of the songs" if name == "raw" else "latents"
            raise ClusterInputError(f"the space {self.config.name} is computed of {words}, and none are given.")
        return read_latents(given)

    def get_state(self) -> State:
        """Return what was learned: a JSON-ready dict, and arrays by name."""
        note = {"space_note": self.note} if self.note else {}
        return {"space": self.config.plain(), **note}, self._arrays()

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `_arrays` gave out."""
        for name, array in arrays.items():
            setattr(self, f"{name}_", np.ascontiguousarray(array))


class AsItIs(Space):
    """The latents, or the scaled inputs."""

    def fit_transform(
        self,
        latents: ArrayLike | None,
        raw: ArrayLike | None = None,
        *,
        random_state: int = 0,
        crowd: Crowd | None = None,
    ) -> NDArray[np.float64]:
        """Return the base space."""
        return self.base(latents, raw)

    def transform(self, latents: ArrayLike | None, raw: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return the base space."""
        return self.base(latents, raw)


class Components(Space):
    """Principal components (scikit-learn's), as many as were asked for or as the songs have.

    Attributes
    ----------
    mean_ : ndarray, shape (D,)
    components_ : ndarray, shape (C, D)
        Directions of length 1, by falling variance; the largest entry of each is positive.
    """

    mean_: NDArray[np.float64]
    components_: NDArray[np.float64]

    def fit_transform(
        self,
        latents: ArrayLike | None,
        raw: ArrayLike | None = None,
        *,
        random_state: int = 0,
        crowd: Crowd | None = None,
    ) -> NDArray[np.float64]:
        """Find the components, and return the songs along them."""
        from sklearn.decomposition import PCA

        values = self.base(latents, raw)
        most = max(1, min(int(str(self.config.n_components)), len(values) - 1, values.shape[1]))
        # scikit-learn wants two songs; one twice has the same mean, and no variance
        songs = values[canonical_order(values)] if len(values) > 1 else np.repeat(values, 2, axis=0)
        with steady():
            pca = PCA(most, random_state=random_state).fit(songs)
        largest = np.abs(pca.components_).argmax(axis=1)
        signs = np.where(pca.components_[np.arange(most), largest] < 0, -1.0, 1.0)
        self.mean_, self.components_ = pca.mean_, np.ascontiguousarray(pca.components_ * signs[:, None])
        return self._along(values)

    def transform(self, latents: ArrayLike | None, raw: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return songs along the components."""
        values = self.base(latents, raw)
        return self._along(read_latents(values, n_dims=len(self.mean_)))

    def _along(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        # song by song: a product of whole matrices has other last bits for other companies of songs
        points = np.empty((len(values), len(self.components_)))
        with steady():
            for row, value in enumerate(values):
                points[row] = self.components_ @ (value - self.mean_)
        return points + 0.0

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"mean": self.mean_, "components": self.components_}


class Umap(Space):
    """A UMAP embedding (arXiv:1802.03426) made for clustering: a few dimensions, groups close together.

    Songs that are alike share a point.
    """

    open = False

    def fit_transform(
        self,
        latents: ArrayLike | None,
        raw: ArrayLike | None = None,
        *,
        random_state: int = 0,
        crowd: Crowd | None = None,
    ) -> NDArray[np.float64]:
        """Embed songs.

        Raises
        ------
        ClusterInputError
            Where fewer than 8 distinct songs are given.
        """
        values = self.base(latents, raw)
        order = canonical_order(values)
        first = firsts(values[order])
        distinct = values[order][first]
        if len(distinct) < SMALLEST:
            raise ClusterInputError(
                f"UMAP needs at least {SMALLEST} distinct songs, not {len(distinct)}; cluster in the space "
                f"{self.config.of}."
            )
        crowd = Crowd(values, seed=random_state) if crowd is None else crowd
        if crowd.many:
            self.note = f"UMAP of {len(crowd.micro.centres):,} micro-clusters, songs placed between them"
            return crowd.micro.placed(values, self._embedded(crowd.micro.centres, None, random_state))
        graph = None
        if not crowd.few:
            n_neighbors = min(int(str(self.config.n_neighbors)), len(distinct) - 1)
            found = crowd.graph(n_neighbors)
            graph = without_copies(found.take(order), first, distinct, n_neighbors)
            self.note = f"UMAP of a graph of neighbours (recall {found.recall:.3f})"
        points = self._embedded(distinct, graph, random_state)[first.cumsum() - 1]
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return np.asarray(points[back])

    def _embedded(self, distinct: NDArray[np.float64], graph: Graph | None, random_state: int) -> NDArray[np.float64]:
        """Return UMAP's embedding of different songs in an order of their own."""
        n_neighbors = min(int(str(self.config.n_neighbors)), len(distinct) - 1)
        with steady():
            import umap

            known = {} if graph is None else {"precomputed_knn": graph.cut(n_neighbors)}
            embedded = umap.UMAP(
                # it starts from one eigenvector more than dimensions, and there must be more songs than those
                n_components=min(int(str(self.config.n_components)), len(distinct) - 2),
                n_neighbors=n_neighbors,
                min_dist=self.config.min_dist,
                random_state=random_state,
                n_jobs=1,
                **known,
            ).fit_transform(distinct.astype(np.float32))
        return np.asarray(embedded, dtype=np.float64)

    def transform(self, latents: ArrayLike | None, raw: ArrayLike | None = None) -> NDArray[np.float64]:
        """Raise `ClusterInputError`."""
        raise ClusterInputError("UMAP has no place for new songs; place them by their neighbours (SpacedClusterer).")


KINDS: dict[str, type[Space]] = {"latent": AsItIs, "raw": AsItIs, "pca": Components, "umap": Umap}


def space_from_state(head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Space:
    """Return the space that gave out this state."""
    config = SpaceConfig.parse(head["space"], "the saved space")
    space = KINDS[config.kind](config)
    space.note = str(head.get("space_note", ""))
    space._restore(arrays)
    return space
