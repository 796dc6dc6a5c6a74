"""How many clusters."""

from __future__ import annotations

import numpy as np
import pytest

from musaic.clustering import choose_k, resolve_k
from musaic.errors import UsageError


def separate(k: int, each: int = 20) -> np.ndarray:
    rng = np.random.default_rng(k)
    centres = 10 * np.eye(k)
    return np.repeat(centres, each, axis=0) + rng.normal(size=(k * each, k))


@pytest.mark.parametrize("k", [2, 4, 7])
def test_well_separated_clusters_are_counted_in_any_order(k: int) -> None:
    Z = separate(k)
    choice = choose_k(Z)
    assert choice.n_clusters == k
    assert choice.scores[k] == max(choice.scores.values())
    order = np.random.default_rng(0).permutation(len(Z))
    assert choose_k(Z[order]) == choice


def test_only_the_candidates_are_tried() -> None:
    assert set(choose_k(separate(4), [3, 5, 1, 1000]).scores) == {3, 5}


@pytest.mark.parametrize("Z", [np.zeros((1, 2)), np.zeros((2, 2)), np.zeros((9, 3))])
def test_where_nothing_can_be_told_apart_there_is_one_cluster(Z: np.ndarray) -> None:
    assert choose_k(Z).n_clusters == 1


def test_every_way_of_asking_ends_in_a_number() -> None:
    Z, labels = separate(3), {"genre": ["a", "b", None] * 20, "mood": [None] * 60}
    assert resolve_k(5, Z).n_clusters == 5
    assert resolve_k("auto", Z).n_clusters == 3
    asked = resolve_k("labels:genre", Z, labels=labels)
    assert (asked.n_clusters, asked.source) == (2, "labels:genre")
    with pytest.raises(UsageError, match="did you mean 'genre'"):
        resolve_k("labels:genres", Z, labels=labels)
    with pytest.raises(UsageError, match="labels:genre"):
        resolve_k("labels:mood", Z, labels=labels)
    with pytest.raises(UsageError, match="Give a number or 'auto'"):
        resolve_k("labels:genre", Z)
