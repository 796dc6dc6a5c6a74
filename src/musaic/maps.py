"""Two-dimensional maps of a representation, to look at: UMAP and t-SNE.

UMAP is arXiv:1802.03426; t-SNE is van der Maaten and Hinton, JMLR 9, 2008. Arrays in, arrays out; N tracks,
D dimensions. A map is a picture: distances between far groups and the sizes of groups mean little in it, and no score
is computed from it.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from musaic.errors import MusaicError
from musaic.graph.crowd import Crowd

SMALLEST = 8
"""Fewer distinct points than this have no neighbourhoods to speak of: their map is PCA."""

NEIGHBOURS = 15
"""Tracks that a track is drawn to by t-SNE where there are many."""

WIDEST = 64
"""Wider representations are first reduced to this many principal components, as neighbour searches want it."""


@dataclass(frozen=True)
class EmbeddingMap:
    """Positions on a map.

    Parameters
    ----------
    xy : ndarray, shape (N, 2), float32
        Centred; the largest absolute coordinate is 1 (0 where all points are one).
    method : str
        What made it: ``umap``, ``tsne``, or ``pca`` where there were too few distinct points for those.
    note : str
        What was approximated, in words; empty where nothing was.
    """

    xy: np.ndarray
    method: str
    note: str = ""


def umap_map(
    Z: np.ndarray, seed: int = 0, *, n_neighbors: int = 15, min_dist: float = 0.1, crowd: Crowd | None = None
) -> EmbeddingMap:
    """Map a representation with UMAP.

    Parameters
    ----------
    Z : ndarray, shape (N, D)
        Finite values; any N and D from 0 up.
    seed : int
        The same seed gives the same bytes on the same machine.
    n_neighbors : int >= 2
        Cut to N - 1 where there are fewer tracks.
    min_dist : float >= 0
        How closely points may lie.
    crowd : Crowd, optional
        What stands in for the distances of the same tracks where they are many, where others use it too.

    Returns
    -------
    EmbeddingMap
    """
    Z = _checked(Z)
    if _distinct(Z) < SMALLEST:
        return EmbeddingMap(_canonical(_pca(Z, 2)), "pca")
    crowd = Crowd(Z, seed=seed) if crowd is None else crowd
    if crowd.many:
        return _of_centres(umap_map, Z, crowd, seed, n_neighbors=n_neighbors, min_dist=min_dist)
    n_neighbors = min(n_neighbors, len(Z) - 1)
    known = {} if crowd.few else {"precomputed_knn": crowd.graph(n_neighbors).cut(n_neighbors)}
    with _quiet():
        import umap

        reduced = _reduced(Z)
        # A start from PCA keeps the large-scale order and, unlike the spectral start, exists for any graph.
        xy = umap.UMAP(
            n_components=2,
            n_neighbors=n_neighbors,
            min_dist=min_dist,
            init=_start(reduced, spread=10.0, seed=seed),
            random_state=seed,
            n_jobs=1,
            **known,
        ).fit_transform(reduced)
    return EmbeddingMap(_canonical(xy), "umap", _note(crowd, n_neighbors))


def tsne_map(Z: np.ndarray, seed: int = 0, *, perplexity: float = 30.0, crowd: Crowd | None = None) -> EmbeddingMap:
    """Map a representation with t-SNE.

    Parameters
    ----------
    Z : ndarray, shape (N, D)
        Finite values; any N and D from 0 up.
    seed : int
        The same seed gives the same bytes on the same machine.
    perplexity : float > 1
        Cut to (N - 1) / 3 where there are fewer tracks. Above 20,000 each track is drawn to its 15 nearest alike, which
        looks much the same (Böhm, Berens and Kobak, JMLR 23, 2022, §4).
    crowd : Crowd, optional
        What stands in for the distances of the same tracks where they are many, where others use it too.

    Returns
    -------
    EmbeddingMap
    """
    Z = _checked(Z)
    if _distinct(Z) < SMALLEST:
        return EmbeddingMap(_canonical(_pca(Z, 2)), "pca")
    crowd = Crowd(Z, seed=seed) if crowd is None else crowd
    if crowd.many:
        return _of_centres(tsne_map, Z, crowd, seed, perplexity=perplexity)
    with _quiet():
        import openTSNE

        reduced = _reduced(Z)
        xy = openTSNE.TSNE(
            perplexity=max(1.0, min(perplexity, (len(Z) - 1) / 3)),
            initialization=_start(reduced, spread=1e-4, seed=seed),
            neighbors="exact" if len(Z) <= 5000 else "annoy",
            negative_gradient_method="bh" if len(Z) <= 10_000 else "fft",
            random_state=seed,
            n_jobs=1,
            verbose=False,
        ).fit(**({"X": reduced} if crowd.few else {"affinities": _uniform(crowd)}))
    return EmbeddingMap(_canonical(np.asarray(xy)), "tsne", _note(crowd, NEIGHBOURS + 1))


def _uniform(crowd: Crowd) -> Any:
    """Return affinities of t-SNE that draw each track to its nearest alike."""
    from openTSNE.affinity import Uniform
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    rows, distances = crowd.graph(NEIGHBOURS + 1).cut(NEIGHBOURS + 1)
    return Uniform(knn_index=PrecomputedNeighbors(rows[:, 1:], distances[:, 1:]), k_neighbors=rows.shape[1] - 1)


def _note(crowd: Crowd, k: int) -> str:
    """Return what stood in for the distances of all tracks, in words."""
    return "" if crowd.few else f"of a graph of neighbours (recall {crowd.graph(k).recall:.3f})"


def _of_centres(
    method: Callable[..., EmbeddingMap], Z: np.ndarray, crowd: Crowd, seed: int, **options: float
) -> EmbeddingMap:
    """Return a map of the centres of micro-clusters with every track between those nearest to it."""
    drawn = method(crowd.micro.centres, seed, crowd=Crowd(crowd.micro.centres, seed=seed), **options)
    placed = crowd.micro.placed(crowd.values, drawn.xy.astype(np.float64))
    note = f"of {len(crowd.micro.centres):,} micro-clusters, songs placed between them"
    return EmbeddingMap(_canonical(placed), drawn.method, note)


def _checked(Z: np.ndarray) -> np.ndarray:
    """Return Z as float64, moved and scaled into -1 to 1 (maps do not depend on it), or say what is wrong with it."""
    Z = np.asarray(Z, dtype=np.float64)
    if Z.ndim != 2:
        raise MusaicError(f"a map needs an array of shape (tracks, dimensions), not {Z.shape}; reshape it.")
    if not np.isfinite(Z).all():
        rows = int((~np.isfinite(Z)).any(axis=1).sum())
        raise MusaicError(
            f"{rows} of {len(Z)} rows hold values that are not finite; leave those tracks out of the map."
        )
    if Z.size == 0:
        return Z
    # Halved first, so that the difference of two huge numbers is finite.
    moved = Z / 2 - Z[0] / 2
    reach = np.abs(moved).max()
    return np.asarray(moved / reach if reach > 0 else moved)


def _distinct(Z: np.ndarray) -> int:
    """Return the number of distinct rows, as far as single precision tells them apart."""
    return len(np.unique(Z.astype(np.float32), axis=0)) if Z.shape[1] else min(len(Z), 1)


def _pca(Z: np.ndarray, n_components: int) -> np.ndarray:
    """Return principal components, (N, n_components), padded with zeros where there are fewer."""
    scores = np.zeros((len(Z), n_components))
    if min(Z.shape) == 0:
        return scores
    centred = Z - Z.mean(axis=0)
    # The covariance is small where the SVD of all rows would be large.
    if len(Z) > Z.shape[1]:
        values, vectors = np.linalg.eigh(centred.T @ centred)
        axes = vectors[:, np.argsort(values)[::-1][:n_components]]
    else:
        axes = np.linalg.svd(centred, full_matrices=False)[2][:n_components].T
    scores[:, : axes.shape[1]] = centred @ axes
    return _signed(scores)


def _reduced(Z: np.ndarray) -> np.ndarray:
    """Return Z as single precision, reduced where it is very wide."""
    wide = Z.shape[1] > WIDEST
    return np.ascontiguousarray(_pca(Z, min(WIDEST, len(Z))) if wide else Z, dtype=np.float32)


def _start(Z: np.ndarray, *, spread: float, seed: int) -> np.ndarray:
    """Return starting positions: PCA with the given spread, duplicates moved apart a little."""
    start = _pca(Z.astype(np.float64), 2)
    deviation = start[:, 0].std()
    start = start / deviation * spread if deviation > 0 else start
    noise = np.random.default_rng(seed).normal(scale=1e-3 * spread, size=start.shape)
    return np.ascontiguousarray(start + noise, dtype=np.float32 if spread >= 1 else np.float64)


def _signed(scores: np.ndarray) -> np.ndarray:
    """Return the axes, each flipped so that its largest absolute value is positive."""
    if len(scores) == 0:
        return scores
    extreme = scores[np.abs(scores).argmax(axis=0), np.arange(scores.shape[1])]
    return np.asarray(scores * np.where(extreme < 0, -1.0, 1.0))


def _canonical(xy: np.ndarray) -> np.ndarray:
    """Return the map centred, with a settled sign, both axes scaled alike to at most 1."""
    xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    if len(xy) == 0:
        return xy.astype(np.float32)
    xy = xy - xy.mean(axis=0)
    reach = np.abs(xy).max()
    scaled = xy / reach if reach > 1e-12 else np.zeros_like(xy)
    return np.asarray(_signed(scaled), dtype=np.float32)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the libraries inside the block, and hold linear algebra to one thread so that sums never change order."""
    from threadpoolctl import threadpool_limits

    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        yield
