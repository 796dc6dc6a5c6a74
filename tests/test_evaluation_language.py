"""Language as its own question, on embeddings whose answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from musaic.errors import UsageError
from musaic.evaluation import (
    crosslingual_neighbours,
    external_scores,
    language_entropy,
    language_report,
    neighbour_precision,
    summarise_language,
)
from musaic.evaluation import neighbours as near

TONGUES, GENRES = np.array(["বাংলা", "العربية", "हिन्दी"]), np.array(["folk", "ফোক", "رقص", "rock"])


def songs(n: int = 240, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return rng.integers(3, size=n), rng.integers(4, size=n), rng


def named(tongue: np.ndarray, genre: np.ndarray) -> dict[str, Any]:
    return {"language": TONGUES[tongue].tolist(), "genre": GENRES[genre].tolist()}


def test_the_entropy_of_a_cluster_in_closed_form() -> None:
    table = language_entropy([0, 0, 1, 1, 1, 1, -1, 2], ["bn", "ar", "bn", "bn", "bn", "bn", "ar", None])
    assert table["cluster"].tolist() == [0, 1]
    assert table["n"].tolist() == [2, 4]
    np.testing.assert_allclose(table["entropy"], [np.log(2), 0])
    np.testing.assert_allclose(table["share"], [1, 0])
    assert language_entropy([0, 0], ["bn", "bn"])["share"].isna().all()


def test_genre_without_language_is_found_across_languages_and_language_alone_is_not() -> None:
    tongue, genre, rng = songs()
    blind = np.eye(4)[genre] + 0.1 * rng.normal(size=(240, 4))
    found = language_report(blind, **named(tongue, genre), clusters=genre, n_permutations=99)
    assert found["across_queries"] == found["n_tracks"] == 240
    for k in (1, 5, 10):
        assert found[f"across_{k}"] == 1
        assert found[f"across_{k}_chance"] == pytest.approx(0.25, abs=0.05)
        assert found[f"across_{k}_p"] == pytest.approx(0.01)
    assert found["language_entropy_share"] == pytest.approx(1, abs=0.03)
    assert found["genre_ami"] == pytest.approx(1)
    assert found["genre_ami_within"] == pytest.approx(1)
    deaf = language_report(np.eye(3)[tongue], **named(tongue, genre), clusters=tongue, n_permutations=99)
    assert deaf["language_nmi"] == pytest.approx(1)
    assert deaf["language_entropy"] == pytest.approx(0)
    assert np.isfinite(deaf["genre_ami"])
    assert deaf["genre_ami_within"] == pytest.approx(0, abs=1e-9)
    assert deaf["across_5_p"] > 0.01
    assert deaf["across_5"] == pytest.approx(deaf["across_5_chance"], abs=0.03)


def test_without_any_sense_p_values_are_spread() -> None:
    p_values = []
    for seed in range(25):
        tongue, genre, rng = songs(90, seed)
        found = crosslingual_neighbours(rng.normal(size=(90, 3)), **named(tongue, genre), ks=(5,), n_permutations=60)
        p_values.append(found["across_5_p"])
    assert 0.3 < np.mean(p_values) < 0.7


def test_neighbours_across_are_those_of_the_precision() -> None:
    tongue, genre, rng = songs()
    Z = rng.normal(size=(240, 3)) + np.eye(4)[genre][:, :3]
    for groups in (None, [f"artist-{i % 40}" for i in range(240)]):
        found = crosslingual_neighbours(Z, **named(tongue, genre), groups=groups, ks=(7,), n_permutations=1)
        direct = neighbour_precision(Z, genre.tolist(), k=7, domains=tongue.tolist(), where="across", groups=groups)
        assert found["across_7"] == pytest.approx(direct.precision)
        assert found["across_queries"] == direct.n_queries


def test_order_of_songs_and_names_of_clusters_change_nothing() -> None:
    tongue, genre, rng = songs()
    Z = np.round(rng.normal(size=(240, 2)), 1)  # many ties
    labels = named(tongue, genre)
    labels["genre"][3], labels["language"][5] = None, ""
    artists = [f"artist-{i % 50}" if i % 7 else None for i in range(240)]
    clusters = rng.integers(-1, 5, size=240)
    first = language_report(Z, **labels, groups=artists, clusters=clusters, n_permutations=20)
    order = rng.permutation(240)
    mixed = {name: [column[row] for row in order] for name, column in {**labels, "groups": artists}.items()}
    names = np.append(rng.permutation(5), -1)
    second = language_report(Z[order], **mixed, clusters=names[clusters][order], n_permutations=20)
    assert second == pytest.approx(first, rel=1e-12, nan_ok=True)
    assert {k: v for k, v in second.items() if k.startswith("across")} == {
        k: v for k, v in first.items() if k.startswith("across")
    }


def test_genre_within_languages_is_the_mean_weighted_by_songs() -> None:
    tongue, genre, rng = songs()
    clusters = np.where(rng.random(240) < 0.5, genre, rng.integers(4, size=240))
    found = language_report(np.zeros((240, 1)), **named(tongue, genre), clusters=clusters, n_permutations=1)
    within = [external_scores(genre[tongue == i], clusters[tongue == i])["nmi"] for i in range(3)]
    assert [found[f"genre_nmi:{name}"] for name in TONGUES] == pytest.approx(within)
    assert found["genre_nmi_within"] == pytest.approx(np.average(within, weights=np.bincount(tongue)))


def test_what_is_not_there_is_not_scored() -> None:
    tongue, genre, rng = songs(30)
    Z = rng.normal(size=(30, 2))
    assert set(language_report(Z, language=TONGUES[tongue].tolist())) == {"n_tracks", "n_languages"}
    apart = language_report(Z, language=GENRES[genre].tolist(), genre=GENRES[genre].tolist(), n_permutations=3)
    assert apart["across_queries"] == 0
    assert np.isnan(apart["across_1"])
    nobody = language_report(Z, language=[None] * 30, genre=[None] * 30, clusters=np.zeros(30), n_permutations=3)
    assert nobody["n_languages"] == 0
    assert np.isnan(nobody["language_entropy"])
    with pytest.raises(UsageError, match="differ in length"):
        language_report(Z, language=["bn"])
    with pytest.raises(UsageError, match="from 1"):
        language_report(Z, language=["bn"] * 30, genre=["folk"] * 30, ks=(0,))


def test_queries_of_very_many_songs_are_sampled_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    tongue, genre, rng = songs()
    Z = rng.normal(size=(240, 4)) + 2 * np.eye(4)[genre]
    whole = crosslingual_neighbours(Z, **named(tongue, genre), n_permutations=9)
    monkeypatch.setattr(near, "SAMPLE", 150)
    part = crosslingual_neighbours(Z, **named(tongue, genre), n_permutations=9)
    assert (whole["across_sampled"], part["across_sampled"]) == (False, True)
    assert (whole["across_queries"], part["across_queries"]) == (240, 150)
    assert part["across_5"] == pytest.approx(whole["across_5"], abs=0.06)
    sampled = near.neighbour_precision(Z, genre.tolist(), k=5)
    assert sampled.sampled
    assert sampled.n_queries == 150


def test_a_cell_is_one_row_of_means_and_deviations() -> None:
    records = [
        {"cell": cell, "seed": seed, "across_1": value, "across_1_p": value / 2, "n_tracks": 9 + seed, "s": seed > 0}
        for cell, seed, value in (("b", 0, 0.2), ("a", 1, 0.4), ("a", 0, 0.6))
    ]
    rows = summarise_language(records)
    assert rows["cell"].tolist() == ["a", "b"]
    assert rows["seeds"].tolist() == [2, 1]
    assert rows["across_1"].tolist() == pytest.approx([0.5, 0.2])
    assert rows["across_1_sd"][0] == pytest.approx(np.std([0.4, 0.6], ddof=1))
    assert np.isnan(rows["across_1_sd"][1])
    assert rows["across_1_p"].tolist() == [0.3, 0.1]
    assert rows["n_tracks"].tolist() == [9, 9]
    assert rows["s"].tolist() == [True, False]
    assert summarise_language([]).empty
