"""Scores, held against scikit-learn, closed forms, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from sklearn import metrics as sk

from musaic.errors import UsageError
from musaic.evaluation import METRICS, Counts, Space, external_scores, internal, internal_scores, settle_noise
from musaic.evaluation.expected import expected_information
from musaic.evaluation.metrics import Metric
from musaic.evaluation.tables import canonical, contingency

SK = {
    "silhouette": sk.silhouette_score,
    "calinski_harabasz": sk.calinski_harabasz_score,
    "davies_bouldin": sk.davies_bouldin_score,
    "ari": sk.adjusted_rand_score,
    "ami": sk.adjusted_mutual_info_score,
    "nmi": sk.normalized_mutual_info_score,
    "homogeneity": sk.homogeneity_score,
    "completeness": sk.completeness_score,
    "v_measure": sk.v_measure_score,
}
labelings = st.integers(2, 60).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 5), min_size=n, max_size=n), st.lists(st.integers(-1, 6), min_size=n, max_size=n)
    )
)


@given(labelings)
@settings(max_examples=50, deadline=None)
def test_external_scores_are_scikit_learns(pair: tuple[list[int], list[int]]) -> None:
    truth, clusters = pair
    scores = external_scores(truth, clusters)
    if len(set(truth)) < 2:
        assert all(np.isnan(value) for value in scores.values())
        return
    if len(set(truth)) == len(set(clusters)) == len(truth):
        assert np.isnan([scores["ari"], scores["ami"]]).all()
        return
    for name in ("ari", "ami", "nmi", "homogeneity", "completeness", "v_measure"):
        assert scores[name] == pytest.approx(SK[name](truth, clusters), abs=1e-10)
    table = sk.cluster.contingency_matrix(truth, clusters)
    matched = linear_sum_assignment(-table)
    assert scores["accuracy"] == pytest.approx(table[matched].sum() / table.sum())
    assert scores["purity"] == pytest.approx(table.max(axis=0).sum() / table.sum())


def test_internal_scores_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    Z, clusters = rng.normal(size=(80, 4)), rng.integers(5, size=80)
    scores = internal_scores(Z, clusters)
    for name in ("silhouette", "calinski_harabasz", "davies_bouldin"):
        assert scores[name] == pytest.approx(SK[name](Z, clusters))


def test_nmi_is_twice_the_information_over_both_entropies() -> None:
    """Two labels of 50 %, clusters that tell them apart in 3 of 4 cases."""
    truth, clusters = [0] * 4 + [1] * 4, [0, 0, 0, 1, 1, 1, 1, 0]
    entropy = np.log(2)
    information = entropy + 0.75 * np.log(0.75) + 0.25 * np.log(0.25)
    scores = external_scores(truth, clusters)
    assert scores["nmi"] == pytest.approx(2 * information / (2 * entropy))
    assert scores["purity"] == 0.75


def test_perfect_and_useless_clusterings() -> None:
    truth = np.repeat(np.arange(4), 10)
    perfect = external_scores(truth, 3 - truth)
    assert list(perfect.values()) == pytest.approx([1.0] * len(perfect))
    assert len(perfect) >= 8
    useless = external_scores(truth, np.zeros(40, int))
    assert (useless["ari"], useless["ami"], useless["nmi"]) == pytest.approx((0, 0, 0), abs=1e-9)
    assert useless["purity"] == 0.25


@given(labelings, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_names_of_clusters_and_order_of_songs_change_no_bit(pair: tuple[list[int], list[int]], random: object) -> None:
    truth, clusters = np.array(pair[0]), np.array(pair[1])
    rng = np.random.default_rng(len(truth))
    order = rng.permutation(len(truth))
    names = np.append(rng.permutation(7), -1)
    Z = rng.normal(size=(len(truth), 3))
    renamed = names[clusters]
    before, after = internal_scores(Z, clusters), internal_scores(Z[order], renamed[order])
    np.testing.assert_array_equal(list(before.values()), list(after.values()))
    first, second = external_scores(truth, clusters), external_scores(truth[order], renamed[order])
    np.testing.assert_array_equal(list(first.values()), list(second.values()))


@pytest.mark.parametrize("clusters", [[0, 0, 0, 0], [0, 1, 2, 3], [-1, -1, -1, -1], [0, -1, -1, -1], [0, 1, -1, -1]])
def test_what_is_not_defined_is_not_invented(clusters: list[int]) -> None:
    assert np.isnan(list(internal_scores(np.eye(4), clusters).values())).all()


def test_one_point_many_times_has_no_separation_to_speak_of() -> None:
    scores = internal_scores(np.zeros((6, 2)), [0, 0, 0, 1, 1, 1])
    assert np.isnan(scores["calinski_harabasz"])
    assert np.isnan(scores["davies_bouldin"])


def test_tracks_without_a_place_leave_the_internal_scores() -> None:
    rng = np.random.default_rng(0)
    Z, clusters = rng.normal(size=(30, 2)), np.arange(30) % 3
    Z[:5] = np.nan
    assert internal_scores(Z, clusters) == internal_scores(Z[5:], clusters[5:])
    with pytest.raises(UsageError, match="do not belong together"):
        internal_scores(Z, clusters[1:])


def test_noise_is_kept_or_goes_to_the_nearest() -> None:
    Z, clusters = np.array([[0.0], [1.0], [9.0], [10.0], [2.0]]), np.array([0, 0, 1, 1, -1])
    kept, coverage, _ = settle_noise(Z, clusters, "keep")
    assert kept.tolist() == [0, 0, 1, 1, -1]
    assert coverage == pytest.approx(0.8)
    assert settle_noise(Z, clusters, "nearest")[0].tolist() == [0, 0, 1, 1, 0]
    nothing, none, _ = settle_noise(Z, np.full(5, -1), "nearest")
    assert none == 0
    assert (nothing == -1).all()
    with pytest.raises(UsageError, match="noise policy"):
        settle_noise(Z, clusters, "drop")  # type: ignore[arg-type]


def test_leaving_tracks_out_earns_nothing() -> None:
    truth = np.repeat(np.arange(4), 25)
    honest = np.where(np.arange(100) % 5 == 0, (truth + 1) % 4, truth)
    picky = np.where(np.arange(100) % 5 == 0, -1, truth)
    lazy = np.where(np.arange(100) % 25 > 0, -1, truth)
    assert external_scores(truth, lazy)["ami"] < 0.1 < external_scores(truth, honest)["ami"]
    assert external_scores(truth, picky)["ami"] < 1


def test_the_silhouette_of_many_tracks_is_that_of_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    clusters = np.arange(3000) % 3
    Z = 3 * np.eye(3)[clusters] + rng.normal(size=(3000, 3))
    exact = internal_scores(Z, clusters)["silhouette"]
    monkeypatch.setattr(internal, "SAMPLE", 1000)
    sampled = internal_scores(Z, clusters)["silhouette"]
    assert sampled != exact
    assert sampled == pytest.approx(exact, abs=0.02)
    assert internal_scores(Z, clusters)["silhouette"] == sampled


def test_a_metric_joins_by_being_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, "size", Metric("size", "external", lambda counts: counts.tables.sum(axis=(-2, -1))))
    assert external_scores([0, 1, 1], [0, 0, 1])["size"] == 3


@given(labelings)
@settings(max_examples=40, deadline=None)
def test_expected_information_needs_only_the_margins(pair: tuple[list[int], list[int]]) -> None:
    table = contingency(*pair)
    expected = sk.cluster.expected_mutual_information(table, int(table.sum()))
    assert expected_information(table.sum(axis=1), table.sum(axis=0)) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("n", [900, 2500])
def test_tables_of_different_margins_are_scored_at_once(n: int) -> None:
    """Below and above the size up to which terms are kept; some clusters of a table are empty."""
    rng = np.random.default_rng(0)
    pairs = [(rng.integers(6, size=n), np.minimum(rng.geometric(0.3, size=n), 8)) for _ in range(3)]
    pairs.append((rng.integers(6, size=n), rng.choice([1, 8], size=n)))
    stack = np.zeros((4, 6, 9), dtype=np.int64)
    for table, (truth, clusters) in zip(stack, pairs, strict=True):
        np.add.at(table, (truth, clusters), 1)
    for name in ("ari", "ami", "nmi", "homogeneity", "completeness", "v_measure"):
        expected = [SK[name](*pair) for pair in pairs]
        np.testing.assert_allclose(METRICS[name].function(Counts(stack)), expected, atol=1e-10)


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=2, max_size=6), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_the_order_of_a_table_has_no_part_in_its_canonical_form(cells: list[list[int]], seed: int) -> None:
    table, rng = np.array(cells), np.random.default_rng(seed)
    mixed = table[rng.permutation(len(table))][:, rng.permutation(4)]
    np.testing.assert_array_equal(canonical(mixed), canonical(table))


def test_noise_lowers_purity_and_homogeneity_by_what_is_mixed_in_it() -> None:
    truth = np.arange(40) % 2
    whole, noisy = external_scores(truth, truth), external_scores(truth, np.where(np.arange(40) < 10, -1, truth))
    assert noisy["purity"] == 1 - 5 / 40
    assert noisy["homogeneity"] == pytest.approx(30 / 40)
    assert noisy["accuracy"] < whole["accuracy"] == 1


def test_a_space_that_is_kept_gives_the_scores_of_its_values() -> None:
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(90, 3))
    Z[7] = np.nan
    space = Space(Z)
    for clusters in (rng.integers(4, size=90), rng.integers(-1, 3, size=90)):
        there = np.isfinite(Z).all(axis=1) & (clusters >= 0)
        scores = internal_scores(space, clusters)
        assert scores == internal_scores(Z, clusters)
        for name in ("silhouette", "calinski_harabasz", "davies_bouldin"):
            assert scores[name] == pytest.approx(SK[name](Z[there], clusters[there]), abs=1e-10)
    np.testing.assert_array_equal(settle_noise(space, clusters, "keep")[0], clusters)
