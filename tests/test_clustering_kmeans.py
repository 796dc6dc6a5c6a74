"""What holds for every clusterer, and what K-Means promises."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import cluster
from sklearn.metrics import adjusted_rand_score

from musaic.clustering import CLUSTERERS, KMeans, build, from_state, parse_config
from musaic.clustering.base import Clusterer, ClusterInputError
from musaic.errors import UsageError

NAMES = sorted(CLUSTERERS)


def blobs(n: int = 120, k: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.sort(rng.choice(k, size=n, p=np.arange(k, 0, -1) / (k * (k + 1) / 2)))
    return 8 * rng.normal(size=(k, 5))[truth] + rng.normal(size=(n, 5)), truth


def make(name: str, k: int, seed: int = 0) -> Clusterer:
    return build(parse_config({"algorithm": name}), k, random_state=seed)


@pytest.mark.parametrize("name", NAMES)
def test_the_labels_of_songs_do_not_depend_on_their_order(name: str) -> None:
    Z, truth = blobs()
    result = make(name, 4).fit(Z)
    assert adjusted_rand_score(truth, result.labels) == 1
    order = np.random.default_rng(1).permutation(len(Z))
    shuffled = make(name, 4).fit(Z[order])
    assert shuffled.labels.tobytes() == result.labels[order].tobytes()
    assert shuffled.confidence.tobytes() == result.confidence[order].tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_clusters_are_numbered_from_the_largest_and_confidence_is_a_share(name: str) -> None:
    Z, _ = blobs()
    result = make(name, 6).fit(Z)
    sizes = np.bincount(result.labels)
    assert len(sizes) == result.n_clusters
    assert (np.diff(sizes) <= 0).all()
    assert result.labels.dtype == np.int64
    assert ((result.confidence >= 0) & (result.confidence <= 1)).all()


@pytest.mark.parametrize("name", NAMES)
def test_songs_of_the_fit_are_assigned_the_label_they_had_also_after_loading(name: str) -> None:
    Z = np.random.default_rng(0).normal(size=(90, 7)).astype(np.float32)
    clusterer = make(name, 5)
    result = clusterer.fit(Z)
    head, arrays = clusterer.get_state()
    loaded = from_state(json.loads(json.dumps(head)), {key: array.copy() for key, array in arrays.items()})
    for one in (clusterer, loaded):
        assert one.assign(Z).labels.tobytes() == result.labels.tobytes()
        assert one.assign(Z[17:18]).labels[0] == result.labels[17]


@pytest.mark.parametrize("name", NAMES)
@given(
    Z=hnp.arrays(np.float64, st.tuples(st.integers(1, 15), st.integers(1, 3)), elements=st.integers(-3, 3).map(float)),
    k=st.integers(1, 9),
)
@settings(max_examples=40, deadline=None)
def test_never_more_clusters_than_distinct_points(name: str, Z: np.ndarray, k: int) -> None:
    result = make(name, k).fit(Z)
    assert 1 <= result.n_clusters <= min(k, len(np.unique(Z, axis=0)))
    assert set(result.labels) == set(range(result.n_clusters))
    assert np.isfinite(result.confidence).all()


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_clustered_is_refused_in_one_sentence(name: str) -> None:
    bad = np.zeros((4, 2))
    bad[2] = np.nan
    calls: list[tuple[Any, str]] = [
        (lambda: make(name, 2).fit(bad), "row 2"),
        (lambda: make(name, 2).fit(np.zeros((0, 2))), "not empty"),
        (lambda: make(name, 2).fit(np.zeros(4)), "dimensions"),
        (lambda: make(name, 0), "from 1"),
        (lambda: make(name, 2).assign(np.zeros((1, 2))), "call fit first"),
    ]
    for call, words in calls:
        with pytest.raises(ClusterInputError, match=words):
            call()
    clusterer = make(name, 2)
    clusterer.fit(np.eye(4))
    with pytest.raises(ClusterInputError, match="found in 4"):
        clusterer.assign(np.eye(3))


def test_kmeans_is_scikit_learns() -> None:
    Z, _ = blobs(k=5, seed=2)
    ours = KMeans(5, random_state=0)
    labels = ours.fit(Z).labels
    theirs = cluster.KMeans(5, n_init=10, random_state=0).fit(Z)
    assert adjusted_rand_score(theirs.labels_, labels) == 1
    inertia = ((Z - ours.centroids_[labels]) ** 2).sum()
    assert inertia == pytest.approx(theirs.inertia_, rel=1e-9)


def test_confidence_is_one_at_a_centroid_and_nothing_on_the_border() -> None:
    clusterer = KMeans(2)
    clusterer.fit(np.array([[0.0], [0.0], [0.0], [10.0]]))
    confidence = clusterer.assign(np.array([[0.0], [5.0], [2.5]])).confidence
    np.testing.assert_allclose(confidence, [1.0, 0.0, 1 - 2.5 / 7.5])


def test_configurations_are_closed() -> None:
    config = parse_config({"algorithm": "kmeans", "n_clusters": [5, "auto", "labels:genre"]})
    assert parse_config(json.loads(json.dumps(config.plain()))) == config
    for n_clusters in (0, "many", [], [3, -1], "labels:"):
        with pytest.raises(UsageError, match="n_clusters"):
            parse_config({"algorithm": "kmeans", "n_clusters": n_clusters})
    with pytest.raises(UsageError, match="did you mean 'kmeans'"):
        parse_config({"algorithm": "kmean"})
    with pytest.raises(UsageError, match="algorithm:"):
        parse_config({"n_clusters": 3})
