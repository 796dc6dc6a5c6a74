"""What mutual information chance gives, exactly and for many tables at once.

Eq. 24a of "Information Theoretic Measures for Clusterings Comparison" (JMLR 11, 2010): the sum, over the cells of a
table, of one term that knows only the two margins of the cell and the number of tracks. Pairs of margins come back,
from cell to cell, from one resampling to the next and from one clustering to the next, so terms are kept.

Letters: N tracks, R labels, K clusters, P pairs of margins.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

KEPT = 2000
"""Up to so many tracks terms are kept from call to call, in a square array of as many rows."""

AT_ONCE = 2_000_000
"""Cells of counts that are held at once."""


def expected_information(rows: ArrayLike, columns: ArrayLike) -> NDArray[np.float64]:
    """Return the mutual information that tables with these margins have on average, in nats.

    Parameters
    ----------
    rows, columns : array_like of int, shapes (..., R) and (..., K)
        Margins, 0 allowed; one number of tracks in all of them.

    Returns
    -------
    expected : ndarray, shape (...)
        To about 1e-12. Of a cell's possible counts, those further than 10 standard deviations and 30 from their
        mean are left out; by Bernstein's inequality they have less than 1e-19 of the probability.
    """
    a, b = np.asarray(rows, dtype=np.int64), np.asarray(columns, dtype=np.int64)
    n = int(a.reshape(-1, a.shape[-1])[0].sum())
    small, large = np.broadcast_arrays(a[..., :, None], b[..., None, :])
    small, large = np.minimum(small, large), np.maximum(small, large)
    if n > KEPT:
        code, back = np.unique(small * (n + 1) + large, return_inverse=True)
        terms = _terms(code // (n + 1), code % (n + 1), n)[back].reshape(small.shape)
    else:
        kept = _kept(n)
        terms = kept[small, large]
        new = np.isnan(terms)
        if new.any():
            code = np.unique(small[new] * (n + 1) + large[new])
            kept[code // (n + 1), code % (n + 1)] = _terms(code // (n + 1), code % (n + 1), n)
            terms = kept[small, large]
    return np.asarray(terms.sum(axis=(-2, -1)))


@lru_cache(maxsize=4)
def _kept(n: int) -> NDArray[np.float64]:
    """Return the terms found so far for ``n`` tracks, shape (N + 1, N + 1), by the smaller and the larger margin."""
    kept = np.full((n + 1, n + 1), np.nan)
    kept[0] = 0
    return kept


@lru_cache(maxsize=4)
def _log_factorials(n: int) -> NDArray[np.float64]:
    from scipy.special import gammaln

    return np.asarray(gammaln(np.arange(n + 1, dtype=np.float64) + 1))


def _terms(a: NDArray[np.int64], b: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Return what cells with margins ``a`` <= ``b`` add on average, shape (P,): a count is hypergeometric."""
    mean = a * (b / n)
    reach = 10 * np.sqrt(mean * (1 - a / n) * (1 - b / n) * n / max(n - 1, 1)) + 30
    low = np.maximum(np.maximum(1, a + b - n), np.floor(mean - reach).astype(np.int64))
    high = np.minimum(a, np.ceil(mean + reach).astype(np.int64))
    found = np.zeros(len(a))
    order = np.argsort(high - low, kind="stable")
    while len(order):
        width = max(int(high[order[-1]] - low[order[-1]]) + 1, 1)
        chunk, order = np.split(order[::-1], [max(AT_ONCE // width, 1)])
        order = order[::-1]
        found[chunk] = _sums(a[chunk, None], b[chunk, None], n, low[chunk, None], high[chunk, None], width)
    return found


def _sums(
    a: NDArray[np.int64], b: NDArray[np.int64], n: int, low: NDArray[np.int64], high: NDArray[np.int64], width: int
) -> NDArray[np.float64]:
    log = _log_factorials(n)
    count = low + np.arange(width)
    there = count <= high
    count = np.where(there, count, np.minimum(low, high))
    fixed = log[a] + log[b] + log[n - a] + log[n - b] - log[n]
    chance = np.exp(fixed - log[count] - log[a - count] - log[b - count] - log[n - a - b + count])
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = count / n * np.log(n * count / (a * b)) * chance
    # one after the other: what a term is must not depend on how wide the terms beside it are, for it is kept
    return np.asarray(np.cumsum(np.where(there, terms, 0.0), axis=1)[:, -1])
