"""Moments against SciPy, and joined against the whole."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from musaic.audio.moments import Moments


def test_are_scipys():
    X = np.random.default_rng(0).gamma(2, size=(500, 3)) + np.array([0, 10, -1000])
    moments = Moments.of(X)
    np.testing.assert_allclose(moments.mean, X.mean(axis=0))
    np.testing.assert_allclose(moments.std, X.std(axis=0))
    np.testing.assert_allclose(moments.skewness, scipy.stats.skew(X))
    np.testing.assert_allclose(moments.kurtosis, scipy.stats.kurtosis(X))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(0, 1000))
def test_parts_join_to_the_whole(sizes, seed):
    rng = np.random.default_rng(seed)
    parts = [rng.normal(rng.normal(), 1 + rng.random(), size=(n, 2)) for n in sizes]
    joined, whole = reduce(add, map(Moments.of, parts)), Moments.of(np.concatenate(parts))
    for name in ("n", "mean", "std", "skewness", "kurtosis"):
        np.testing.assert_allclose(getattr(joined, name), getattr(whole, name), rtol=1e-8, atol=1e-8)


def test_what_does_not_vary_has_no_shape():
    moments = Moments.of(np.full((20, 2), 0.1, np.float32))
    assert not moments.skewness.any()
    assert not moments.kurtosis.any()
