"""Cluster cards: what sets a cluster apart is said, what does not is not, and no name tells a label."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact, hypergeom, mannwhitneyu

from musaic.errors import MusaicError, UsageError
from musaic.experiment.cards import Card, Descriptor, cards, write_cards
from musaic.experiment.cards.adjectives import WORDS
from musaic.experiment.cards.differences import differences
from musaic.experiment.cards.mix import mixes
from musaic.experiment.cards.naming import NO_CHARACTER, Character, names
from musaic.experiment.cards.words import LEVEL, _Table, words
from musaic.features.descriptors import DIMS
from musaic.lyrics.encoders import TextEncoder
from musaic.lyrics.terms import count_terms, tokens
from musaic.runs import Run

CELL, CLUSTERING = "pca-statistics-1a2b3c4d", "latent-kmeans-5e6f7a8b"
LANGUAGES = {"ar": "العربية", "bn": "বাংলা", "hi": "हिन्दी", "en": "English", "es": "Español"}
GENRES = ["موسيقى شعبية", "রবীন্দ্রসঙ্গীত", "शास्त्रीय संगीत", "rock", "fast folk"]
FILLER = {
    "ar": "القمر البحر الطريق المدينة الشتاء النهر السماء الريح",
    "bn": "আকাশ নদী বৃষ্টি শহর রাত্রি পাখি সূর্য বাতাস",
    "hi": "आसमान नदी बारिश शहर रात पंछी सूरज हवा",
    "en": "river rain city night bird winter window street",
    "es": "río lluvia ciudad noche pájaro invierno ventana calle",
}
LOVE = {"ar": "حبيبي", "bn": "ভালোবাসা", "hi": "मोहब्बत", "en": "darling", "es": "corazón"}


def make_run(
    folder: Path,
    clusters: Sequence[int],
    *,
    more_seeds: Sequence[Sequence[int]] = (),
    order: Sequence[int] | None = None,
    descriptors: Mapping[str, Sequence[Any]] | None = None,
    lyrics: Sequence[str | None] | None = None,
    **tracks: Sequence[Any],
) -> Run:
    """Write the files of a run that cards are made of: songs at random, unless something is planted."""
    n, rng = len(clusters), np.random.default_rng(0)
    codes = [list(LANGUAGES)[i] for i in rng.integers(0, len(LANGUAGES), n)]
    ids = [f"{LANGUAGES[code]}/{i:04d} গান.mp3" for i, code in enumerate(codes)]
    sung = [" ".join(rng.choice(FILLER[code].split(), 5)) if i % 3 else None for i, code in enumerate(codes)]
    table = pd.DataFrame(
        {
            "track_id": ids,
            "lyrics": sung if lyrics is None else lyrics,
            "title": [f"أغنية {i}" for i in range(n)],
            "artist": [f"শিল্পী {i % 11}" for i in range(n)],
            "language": [LANGUAGES[code] for code in codes],
            "language_detected": codes,
            "genre": [GENRES[i] if i % 7 else None for i in rng.integers(0, len(GENRES), n)],
            "content_id": ids,
            **tracks,
        }
    )
    sound = {name: rng.normal(10, 1, n) for name in WORDS} | {"mode": rng.choice(["major", "minor"], n)}
    latents = rng.normal(size=(n, 3)) + 4 * np.array(clusters)[:, None]
    embedding = pd.DataFrame(latents, columns=["z_000", "z_001", "z_002"]).assign(track_id=ids, var_000=1.0)
    told = pd.DataFrame({"track_id": ids, "key": "C", **sound, **(descriptors or {})})
    confidence = np.round(rng.random(n), 1)
    shuffled = list(range(n) if order is None else order)
    seeds = [clusters, *more_seeds]
    run = Run(folder)
    files: dict[Path, pd.DataFrame] = {run.tracks_file: table, run.descriptors_file: told}
    for seed, labels in enumerate(seeds):
        files[run.embedding_file(CELL, seed)] = embedding
        found = pd.DataFrame({"track_id": ids, "cluster": np.array(labels), "confidence": confidence, "status": "ok"})
        files[run.clusters_file(CELL, seed, CLUSTERING)] = found
    for path, frame in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.iloc[shuffled].to_parquet(path, index=False)
    run.experiment_file.write_text(f"seeds: {list(range(len(seeds)))}\n", "utf-8")
    return run


def made(run: Run, **options: Any) -> list[Card]:
    write_cards(run, CELL, CLUSTERING, **options)
    return cards(run, CELL, CLUSTERING)


def random_clusters(n: int, k: int, seed: int = 1) -> list[int]:
    return np.random.default_rng(seed).integers(0, k, n).tolist()


def test_the_order_of_songs_changes_no_byte(tmp_path: Path) -> None:
    clusters = [-1 if i % 13 == 0 else i % 4 for i in range(120)]
    other = random_clusters(120, 4)
    one = make_run(tmp_path / "one", clusters, more_seeds=[other])
    two = make_run(tmp_path / "two", clusters, more_seeds=[other], order=np.random.default_rng(5).permutation(120))
    assert write_cards(one, CELL, CLUSTERING).read_bytes() == write_cards(two, CELL, CLUSTERING).read_bytes()


def test_songs_that_a_clustering_does_not_know_change_nothing(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / name, [i % 3 for i in range(90)]) for name in ("one", "two")]
    for path in (runs[0].clusters_file(CELL, 0, CLUSTERING), runs[1].clusters_file(CELL, 0, CLUSTERING)):
        pd.read_parquet(path).iloc[:60].to_parquet(path, index=False)
    runs[1].tracks.iloc[:60].to_parquet(runs[1].tracks_file, index=False)
    runs[1].descriptors.iloc[:60].to_parquet(runs[1].descriptors_file, index=False)
    one, two = (made(Run(run.path)) for run in runs)
    assert one == two
    assert sum(card.size for card in one) == 60


def test_a_planted_group_gets_the_planted_adjectives(tmp_path: Path) -> None:
    clusters = random_clusters(200, 4)
    member = np.array(clusters) == 2
    rng = np.random.default_rng(2)
    planted = {
        "tempo": rng.normal(110, 10, 200) + 40 * member,
        "brightness": rng.normal(2000, 300, 200) - 260 * member,
        "mode": np.where(member | (rng.random(200) < 0.3), "minor", "major"),
        "energy": np.full(200, 0.1),
    }
    run = make_run(tmp_path, clusters, descriptors=planted, genre=["rock", "folk"] * 100)
    found = {card.cluster: card for card in made(run)}
    assert found[2].name == "very fast, minor, dark"
    assert "BPM" in found[2].text
    assert "0 % in major" in found[2].text
    tempo = next(row for row in found[2].descriptors if row.name == "tempo")
    assert tempo.mean - tempo.elsewhere == pytest.approx(40, abs=4)
    assert tempo.difference == pytest.approx((tempo.mean - tempo.elsewhere) / np.std(planted["tempo"]), rel=1e-4)


def test_what_nobody_hears_has_no_word(tmp_path: Path) -> None:
    clusters = random_clusters(100, 2)
    run = make_run(tmp_path, clusters, descriptors={"tempo": 120 + 0.1 * np.array(clusters)})
    assert {card.name.rstrip(" 12") for card in made(run)} == {NO_CHARACTER}


def test_random_clusters_have_no_character(tmp_path: Path) -> None:
    names = [
        card.name for seed in range(6) for card in made(make_run(tmp_path / str(seed), random_clusters(250, 12, seed)))
    ]
    nameless = sum(name.startswith(NO_CHARACTER) for name in names)
    assert nameless >= 0.95 * len(names)


def test_small_clusters_get_no_random_adjective() -> None:
    rng = np.random.default_rng(3)
    values = pd.DataFrame(rng.normal(size=(300, 9)), columns=list(WORDS)) * 100
    found = differences(values, np.arange(300) // 2)
    assert not any(row.word for rows in found.values() for row in rows)


def test_planted_words_are_found_and_languages_alone_are_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    codes = np.repeat(list(LANGUAGES), 40)
    clusters = np.repeat(np.arange(5), 40)  # one language each: its words are no news
    clusters[:20] = 5
    lyrics = [" ".join(rng.choice(FILLER[code].split(), 4)) for code in codes]
    lyrics[:20] = [f"{text} {LOVE['ar']} rock" for text in lyrics[:20]]
    labels = {"language": [LANGUAGES[code] for code in codes], "language_detected": codes, "genre": ["rock"] * 200}
    found = {card.cluster: card for card in made(make_run(tmp_path, clusters.tolist(), lyrics=lyrics, **labels))}
    assert f"“{LOVE['ar']}”" in found[5].name
    assert {term.term for term in found[5].terms if term.clear} == {LOVE["ar"], "rock"}  # true, but a label's word
    assert all(found[k].name.startswith(NO_CHARACTER) for k in range(5))
    best = found[3].mixes[0].values[0]
    assert (best.value, best.share, best.lift, best.clear) == ("English", 1.0, 5.0, True)


def test_no_name_holds_a_word_of_a_label(tmp_path: Path) -> None:
    clusters = [i % 5 for i in range(200)]
    lyrics = [[*LOVE.values()][k] for k in clusters]
    run = make_run(
        tmp_path,
        clusters,
        lyrics=lyrics,
        language_detected=["en"] * 200,
        mood=[LOVE["bn"] if i % 2 else f"Big {LOVE['en'].upper()}!" for i in range(200)],
        descriptors={"tempo": [170.0 if k == 0 else 100.0 for k in clusters], "loudness": np.array(clusters) * 5.0},
    )
    found = made(run)
    labels = {*GENRES, *LANGUAGES.values(), LOVE["bn"], LOVE["en"]}
    secret = {word for label in labels for word in tokens(label)}
    for card in found:
        assert not secret & set(tokens(card.name)), card.name
    told = {word for card in found for word in tokens(card.name)}
    assert {*tokens(LOVE["ar"]), *tokens(LOVE["hi"])} <= told
    assert any(row.word == "very fast" for row in found[0].descriptors)  # said with its number, not in the name


class Meanings(TextEncoder):
    """An encoder that knows one meaning in five languages."""

    name = "meanings"
    n_dims_ = 64

    def fit(self, texts: Sequence[str]) -> Self:
        return self

    def transform(self, texts: Sequence[str]) -> np.ndarray:
        out = np.zeros((len(texts), self.n_dims_), np.float32)
        for row, text in zip(out, texts, strict=True):
            rng = np.random.default_rng([ord(c) for c in text])
            row[:] = [1, *[0] * 63] if text in LOVE.values() else [0, *rng.normal(size=63)]
            row /= np.linalg.norm(row)
        return out

    def get_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"name": self.name}, {}

    @classmethod
    def from_state(cls, head: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        return cls()


def test_an_encoder_merges_one_word_of_five_languages(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    codes = [list(LANGUAGES)[i % 5] for i in range(200)]
    clusters = [int(i >= 40) for i in range(200)]
    lyrics = [" ".join([*rng.choice(FILLER[code].split(), 3), LOVE[code] * (i < 40)]) for i, code in enumerate(codes)]
    run = make_run(tmp_path, clusters, lyrics=lyrics, language_detected=codes)
    alone = made(run)[0]
    assert {term.term for term in alone.terms} >= set(LOVE.values())
    assert not any(term.stands_for for term in alone.terms)
    (merged,) = (term for term in made(run, encoder=Meanings())[0].terms if term.stands_for)
    assert {merged.term, *(word for word, _ in merged.stands_for)} == set(LOVE.values())
    assert {code: word for word, code in [(merged.term, merged.language), *merged.stands_for]} == LOVE
    assert merged.n_tracks == 40
    assert merged.p_value < min(term.p_value for term in alone.terms)


def test_few_songs_of_a_label_are_no_clear_lift() -> None:
    clusters = np.array([0] * 10 + [1] * 190)
    few = ["baul"] * 2 + ["rock"] * 8 + ["baul"] * 8 + ["rock"] * 182
    many = ["baul"] * 9 + ["rock"] * 1 + ["baul"] * 1 + ["rock"] * 189
    found = {name: mixes({name: column}, clusters)[0][0] for name, column in {"few": few, "many": many}.items()}
    lifts = {name: next(v for v in mix.values if v.value == "baul") for name, mix in found.items()}
    assert lifts["few"].lift == pytest.approx(4)
    assert not lifts["few"].clear
    assert lifts["many"].clear
    assert lifts["many"].count == 9


def test_tests_are_those_of_scipy() -> None:
    rng = np.random.default_rng(7)
    clusters = rng.integers(0, 2, 80)
    values = pd.DataFrame({"tempo": np.round(rng.normal(size=80), 1)})
    (row,) = differences(values, clusters)[0]
    a, b = (values["tempo"][clusters == k] for k in (0, 1))
    assert row.q_value == pytest.approx(mannwhitneyu(a, b, method="asymptotic", use_continuity=False).pvalue)
    column = rng.choice(["a", "b"], 80).tolist()
    share = mixes({"label": column}, clusters)[0][0].values[0]
    table = [[sum(c == k and v == x for c, v in zip(clusters, column, strict=True)) for x in "ab"] for k in (0, 1)]
    tails = [fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
    assert share.q_value == pytest.approx(min(1, 2 * min(tails)))


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
def test_the_tail_is_that_of_a_sum_of_hypergeometric_counts(strata: list[tuple[int, int, int]]) -> None:
    strata = [(texts, min(n, texts), min(size, texts)) for texts, n, size in strata]
    language = np.repeat(np.arange(len(strata)), [texts for texts, _, _ in strata])
    table = _Table(count_terms(["a"] * len(language)), language, len(strata))
    pmf = np.ones(1)
    for texts, n, size in strata:
        pmf = np.convolve(pmf, hypergeom.pmf(np.arange(texts + 1), texts, n, size))
    having, drawn = (np.array([s[i] for s in strata]) for i in (1, 2))
    for k in range(int(np.minimum(having, drawn).sum()) + 1):
        assert table.tail(k, having, drawn) == pytest.approx(pmf[k:].sum(), rel=1e-9)


def test_words_are_seldom_found_by_chance() -> None:
    rng = np.random.default_rng(8)
    vocabulary = [f"{a}{b}x" for a in "bcdfghklmnprst" for b in "aeiouäöü"]
    weights = 1 / np.arange(1, len(vocabulary) + 1)
    texts = [" ".join(rng.choice(vocabulary, 15, p=weights / weights.sum())) for _ in range(150)]
    counts = count_terms(texts)
    found = [words(counts, rng.integers(0, 6, 150)) for _ in range(30)]
    wrong = [any(term.clear for term in terms) for clustering in found for terms in clustering.values()]
    assert np.mean(wrong) <= LEVEL


def test_typical_and_doubtful_songs(tmp_path: Path) -> None:
    clusters = [i % 3 for i in range(90)]
    run = make_run(tmp_path, clusters)
    embedding = pd.read_parquet(run.embedding_file(CELL, 0)).set_index("track_id").filter(like="z_")
    tracks = run.tracks.set_index("track_id")
    own = run_clusters(run)
    centres = embedding.groupby(own["cluster"]).mean()
    for card in made(run):
        members = own.index[own["cluster"] == card.cluster]
        distance = np.linalg.norm(embedding.loc[members] - centres.loc[card.cluster], axis=1)
        assert card.medoids[0].distance == pytest.approx(distance.min(), rel=1e-5)
        assert card.medoids[0].track_id == members[distance.argmin()]
        singers = Counter(tracks.loc[[song.track_id for song in card.medoids], "artist"])
        assert max(singers.values()) == 1
        doubtful = [song.confidence for song in card.boundary]
        assert doubtful == sorted(own.loc[members, "confidence"])[:5]
        for song in card.boundary:
            away = np.linalg.norm(centres - embedding.loc[song.track_id], axis=1)
            away[card.cluster] = np.inf
            assert song.neighbour == away.argmin()
        assert card.confidence == pytest.approx(own.loc[members, "confidence"].mean(), rel=1e-5)


def run_clusters(run: Run) -> pd.DataFrame:
    return pd.read_parquet(run.clusters_file(CELL, 0, CLUSTERING)).set_index("track_id")


def test_noise_has_a_card_that_says_so(tmp_path: Path) -> None:
    clusters = [-1 if i < 30 else i % 2 for i in range(90)]
    found = made(make_run(tmp_path, clusters, descriptors={"tempo": [60.0] * 30 + [120.0] * 60}))
    noise = found[-1]
    assert [card.cluster for card in found] == [0, 1, -1]
    assert (noise.name, noise.size, noise.is_noise) == ("noise", 30, True)
    assert (noise.medoids, noise.boundary, noise.terms, noise.stability) == ((), (), (), None)
    assert "belong to" in noise.text
    assert "very slow" in noise.text
    assert sum(card.share for card in found) == pytest.approx(1, abs=1e-5)


def test_nothing_but_noise_and_one_cluster_alone(tmp_path: Path) -> None:
    (noise,) = made(make_run(tmp_path / "noise", [-1] * 20))
    assert noise.is_noise
    (everything,) = made(make_run(tmp_path / "all", [0] * 20))
    assert (everything.name, everything.boundary, everything.descriptors) == (NO_CHARACTER, (), ())


def test_stability_is_the_company_kept(tmp_path: Path) -> None:
    clusters = [0] * 20 + [1] * 20 + [2] * 20
    other = [5] * 20 + [1, 2] * 20
    found = made(make_run(tmp_path / "two", clusters, more_seeds=[other]))
    assert found[0].stability == 1
    assert found[1].stability == pytest.approx(9 / 29, rel=1e-5)
    assert all(card.stability is None for card in made(make_run(tmp_path / "one", clusters)))


def test_twins_are_told_apart() -> None:
    def row(name: str, difference: float) -> Descriptor:
        return Descriptor(name, "", 1.0, 0.0, difference, 0.0, "word")

    plain = Character(("fast", "bright", "loud", "busy"), ("ليل",))
    twins = {0: plain, 1: replace(plain, adjectives=("fast", "bright", "loud")), 2: plain, 3: plain, 4: plain}
    called = names(twins, lambda same: {0: (row("tempo", 1),), 2: (row("tempo", -1),), 3: (), 4: ()})
    assert called == {
        0: "fast, bright, loud, busy · “ليل” (higher tempo)",
        1: "fast, bright, loud · “ليل”",
        2: "fast, bright, loud, busy · “ليل” (lower tempo)",
        3: "fast, bright, loud, busy · “ليل” 1",
        4: "fast, bright, loud, busy · “ليل” 2",
    }


@given(st.lists(st.lists(st.sampled_from(["fast", "bright", "loud"]), max_size=3), min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_no_two_clusters_have_one_name(adjectives: list[list[str]]) -> None:
    found = names({k: Character(tuple(words), ()) for k, words in enumerate(adjectives)}, lambda same: {})
    assert len(set(found.values())) == len(adjectives)


def test_cards_come_back_as_they_were_written(tmp_path: Path) -> None:
    run = make_run(tmp_path, [-1 if i % 9 == 0 else i % 3 for i in range(100)])
    path = write_cards(run, CELL, CLUSTERING)
    assert path == run.cards_file(CELL, CLUSTERING)
    data = json.loads(path.read_text("utf-8"))
    assert (data["cell"], data["clustering"], data["seed"], data["n_tracks"]) == (CELL, CLUSTERING, 0, 100)
    found = cards(run, CELL, CLUSTERING)
    told = [json.loads(json.dumps(card.plain())) | {"text": card.text} for card in found]
    assert told == data["cards"]
    assert all(Card.from_plain(card.plain()) == card for card in found)


def test_every_descriptor_has_words() -> None:
    assert set(WORDS) == set(DIMS) - {"key_x", "key_y"}


def test_a_corpus_without_sound_or_lyrics_has_cards(tmp_path: Path) -> None:
    run = make_run(tmp_path, [i % 2 for i in range(40)], lyrics=[None] * 40, genre=[None] * 40, artist=[None] * 40)
    run.descriptors[["track_id"]].iloc[:3].to_parquet(run.descriptors_file, index=False)
    for card in made(Run(run.path)):
        assert (card.terms, card.descriptors, [mix.label for mix in card.mixes]) == ((), (), ["language"])


def test_wrong_use_is_refused_in_one_sentence(tmp_path: Path) -> None:
    run = make_run(tmp_path, [0, 1] * 20)
    with pytest.raises(UsageError, match="unknown clustering"):
        write_cards(run, CELL, "latent-kmeans-5e6f")
    with pytest.raises(UsageError, match="seed 7"):
        write_cards(run, CELL, CLUSTERING, seed=7)
    with pytest.raises(UsageError, match="merge_at"):
        write_cards(run, CELL, CLUSTERING, merge_at=1.5)
    with pytest.raises(UsageError, match="no cards"):
        cards(run, CELL, CLUSTERING)
    run.tracks.iloc[1:].to_parquet(run.tracks_file, index=False)
    with pytest.raises(MusaicError, match=r"tracks\.parquet"):
        write_cards(Run(tmp_path), CELL, CLUSTERING)
