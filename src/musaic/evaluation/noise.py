"""What becomes of tracks that a clustering left out.

Letters: N tracks, D dimensions.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import unknown
from musaic.evaluation.internal import SAMPLE
from musaic.evaluation.space import Space
from musaic.graph.crowd import Crowd
from musaic.graph.micro import nearest_centres

NOISE = -1
"""The cluster label of a track that belongs nowhere."""

NoisePolicy = Literal["keep", "nearest"]


class Settled(NamedTuple):
    """Clusters under a noise policy.

    Attributes
    ----------
    labels : ndarray of int64, shape (N,)
        The clusters; -1 is what is still noise.
    coverage : float
        The share of tracks that were clustered before it; NaN where there are none.
    note : str
        What was approximated, in words; empty where nothing was.
    """

    labels: NDArray[np.int64]
    coverage: float
    note: str = ""


def settle_noise(Z: ArrayLike | Space, clusters: ArrayLike, policy: NoisePolicy, crowd: Crowd | None = None) -> Settled:
    """Return clusters under a noise policy.

    Parameters
    ----------
    Z : array_like, shape (N, D), or Space
        The space that was clustered.
    clusters : array_like of int, shape (N,)
        -1 is noise.
    policy : {'keep', 'nearest'}
        ``keep``: noise stays noise. ``nearest``: a noise track goes to the cluster of the nearest clustered track.
    crowd : Crowd, optional
        What stands in for the distances of the same tracks where they are many: then the nearest is looked for among
        a track's neighbours in the graph, and where none of them is clustered, among 20,000 clustered tracks drawn at
        random; where there are micro-clusters, it is taken among the centres that have clustered tracks.

    Raises
    ------
    UsageError
        Where there is no such policy.
    """
    labels = np.asarray(clusters, dtype=np.int64).copy()
    noise = labels == NOISE
    coverage = float(1.0 - noise.mean()) if len(labels) else np.nan
    if policy not in ("keep", "nearest"):
        raise unknown("noise policy", policy, ("keep", "nearest"))
    if policy == "keep" or not noise.any() or noise.all():
        return Settled(labels, coverage)
    values = np.asarray(Z.given if isinstance(Z, Space) else Z, dtype=np.float64)
    if crowd is None or crowd.few:
        from sklearn.neighbors import NearestNeighbors

        index = NearestNeighbors(n_neighbors=1).fit(values[~noise])
        labels[noise] = labels[~noise][index.kneighbors(values[noise], return_distance=False)[:, 0]]
        return Settled(labels, coverage)
    if crowd.many:
        labels[noise] = _of_centres(values[noise], labels, crowd)
        return Settled(labels, coverage, "noise went to the nearest micro-cluster that is clustered")
    near = labels[crowd.graph().rows[noise]]
    first = (near != NOISE).argmax(axis=1)
    found = near[np.arange(len(near)), first]
    alone = found == NOISE
    if alone.any():
        rows = _drawn(values, np.flatnonzero(~noise), crowd.seed)
        found[alone] = labels[rows][nearest_centres(values[noise][alone], values[rows])]
    labels[noise] = found
    return Settled(labels, coverage, "noise went to the nearest clustered song of a graph, or of a sample")


def _of_centres(values: NDArray[np.float64], labels: NDArray[np.int64], crowd: Crowd) -> NDArray[np.int64]:
    """Return for each value the cluster that most songs of the nearest centre with a clustered song are in."""
    members = crowd.micro.members[labels != NOISE].astype(np.int64)
    pairs, counts = np.unique(np.stack([members, labels[labels != NOISE]]), axis=1, return_counts=True)
    order = np.lexsort((pairs[1], -counts, pairs[0]))  # a centre's clusters, the one with most songs first
    centres, first = np.unique(pairs[0][order], return_index=True)
    clusters: NDArray[np.int64] = pairs[1][order][first]
    return clusters[nearest_centres(values, crowd.micro.centres[centres])]


def _drawn(values: NDArray[np.float64], rows: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """Return some of the rows, drawn at random whatever their order."""
    rows = rows[np.lexsort(values[rows].T[::-1])]
    return rows[np.sort(np.random.default_rng(seed).permutation(len(rows))[:SAMPLE])]
