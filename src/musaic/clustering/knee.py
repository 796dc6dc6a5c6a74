"""How near is near: the knee of the k-distance curve, for DBSCAN.

The curve is that of Ester, Kriegel, Sander and Xu, "A density-based algorithm for discovering clusters", KDD 1996,
section 4.2; its knee that of Satopää, Albrecht, Irwin and Raghavan, "Finding a kneedle in a haystack", ICDCSW 2011.

Letters: N tracks, D dimensions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.clustering.base import canonical_order, read_latents
from musaic.clustering.neighbours import nearest_songs
from musaic.graph.crowd import Crowd


class Knee(NamedTuple):
    """A knee and the curve that it is of.

    Attributes
    ----------
    eps : float > 0
        The distance at the knee.
    distances : ndarray, shape (N,)
        Of every track to its ``min_samples``-th neighbour, itself counted, from the smallest.
    """

    eps: float
    distances: NDArray[np.float64]


def knee(Z: ArrayLike, min_samples: int, crowd: Crowd | None = None) -> Knee:
    """Return where the k-distance curve bends most.

    Both axes are brought to 0 … 1; the knee is the point of the rising curve farthest below its chord, the line from
    its first point to its last. Distances of 0, which are between tracks that are alike, say nothing about how near
    is near and are left out. Where none is left, every eps is as good, and 1 is taken.

    Parameters
    ----------
    Z : array_like, shape (N, D)
        Latents.
    min_samples : int >= 1
        Which neighbour, itself counted; the second at least, and the farthest where there are fewer tracks.
    crowd : Crowd, optional
        What stands in for all distances where there are many tracks: the graph of their neighbours, or the centres of
        micro-clusters.
    """
    values, which = read_latents(Z), max(min_samples, 2)
    crowd = Crowd(values) if crowd is None else crowd
    if crowd.few or crowd.many:
        values = crowd.micro.centres if crowd.many else values[canonical_order(values)]
        distances = np.sort(nearest_songs(values, values, which)[0][:, -1])
    else:
        distances = np.sort(crowd.graph(which).distances[:, which - 1].astype(np.float64))
    rising = distances[distances > 0]
    if not len(rising):
        return Knee(1.0, distances)
    along = np.linspace(0.0, 1.0, len(rising))
    height = rising - rising[0]
    below = along - (height / height[-1] if height[-1] > 0 else along)
    return Knee(float(rising[below.argmax()]), distances)
