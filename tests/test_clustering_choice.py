"""Numbers of clusters and distances, settled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from musaic.clustering import Choice, build, choose_k, parse_config, resolve
from musaic.clustering.choice import POINTS
from musaic.clustering.kmeans import KMeans
from musaic.errors import UsageError


def separate(k: int, each: int = 20) -> np.ndarray:
    rng = np.random.default_rng(k)
    centres = 10 * np.eye(k)
    return np.repeat(centres, each, axis=0) + rng.normal(size=(k * each, k))


def settle(Z: np.ndarray, labels: Any = None, **asked: Any) -> Choice:
    return resolve(parse_config({"algorithm": "kmeans", **asked}), Z, labels=labels)


@pytest.mark.parametrize(
    ("k", "choose_by"),
    [(2, "silhouette"), (4, "silhouette"), (6, "silhouette"), (4, "stability"), (2, "bic"), (5, "bic")],
)
def test_well_separated_clusters_are_counted_in_any_order(k: int, choose_by: str) -> None:
    Z = separate(k)
    asked = {"algorithm": "gmm" if choose_by == "bic" else "kmeans", "choose_by": choose_by, "most": k + 1, "n_init": 1}
    if choose_by == "bic":
        asked["covariance"] = "spherical"
    choice = resolve(parse_config(asked), Z)
    assert (choice.n_clusters, choice.source, choice.label) == (k, "auto", None)
    scores = {row["value"]: row["score"] for row in choice.curve}
    assert scores[k] == (min if choose_by == "bic" else max)(scores.values())
    assert {(row["parameter"], row["score_name"]) for row in choice.curve} == {("n_clusters", choose_by)}
    assert resolve(parse_config(asked), Z[::-1]) == choice


def test_only_the_candidates_are_tried() -> None:
    Z = separate(4)
    assert [row["value"] for row in choose_k(Z, KMeans, candidates=[5, 3, 1, 1000])[1]] == [3, 5]
    assert max(row["value"] for row in settle(Z, most=6).curve) == 6


@pytest.mark.parametrize("choose_by", ["silhouette", "stability"])
@pytest.mark.parametrize("Z", [np.zeros((1, 2)), np.zeros((2, 2)), np.zeros((9, 3))])
def test_where_nothing_can_be_told_apart_there_is_one_cluster(Z: np.ndarray, choose_by: str) -> None:
    assert settle(Z, choose_by=choose_by).n_clusters == 1
    assert resolve(parse_config({"algorithm": "gmm", "choose_by": "bic"}), Z).n_clusters == 1


def test_every_way_of_asking_ends_in_a_number_and_is_told() -> None:
    Z, labels = separate(3), {"genre": ["رای", "বাউল", None] * 20, "mood": [None] * 60}
    assert settle(Z, n_clusters=5).told == "n_clusters=5"
    assert settle(Z).told == "n_clusters=3 (auto by silhouette)"
    asked = settle(Z, labels, n_clusters="labels:genre")
    assert (asked.n_clusters, asked.label, asked.source) == (2, "genre", "labels:genre")
    assert asked.told == "n_clusters=2 (labels:genre)"
    with pytest.raises(UsageError, match="did you mean 'genre'"):
        settle(Z, labels, n_clusters="labels:genres")
    with pytest.raises(UsageError, match="labels:genre"):
        settle(Z, labels, n_clusters="labels:mood")
    with pytest.raises(UsageError, match="Give a number or 'auto'"):
        settle(Z, n_clusters="labels:genre")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"algorithm": "agglomerative", "n_clusters": 5}, "linkage=ward, n_clusters=5"),
        ({"algorithm": "agglomerative", "distance_threshold": 12.5}, "linkage=ward, distance_threshold=12.5"),
        ({"algorithm": "dbscan", "eps": 0.5, "min_samples": 9}, "eps=0.5, min_samples=9"),
        ({"algorithm": "hdbscan", "selection": "leaf"}, "min_cluster_size=5, selection=leaf"),
        ({"algorithm": "gmm", "n_clusters": 3, "reg": 1e-3}, "covariance=full, n_clusters=3, reg=0.001"),
        ({"algorithm": "kmeans", "n_clusters": 3, "choose_by": "stability", "n_init": 2}, "n_clusters=3, n_init=2"),
        ({"algorithm": "vade"}, ""),
    ],
)
def test_what_distinguishes_a_clustering_is_told(asked: dict[str, Any], told: str) -> None:
    assert resolve(parse_config(asked), separate(2)).told == told


def test_the_knee_is_settled_recorded_and_used() -> None:
    Z = separate(3)
    config = parse_config({"algorithm": "dbscan", "min_samples": 4})
    choice = resolve(config, Z)
    assert choice.eps is not None
    assert choice.told == f"eps={choice.eps:.4g} (knee), min_samples=4"
    assert choice.n_clusters is None
    assert choice.eps in [row["score"] for row in choice.curve]
    assert [row["value"] for row in choice.curve] == list(range(len(Z)))
    assert build(config, choice).fit(Z).n_clusters == 3


def test_of_many_distances_some_are_kept_and_the_knee_among_them() -> None:
    Z = np.random.default_rng(0).normal(size=(1500, 2))
    choice = resolve(parse_config({"algorithm": "dbscan", "min_samples": 4}), Z)
    ranks, scores = zip(*((row["value"], row["score"]) for row in choice.curve), strict=True)
    assert choice.eps in scores
    assert (ranks[0], ranks[-1]) == (0, len(Z) - 1)
    assert len(ranks) <= POINTS + 1
    assert list(ranks) == sorted(set(ranks))
    assert list(scores) == sorted(scores)


def test_what_is_not_settled_is_not_built() -> None:
    with pytest.raises(UsageError, match="settle it with resolve"):
        build(parse_config({"algorithm": "kmeans"}), Choice())
    with pytest.raises(UsageError, match="2 ways"):
        resolve(parse_config({"algorithm": "kmeans", "n_clusters": [2, 3]}), separate(2))
