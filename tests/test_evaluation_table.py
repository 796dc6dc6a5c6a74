"""Records, leaderboards and who may stand first in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.evaluation import INTERVALS, LEADERBOARD, METRICS, Candidate, Metric, rank, score, summarise
from musaic.evaluation.labels import is_leaked, known_labels

PCA = Candidate("pca-1", "pca", "statistics", "audio", "kmeans", "latent-kmeans-1", "n_clusters=4", "latent")
DESIGN = """
cell model input modality clustering params space n_clusters label n_labelled seeds silhouette silhouette_sd
calinski_harabasz calinski_harabasz_sd davies_bouldin davies_bouldin_sd ari ari_sd ami ami_sd nmi nmi_sd purity
purity_sd silhouette_ref calinski_harabasz_ref davies_bouldin_ref ari_chance nmi_chance majority coverage noise_policy
stability labels_used leaked collapsed active_units seconds
"""


def data(seed: int = 0, n: int = 80) -> tuple[np.ndarray, np.ndarray, dict[str, list[Any]]]:
    rng = np.random.default_rng(seed)
    genre = np.arange(n) % 4
    Z = 3 * np.eye(4)[genre] + rng.normal(size=(n, 4))
    clusters = np.where(rng.random(n) < 0.8, genre, rng.integers(4, size=n))
    names = [None if row == 0 else f"genre-{value}" for row, value in enumerate(genre)]
    return (
        Z,
        clusters,
        {"genre": names, "language": [float("nan")] * 9 + [["bn", "en"][row % 2] for row in range(9, n)]},
    )


def records(candidate: Candidate = PCA, seeds: tuple[int, ...] = (0, 1, 2), **options: Any) -> list[dict[str, Any]]:
    found = []
    for seed in seeds:
        Z, clusters, annotations = data(seed)
        found += score(
            candidate, Z, clusters, seed=seed, **{"annotations": annotations, "n_permutations": 20, **options}
        )
    return found


def test_a_leaderboard_has_the_agreed_columns_in_order() -> None:
    rows = summarise(records(), stability={("pca-1", "latent-kmeans-1"): 0.7})
    assert list(LEADERBOARD[: len(DESIGN.split())]) == DESIGN.split()
    assert list(rows.columns[: len(LEADERBOARD)]) == list(LEADERBOARD)
    assert rows["label"].tolist() == ["genre", "language"]
    assert rows["n_labelled"].tolist() == [79, 71]
    assert rows["seeds"].tolist() == [3, 3]
    assert rows["stability"].tolist() == [0.7, 0.7]
    assert list(summarise([]).columns) == list(rows.columns)


def test_new_columns_stand_at_the_end_and_intervals_travel_with_the_records() -> None:
    found = [record | {"ami_low": 0.1, "ami_high": 0.3} for record in records()]
    row = summarise(found).iloc[0]
    end = [*INTERVALS, "homogeneity", "homogeneity_sd", "completeness", "completeness_sd", "v_measure"]
    end += ["v_measure_sd", "accuracy", "accuracy_sd", "accuracy_chance"]
    start = LEADERBOARD.index("remarks") + 1
    assert list(LEADERBOARD[start : start + len(end)]) == end
    assert (row["ami_low"], row["ami_high"]) == (0.1, 0.3)
    assert np.isnan(row["nmi_low"])
    assert row["accuracy"] > row["accuracy_chance"]
    assert row["v_measure"] == row["nmi"]


def test_means_and_deviations_are_over_seeds() -> None:
    table = pd.DataFrame(records())
    row = summarise(table).iloc[0]
    values = table.loc[table["label"] == "genre", "ami"]
    assert row["ami"] == pytest.approx(values.mean())
    assert row["ami_sd"] == pytest.approx(values.std(ddof=1))
    assert np.isnan(summarise(records(seeds=(0,))).iloc[0]["ami_sd"])


def test_missing_labels_leave_that_labels_scores_only() -> None:
    Z, clusters, annotations = data()
    whole = score(PCA, Z, clusters, seed=0, annotations=annotations)
    part = score(PCA, Z[1:], clusters[1:], seed=0, annotations={name: c[1:] for name, c in annotations.items()})
    for name in ("ari", "ami", "nmi", "purity", "majority", "ari_chance", "n_labelled"):
        assert whole[0][name] == part[0][name]
    assert whole[0]["silhouette"] != part[0]["silhouette"]
    values, known = known_labels([None, float("nan"), "", "বাংলা", 3])
    assert known.tolist() == [False, False, False, True, True]
    assert values[known].tolist() == ["বাংলা", "3"]


def test_without_labels_there_is_one_record_with_internal_scores() -> None:
    Z, clusters, _ = data()
    (record,) = score(PCA, Z, clusters, seed=0, reference=Z[:, :2])
    assert record["label"] == ""
    assert record["n_labelled"] == 0
    assert np.isnan(record["ami"])
    assert np.isfinite(record["silhouette_ref"])
    assert record["sizes"].split() == sorted(record["sizes"].split(), key=int, reverse=True)


def test_the_order_of_songs_and_the_names_of_clusters_change_no_score() -> None:
    Z, clusters, annotations = data()
    order = np.random.default_rng(3).permutation(len(Z))
    mixed = {name: [column[row] for row in order] for name, column in annotations.items()}
    first = pd.DataFrame(score(PCA, Z, clusters, seed=0, annotations=annotations, reference=Z))
    second = pd.DataFrame(score(PCA, Z[order], 3 - clusters[order], seed=0, annotations=mixed, reference=Z[order]))
    pd.testing.assert_frame_equal(first, second, rtol=1e-12)


def test_a_label_that_was_seen_is_leaked_also_as_a_part() -> None:
    assert is_leaked("genre", ("genre",))
    assert is_leaked("language+genre", ("genre",))
    assert is_leaked("genre", ("language+genre",))
    assert not is_leaked("language", ("genre",))
    assert not is_leaked("", ("genre",))
    rows = summarise(records(replace(PCA, labels_used=("genre",))))
    assert rows["leaked"].tolist() == [True, False]
    assert rows["labels_used"].tolist() == ["genre", "genre"]


def test_numbers_of_clusters_that_differ_by_seed_are_averaged() -> None:
    Z, clusters, annotations = data()
    found = score(PCA, Z, clusters, seed=0, annotations=annotations, n_permutations=9)
    found += score(PCA, Z, clusters % 2, seed=1, annotations=annotations, n_permutations=9)
    assert summarise(found)["n_clusters"].tolist() == [3, 3]


def test_a_further_metric_gets_its_columns_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        METRICS, "height", Metric("height", "internal", lambda space, clusters, random_state: space.values.max())
    )
    assert {"height", "height_sd"} <= set(summarise(records()).columns[len(LEADERBOARD) :])


def board() -> pd.DataFrame:
    """One honest row of little merit, and three that shine and may not."""
    rng = np.random.default_rng(0)
    Z, _, annotations = data()
    truth = np.arange(80) % 4
    poor = np.where(rng.random(80) < 0.5, truth, rng.integers(4, size=80))
    noisy = np.where(np.arange(80) < 50, -1, truth)
    found = []
    for candidate, clusters in (
        (replace(PCA, cell="honest"), poor),
        (replace(PCA, cell="worse"), rng.integers(4, size=80)),
        (replace(PCA, cell="leaking", labels_used=("genre",)), truth),
        (replace(PCA, cell="collapsed", collapsed=True), truth),
        (replace(PCA, cell="noisy"), noisy),
    ):
        found += score(candidate, Z, clusters, seed=0, annotations=annotations, n_permutations=9)
    return rank(summarise(found))


def test_leaked_collapsed_and_all_noise_rows_never_stand_above_honest_ones() -> None:
    rows = board()
    assert rows["cell"].tolist()[:4] == ["honest", "honest", "worse", "worse"]
    assert rows["label"].tolist()[:2] == ["genre", "language"]
    assert rows["rank"].tolist()[:4] == [1, 1, 2, 2]
    shining = rows[(rows["label"] == "genre") & rows["cell"].isin(["leaking", "collapsed", "noisy"])]
    assert shining["rank"].isna().all()
    assert (shining["ami"] > rows.iloc[0]["ami"]).any()


def test_a_leaking_cell_has_no_rank_by_another_label_either() -> None:
    rows = board()
    other = rows[(rows["cell"] == "leaking") & (rows["label"] == "language")].iloc[0]
    assert not other["leaked"]
    assert pd.isna(other["rank"])


label = st.sampled_from(["genre", "language"])
number = st.sampled_from([np.nan, np.inf, -np.inf, -1.0, 0.0, 0.3, 0.3, 1.0])


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(["genre", "language"]),
            number,
            st.booleans(),
            st.booleans(),
            number,
            number,
        ),
        min_size=1,
        max_size=10,
        unique_by=lambda row: row[:2],
    ),
    st.sampled_from([("genre", "language"), ("language",), ("genre",), ()]),
)
@settings(max_examples=25, deadline=None)
def test_no_dishonest_row_is_ever_ranked_whatever_it_scores(
    rows: list[tuple[int, str, float, bool, bool, float, float]], rank_by: tuple[str, ...]
) -> None:
    table = pd.DataFrame(
        [list(row) for row in rows],
        columns=["cell", "label", "ami", "leaked", "collapsed", "coverage", "stability"],
    ).assign(clustering_id="k", noise_policy="keep", silhouette_ref=[row[6] for row in rows], silhouette=1.0)
    table["cell"] = table["cell"].map("cell-{}".format)
    ranked = rank(table, rank_by)
    good = (~ranked["leaked"] & ~ranked["collapsed"] & (ranked["coverage"] >= 0.5)).to_numpy()
    assert (np.diff(good.astype(int)) <= 0).all()
    assert ranked.loc[~good, "rank"].isna().all()
    assert (ranked["remarks"] == "").tolist() == good.tolist()
    standing = ranked["rank"].dropna()
    assert standing.is_monotonic_increasing
    assert standing.empty or standing.iloc[0] == 1
    by = [label for label in rank_by if np.isfinite(ranked.loc[good & (ranked["label"] == label), "ami"]).any()]
    if by:
        first = ranked[ranked["rank"].notna() & (ranked["label"] == by[0])]
        assert (np.diff(first["ami"]) <= 0).all()
    pd.testing.assert_frame_equal(rank(table.sample(frac=1, random_state=0), rank_by), ranked)


def test_ties_on_genre_are_broken_by_language_and_no_label_means_stability() -> None:
    rows = board()
    rows.loc[rows["label"] == "genre", "ami"] = 0.2
    rows.loc[(rows["label"] == "language") & (rows["cell"] == "worse"), "ami"] = 0.9
    assert rank(rows).iloc[0]["cell"] == "worse"
    rows["ami"] = np.nan
    rows["stability"] = np.where(rows["cell"] == "worse", 0.9, 0.5)
    assert rank(rows).iloc[0]["cell"] == "worse"
    rows["stability"] = np.nan
    rows["silhouette_ref"] = np.where(rows["cell"] == "honest", 0.4, 0.1)
    assert rank(rows).iloc[0]["cell"] == "honest"
