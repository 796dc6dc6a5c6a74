"""Probes and transfer to a language that was left out, on embeddings whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from musaic.errors import UsageError
from musaic.evaluation import internal, language_transfer, majority_share, probe, probes
from musaic.evaluation.probes import KINDS

GENRES = np.array(["ফোক", "رقص", "राग", "rock"])


def songs(n: int = 160, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    genre = rng.integers(4, size=n)
    return np.eye(4)[genre] * 6 + rng.normal(size=(n, 4)), genre, rng


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there_is_read_and_what_is_not_is_not(kind: probes.ProbeKind) -> None:
    Z, genre, rng = songs()
    found = probe(Z, GENRES[genre].tolist(), kind=kind)
    assert min(found.accuracy, found.balanced_accuracy, found.macro_f1) > 0.95
    assert found.majority == majority_share(genre)
    assert found.chance == pytest.approx(((np.bincount(genre) / 160) ** 2).sum())
    noise = probe(rng.normal(size=(160, 4)), GENRES[genre].tolist(), kind=kind)
    assert noise.accuracy == pytest.approx(0.25, abs=0.12)
    nothing = probe(np.zeros((160, 4)), GENRES[genre].tolist(), kind=kind)
    assert nothing.accuracy <= nothing.majority
    assert (found.n_splits, found.grouped, found.note) == (5, False, "")


@pytest.mark.parametrize("kind", KINDS)
def test_an_artist_that_is_known_by_heart_earns_nothing(kind: probes.ProbeKind) -> None:
    """Each artist has one genre and one place, which says nothing of the genre's other artists."""
    rng = np.random.default_rng(0)
    artist = np.repeat(np.arange(16), 15)
    Z = 9 * rng.normal(size=(16, 24))[artist] + 0.1 * rng.normal(size=(240, 24))
    labels, names = GENRES[artist % 4].tolist(), [f"artist {one}" for one in artist]
    assert probe(Z, labels, kind=kind).accuracy > 0.9
    grouped = probe(Z, labels, kind=kind, groups=names)
    assert grouped.grouped
    assert grouped.accuracy < 0.5
    assert not probe(Z, labels, kind=kind, groups=[None, ""] * 120).grouped


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_songs_changes_nothing(kind: probes.ProbeKind) -> None:
    Z, genre, rng = songs()
    Z[:, 0] = np.round(Z[:, 0])
    labels = [None if row % 11 == 0 else GENRES[value] for row, value in enumerate(genre)]
    artists = [f"artist {row % 30}" if row % 3 else None for row in range(160)]
    order = rng.permutation(160)
    mixed = [labels[row] for row in order]
    for groups in (None, artists):
        again = None if groups is None else [groups[row] for row in order]
        assert probe(Z[order], mixed, kind=kind, groups=again) == probe(Z, labels, kind=kind, groups=groups)


def test_missing_and_rare_labels_leave_and_are_counted() -> None:
    Z, genre, _ = songs()
    labels = [*GENRES[genre][:150].tolist(), *["waltz"] * 3, "fado", None, "", float("nan"), "rock", "rock", "rock"]
    Z[159] = np.nan
    found = probe(Z, labels)
    assert (found.n, found.n_classes, found.n_rare, found.rare_classes) == (152, 4, 4, 2)
    assert found.note == "4 tracks of 2 rare classes left out"
    solo = [f"artist {row}" if label != "rock" else "the only one" for row, label in enumerate(labels)]
    assert probe(Z, labels, groups=solo).rare_classes == 3
    nobody = probe(Z, ["rock"] * 160)
    assert np.isnan(nobody.accuracy)
    assert (nobody.n_splits, nobody.note) == (0, "fewer than two classes that can be split")
    assert probe(np.zeros((0, 3)), []).n == 0


def test_very_many_songs_are_sampled_and_wrong_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    Z, genre, _ = songs()
    labels = GENRES[genre].tolist()
    monkeypatch.setattr(probes, "SAMPLE", 100)
    assert (probe(Z, labels).n, probe(Z, labels).sampled) == (100, True)
    assert internal.SAMPLE == 20_000
    for options, said in (({"n_splits": 1}, "n_splits"), ({"kind": "tree"}, "probe"), ({"C": 0}, "C is 0")):
        with pytest.raises(UsageError, match=said):
            probe(Z, labels, **options)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="do not belong together"):
        probe(Z, labels[1:])


def test_a_record_has_columns_of_its_own() -> None:
    Z, genre, _ = songs(40)
    record = probe(Z, GENRES[genre].tolist(), kind="knn").record("genre")
    assert set(record) >= {"genre_knn_accuracy", "genre_knn_majority", "genre_knn_n_classes", "genre_knn_grouped"}


def test_genre_that_lies_alike_in_all_languages_transfers() -> None:
    Z, genre, _ = songs(300)
    labels = GENRES[genre].tolist()
    found = language_transfer(Z[:220], labels[:220], Z[220:], labels[220:], clusters=genre[220:])
    assert (found["n"], found["n_classes"], found["n_unseen"]) == (80, 4, 0)
    assert min(found["linear_accuracy"], found["knn_accuracy"], found["linear_within_accuracy"]) > 0.9
    assert found["cluster_ami"] == pytest.approx(1)
    assert found["majority"] == majority_share(labels[220:])


def test_genre_that_lies_elsewhere_in_the_left_out_language_does_not() -> None:
    Z, genre, _ = songs(300)
    labels = GENRES[genre].tolist()
    turned = Z[220:][:, [1, 2, 3, 0]]
    found = language_transfer(Z[:220], labels[:220], turned, labels[220:])
    assert max(found["linear_accuracy"], found["knn_accuracy"]) < 0.1
    assert min(found["linear_within_accuracy"], found["knn_within_accuracy"]) > 0.9
    assert "cluster_ami" not in found


def test_genres_nobody_could_know_are_counted_and_order_is_nothing() -> None:
    Z, genre, rng = songs(200)
    labels = [None if row == 4 else GENRES[value] for row, value in enumerate(genre)]
    here, there = labels[:140], [*labels[140:190], *["fado"] * 10]
    found = language_transfer(Z[:140], here, Z[140:], there)
    assert (found["n"], found["n_unseen"]) == (50, 10)
    first, second = rng.permutation(140), rng.permutation(60)
    mixed = language_transfer(Z[:140][first], [here[i] for i in first], Z[140:][second], [there[i] for i in second])
    assert mixed == pytest.approx(found, rel=1e-12)
    alone = language_transfer(Z[:140], ["waltz"] * 140, Z[140:], there)
    assert alone["n"] == 0
    assert np.isnan([alone["linear_accuracy"], alone["majority"]]).all()
    with pytest.raises(UsageError, match="of one model"):
        language_transfer(Z, labels, Z[:, :2], labels)
