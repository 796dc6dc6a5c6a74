"""A second map laid upon the first: closed forms, and what must not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.errors import UsageError
from musaic.explorer.alignment import align_map, moved


def _map(n: int = 40, seed: int = 0) -> pd.DataFrame:
    xy = np.random.default_rng(seed).normal(size=(n, 2)) * [3, 1]
    return pd.DataFrame(xy, columns=["x", "y"], index=[f"গান/{i}.mp3" for i in range(n)])


@settings(max_examples=30)
@given(
    angle=st.floats(-np.pi, np.pi),
    scale=st.floats(0.01, 100),
    mirrored=st.booleans(),
    shift=st.tuples(st.floats(-100, 100), st.floats(-100, 100)),
)
def test_a_turned_mirrored_scaled_and_moved_copy_comes_back(
    angle: float, scale: float, mirrored: bool, shift: tuple[float, float]
) -> None:
    first = _map()
    R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    second = first @ (R * scale * [1, -1 if mirrored else 1]) + np.array(shift)
    second.columns = ["x", "y"]
    np.testing.assert_allclose(align_map(first, second), first, atol=1e-6)


def test_the_order_of_songs_changes_no_bit() -> None:
    first, second = _map(seed=1), _map(seed=2)
    shuffled = align_map(first.sample(frac=1, random_state=1), second.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(shuffled.loc[second.index], align_map(first, second), check_exact=True)


def test_no_other_similarity_lies_nearer() -> None:
    first, second = _map(seed=3), _map(seed=4)
    aligned = align_map(first, second)
    best = np.square(aligned - first).to_numpy().sum()
    rng = np.random.default_rng(0)
    centre = aligned.mean()
    for _ in range(50):
        angle, scale = rng.normal(scale=0.05), 1 + rng.normal(scale=0.05)
        R = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        other = (aligned - centre).to_numpy() @ R + centre.to_numpy() + rng.normal(scale=0.05, size=2)
        assert np.square(other - first.to_numpy()).sum() >= best


def test_songs_of_one_run_alone_have_no_say_and_are_moved_along() -> None:
    first, second = _map(), _map() * 2
    second.loc["új dal"] = [8.0, 2.0]
    first.loc["régi dal"] = [1e6, 1e6]
    first.loc["गीत"] = [np.nan, np.nan]
    second.loc["गीत"] = [1e9, 0.0]
    aligned = align_map(first, second)
    np.testing.assert_allclose(aligned.loc["új dal"], [4, 1])
    np.testing.assert_allclose(aligned.loc[_map().index], _map(), atol=1e-9)


def test_maps_that_cannot_be_aligned_are_refused_in_words() -> None:
    with pytest.raises(UsageError, match="2 songs in common"):
        align_map(_map(2), _map(9))
    with pytest.raises(UsageError, match="same place"):
        align_map(_map(5), _map(5) * 0 + 1)


def test_renumbered_clusters_have_not_moved() -> None:
    index = pd.Index([f"song {i}" for i in range(60)])
    first = pd.Series(np.arange(60) % 4, index=index)
    first.iloc[:5] = -1
    renumbered = first.map({-1: -1, 0: 2, 1: 3, 2: 0, 3: 1}).sample(frac=1, random_state=0)
    assert (moved(first, renumbered) == 0).all()
    renumbered["song 10"] = -1
    renumbered["new"] = 1
    found = moved(first, renumbered)
    assert found["song 10"] == 1
    assert np.isnan(found["new"])
    assert found.sum() == 1
