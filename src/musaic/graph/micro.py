"""Micro-clusters: a few thousand centres that stand in for a million songs.

Letters: N songs, D dimensions, M centres, C dimensions of a picture.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError
from musaic.graph.neighbours import AT_ONCE

BATCH = 10_240
"""Songs of a mini-batch."""
BETWEEN = 5
"""Centres that a song lies between on a picture of them."""


@dataclass(frozen=True, eq=False)
class Micro:
    """Centres and the songs around them.

    Attributes
    ----------
    centres : ndarray, shape (M, D)
        In order of their coordinates; each has a song.
    members : ndarray of int32, shape (N,)
        The centre that each song is nearest to.
    """

    centres: NDArray[np.float64]
    members: NDArray[np.int32]

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Songs of every centre, shape (M,)."""
        return np.bincount(self.members, minlength=len(self.centres)).astype(np.int64)

    def placed(self, values: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where songs lie on a picture of the centres, shape (N, C): between the 5 centres nearest to them.

        Parameters
        ----------
        values : ndarray, shape (N, D)
            The songs.
        places : ndarray, shape (M, C)
            Where the centres lie on the picture. Each has a weight that falls with the square of its distance from
            the song, on the scale of the nearest one's.
        """
        from sklearn.neighbors import NearestNeighbors
        from threadpoolctl import threadpool_limits

        k = min(BETWEEN, len(self.centres))
        with threadpool_limits(1):
            index = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(self.centres)
            distances, rows = index.kneighbors(values)
        squares = distances**2
        least = squares[:, :1]
        weights = np.where(squares > 0, least / np.where(squares > 0, squares, 1.0), 1.0)
        weights /= weights.sum(axis=1, keepdims=True)
        return np.asarray(np.einsum("nk,nkc->nc", weights, places[rows]))


def micro_clusters(Z: ArrayLike, n_centres: int, *, seed: int = 0) -> Micro:
    """Return centres that songs lie around, by mini-batch K-Means (Sculley, WWW 2010).

    Parameters
    ----------
    Z : array_like, shape (N, D)
        Finite values.
    n_centres : int >= 1
        How many, at most; every different song is one where there are fewer.
    seed : int
        Same seed, same bytes, whatever the order of the songs.

    Notes
    -----
    It starts from songs drawn at random, so that centres lie as thick as songs do. Centres that are nearest to no song
    are left out.

    Raises
    ------
    UsageError
        Where the array has another shape or holds values that are not finite, or no centre is asked for.
    """
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    values = np.asarray(Z, dtype=np.float64) + 0.0
    if values.ndim != 2 or 0 in values.shape or not np.isfinite(values).all() or n_centres < 1:
        raise UsageError(
            f"{n_centres} micro-clusters of values of shape {values.shape} were asked for; give finite values of "
            "shape (songs, dimensions), and ask for at least 1."
        )
    ordered = values[np.lexsort(values.T[::-1])]
    fresh = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])
    if int(fresh.sum()) <= n_centres:
        centres = ordered[fresh]
    else:
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            centres = (
                MiniBatchKMeans(
                    n_centres,
                    init="random",
                    n_init=1,
                    batch_size=BATCH,
                    init_size=max(BATCH, 3 * n_centres),
                    compute_labels=False,
                    random_state=seed,
                )
                .fit(ordered)
                .cluster_centers_
            )
        centres = np.unique(np.asarray(centres, dtype=np.float64) + 0.0, axis=0)
    members = nearest_centres(values, centres)
    there, members = np.unique(members, return_inverse=True)
    return Micro(np.ascontiguousarray(centres[there]), members.astype(np.int32))


def nearest_centres(values: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the row of the centre nearest to each value, shape (N,); of equally near ones the first.

    One product of matrices in single precision gives every distance with a bound on its rounding (Higham 2002,
    "Accuracy and Stability of Numerical Algorithms", §3.1). What may be nearest within it is then measured in double
    precision, pair by pair, so that a song's centre does not depend on who is asked for with it.
    """
    from threadpoolctl import threadpool_limits

    origin = centres.mean(axis=0)
    near = (centres - origin).astype(np.float32)
    squares = (near**2).sum(axis=1)
    lengths = np.sqrt(squares)
    unit = np.float32(2 * (values.shape[1] + 8) * np.finfo(np.float32).eps)
    found = np.empty(len(values), dtype=np.intp)
    step = max(AT_ONCE // len(centres), 1)
    with threadpool_limits(1):
        for start in range(0, len(values), step):
            part = values[start : start + step]
            here = (part - origin).astype(np.float32)
            away = np.sqrt((here**2).sum(axis=1))
            rough = squares - 2 * (here @ near.T)
            least = rough.argmin(axis=1)
            # the nearest centre is no longer than the song and the way to the one that seems nearest
            bound = unit * (3 * away + lengths[least]) ** 2
            song, centre = np.nonzero(rough <= (rough[np.arange(len(part)), least] + 2 * bound)[:, None])
            apart = ((part[song] - centres[centre]) ** 2).sum(axis=1)
            best = np.minimum.reduceat(apart, np.flatnonzero(np.diff(song, prepend=-1)))
            song, centre = song[apart == best[song]], centre[apart == best[song]]
            found[start : start + step] = centre[np.flatnonzero(np.diff(song, prepend=-1))]
    return found
