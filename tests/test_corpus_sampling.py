"""Sampling takes as many of each kind, the same ones whatever the order of rows."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musaic.corpus import Corpus, CorpusConfig, Status
from musaic.corpus.rows import Row
from musaic.corpus.sampling import draw, select
from musaic.errors import UsageError

GENRES = ["rock"] * 9 + ["pop"] * 5 + ["jazz"] * 2 + [None] * 3


def corpus(genres=GENRES, **columns):
    rows = [Row(f"t{n:02d}", audio=f"t{n:02d}.mp3", genre=genre) for n, genre in enumerate(genres)]
    for name, values in columns.items():
        for row, value in zip(rows, values, strict=False):
            setattr(row, name, value)
    return Corpus.from_rows(Path("."), rows)


def genres_of(chosen):
    return Counter(chosen.tracks["genre"])


def test_balanced_means_as_many_of_each_as_the_rarest_has():
    assert genres_of(select(corpus(), CorpusConfig(balance="genre"))) == {"rock": 2, "pop": 2, "jazz": 2}


def test_n_of_each_with_what_there_is_where_there_are_fewer():
    chosen = select(corpus(), CorpusConfig(balance="genre", n=4))
    assert genres_of(chosen) == {"rock": 4, "pop": 4, "jazz": 2}
    assert "fewer: jazz (2)" in chosen.notes[-1]


def test_n_alone_draws_from_all():
    assert len(select(corpus(), CorpusConfig(n=7))) == 7
    assert len(select(corpus(), CorpusConfig(n=700))) == len(GENRES)


def test_composite_labels_balance_too():
    made = corpus(["rock", "rock", "pop", "pop", "pop"], language=["en", "bn", "en", "bn", "bn"])
    chosen = select(made, CorpusConfig(balance="language+genre"))
    assert sorted(chosen.label("language+genre")) == ["bn+pop", "bn+rock", "en+pop", "en+rock"]


def test_nothing_asked_nothing_changed():
    made = corpus()
    assert select(made, CorpusConfig()) is made


@given(st.sets(st.text(st.characters(exclude_categories=("Cs",)), min_size=1), max_size=30), st.integers(), st.data())
def test_a_draw_depends_on_ids_and_seed_alone(ids, seed, data):
    n = data.draw(st.integers(0, 30))
    shuffled = data.draw(st.permutations(sorted(ids)))
    chosen = draw(sorted(ids), n, seed)
    assert chosen == draw(shuffled, n, seed)
    assert len(chosen) == min(n, len(ids))
    assert set(draw(ids, n + 1, seed)) >= set(chosen)


@given(st.integers(1, 10), st.integers(0, 100))
def test_a_new_song_pushes_out_one_at_most(n, seed):
    ids = [f"song {number}" for number in range(20)]
    before, after = set(draw(ids, n, seed)), set(draw([*ids, "new"], n, seed))
    assert len(before - after) <= 1


def test_every_song_has_the_same_chance():
    counts = Counter(song for seed in range(2000) for song in draw("abcdefghij", 3, seed))
    assert all(abs(count - 600) < 5 * (2000 * 0.3 * 0.7) ** 0.5 for count in counts.values())


def test_required_things_are_there():
    made = corpus(["a"] * 4, lyrics=["x", None, "y", "z"], status=[Status.OK, Status.OK, Status.MISSING, Status.OK])
    assert select(made, CorpusConfig(require=("audio",))).track_ids == ("t00", "t01", "t03")
    assert select(made, CorpusConfig(require=("lyrics",))).track_ids == ("t00", "t02", "t03")
    both = select(made, CorpusConfig(require=("audio", "lyrics")))
    assert both.track_ids == ("t00", "t03")
    assert both.notes == (
        "1 of 4 tracks were left out: audio is required",
        "1 of 3 tracks were left out: lyrics is required",
    )


def test_lengths_concern_only_tracks_that_have_one():
    made = corpus(["a"] * 5, lyrics=[None] * 3 + ["words"] * 2, audio=["0", "1", "2", "3", None])
    durations = {"t00": 5.0, "t01": 30.0, "t02": 600.0}
    chosen = select(made, CorpusConfig(min_duration=10, max_duration=500), durations)
    assert chosen.track_ids == ("t01", "t03", "t04")


def test_a_draw_is_made_among_usable_tracks():
    made = corpus(["a"] * 4, status=[Status.OK, Status.EMPTY, Status.MISSING, Status.OK], lyrics=[None, None, "x"])
    assert select(made, CorpusConfig(n=3)).track_ids == ("t00", "t02", "t03")


def test_an_empty_choice_is_refused_with_what_emptied_it():
    with pytest.raises(UsageError, match="lyrics is required"):
        select(corpus(), CorpusConfig(require=("lyrics",)))
    with pytest.raises(UsageError, match="did you mean 'genre'"):
        select(corpus(), CorpusConfig(balance="gerne"))


def test_where_takes_the_values_named_whatever_their_case():
    made = corpus(["rock", "বাউল", "Rock", None], language=["english", "bangla", "hindi", "english"])
    assert list(select(made, CorpusConfig(where={"genre": "ROCK"})).track_ids) == ["t00", "t02"]
    both = select(made, CorpusConfig(where={"genre": ["rock", "বাউল"], "language": ["Bangla", "English"]}))
    assert list(both.track_ids) == ["t00", "t01"]
    assert "language is not Bangla or English" in both.notes[-1]
    with pytest.raises(UsageError, match=r"no track has; it has .*did you mean 'bangla'"):
        select(made, CorpusConfig(where={"language": "bengla"}))
