"""What holds for every clusterer, a new one included."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import adjusted_rand_score

from musaic.clustering import (
    CLUSTERERS,
    Clusterer,
    Clustering,
    ClusterInputError,
    CountedConfig,
    build,
    from_state,
    parse_config,
    resolve,
)

NAMES = sorted(CLUSTERERS)
COUNTED = [name for name in NAMES if issubclass(CLUSTERERS[name].config, CountedConfig)]
BLOBS = 4


def blobs(n: int = 120, k: int = BLOBS, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.sort(rng.choice(k, size=n, p=np.arange(k, 0, -1) / (k * (k + 1) / 2)))
    return 15 * rng.normal(size=(k, 5))[truth] + rng.normal(size=(n, 5)), truth


def make(name: str, Z: Any, k: int = BLOBS, seed: int = 0) -> Clusterer:
    """Return a clusterer as an experiment would build it, and for ``vade`` a mixture of k songs."""
    Z = np.asarray(Z, dtype=float)
    counted = {"n_clusters": k} if name in COUNTED else {}
    config = parse_config({"algorithm": name, **counted})
    means = Z[np.lexsort(Z.T[::-1])][np.linspace(0, len(Z) - 1, k).astype(int)]
    mixture = (np.full(k, 1 / k), means, np.full(means.shape, 4.0))
    return build(config, resolve(config, Z), random_state=seed, mixture=mixture)


def check(result: Clustering, n: int) -> None:
    assert (result.labels.dtype, result.confidence.dtype) == (np.int64, np.float64)
    assert result.labels.shape == result.confidence.shape == (n,)
    assert ((result.confidence >= 0) & (result.confidence <= 1)).all()
    assert set(result.labels) - {-1} == set(range(result.n_clusters))
    assert (np.diff(np.bincount(result.labels[result.labels >= 0])) <= 0).all()


def same(one: Clustering, other: Clustering) -> None:
    assert one.n_clusters == other.n_clusters
    assert one.labels.tobytes() == other.labels.tobytes()
    assert one.confidence.tobytes() == other.confidence.tobytes()


def reloaded(clusterer: Clusterer) -> Clusterer:
    head, arrays = clusterer.get_state()
    return from_state(json.loads(json.dumps(head)), {key: array.copy() for key, array in arrays.items()})


@pytest.mark.parametrize("name", NAMES)
def test_clear_groups_are_found_in_any_order_and_again_with_the_same_bytes(name: str) -> None:
    Z, truth = blobs()
    result = make(name, Z).fit(Z)
    check(result, len(Z))
    clustered = result.labels >= 0
    assert clustered.mean() > 0.8
    if name != "vade":  # whose groups are those of its mixture
        assert adjusted_rand_score(truth[clustered], result.labels[clustered]) == 1
    same(make(name, Z).fit(Z), result)
    order = np.random.default_rng(1).permutation(len(Z))
    shuffled = make(name, Z).fit(Z[order])
    same(shuffled, Clustering(result.labels[order], result.confidence[order], result.n_clusters))


@pytest.mark.parametrize("name", NAMES)
def test_songs_of_the_fit_keep_their_label_in_any_company_also_after_loading(name: str) -> None:
    Z = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32)
    Z[7] = Z[42] = Z[3]
    clusterer = make(name, Z)
    result = clusterer.fit(Z)
    assert result.labels[7] == result.labels[42] == result.labels[3]
    for one in (clusterer, reloaded(clusterer)):
        same(one.assign(Z), result)
        for row in (3, 7, 17, 88):
            alone = one.assign(Z[row : row + 1])
            assert (alone.labels[0], alone.confidence[0]) == (result.labels[row], result.confidence[row])


@pytest.mark.parametrize("name", NAMES)
def test_new_songs_are_placed_alike_before_and_after_loading(name: str) -> None:
    Z, _ = blobs()
    clusterer = make(name, Z)
    result = clusterer.fit(Z)
    new = np.vstack([Z + 1e-6, np.full((1, 5), 1e4), Z[:3] + 0.5])
    placed = clusterer.assign(new)
    same(reloaded(clusterer).assign(new), placed)
    assert placed.labels[: len(Z)].tolist() == result.labels.tolist()
    assert set(placed.labels) <= {-1, *range(result.n_clusters)}
    assert ((placed.confidence >= 0) & (placed.confidence <= 1)).all()
    if -1 in result.labels or name == "hdbscan":
        assert placed.labels[len(Z)] == -1


@pytest.mark.parametrize("name", NAMES)
@given(
    Z=hnp.arrays(np.float64, st.tuples(st.integers(1, 15), st.integers(1, 3)), elements=st.integers(-3, 3).map(float)),
    k=st.integers(1, 9),
)
@settings(max_examples=8, deadline=None)
def test_few_songs_and_songs_alike_are_clustered_too(name: str, Z: np.ndarray, k: int) -> None:
    clusterer = make(name, Z, k)
    result = clusterer.fit(Z)
    check(result, len(Z))
    distinct, alike = np.unique(Z, axis=0, return_inverse=True)
    assert result.n_clusters <= min(k, len(distinct)) if name in COUNTED else result.n_clusters <= len(distinct)
    assert all(len(set(result.labels[alike == one])) == 1 for one in range(len(distinct)))
    same(reloaded(clusterer).assign(Z), result)
    backwards = make(name, Z[::-1], k).fit(Z[::-1])
    same(backwards, Clustering(result.labels[::-1], result.confidence[::-1], result.n_clusters))
    placed = clusterer.assign(distinct + 0.25)
    assert ((placed.confidence >= 0) & (placed.confidence <= 1)).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (40, 1), (40, 3)])
def test_songs_that_are_all_alike_are_one_cluster_or_noise(name: str, shape: tuple[int, int]) -> None:
    result = make(name, np.ones(shape)).fit(np.ones(shape))
    check(result, shape[0])
    assert result.n_clusters <= 1
    constant = np.column_stack([np.arange(30.0), np.zeros(30)])
    check(make(name, constant).fit(constant), 30)


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_clustered_is_refused_in_one_sentence(name: str) -> None:
    Z, bad = np.eye(4), np.zeros((4, 4))
    bad[2] = np.nan
    calls: list[tuple[Any, str]] = [
        (lambda: make(name, Z).fit(bad), "row 2"),
        (lambda: make(name, Z).fit(np.zeros((0, 4))), "not empty"),
        (lambda: make(name, Z).fit(np.zeros(4)), "dimensions"),
        (lambda: make(name, Z).assign(np.zeros((1, 4))), "call fit first"),
        (lambda: make(name, Z).get_state(), "call fit first"),
    ]
    clusterer = make(name, Z)
    clusterer.fit(Z)
    for call, words in [*calls, (lambda: clusterer.assign(np.eye(3)), "found in 4")]:
        with pytest.raises(ClusterInputError, match=words):
            call()


@pytest.mark.parametrize("name", COUNTED)
def test_no_clusters_cannot_be_asked_for(name: str) -> None:
    with pytest.raises(ClusterInputError, match="from 1"):
        CLUSTERERS[name].clusterer(0)  # type: ignore[call-arg]
