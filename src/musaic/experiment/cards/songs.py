"""Which songs stand for a cluster, and which hardly belong to it.

Letters: N songs, D latent dimensions, K clusters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from musaic.clustering.base import NOISE
from musaic.experiment.cards.card import Boundary, Medoid

N_SONGS = 5
"""Songs of either kind on a card."""

Songs = tuple[tuple[Medoid, ...], tuple[Boundary, ...]]


def songs(
    latents: NDArray[np.float64],
    clusters: NDArray[np.int64],
    confidence: NDArray[np.float64],
    track_ids: Sequence[str],
    artists: Sequence[str | None],
) -> dict[int, Songs]:
    """Return the songs nearest to each cluster's centre, one an artist, and those that belong to it least.

    Parameters
    ----------
    latents : ndarray, shape (N, D)
        Posterior means. A centre is the mean of a cluster's songs.
    clusters, confidence : ndarray, shape (N,)
        As the clustering gave them; NaN where a confidence is not known.
    track_ids : sequence of str, length N
        In ascending order; of songs equally near, the first one is taken.
    artists : sequence of str or None, length N
        Who sings.

    Notes
    -----
    Songs of equal confidence are ordered by 1 - d1 / d2, d1 and d2 being the distances to their own centre and to the
    nearest other one: a method that is sure of everything still has a border.
    """
    from scipy.spatial.distance import cdist

    names = np.unique(clusters[clusters != NOISE])
    out: dict[int, Songs] = {NOISE: ((), ())} if (clusters == NOISE).any() else {}
    if not len(names):
        return out
    centres = np.stack([latents[clusters == name].mean(axis=0) for name in names])
    distances = cdist(latents, centres)
    for k, name in enumerate(names.tolist()):
        rows = np.flatnonzero(clusters == name)
        nearest: list[Medoid] = []
        seen: set[str] = set()
        for row in rows[np.argsort(distances[rows, k], kind="stable")]:
            artist = artists[row]
            if artist is None or artist not in seen:
                nearest.append(Medoid(track_ids[row], float(distances[row, k])))
            if artist is not None:
                seen.add(artist)
            if len(nearest) == N_SONGS:
                break
        out[name] = (tuple(nearest), _boundary(rows, k, distances, confidence, names, track_ids))
    return out


def _boundary(
    rows: NDArray[np.intp],
    k: int,
    distances: NDArray[np.float64],
    confidence: NDArray[np.float64],
    names: NDArray[np.int64],
    track_ids: Sequence[str],
) -> tuple[Boundary, ...]:
    """Return the songs of cluster k that belong to it least."""
    if len(names) < 2:
        return ()
    others = distances[rows].copy()
    others[:, k] = np.inf
    neighbour, second = others.argmin(axis=1), others.min(axis=1)
    margin = 1 - np.divide(distances[rows, k], second, out=np.ones_like(second), where=second > 0)
    order = np.lexsort((margin, confidence[rows]))[:N_SONGS]
    return tuple(
        Boundary(
            track_ids[rows[i]],
            float(confidence[rows[i]]) if np.isfinite(confidence[rows[i]]) else None,
            int(names[neighbour[i]]),
        )
        for i in order
    )
