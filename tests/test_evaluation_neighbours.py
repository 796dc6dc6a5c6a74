"""Neighbours of one label, within and across languages, against what random order gives."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from musaic.errors import UsageError
from musaic.evaluation.neighbours import Retrieval, neighbour_precision


def corpus(n: int = 240, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    theme, language = rng.integers(0, 4, n), np.array(["bn", "ar", "es"])[rng.integers(0, 3, n)]
    return rng.normal(size=(n, 6)), theme, language


def test_anywhere_equals_scikit_learn() -> None:
    Z, theme, _ = corpus()
    near = NearestNeighbors(n_neighbors=6).fit(Z).kneighbors(Z, return_distance=False)[:, 1:]
    found = neighbour_precision(Z, list(theme), k=5)
    assert found.precision == pytest.approx((theme[near] == theme[:, None]).mean())
    assert found.n_queries == 240


def test_noise_scores_chance_and_the_theme_itself_scores_one() -> None:
    Z, theme, language = corpus(600)
    for where in ("within", "across"):
        noise = neighbour_precision(Z, list(theme), domains=list(language), where=where)
        assert noise.precision == pytest.approx(noise.chance, abs=0.03)
        known = neighbour_precision(np.eye(4)[theme], list(theme), domains=list(language), where=where)
        assert known.precision == 1.0


def test_language_alone_tells_nothing_across_languages() -> None:
    language = corpus()[2]
    Z = np.unique(language, return_inverse=True)[1][:, None].astype(float)
    across = neighbour_precision(Z, list(language), domains=list(language), where="across")
    assert across.n_queries == 0
    within = neighbour_precision(Z, list(language), domains=list(language), where="within")
    assert within == Retrieval(1.0, 1.0, 240)


def test_nobody_is_a_neighbour_of_their_own_group_and_order_does_not_matter() -> None:
    Z, theme, _ = corpus()
    twins, labels = np.repeat(Z, 2, axis=0), list(np.repeat(theme, 2))
    groups = list(np.repeat(np.arange(240), 2))
    alone = neighbour_precision(twins, labels, k=1, groups=groups)
    assert neighbour_precision(twins, labels, k=1).precision == 1.0
    assert alone.precision < 0.5
    order = np.random.default_rng(3).permutation(480)
    mixed = neighbour_precision(twins[order], [labels[i] for i in order], k=1, groups=[groups[i] for i in order])
    assert mixed.precision == pytest.approx(alone.precision, abs=0.02)  # ties of twins fall otherwise


def test_tracks_of_no_known_group_are_no_group() -> None:
    Z, theme, _ = corpus()
    unknown = [None, "", float("nan")] * 80
    assert neighbour_precision(Z, list(theme), groups=unknown) == neighbour_precision(Z, list(theme))


def test_missing_labels_and_lone_tracks_are_left_out() -> None:
    Z = np.arange(6.0)[:, None]
    found = neighbour_precision(Z, ["a", "a", None, "b", "", float("nan")], k=3)
    assert found == Retrieval(0.5, 0.5, 2)
    assert np.isnan(neighbour_precision(Z, [None] * 6).precision)
    with pytest.raises(UsageError, match="needs domains"):
        neighbour_precision(Z, list("aabbcc"), where="across")


def test_more_neighbours_come_nearer_to_chance() -> None:
    Z, theme, _ = corpus(400)
    Z = Z + 2 * np.eye(6)[theme]
    scores = [neighbour_precision(Z, list(theme), k=k) for k in (1, 50, 399)]
    assert all(nearer.precision > farther.precision for nearer, farther in pairwise(scores))
    assert scores[-1].precision == pytest.approx(scores[-1].chance)
