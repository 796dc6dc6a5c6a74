from __future__ import annotations

import warnings

import numpy as np
import pytest

from musaic.errors import MusaicError
from musaic.maps import SMALLEST, EmbeddingMap, tsne_map, umap_map

MAPS = [pytest.param(umap_map, id="umap"), pytest.param(tsne_map, id="tsne")]


def blobs(n: int, d: int = 6, k: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % k
    return rng.normal(scale=8, size=(k, d))[labels] + rng.normal(size=(n, d)), labels


def check(result: EmbeddingMap, n: int) -> None:
    assert result.xy.shape == (n, 2)
    assert result.xy.dtype == np.float32
    assert np.isfinite(result.xy).all()
    if n:
        np.testing.assert_allclose(result.xy.mean(axis=0), 0, atol=1e-5)
        assert np.abs(result.xy).max() == pytest.approx(1, abs=1e-6) or not result.xy.any()


@pytest.mark.parametrize("make", MAPS)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, SMALLEST - 1, SMALLEST, 10, 16])
@pytest.mark.parametrize("d", [1, 2, 7])
def test_any_number_of_tracks_and_dimensions_has_a_map(make, n, d):
    Z = np.random.default_rng(n).normal(size=(n, d))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = make(Z, 0)
    check(result, n)
    assert (result.method == "pca") == (n < SMALLEST)


@pytest.mark.parametrize("make", MAPS)
@pytest.mark.parametrize(
    "Z",
    [
        pytest.param(np.zeros((30, 4)), id="constant"),
        pytest.param(np.repeat(np.arange(3.0)[:, None], 20, axis=0), id="three values"),
        pytest.param(np.repeat(np.random.default_rng(0).normal(size=(12, 3)), 8, axis=0), id="duplicates"),
        pytest.param(np.full((20, 3), 1e30), id="huge"),
        pytest.param(1e-20 * np.random.default_rng(1).normal(size=(20, 3)), id="collapsed"),
        pytest.param(np.ones((20, 0)), id="no dimensions"),
        pytest.param(np.random.default_rng(2).normal(size=(40, 200)), id="wide"),
    ],
)
def test_degenerate_representations_have_a_map(make, Z):
    check(make(Z, 0), len(Z))


@pytest.mark.parametrize("make", MAPS)
def test_same_seed_same_bytes(make):
    Z, _ = blobs(60)
    assert make(Z, 3).xy.tobytes() == make(Z.copy(), 3).xy.tobytes()


@pytest.mark.parametrize("make", MAPS)
def test_far_groups_stay_apart(make):
    Z, labels = blobs(90)
    xy = make(Z, 0).xy
    centres = np.array([xy[labels == k].mean(axis=0) for k in range(3)])
    nearest = np.linalg.norm(xy[:, None] - centres, axis=2).argmin(axis=1)
    assert (nearest == labels).mean() > 0.98


@pytest.mark.parametrize("make", MAPS)
def test_values_that_are_not_finite_are_refused_in_words(make):
    Z, _ = blobs(20)
    Z[3, 1] = np.nan
    with pytest.raises(MusaicError, match="1 of 20 rows"):
        make(Z, 0)
