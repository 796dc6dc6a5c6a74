"""The one sentence, on cases whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from musaic.errors import UsageError
from musaic.evaluation import Contender, judge
from musaic.evaluation.paired import paired_bootstrap

TRUTH = [f"genre-{row % 5}" for row in range(200)]


def contender(cell: str, hit: float, *, baseline: bool = False, seeds: int = 4, **options: object) -> Contender:
    """Clusters that are right with probability ``hit``."""
    labelings = {}
    for seed in range(seeds):
        rng = np.random.default_rng([seed, *cell.encode()])
        labelings[seed] = np.where(rng.random(200) < hit, np.arange(200) % 5, rng.integers(5, size=200))
    fixed = {"input": "statistics", "clustering": "kmeans", "space": "latent", "n_clusters": 5}
    return Contender(cell=cell, model=cell, labelings=labelings, baseline=baseline, **{**fixed, **options})  # type: ignore[arg-type]


def test_a_clearly_better_model_wins_and_a_clearly_worse_one_loses() -> None:
    better = judge([contender("basic-vae", 0.9), contender("pca", 0.5, baseline=True)], TRUTH)
    assert better.beats
    assert better.comparisons[0].low > 0
    assert better.sentence.startswith("On genre the VAE beats the baselines with statistics, at equal input")
    worse = judge([contender("basic-vae", 0.4), contender("pca", 0.9, baseline=True)], TRUTH)
    assert not worse.beats
    assert worse.comparisons[0].high < 0
    assert worse.sentence.startswith("On genre the VAE is below the baselines with statistics, at equal input")


def test_equals_are_not_told_apart() -> None:
    verdict = judge([contender("basic-vae", 0.6), contender("pca", 0.6, baseline=True)], TRUTH)
    assert not verdict.beats
    assert verdict.comparisons[0].low < 0 < verdict.comparisons[0].high
    assert "not clearly different" in verdict.sentence
    assert "\n" not in verdict.sentence


def test_it_is_held_against_the_best_baseline() -> None:
    rivals = [contender("pca", 0.5, baseline=True), contender("raw", 0.8, baseline=True)]
    assert judge([contender("basic-vae", 0.7), *rivals], TRUTH).comparisons[0].baseline == "raw"


def test_the_model_is_chosen_without_labels() -> None:
    """The steadier one speaks for the VAE, though the other scores higher."""
    found = judge(
        [
            contender("steady", 0.6, stability=0.9),
            contender("lucky", 0.95, stability=0.2),
            contender("pca", 0.5, baseline=True),
        ],
        TRUTH,
    )
    assert found.comparisons[0].vae == "steady"


@pytest.mark.parametrize(
    "other", [{"input": "lyrics"}, {"n_clusters": 6}, {"clustering": "ward"}, {"space": "raw"}, {"settings": "ward"}]
)
def test_only_equals_are_compared(other: dict[str, object]) -> None:
    found = judge([contender("basic-vae", 0.9), contender("pca", 0.5, baseline=True, **other)], TRUTH)
    assert found.beats is None
    assert "cannot be told" in found.sentence


@pytest.mark.parametrize("flaw", [{"labels_used": ("genre",)}, {"collapsed": True}, {"coverage": 0.1}])
def test_a_leaking_collapsed_or_noisy_model_cannot_win(flaw: dict[str, object]) -> None:
    found = judge([contender("basic-vae", 1.0, **flaw), contender("pca", 0.5, baseline=True)], TRUTH)
    assert not found.beats


def test_without_labels_nothing_is_claimed() -> None:
    both = [contender("basic-vae", 0.9), contender("pca", 0.5, baseline=True)]
    for truth in (None, [None] * 200, ["rock"] * 200):
        found = judge(both, truth)
        assert found.beats is None
        assert "fewer than two classes of genre" in found.sentence


def test_a_contender_without_a_labelled_track_is_passed_over() -> None:
    """Lyrics may be there for unlabelled songs only."""
    here = np.arange(200) >= 150
    truth = [None if there else label for there, label in zip(here, TRUTH, strict=True)]
    unlabelled = [
        contender("lyrics-vae", 0.9, input="lyrics", present=here),
        contender("lyrics-pca", 0.9, input="lyrics", present=here, baseline=True),
    ]
    assert judge(unlabelled, truth).beats is None
    both = [contender("basic-vae", 0.9), contender("pca", 0.5, baseline=True)]
    assert [found.input for found in judge([*unlabelled, *both], truth).comparisons] == ["statistics"]


def test_those_who_share_no_song_are_not_compared() -> None:
    here = np.arange(200) < 100
    both = [contender("basic-vae", 0.9, present=here), contender("pca", 0.5, baseline=True, present=~here)]
    assert judge(both, TRUTH).beats is None
    with pytest.raises(UsageError, match="no labelled track in common"):
        paired_bootstrap(*both, TRUTH)


def test_only_tracks_that_both_have_are_compared() -> None:
    here = np.arange(200) >= 100
    spoilt = {seed: np.where(here, labels, 0) for seed, labels in contender("pca", 0.9).labelings.items()}
    rival = Contender(
        cell="pca", model="pca", input="statistics", clustering="kmeans", space="latent", n_clusters=5,
        labelings={0: spoilt[0]}, baseline=True, present=here,
    )  # fmt: skip
    difference, low, high = paired_bootstrap(contender("pca", 0.9, seeds=1), rival, TRUTH, n_bootstrap=20)
    assert (difference, low, high) == (0, 0, 0)


def test_one_seed_has_no_spread_and_says_so() -> None:
    found = judge([contender("basic-vae", 0.9, seeds=1), contender("pca", 0.4, baseline=True, seeds=1)], TRUTH)
    assert "not known from one seed" in found.sentence
    assert np.isnan(found.comparisons[0].spread)


def test_every_input_is_compared_and_intervals_hold_jointly() -> None:
    sides = [contender("basic-vae", 0.7), contender("pca", 0.6, baseline=True)]
    both = [*sides, contender("vae-2", 0.9, input="lyrics"), contender("pca-2", 0.3, baseline=True, input="lyrics")]
    one, two = judge(sides, TRUTH), judge(both, TRUTH)
    assert [found.input for found in two.comparisons] == ["lyrics", "statistics"]
    assert two.comparisons[0].beats
    alone, joint = one.comparisons[0], two.comparisons[1]
    assert alone.difference == joint.difference
    assert joint.high - joint.low > alone.high - alone.low
    assert "joint" in two.sentence
    assert "joint" not in one.sentence


def test_the_answer_comes_first_and_once_for_each_outcome() -> None:
    sides = [("statistics", 0.6, 0.6), ("lyrics", 0.9, 0.3), ("both", 0.3, 0.9), ("tempo", 0.5, 0.5)]
    found = judge(
        [
            side
            for name, learned, plain in sides
            for side in (
                contender("vae", learned, input=name),
                contender("vae", plain, input=name, baseline=True),
            )
        ],
        TRUTH,
    )
    assert found.sentence.startswith(
        "On genre the VAE beats the baselines with lyrics, is below them with both, and is not clearly different from "
        "them with statistics and tempo, at equal input, clustering and k: with both (kmeans, k = 5) "
    )


def test_the_same_words_again() -> None:
    both = [contender("basic-vae", 0.7), contender("pca", 0.6, baseline=True)]
    assert judge(both, TRUTH, random_state=1) == judge(both[::-1], TRUTH, random_state=1)


def test_the_order_of_songs_changes_no_number() -> None:
    both = [contender("basic-vae", 0.7), contender("pca", 0.6, baseline=True)]
    order = np.random.default_rng(0).permutation(200)
    mixed = [
        replace(c, labelings={seed: labels[order] for seed, labels in reversed(c.labelings.items())}) for c in both
    ]
    assert judge(mixed, [TRUTH[row] for row in order]) == judge(both, TRUTH)


@pytest.mark.parametrize("k", [5, 40])
def test_the_interval_lies_around_the_difference_however_many_clusters(k: int) -> None:
    """Copies of a track agree with each other: a bootstrap that is not moved back would lie elsewhere."""
    rng = np.random.default_rng(0)
    fine = {0: np.arange(200) % 5 + 5 * rng.integers(k // 5, size=200)}
    coarse = {0: rng.integers(k, size=200)}
    sides = [Contender(name, name, "x", "kmeans", "latent", k, found) for name, found in (("a", fine), ("b", coarse))]
    difference, low, high = paired_bootstrap(*sides, TRUTH, n_bootstrap=300)
    assert (low + high) / 2 == pytest.approx(difference, abs=0.25 * (high - low))


def test_labels_that_say_nothing_compare_nothing() -> None:
    """With one label a track AMI is not defined."""
    alone = {0: np.arange(200)}
    sides = [
        Contender(cell=name, model=name, input="x", clustering="kmeans", space="latent", n_clusters=200,
                  labelings=alone, baseline=name == "pca")
        for name in ("basic-vae", "pca")
    ]  # fmt: skip
    found = judge(sides, [f"genre-{row}" for row in range(200)])
    assert found.beats is None
    assert "nan" not in found.sentence
