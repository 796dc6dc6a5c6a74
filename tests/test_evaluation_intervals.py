"""Intervals hold what they say, and do not see names or order."""

from __future__ import annotations

import numpy as np
import pytest

from musaic.errors import UsageError
from musaic.evaluation import INTERVALS, external_scores, seed_intervals


def songs(n: int, rng: np.random.Generator, k: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Labels and clusters of a world in which a cluster is right about its label in half of all cases."""
    truth = rng.integers(8, size=n)
    return truth, np.where(rng.random(n) < 0.5, truth, rng.integers(k, size=n))


@pytest.mark.parametrize("k", [8, 40])
def test_the_score_that_such_songs_have_on_average_is_inside_about_nineteen_times_of_twenty(k: int) -> None:
    rng = np.random.default_rng(0)
    samples = [external_scores(*songs(250, rng, k)) for _ in range(300)]
    truth = {name: np.mean([scores[name] for scores in samples]) for name in ("ami", "nmi", "ari")}
    truth["ari of very many"] = external_scores(*songs(400_000, rng, k))["ari"]
    inside = dict.fromkeys(truth, 0)
    for trial in range(80):
        genre, clusters = songs(250, rng, k)
        bounds = seed_intervals(genre.tolist(), [clusters], n_bootstrap=120, random_state=trial)
        for name, value in truth.items():
            inside[name] += bounds[f"{name[:3]}_low"] <= value <= bounds[f"{name[:3]}_high"]
    assert all(found >= 66 for found in inside.values()), inside


def test_order_of_songs_and_seeds_and_names_change_no_bound() -> None:
    rng = np.random.default_rng(1)
    truth, first = songs(200, rng)
    second = np.where(rng.random(200) < 0.1, -1, first)
    names = np.array(["رباب", "সুর", "ভাটিয়ালি", "राग", "fado", "rock", "jazz", "pop"])
    bounds = seed_intervals(truth.tolist(), [first, second])
    order = rng.permutation(200)
    renamed = rng.permutation(30)[second]
    assert seed_intervals(names[truth][order].tolist(), [renamed[order], first[order]]) == bounds
    assert list(bounds) == list(INTERVALS)
    assert seed_intervals(truth.tolist(), [first, second], random_state=1) != bounds


def test_bounds_lie_about_the_score_and_widen_with_the_seeds() -> None:
    rng = np.random.default_rng(2)
    truth, clusters = songs(300, rng)
    scores = external_scores(truth, clusters)
    alone = seed_intervals(truth.tolist(), [clusters])
    for name in ("ami", "nmi", "ari"):
        assert alone[f"{name}_low"] < scores[name] < alone[f"{name}_high"]
    both = seed_intervals(truth.tolist(), [clusters, rng.integers(12, size=300)])
    assert both["ami_low"] < 0.1 < alone["ami_low"]
    assert both["ami_high"] > alone["ami_low"]
    narrow = seed_intervals(truth.tolist(), [clusters], level=0.5)
    assert alone["ami_low"] < narrow["ami_low"] < narrow["ami_high"] < alone["ami_high"]


def test_a_perfect_clustering_has_nothing_to_doubt_and_no_label_no_bounds() -> None:
    truth = ["بلوز", "সুর", "राग"] * 20
    perfect = seed_intervals([*truth, None, "", float("nan")], [np.append(np.arange(60) % 3, [0, 1, 2])])
    assert list(perfect.values()) == pytest.approx([1.0] * 6)
    assert np.isnan(list(seed_intervals(["a"] * 9, [np.arange(9) % 2]).values())).all()


def test_wrong_use_is_said() -> None:
    for labelings in ([], [[0, 1]]):
        with pytest.raises(UsageError, match="one a seed"):
            seed_intervals(["a", "b", "a"], labelings)
    with pytest.raises(UsageError, match="level"):
        seed_intervals(["a", "b"], [[0, 1]], level=1)
