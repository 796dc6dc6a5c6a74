"""Chance, stability and the reference space."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.errors import UsageError
from musaic.evaluation import (
    chance_level,
    company_kept,
    external_scores,
    majority_share,
    reference_space,
    seed_stability,
)


def test_tables_drawn_from_the_margins_are_shuffled_labels() -> None:
    rng = np.random.default_rng(0)
    truth, clusters = rng.integers(4, size=60), rng.choice(5, size=60, p=[0.5, 0.2, 0.1, 0.1, 0.1])
    drawn = chance_level(truth, clusters, n_permutations=3000).mean
    shuffled = [external_scores(rng.permutation(truth), clusters) for _ in range(600)]
    for name in ("ari", "ami", "nmi", "purity", "accuracy"):
        assert drawn[name] == pytest.approx(np.mean([scores[name] for scores in shuffled]), abs=0.006)
    assert abs(drawn["ari"]) < 0.005
    assert abs(drawn["ami"]) < 0.005
    assert drawn["nmi"] > 0.05


def test_chance_is_not_far_fetched_for_random_clusters_and_is_for_good_ones() -> None:
    truth = np.repeat(np.arange(5), 20)
    rng = np.random.default_rng(0)
    p_values = [chance_level(truth, rng.integers(5, size=100)).p_value["ami"] for _ in range(60)]
    assert 0.3 < np.mean(p_values) < 0.7
    assert chance_level(truth, truth, n_permutations=199).p_value["nmi"] == pytest.approx(1 / 200)


def test_the_same_seed_draws_the_same_tables_whatever_the_names() -> None:
    truth, clusters = np.arange(40) % 3, np.arange(40) % 7
    first = chance_level(truth, clusters, random_state=4)
    assert chance_level(-truth, 6 - clusters, random_state=4).mean == first.mean
    assert chance_level(truth, clusters, random_state=5).mean != first.mean


def test_without_two_labels_there_is_no_chance_level() -> None:
    for truth in ([], ["a", "a", "a"]):
        result = chance_level(truth, list(range(len(truth))))
        assert np.isnan(list(result.mean.values())).all()
        assert np.isnan(list(result.p_value.values())).all()


def test_the_majority_is_the_purity_of_one_cluster() -> None:
    truth = ["rock"] * 5 + ["jazz"] * 3
    assert majority_share(truth) == external_scores(truth, [0] * 8)["purity"] == 0.625
    assert np.isnan(majority_share([]))


def test_seeds_that_agree_are_stable_whatever_their_names() -> None:
    labels = np.arange(60) % 4
    assert seed_stability([labels, 3 - labels, (labels + 1) % 4]) == pytest.approx(1.0)
    rng = np.random.default_rng(0)
    assert abs(seed_stability([rng.integers(4, size=400) for _ in range(4)])) < 0.05


def test_only_common_songs_are_compared_and_joined_by_their_id() -> None:
    ids = [f"song-{position}" for position in range(30)]
    labels = np.arange(30) % 3
    order = np.random.default_rng(0).permutation(30)[:20]
    assert seed_stability([labels, labels[order]], [ids, [ids[row] for row in order]]) == pytest.approx(1.0)


def test_saying_nothing_is_not_being_stable() -> None:
    assert np.isnan(seed_stability([np.arange(5) % 2]))
    assert np.isnan(seed_stability([np.zeros(10, int), np.zeros(10, int)]))
    assert np.isnan(seed_stability([np.arange(10), np.arange(10)]))


def test_songs_whose_company_stays_are_told_from_those_that_wander() -> None:
    labels = np.arange(60) % 4
    np.testing.assert_array_equal(company_kept([labels, 3 - labels, (labels + 1) % 4]), np.ones(60))
    moved = labels.copy()
    moved[0] = 1  # leaves 14 companions for 15 others
    kept = company_kept([labels, moved])
    assert kept[0] == 0
    np.testing.assert_allclose(kept[4::4], 13 / 14)
    np.testing.assert_allclose(kept[1::4], 14 / 15)
    np.testing.assert_array_equal(kept[2::4], 1)
    rng = np.random.default_rng(0)
    assert company_kept([rng.integers(4, size=400) for _ in range(4)]).mean() == pytest.approx(1 / 7, abs=0.03)


def test_noise_keeps_no_company_and_one_seed_says_nothing() -> None:
    np.testing.assert_array_equal(company_kept([[-1, -1, 0, 0], [-1, 0, 0, 0]]), [1, 0, 0.5, 0.5])
    assert np.isnan(company_kept([[0, 0, 1]])).all()
    with pytest.raises(UsageError, match="3, 2 tracks"):
        company_kept([[0, 0, 1], [0, 1]])


@given(st.lists(st.lists(st.integers(-1, 3), min_size=12, max_size=12), min_size=2, max_size=4))
@settings(max_examples=30, deadline=None)
def test_company_is_that_of_the_sets_of_companions(labelings: list[list[int]]) -> None:
    def companions(labels: list[int], song: int) -> set[int]:
        return {i for i in range(12) if i != song and labels[i] == labels[song] != -1}

    expected = []
    for song in range(12):
        pairs = [(companions(a, song), companions(b, song)) for a, b in combinations(labelings, 2)]
        expected.append(np.mean([len(a & b) / len(a | b) if a | b else 1.0 for a, b in pairs]))
    np.testing.assert_allclose(company_kept(labelings), expected)


def test_the_reference_space_carries_the_variance_and_no_scale() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 90)) + 0.01 * rng.normal(size=(200, 90))
    reference = reference_space(X)
    assert reference.shape == (200, 3)
    scaled = reference_space(X * 10.0 ** rng.integers(-3, 4, size=90) + 5)
    np.testing.assert_allclose(np.abs(scaled), np.abs(reference), rtol=1e-6, atol=1e-8)
    assert reference_space(rng.normal(size=(300, 150))).shape == (300, 64)


def test_tracks_without_features_have_no_place_in_the_reference_space() -> None:
    X = np.random.default_rng(0).normal(size=(30, 6))
    X[:, 2] = 7.0
    spoilt = X.copy()
    spoilt[4] = np.nan
    reference = reference_space(spoilt)
    assert np.isnan(reference[4]).all()
    assert np.isfinite(np.delete(reference, 4, axis=0)).all()
    present = np.arange(30) != 4
    np.testing.assert_array_equal(reference_space(X, present), reference)
    assert reference_space(np.ones((4, 3))).shape == (4, 1)
    assert np.isnan(reference_space(np.full((4, 3), np.nan))).all()


@pytest.mark.filterwarnings("error")
def test_one_cluster_is_what_chance_says_of_it() -> None:
    """There is but one table with these margins."""
    found = chance_level(["a", "b"] * 4 + ["a"] * 2, [0] * 10, n_permutations=5)
    assert {name: found.mean[name] for name in ("ari", "ami", "nmi", "purity", "accuracy")} == pytest.approx(
        {"ari": 0.0, "ami": 0.0, "nmi": 0.0, "purity": 0.6, "accuracy": 0.6}, abs=1e-12
    )
    assert set(found.p_value.values()) == {1.0}
