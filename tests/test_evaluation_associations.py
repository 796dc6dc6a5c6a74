"""Associations of latent dimensions, and errors by label, held against SciPy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap, false_discovery_control, kruskal, rankdata, spearmanr

from musaic.errors import UsageError
from musaic.evaluation.associations import COLUMNS, associations, error_by_label

N = 200
RNG = np.random.default_rng(0)
tempo = RNG.uniform(60, 180, N).round()  # with ties
script = np.array(["عربي", "বাংলা", "हिन्दी"])[RNG.integers(0, 3, N)]
CODES = RNG.normal(size=(N, 4))
CODES[:, 1] += 0.02 * tempo
CODES[:, 2] += script == "বাংলা"


def row(table: pd.DataFrame, dim: int, name: str) -> pd.Series:
    return table[(table["dim"] == dim) & (table["name"] == name)].iloc[0]


def test_descriptors_are_spearmans():
    table = associations(CODES, descriptors={"tempo": tempo})
    assert tuple(table.columns) == COLUMNS
    assert set(table["kind"]) == {"descriptor"}
    assert set(table["n"]) == {N}
    for dim, z in enumerate(CODES.T):
        known, found = spearmanr(z, tempo), row(table, dim, "tempo")
        assert found["association"] == pytest.approx(known.statistic)
        assert found["p_value"] == pytest.approx(known.pvalue)


def test_labels_are_the_correlation_ratio_of_ranks():
    table = associations(CODES, labels={"script": script})
    for dim, z in enumerate(CODES.T):
        ranks, found = rankdata(z), row(table, dim, "script")
        between = sum((script == s).sum() * (ranks[script == s].mean() - ranks.mean()) ** 2 for s in set(script))
        ratio = between / ((ranks - ranks.mean()) ** 2).sum()
        known = kruskal(*(z[script == s] for s in sorted(set(script))))
        assert found["association"] == pytest.approx(1 - (1 - ratio) * (N - 1) / (N - 3))
        assert found["p_value"] == pytest.approx(known.pvalue)
    assert set(table["kind"]) == {"label"}


def test_q_values_are_benjamini_and_hochbergs_over_all_pairs():
    table = associations(CODES, descriptors={"tempo": tempo, "key": np.ones(N)}, labels={"script": script})
    there = table["name"] != "key"
    np.testing.assert_allclose(table["q_value"][there], false_discovery_control(table["p_value"][there]))
    assert table.loc[~there, ["association", "p_value", "q_value"]].isna().all(axis=None)
    assert len(table) == 4 * 3


def test_what_is_related_is_found_and_noise_is_not():
    table = associations(CODES, descriptors={"tempo": tempo}, labels={"script": script})
    found = table[table["q_value"] < 1e-3]
    assert set(zip(found["dim"], found["name"], strict=True)) == {(1, "tempo"), (2, "script")}


def test_perfect_is_one_and_shuffled_labels_are_zero_on_average():
    whole = associations(np.stack([tempo**3, -tempo], axis=1), descriptors={"tempo": tempo})
    np.testing.assert_allclose(whole["association"], [1, -1])
    same = associations((script == "عربي")[:, None], labels={"is": list(script == "عربي")})
    assert same["association"].item() == pytest.approx(1)
    rng = np.random.default_rng(1)
    many = {str(i): [f"গান {k}" for k in rng.integers(0, 40, N)] for i in range(100)}  # 40 labels: raw η² is .2
    assert associations(CODES[:, :1], labels=many)["association"].mean() == pytest.approx(0, abs=0.02)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_order_of_tracks_and_stretching_do_not_matter(seed):
    order = np.random.default_rng(seed).permutation(N)
    one = associations(CODES, descriptors={"tempo": tempo}, labels={"script": script})
    other = associations(
        np.exp(3 * CODES[order]), descriptors={"tempo": tempo[order]}, labels={"script": script[order]}
    )
    pd.testing.assert_frame_equal(one, other)


def test_missing_values_leave_their_pair_only():
    some = np.arange(N) % 4 > 0
    holes = [value if there else None for value, there in zip(script, some, strict=True)]
    part = associations(
        CODES,
        descriptors={"tempo": np.where(some, tempo, np.nan), "whole": tempo},
        labels={"script": holes, "few": ["क", "ख"] * 4 + [""] * (N - 8), "alone": [f"ا{i}" for i in range(N)]},
    )
    known = associations(CODES[some], descriptors={"tempo": tempo[some]}, labels={"script": script[some]})
    for name in ("tempo", "script"):
        one, other = (t[t["name"] == name].drop(columns="q_value").reset_index(drop=True) for t in (part, known))
        pd.testing.assert_frame_equal(one, other)
    assert set(part["n"][part["name"] == "whole"]) == {N}
    for name, n in {"few": 8, "alone": N}.items():
        rows = part[part["name"] == name]
        assert rows["association"].isna().all()
        assert set(rows["n"]) == {n}


def test_nothing_to_associate_is_an_empty_table():
    assert tuple(associations(CODES).columns) == COLUMNS
    assert len(associations(CODES)) == 0
    constant = associations(np.zeros((N, 2)), descriptors={"tempo": tempo}, labels={"script": script})
    assert constant["q_value"].isna().all()


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"descriptors": {"tempo": tempo[:-1]}}, "'tempo' has 199 values for 200 tracks"),
        ({"descriptors": {"tempo": ["ধীর"] * N}}, "not numbers; give it as a label"),
        ({"descriptors": {"tempo": np.where(tempo > tempo[7], np.inf, tempo)}}, "infinite in row"),
        ({"labels": {"script": script[:3]}}, "'script' has 3 values"),
    ],
)
def test_wrong_columns_are_refused(given_, message):
    with pytest.raises(UsageError, match=message):
        associations(CODES, **given_)


@pytest.mark.parametrize("codes", [np.zeros(3), np.zeros((3, 0)), [[np.nan]], [["z"]]])
def test_wrong_codes_are_refused(codes):
    with pytest.raises(UsageError, match="codes"):
        associations(codes)


def test_errors_by_label_are_means_with_intervals():
    errors = CODES[:, 2] ** 2
    table = error_by_label(errors, script, n_bootstrap=4000).set_index("label")
    assert list(table.index) == sorted(set(script))
    for label, found in table.iterrows():
        own = errors[script == label]
        assert found["n"] == len(own)
        assert found["mean"] == pytest.approx(own.mean())
        assert found["sd"] == pytest.approx(own.std(ddof=1))
        known = bootstrap((own,), np.mean, n_resamples=4000, method="percentile", rng=0).confidence_interval
        assert (found["low"], found["high"]) == pytest.approx(tuple(known), abs=0.1 * (known.high - known.low))


def test_errors_of_a_label_depend_on_its_own_tracks_only():
    errors, order = CODES[:, 0] ** 2, np.random.default_rng(2).permutation(N)
    whole, shuffled = error_by_label(errors, script), error_by_label(errors[order], script[order])
    pd.testing.assert_frame_equal(whole, shuffled)
    some = script == "বাংলা"
    alone = error_by_label(np.where(some, errors, np.nan), script)
    pd.testing.assert_frame_equal(alone, whole[whole["label"] == "বাংলা"].reset_index(drop=True))


def test_one_track_has_no_spread_and_missing_labels_leave():
    table = error_by_label([1.0, 2.0, 3.0, None], ["ग", None, "", "ग"])
    assert table.iloc[0, :3].tolist() == ["ग", 1, 1.0]
    assert table.iloc[0, 3:].isna().all()
    assert len(error_by_label([], [])) == 0


@pytest.mark.parametrize(
    ("errors", "options", "message"),
    [
        ([1.0], {}, "2 values for 1 tracks"),
        ([1.0, np.inf], {}, "infinite in row 1"),
        ([1.0, 2.0], {"level": 1.0}, "level is 1.0"),
        ([1.0, 2.0], {"n_bootstrap": 0}, "n_bootstrap 0"),
    ],
)
def test_wrong_errors_are_refused(errors, options, message):
    with pytest.raises(UsageError, match=message):
        error_by_label(errors, ["a", "b"], **options)
