"""What a clustering would score if it knew nothing: the same clusters against shuffled labels.

Shuffling labels leaves the margins of the contingency table as they are, so tables are drawn from the margins
directly; a thousand tracks cost no more than a hundred.

Letters: R labels, K clusters, P permutations.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from musaic.evaluation.metrics import METRICS, score_names, table_scores
from musaic.evaluation.tables import Counts, contingency


@dataclass(frozen=True)
class Chance:
    """What chance gives.

    Attributes
    ----------
    mean : dict of str to float
        Mean of every external score over the permutations.
    p_value : dict of str to float
        Share of permutations that score at least as well as the clustering does, itself counted as one of them.
    """

    mean: dict[str, float]
    p_value: dict[str, float]


def chance_level(truth: ArrayLike, clusters: ArrayLike, *, n_permutations: int = 200, random_state: int = 0) -> Chance:
    """Return what shuffled labels score against the same clusters.

    Parameters
    ----------
    truth, clusters : array_like, shape (N,)
        Labels (none missing) and clusters.
    n_permutations : int >= 1
        How many shuffles.
    random_state : int
        Same seed, same numbers.
    """
    table = contingency(truth, clusters)
    names = score_names("external")
    if table.shape[0] < 2:
        nothing = dict.fromkeys(names, np.nan)
        return Chance(nothing, dict(nothing))
    observed = table_scores(table)
    margins = (tuple(sorted(table.sum(axis=axis).tolist())) for axis in (1, 0))
    drawn = dict(zip(names, _drawn(*margins, tuple(names), n_permutations, random_state), strict=True))
    mean = {name: float(np.mean(scores)) for name, scores in drawn.items()}
    # scores of equal tables may differ in the last bit
    reached = {name: np.sum(np.array(scores) >= observed[name] - 1e-12) for name, scores in drawn.items()}
    return Chance(mean, {name: float((1 + reached[name]) / (1 + n_permutations)) for name in names})


def majority_share(truth: ArrayLike) -> float:
    """Return the share of the commonest label: the purity of one big cluster."""
    _, counts = np.unique(np.asarray(truth), return_counts=True)
    return float(counts.max() / counts.sum()) if len(counts) else np.nan


@lru_cache(maxsize=256)
def _drawn(
    rows: tuple[int, ...], columns: tuple[int, ...], names: tuple[str, ...], n_permutations: int, random_state: int
) -> tuple[tuple[float, ...], ...]:
    """Return the scores (one tuple each) of tables drawn with these margins."""
    from scipy.stats import random_table

    if len(columns) == 1:  # the one table there is; SciPy's has negative counts
        drawn = np.tile(np.array(rows), n_permutations)
    else:
        drawn = random_table.rvs(list(rows), list(columns), size=n_permutations, random_state=random_state)
    tables = np.asarray(drawn).reshape(n_permutations, len(rows), len(columns)).astype(np.int64)
    counts = Counts(tables)
    return tuple(tuple(np.asarray(METRICS[name].function(counts), dtype=np.float64).tolist()) for name in names)
