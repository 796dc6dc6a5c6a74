"""Of which languages and genres clusters are, against all songs.

Letters: N songs, K clusters, V values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from musaic.experiment.cards.card import Mix, Share
from musaic.experiment.cards.differences import LEVEL


def mixes(labels: Mapping[str, Sequence[str | None]], clusters: NDArray[np.int64]) -> dict[int, tuple[Mix, ...]]:
    """Return the values of every label in every cluster.

    Parameters
    ----------
    labels : mapping of str to sequence of str or None, length N
        Label columns; a song without a value is left out of that label.
    clusters : ndarray, shape (N,)
        The cluster of each song.

    Notes
    -----
    Whether a share is more than chance is the hypergeometric test's to say (Fisher's, both tails, twice the smaller):
    the songs of the cluster drawn from all. The q-values are Benjamini and Hochberg's over all values and clusters of
    one label, so that three songs of a rare genre are not called a find.
    """
    out: dict[int, list[Mix]] = {int(label): [] for label in np.unique(clusters)}
    for name, column in labels.items():
        for cluster, mix in _mix(name, column, clusters).items():
            out[cluster].append(mix)
    return {cluster: tuple(found) for cluster, found in out.items()}


def _mix(name: str, column: Sequence[str | None], clusters: NDArray[np.int64]) -> dict[int, Mix]:
    """Return one label in every cluster."""
    from scipy.stats import false_discovery_control, hypergeom

    known = np.array([value is not None for value in column])
    out = {int(label): Mix(name, 0, ()) for label in np.unique(clusters)}
    if not known.any():
        return out
    values, column_of = np.unique(np.array(column, dtype=object)[known].astype(str), return_inverse=True)
    names, row_of = np.unique(clusters[known], return_inverse=True)
    table = np.zeros((len(names), len(values)), dtype=np.int64)
    np.add.at(table, (row_of, column_of), 1)
    n, rows, columns = int(table.sum()), table.sum(axis=1, keepdims=True), table.sum(axis=0, keepdims=True)
    more = hypergeom.sf(table - 1, n, columns, rows)
    less = hypergeom.cdf(table, n, columns, rows)
    p_values = np.clip(2 * np.minimum(more, less), 0, 1)
    q_values = false_discovery_control(p_values.ravel(), method="bh").reshape(table.shape)
    for i, cluster in enumerate(names.tolist()):
        size = int(rows[i, 0])
        there = sorted(np.flatnonzero(table[i]), key=lambda j: (-table[i, j], values[j]))
        shares = []
        for j in there:
            share, overall, q = table[i, j] / size, columns[0, j] / n, float(q_values[i, j])
            lift = share / overall
            shares.append(
                Share(str(values[j]), int(table[i, j]), float(share), float(overall), float(lift), q, q <= LEVEL)
            )
        out[cluster] = Mix(name, size, tuple(shares))
    return out
