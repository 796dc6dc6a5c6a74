"""Centres of micro-clusters that stand in for songs: a number of songs, and a distance, mean what they did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from musaic.clustering import Agglomerative, Clusterer, ClusterInputError, Dbscan, Hdbscan, Spectral, resolve
from musaic.clustering.centres import Centres
from musaic.clustering.dbscan import DbscanConfig
from musaic.clustering.registry import build
from musaic.graph import Crowd, Limits
from test_clustering_contract import check, reloaded, same

FEW = Limits(exact=100, micro_above=200, micro_clusters=100)


def groups(n: int = 3000, sizes: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = np.sort(rng.choice(len(sizes), size=n, p=sizes))
    centres = 30 * np.eye(len(sizes), 3)
    return centres[truth] + rng.normal(scale=0.5, size=(n, 3)), truth


def found(clusterer: Clusterer, Z: np.ndarray, limits: Limits = FEW) -> Any:
    result = clusterer.fit(Z, Crowd(Z, limits=limits))
    check(result, len(Z))
    same(clusterer.assign(Z), result)
    same(reloaded(clusterer).assign(Z), result)
    return result


@pytest.mark.parametrize("size", [5, 120])
@pytest.mark.parametrize("min_samples", [None, 3, 60])
def test_a_number_of_songs_is_one_of_songs_and_not_of_centres(size: int, min_samples: int | None) -> None:
    Z, truth = groups()
    result = found(Hdbscan(size, min_samples=min_samples), Z)
    assert (result.labels >= 0).all()
    assert adjusted_rand_score(truth, result.labels) == 1.0
    assert f"min_cluster_size {size} is" in result.note
    assert ("min_samples" in result.note) == (min_samples is not None)


def test_a_group_of_fewer_songs_than_make_a_cluster_is_none() -> None:
    Z, _ = groups()
    few = np.full((4, 3), -40.0) + np.random.default_rng(1).normal(scale=0.5, size=(4, 3))
    for one in (Hdbscan(5), Dbscan(4.0, min_samples=5)):
        result = found(one, np.vstack([Z, few]))
        assert (result.labels[-4:] == -1).all()
        assert (result.labels[:-4] >= 0).mean() > 0.95


def test_neighbours_that_make_a_core_are_songs_and_not_centres() -> None:
    Z, truth = groups()
    for min_samples in (1, 5, 200):
        result = found(Dbscan(2.0, min_samples=min_samples), Z)
        assert adjusted_rand_score(truth, result.labels) > 0.99


def test_piles_of_songs_that_are_alike_are_clustered_as_when_they_are_few() -> None:
    piles = np.repeat(np.array([[0.0, 0], [1, 0], [50, 0], [51, 0], [100, 0]]), [300, 200, 100, 80, 4], axis=0)
    one = np.ones((1000, 2))
    for Z in (piles, one):
        for make in (lambda: Hdbscan(60), lambda: Hdbscan(5), lambda: Dbscan(0.5), lambda: Dbscan(2.0)):
            exact, many = make().fit(Z), found(make(), Z)
            assert adjusted_rand_score(exact.labels, many.labels) == 1.0, (make(), len(Z))
            assert (exact.labels == -1).tolist() == (many.labels == -1).tolist()


def test_a_radius_below_what_centres_can_tell_is_refused_and_the_knee_is_not() -> None:
    Z, truth = groups()
    with pytest.raises(ClusterInputError, match=r"eps is 0\.05, and the 100 micro-clusters"):
        found(Dbscan(0.05), Z)
    with pytest.raises(ClusterInputError, match=r"distance_threshold is 0\.05"):
        found(Agglomerative(distance_threshold=0.05, linkage="single"), Z)
    choice = resolve(DbscanConfig(), Z, crowd=Crowd(Z, limits=FEW))
    result = found(build(DbscanConfig(), choice), Z)
    assert (result.labels >= 0).mean() > 0.9
    clustered = result.labels >= 0
    assert adjusted_rand_score(truth[clustered], result.labels[clustered]) > 0.9


def test_a_threshold_is_a_distance_between_songs_or_refused() -> None:
    Z, truth = groups()
    with pytest.raises(ClusterInputError, match="give n_clusters in place of distance_threshold"):
        found(Agglomerative(distance_threshold=20.0), Z)
    for linkage in ("single", "average", "complete"):
        result = found(Agglomerative(distance_threshold=15.0, linkage=linkage), Z)
        assert adjusted_rand_score(truth, result.labels) == 1.0


@pytest.mark.parametrize(
    "one", [Agglomerative(4), Agglomerative(4, linkage="average"), Agglomerative(4, linkage="single")]
)
def test_groups_of_very_different_sizes_are_found_with_centres_that_weigh_as_their_songs(one: Clusterer) -> None:
    Z, truth = groups(sizes=(0.7, 0.15, 0.1, 0.05))
    assert adjusted_rand_score(truth, found(one, Z).labels) == 1.0


def test_average_linkage_of_centres_is_that_of_songs() -> None:
    """Two dense spots and a wide cloud: a centre for a hundred songs must not count as much as one for three."""
    rng = np.random.default_rng(3)
    Z = np.vstack([rng.normal((x, 0), s, size=(n, 2)) for n, s, x in ((150, 0.05, 0), (100, 0.05, 3), (40, 1, 8))])
    exact = Agglomerative(3, linkage="average").fit(Z)
    many = found(Agglomerative(3, linkage="average"), Z, Limits(exact=100, micro_above=200, micro_clusters=60))
    assert adjusted_rand_score(exact.labels, many.labels) > 0.95


def test_more_centres_than_can_be_compared_at_once_are_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("musaic.clustering.centres.EXACT", 50)
    monkeypatch.setattr("musaic.graph.crowd.EXACT", 50)
    Z, truth = groups(600)
    for one in (Hdbscan(30), Dbscan(3.0), Agglomerative(4), Spectral(4)):
        result = found(one, Z)
        clustered = result.labels >= 0
        assert clustered.mean() > 0.95
        assert adjusted_rand_score(truth[clustered], result.labels[clustered]) > 0.99


def test_centres_count_as_their_songs_weigh_and_together_no_more_than_can_be_compared() -> None:
    Z, _ = groups(1000)
    Z[:300] = Z[0]
    centres = Centres.of(Z, Crowd(Z, limits=FEW))
    assert (centres.times >= 1).all()
    assert len(centres.repeated) == centres.times.sum() <= 200
    assert centres.times.max() / centres.times.sum() == pytest.approx(0.3, abs=0.08)
    assert [centres.scaled(*asked) for asked in ((120, 100, 2), (3, 100, 2), (3, 100, 1))] == [12, 2, 1]
