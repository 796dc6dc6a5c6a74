"""MIG, SAP and DCI on codes whose scores are known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import mutual_info_score

from musaic.errors import UsageError
from musaic.evaluation.disentanglement import Gap, dci, mig, sap
from musaic.evaluation.factors import read_factors

N = 300
RNG = np.random.default_rng(0)
SCRIPTS = np.array(["عربي", "বাংলা", "हिन्दी", "español"])
FACTORS = {
    "mode": np.array(["major", "minor"])[RNG.integers(0, 2, N)],
    "script": SCRIPTS[RNG.integers(0, 4, N)],
    "program": RNG.integers(0, 6, N),
    "tempo": RNG.uniform(60, 180, N),
}
TWO = {name: FACTORS[name] for name in ("script", "tempo")}
QUANTITIES = {"tempo": FACTORS["tempo"], "busyness": RNG.uniform(size=N)}
CLASSES = [np.unique(FACTORS[name], return_inverse=True)[1] for name in ("mode", "script", "program")]
AXES = np.stack([*CLASSES, FACTORS["tempo"]], axis=1)
AXES += RNG.uniform(-0.02, 0.02, AXES.shape)  # a code is never quite a class
NOISE = RNG.normal(size=(N, 5))


def test_one_dimension_a_factor_scores_one():
    found = dci(AXES, FACTORS)
    assert mig(AXES, FACTORS, adjusted=True).score == pytest.approx(1, abs=0.02)
    assert min(found.disentanglement, found.completeness, found.informativeness) > 0.98
    assert mig(AXES, FACTORS).best == sap(AXES, FACTORS).best == {"mode": 0, "script": 1, "program": 2, "tempo": 3}
    # 1 - 1 / C is the most that there is: a second dimension that knows nothing still guesses
    gaps = sap(AXES, FACTORS).factors
    assert gaps["tempo"] > 0.97
    for name, C in {"mode": 2, "script": 4, "program": 6}.items():
        assert 1 - 1 / C - 0.12 < gaps[name] <= 1 - 1 / C


def test_a_second_copy_takes_the_gap_and_completeness_but_not_disentanglement():
    twice = np.concatenate([AXES, AXES], axis=1)
    assert mig(twice, FACTORS).score == sap(twice, FACTORS).score == 0
    found = dci(twice, TWO)
    assert found.disentanglement > 0.98
    assert found.completeness < 0.75


def test_an_even_mixture_of_two_factors_scores_nothing():
    standard = np.stack([(values - values.mean()) / values.std() for values in QUANTITIES.values()], axis=1)
    mixed = standard @ np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    assert mig(standard, QUANTITIES, adjusted=True).score > 0.95
    assert sap(standard, QUANTITIES).score > 0.95
    assert mig(mixed, QUANTITIES).score < 0.05
    correlation = pearsonr(*QUANTITIES.values()).statistic
    assert sap(mixed, QUANTITIES).score == pytest.approx(abs(correlation))  # (1 + r) / 2 less (1 - r) / 2
    found = dci(mixed, QUANTITIES)
    assert max(found.disentanglement, found.completeness) < 0.1
    assert found.informativeness > 0.8  # nothing is lost, only mixed


def test_noise_scores_nothing():
    found = dci(NOISE, FACTORS)
    assert mig(NOISE, FACTORS).score < 0.05
    assert sap(NOISE, FACTORS).score < 0.05
    assert max(found.disentanglement, found.completeness, abs(found.informativeness)) < 0.15


def test_chance_is_taken_out_of_information():
    small = slice(0, 100)
    tempo = {"tempo": FACTORS["tempo"][small]}
    codes = np.stack([FACTORS["tempo"], NOISE[:, 0]], axis=1)[small]
    assert mig(codes, tempo).score < 0.6
    assert mig(codes, tempo, adjusted=True).score == pytest.approx(1, abs=0.1)
    alone = {"name": [f"बीस {row}" for row in range(100)]}  # every track its own class: all is chance
    assert mig(codes, alone, adjusted=True).score == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("score", [mig, sap])
def test_numbers_done_by_hand(score):
    codes = np.array([[0.0, 0], [0, 1], [1, 1], [1, 1]])
    second = {mig: (np.log(2) / 4 + np.log(2 / 3) / 4 + np.log(4 / 3) / 2) / np.log(2), sap: 0.75}[score]
    assert score(codes, {"f": ["a", "a", "b", "b"]}).score == pytest.approx(1 - second)


def test_information_is_scikit_learns():
    cut = [np.digitize(z, np.linspace(z.min(), z.max(), 21)[1:-1]) for z in NOISE.T]
    known = sorted(mutual_info_score(FACTORS["script"], bins) for bins in cut)
    entropy = mutual_info_score(FACTORS["script"], FACTORS["script"])
    assert mig(NOISE, {"script": FACTORS["script"]}).score == pytest.approx((known[-1] - known[-2]) / entropy)


def test_a_quantity_is_predicted_by_squared_correlation():
    codes = NOISE + AXES[:, [3]] * [0, 0.01, 0.02, 0.03, 0]
    known = sorted(pearsonr(z, FACTORS["tempo"]).statistic ** 2 for z in codes.T)
    assert sap(codes, {"tempo": FACTORS["tempo"]}).score == pytest.approx(known[-1] - known[-2])


@pytest.mark.parametrize("seed", range(5))
def test_thresholds_are_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    z, y = rng.integers(0, 8, 14), np.array([0, 1, 2, *rng.integers(0, 3, 11)])  # with ties
    best = 0.0
    for cuts in combinations(np.arange(0.5, 7), 2):
        stretch = np.digitize(z, cuts)
        for said in np.ndindex(3, 3, 3):
            best = max(best, np.mean([(np.take(said, stretch)[y == c] == c).mean() for c in range(3)]))
    assert sap(np.stack([z, np.zeros(14)], axis=1), {"f": [str(c) for c in y]}).score == pytest.approx(best - 1 / 3)


def test_order_sign_and_scale_of_dimensions_do_not_matter():
    codes = np.concatenate([AXES + 0.3 * NOISE[:, :4], NOISE], axis=1)
    turned = (codes * [-1, 2, -0.5, 1e-4, 3, -7, 1, 1e5, -1] + 11)[:, ::-1]
    for score in (mig, sap):
        one, other = score(codes, FACTORS), score(turned, FACTORS)
        assert other.factors == pytest.approx(one.factors, abs=1e-9)
        assert other.best == {name: 8 - dim for name, dim in one.best.items()}
    one, other = dci(codes, TWO), dci(turned, TWO)
    np.testing.assert_allclose(other.importance[::-1], one.importance, atol=0.03)
    assert other.disentanglement == pytest.approx(one.disentanglement, abs=0.03)


def test_order_of_tracks_does_not_matter_to_gaps():
    order = np.random.default_rng(1).permutation(N)
    shuffled = {name: values[order] for name, values in FACTORS.items()}
    for score in (mig, sap):
        assert score(NOISE[order], shuffled).factors == pytest.approx(score(NOISE, FACTORS).factors, abs=1e-9)


def test_missing_values_leave_their_factor_only():
    some = np.arange(N) % 3 > 0
    holes = {
        "script": [value if there else None for value, there in zip(FACTORS["script"], some, strict=True)],
        "tempo": np.where(some, FACTORS["tempo"], np.nan),
        "mode": FACTORS["mode"],
    }
    for score in (mig, sap):
        full, part = score(AXES, {"mode": FACTORS["mode"]}), score(AXES, holes)
        assert part.factors["mode"] == full.factors["mode"]
    kept = {name: values[some] for name, values in TWO.items()}
    assert {name: sap(AXES, holes).factors[name] for name in kept} == sap(AXES[some], kept).factors


def test_dead_dimensions_know_nothing():
    dead = np.concatenate([AXES, np.full((N, 2), 7.0)], axis=1)
    assert mig(dead, FACTORS) == mig(AXES, FACTORS)
    found = dci(dead, TWO)
    assert np.isnan(found.dimensions[4:]).all()
    assert found.disentanglement > 0.98
    nothing = dci(np.zeros((N, 3)), TWO)
    assert (nothing.disentanglement, nothing.completeness) == (0, 0)
    assert nothing.informativeness == pytest.approx(0, abs=0.05)
    assert mig(np.zeros((N, 3)), FACTORS).score == 0


def test_factors_that_say_nothing_are_left_out_with_the_reason():
    titles = [f"গান {row}" for row in range(N)]
    factors = {"tempo": FACTORS["tempo"], "key": ["دو"] * N, "mood": [None] * N, "title": titles}
    reasons = {
        "key": "it is the same for every track",
        "mood": "no track has it",
        "title": f"it has {N} classes, more than 100",
    }
    for score in (mig, sap, dci):
        assert score(AXES, factors).left_out == reasons
        assert score(AXES, {"mood": [None] * N}).left_out == {"mood": reasons["mood"]}
    assert np.isnan(mig(AXES, {"mood": [None] * N}).score)
    assert np.isnan(dci(AXES, {"mood": [None] * N}).informativeness)
    assert dci(AXES[:3], {"f": ["a", "b", "a"]}).left_out == {"f": "too few of its tracks can be held out"}
    one = mig(AXES[:, :1], {"tempo": FACTORS["tempo"]})
    assert np.isnan(one.score)
    assert one == Gap(one.score, {}, {}, {"tempo": "one dimension has no second"})


def test_same_seed_same_forest():
    few = {"script": FACTORS["script"]}
    one, same = (dci(NOISE, few, random_state=3) for _ in range(2))
    np.testing.assert_array_equal(one.importance, same.importance)
    assert one.informativeness_of == same.informativeness_of != dci(NOISE, few, random_state=4).informativeness_of


def test_classes_are_told_from_quantities():
    columns = {
        "text": ["৩", "٤", "३"] * 10,
        "truth": [True, False, None] * 10,
        "few whole": [1.0, 2.0, np.nan] * 10,
        "many whole": list(range(30)),
        "fractions": [0.5, 1.5, 2.5] * 10,
    }
    kinds = {name: factor.kind for name, factor in read_factors(columns, None, 30).items()}
    assert kinds == dict(zip(columns, ["discrete"] * 3 + ["continuous"] * 2, strict=True))
    series = pd.Series(columns["many whole"], index=range(100, 130))
    assert len(set(read_factors({"s": series}, {"s": "discrete"}, 30)["s"].values.tolist())) == 30


@pytest.mark.parametrize(
    ("codes", "factors", "kinds", "message"),
    [
        (NOISE[:3], {"f": ["a", "b"]}, None, "'f' has 2 values for 3 tracks"),
        (NOISE[0], {"f": ["a"]}, None, "shape \\(5,\\)"),
        ([[0, np.nan]], {"f": ["a"]}, None, "row 0 are not finite"),
        (NOISE[:2], {"f": ["a", "b"]}, {"f": "continuous"}, "not numbers"),
        (NOISE[:2], {"tempo": [1.5, np.inf]}, None, "infinite in row 1"),
        (NOISE[:2], {"tempo": [1, 2]}, {"temp": "discrete"}, "did you mean 'tempo'"),
        (NOISE[:2], {"tempo": [1, 2]}, {"tempo": "discreet"}, "did you mean 'discrete'"),
    ],
)
def test_wrong_use_is_refused(codes, factors, kinds, message):
    for score in (mig, sap, dci):
        with pytest.raises(UsageError, match=message):
            score(codes, factors, kinds=kinds)
