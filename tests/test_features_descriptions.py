"""Descriptions: words that only the descriptors decide."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.audio.tonality import KEYS
from musaic.errors import UsageError
from musaic.features.descriptions import MIN_TRACKS, WORDS, Describer
from musaic.features.descriptors import DIMS, table

# From the lowest to the highest track of a corpus.
SPANS = {
    "tempo": (60, 180),
    "loudness": (-30, -8),
    "energy": (0.02, 0.4),
    "brightness": (500, 4000),
    "onset_rate": (0.5, 7),
    "rhythm_regularity": (0.1, 0.9),
    "valence_proxy": (0.2, 0.8),
    "arousal_proxy": (0.2, 0.8),
}


def corpus(n: int = 40, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns = {name: rng.permutation(np.linspace(low, high, n)) for name, (low, high) in SPANS.items()}
    return pd.DataFrame(
        {
            "track_id": [f"عربي/أغنية_{i}.mp3" for i in range(n)],
            "key": rng.choice(KEYS, n),
            "mode": rng.choice(["major", "minor"], n),
            **columns,
        }
    )


def test_every_level_has_its_fifth_of_the_corpus() -> None:
    texts = Describer().fit(corpus()).describe(corpus())
    for name, words in WORDS.items():
        # longest first: "very slow" holds "slow", "moderately loud" holds "loud"
        longest = sorted(words, key=len, reverse=True)
        said = texts.map(lambda text, longest=longest: next(word for word in longest if word in text))
        assert said.value_counts().to_dict() == dict.fromkeys(words, 8), name


@pytest.mark.parametrize("name", WORDS)
def test_more_never_gets_the_word_of_less(name: str) -> None:
    describer = Describer().fit(corpus())
    low, high = SPANS[name]
    values = np.linspace(low - 1, high + 1, 200)
    levels = [WORDS[name].index(describer._word(name, value)) for value in values]
    assert levels == sorted(levels)
    assert set(levels) == set(range(5))


def test_the_order_of_tracks_and_what_else_is_known_change_nothing() -> None:
    one = corpus()
    other = one.sample(frac=1, random_state=3)
    labelled = other.assign(genre="metal", language="বাংলা", theme=np.arange(40))
    texts = Describer().fit(one).describe(one)
    again = Describer().fit(labelled).describe(labelled)
    assert texts.to_dict() == again.to_dict()
    assert again.index.tolist() == other["track_id"].tolist()


def test_a_track_alone_is_described_as_among_the_others() -> None:
    describer = Describer().fit(corpus())
    texts = describer.describe(corpus())
    for row in range(3):
        alone = corpus().iloc[[row]]
        assert describer.describe(alone).to_dict() == {alone["track_id"].iloc[0]: texts.iloc[row]}


def test_the_same_sentences_after_loading() -> None:
    describer = Describer().fit(corpus())
    head, arrays = describer.get_state()
    loaded = Describer.from_state(json.loads(json.dumps(head)), {name: a.copy() for name, a in arrays.items()})
    pd.testing.assert_series_equal(loaded.describe(corpus()), describer.describe(corpus()))
    empty = Describer.from_state(*Describer().fit(corpus(1)).get_state())
    assert empty.edges_ == {}


def test_a_track_without_descriptors_has_no_description() -> None:
    vectors = np.full((3, len(DIMS)), np.nan, np.float32)
    vectors[1] = [121.4, 1, 0, 0, -14, 0.2, 2000, 3, 0.5, 0.5, 0.5]
    described = table(("a", "b", "c"), vectors)
    texts = Describer().fit(described).describe(described)
    assert texts["a"] is None
    assert texts["c"] is None
    assert texts["b"] == "A song at about 120 BPM in a minor key."


def test_the_tonic_is_named_where_asked() -> None:
    songs = corpus().assign(key="F#", mode="major")
    for tonic, named in ((False, "in a major key."), (True, "in F sharp major.")):
        describer = Describer(tonic=tonic).fit(songs)
        assert describer.describe(songs).str.contains(named, regex=False).all()
        assert (
            Describer.from_state(*describer.get_state()).describe(songs).to_dict()
            == describer.describe(songs).to_dict()
        )


@pytest.mark.parametrize("n", range(1, MIN_TRACKS))
def test_few_tracks_are_not_compared(n: int) -> None:
    text = " ".join(Describer().fit(corpus(n)).describe(corpus(n)))
    assert not any(word in text for words in WORDS.values() for word in words)


def test_what_does_not_differ_is_not_compared() -> None:
    same = corpus().assign(loudness=-14.0, brightness=np.linspace(2000, 2010, 40))
    texts = Describer().fit(same).describe(same)
    assert not texts.str.contains("|".join(WORDS["loudness"] + WORDS["brightness"])).any()
    assert texts.str.contains("very fast").any()


def test_a_value_most_tracks_share_is_neither_high_nor_low() -> None:
    shared = corpus().assign(loudness=[-30.0] * 4 + [-14.0] * 32 + [-8.0] * 4)
    shared.loc[4:8, "loudness"] = np.linspace(-29, -28, 5)
    shared.loc[31:36, "loudness"] = np.linspace(-9, -8, 6)
    texts = Describer().fit(shared).describe(shared)
    assert texts[shared.set_index("track_id")["loudness"] == -14].str.contains("moderately loud").all()


def test_small_differences_change_no_word() -> None:
    describer = Describer().fit(corpus())
    values = {name: (low + high) / 2 + 0.3 * (high - low) / 40 for name, (low, high) in SPANS.items()}
    values["tempo"] = 131.0
    exact = corpus(1).assign(**values)
    near = exact.assign(**{name: value * (1 + 1e-7) for name, value in values.items()})
    assert describer.describe(near).to_dict() == describer.describe(exact).to_dict()
    assert "at about 130 BPM" in describer.describe(exact).iloc[0]


NUMBERS = st.floats(width=64) | st.sampled_from([0.0, -14.0, 120.0, math.inf, -math.inf, math.nan])


@given(st.lists(st.tuples(*[NUMBERS] * len(WORDS)), min_size=1, max_size=9), st.sampled_from([*KEYS, None, "H", 3]))
@settings(max_examples=60, deadline=None)
def test_wild_numbers_are_described_or_left_out(rows: list[tuple[float, ...]], key: object) -> None:
    wild = pd.DataFrame(rows, columns=list(WORDS)).assign(track_id=range(len(rows)), key=key, mode=None)
    missing = wild.replace([math.inf, -math.inf], math.nan)
    texts = Describer(tonic=True).fit(wild).describe(wild)
    assert texts.to_dict() == Describer(tonic=True).fit(missing).describe(missing).to_dict()
    assert all(text is None or (text.startswith(("A ", "The ")) and text.endswith(".")) for text in texts)
    assert not texts.astype(str).str.contains("nan|inf|  ").any()


def test_wrong_use_is_refused_in_one_sentence() -> None:
    with pytest.raises(UsageError, match="not fitted"):
        Describer().describe(corpus())
    with pytest.raises(UsageError, match="not fitted"):
        Describer().get_state()
    with pytest.raises(UsageError, match="no column mode, tempo;"):
        Describer().fit(corpus().drop(columns=["tempo", "mode"]))
    with pytest.raises(UsageError, match="twice"):
        Describer().fit(pd.concat([corpus(), corpus()]))
    with pytest.raises(UsageError, match="no number"):
        Describer().fit(corpus().assign(tempo="quick"))
