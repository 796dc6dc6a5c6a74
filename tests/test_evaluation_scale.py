"""Scores of many tracks are those of few, from a sample or by another way to draw; the limit is tiny here."""

from __future__ import annotations

import numpy as np
import pytest

from musaic.evaluation import crosslingual, intervals, neighbours, noise, paired, reference
from musaic.evaluation.contenders import Contender
from musaic.evaluation.crosslingual import crosslingual_neighbours
from musaic.evaluation.intervals import draw_tables, seed_intervals
from musaic.evaluation.neighbours import FEWEST, neighbour_precision, sampled_rows
from musaic.evaluation.noise import settle_noise
from musaic.evaluation.paired import paired_bootstrap
from musaic.evaluation.reference import reference_space
from musaic.graph import Crowd, Limits
from true_graph import TrueGraph

N = 600


def labelings() -> tuple[list[str], list[np.ndarray]]:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 5, N)
    clusters = [np.where(rng.random(N) < noise, rng.integers(0, 5, N), truth) for noise in (0.3, 0.35, 0.6, 0.65)]
    return [f"g{one}" for one in truth], clusters


def test_tables_drawn_at_once_have_the_mean_and_the_spread_of_those_drawn_track_by_track(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = np.array([[50, 3, 0], [10, 200, 37]])
    one_by_one = np.concatenate(draw_tables(table, 4000, 0))
    monkeypatch.setattr(intervals, "SAMPLE", 100)
    at_once = np.concatenate(draw_tables(table, 4000, 0))
    assert (at_once.sum(axis=(1, 2)) == 300).all()
    assert np.allclose(at_once.mean(axis=0), table, atol=0.6)
    assert np.allclose(at_once.std(axis=0), one_by_one.std(axis=0), atol=0.35)
    assert (at_once[:, 0, 2] == 0).all()


def test_bounds_of_many_tracks_are_those_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, clusters = labelings()
    few = seed_intervals(truth, clusters[:2], n_bootstrap=2000)
    monkeypatch.setattr(intervals, "SAMPLE", 100)
    many = seed_intervals(truth, clusters[:2], n_bootstrap=2000)
    assert many == pytest.approx(few, abs=0.012)
    order = np.random.default_rng(1).permutation(N)
    again = seed_intervals([truth[row] for row in order], [labels[order] for labels in clusters[:2]], n_bootstrap=2000)
    assert again == many


def test_the_paired_bootstrap_of_many_tracks_is_that_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, clusters = labelings()
    sides = [
        Contender("a", "m", "i", "kmeans", "latent", 5, dict(enumerate(pair))) for pair in (clusters[:2], clusters[2:])
    ]
    few = paired_bootstrap(*sides, truth, n_bootstrap=1500)
    monkeypatch.setattr(paired, "SAMPLE", 100)
    many = paired_bootstrap(*sides, truth, n_bootstrap=1500)
    assert many[0] == few[0]
    assert many == pytest.approx(few, abs=0.015)


def test_who_is_asked_of_many_takes_no_longer_than_all_of_few() -> None:
    assert len(sampled_rows(20_000)) == 20_000
    for n in (25_000, 100_000, 1_000_000):
        asked = sampled_rows(n)
        assert len(asked) == max(20_000**2 // n, FEWEST)
        assert len(np.unique(asked)) == len(asked)


def test_neighbours_of_a_sample_are_about_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 3000)
    Z = 2 * rng.normal(size=(4, 3))[truth] + rng.normal(size=(3000, 3))
    genre, language = [f"g{one}" for one in truth], rng.choice(["ar", "bn", "en"], 3000).tolist()
    precision = neighbour_precision(Z, genre).precision
    across = crosslingual_neighbours(Z, language=language, genre=genre, n_permutations=20)
    for module in (neighbours,):
        monkeypatch.setattr(module, "SAMPLE", 1500)
    sampled = neighbour_precision(Z, genre)
    assert sampled.sampled
    assert sampled.n_queries == 1000
    assert sampled.precision == pytest.approx(precision, abs=0.03)
    asked = crosslingual_neighbours(Z, language=language, genre=genre, n_permutations=20)
    assert asked["across_sampled"]
    assert asked["across_10"] == pytest.approx(across["across_10"], abs=0.03)
    assert crosslingual.sampled_rows is neighbours.sampled_rows


def test_the_reference_space_of_many_is_that_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 12)) + 0.05 * rng.normal(size=(300, 12))
    few = reference_space(X)
    monkeypatch.setattr(reference, "SAMPLE", 100)
    many = reference_space(X)
    assert many.shape == few.shape
    assert np.allclose(np.abs(many), np.abs(few), atol=1e-8)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(exact=100), "nearest clustered song of a graph, or of a sample"),
        (Limits(exact=100, micro_above=200, micro_clusters=150), "nearest micro-cluster"),
    ],
)
def test_noise_among_many_tracks_goes_where_it_does_among_few(limits: Limits, words: str) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, N)
    Z = 8 * rng.normal(size=(4, 20))[truth] + rng.normal(size=(N, 20))
    clusters = np.where(rng.random(N) < 0.3, -1, truth)
    clusters[truth == 3] = np.where(np.arange((truth == 3).sum()) < 3, 3, -1)  # hardly any neighbour is clustered
    exact = settle_noise(Z, clusters, "nearest")
    crowd = Crowd(Z, limits=limits, keeper=TrueGraph(Z))
    many = settle_noise(Z, clusters, "nearest", crowd)
    assert exact.note == ""
    assert words in many.note
    assert many.coverage == exact.coverage
    assert (many.labels >= 0).all()
    assert (many.labels == exact.labels).mean() > 0.97
    assert (many.labels[clusters >= 0] == clusters[clusters >= 0]).all()
    order = rng.permutation(N)
    again = Crowd(Z[order], limits=limits, keeper=TrueGraph(Z[order]))
    assert (settle_noise(Z[order], clusters[order], "nearest", again).labels == many.labels[order]).all()
    for kept in (settle_noise(Z, clusters, "keep", crowd), settle_noise(Z, truth, "nearest", crowd)):
        assert kept.note == ""
    assert (settle_noise(Z, np.full(N, -1), "nearest", crowd).labels == -1).all()


def test_noise_without_a_clustered_neighbour_goes_to_the_nearest_of_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise, "SAMPLE", 40)
    Z = np.concatenate([np.linspace(0, 1, 100), np.linspace(10, 11, 100), np.linspace(13, 14, 100)])[:, None]
    clusters = np.repeat([0, 1, -1], 100)
    many = settle_noise(Z, clusters, "nearest", Crowd(Z, limits=Limits(exact=100), keeper=TrueGraph(Z)))
    assert (many.labels == np.repeat([0, 1, 1], 100)).all()


def test_genres_are_shuffled_within_their_language_and_any_may_come_anywhere() -> None:
    place, kind = np.arange(400) % 2, np.arange(400) // 2 % 4
    shuffles = list(crosslingual._shuffles(kind, place, 50, 0))
    for labels in shuffles:
        for language in range(2):
            here = place == language
            assert (np.bincount(labels[here]) == np.bincount(kind[here])).all()
    assert np.mean([labels == kind for labels in shuffles]) == pytest.approx(0.25, abs=0.02)
    assert len({labels.tobytes() for labels in shuffles}) == 50
