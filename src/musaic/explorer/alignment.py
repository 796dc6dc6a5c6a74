"""A second map laid upon the first, and the songs that lie in another cluster there.

A map may be turned, mirrored, moved and scaled without saying anything else; the orthogonal Procrustes problem
(Schönemann, 1966) finds how the second one must be for the songs that both have to lie nearest to where they lie on
the first.

Letters: N songs that both maps have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musaic.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

LEAST = 3
"""Songs in common; through two points any two maps can be laid, mirrored or not."""


def align_map(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return the second map, turned, mirrored, moved and scaled to lie upon the first.

    Parameters
    ----------
    first, second : DataFrame
        Columns ``x`` and ``y``, indexed by ``track_id``, in any order. Songs without a place (NaN) have no say.

    Returns
    -------
    DataFrame
        All songs of ``second``, in its order. The sum of squared distances between the places of common songs is the
        smallest there is.

    Raises
    ------
    UsageError
        Where fewer than three songs have a place on both, or all of them have the same one.
    """
    from scipy.linalg import orthogonal_procrustes

    # in the order of ids, so that the order of songs on either side changes no bit
    common = first.dropna().index.intersection(second.dropna().index).sort_values()
    if len(common) < LEAST:
        raise UsageError(
            f"the two maps have {len(common)} songs in common; at least {LEAST} are needed to lay one upon the other."
        )
    A, B = (side.loc[common, ["x", "y"]].to_numpy(np.float64) for side in (first, second))
    here, there = A.mean(axis=0), B.mean(axis=0)
    A, B = A - here, B - there
    spread = float(np.square(B).sum())
    if not spread > 0 or not np.any(A):
        raise UsageError("on one of the two maps all common songs lie at the same place; name another map.")
    R, similarity = orthogonal_procrustes(B, A)
    moved = (second[["x", "y"]].to_numpy(np.float64) - there) @ R * (similarity / spread) + here
    result = second[["x", "y"]].astype(np.float64)
    result.loc[:, :] = moved
    return result


def moved(first: pd.Series[int], second: pd.Series[int]) -> pd.Series[float]:
    """Return for every song of the second clustering whether it has moved to another cluster.

    Parameters
    ----------
    first, second : Series of int
        Clusters by ``track_id``, in any order; -1 is noise.

    Returns
    -------
    Series of float
        In the order of ``second``: 0 where its cluster is the one matched with the song's first (by the Hungarian
        method over the common songs), 1 where it is another one, NaN where the first clustering lacks the song.

    Raises
    ------
    UsageError
        Where the two have no song in common.
    """
    import pandas as pd

    from musaic.experiment.compare.alignment import align

    common = first.index.intersection(second.index)
    if not len(common):
        raise UsageError("the two clusterings have no song in common; name cells of runs of the same corpus.")
    clusters = align(first.loc[common], second.loc[common]).clusters
    result = pd.Series(np.nan, index=second.index)
    result.loc[clusters.index] = (clusters["first"] != clusters["second"]).astype(float)
    return result
