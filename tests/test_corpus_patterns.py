"""Patterns make paths out of columns, and refuse what is not there by naming what is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musaic.corpus.config import CorpusConfig
from musaic.corpus.patterns import Pattern
from musaic.errors import UsageError

NAMES = st.text(st.characters(exclude_characters="{}", exclude_categories=("Cs",)), min_size=1)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("mp3/{Filepath}", "mp3/a/Óyeme tiburón!.mp3"),
        ("lyrics/{Filepath:stem}.txt", "lyrics/Óyeme tiburón!.txt"),
        ("{filepath:name}", "Óyeme tiburón!.mp3"),
        ("x{FILEPATH:suffix}", "x.mp3"),
        ("{{{lang}}}/{lang}_{id}.txt", "{bn}/bn_7.txt"),
        ("Filepath", "a/Óyeme tiburón!.mp3"),
    ],
)
def test_a_pattern_is_filled_from_the_row_whatever_the_case_of_the_names(pattern, expected):
    row = {"filepath": "a/Óyeme tiburón!.mp3", "lang": "bn", "id": "7"}
    assert Pattern.parse(pattern).fill(row) == expected


@given(NAMES, NAMES, NAMES)
def test_literal_text_and_values_come_through_unchanged(before, value, after):
    assert Pattern.parse(f"{before}{{x}}{after}").fill({"x": value}) == before + value + after


def test_a_row_without_the_value_gives_nothing_rather_than_half_a_path():
    assert Pattern.parse("mp3/{a}-{b}.mp3").fill({"a": "1", "b": None}) is None


def test_a_column_that_is_not_there_is_refused_with_the_nearest_one():
    with pytest.raises(UsageError, match=r"t\.csv has no column 'Filpath', did you mean 'Filepath'\?"):
        Pattern.parse("mp3/{Filpath}").check(["URL", "Filepath"], "t.csv")


@pytest.mark.parametrize("pattern", ["mp3/{", "mp3/}", "{}", "{a!r}", "{a:stm}", "{:stem}"])
def test_broken_patterns_are_refused_when_the_configuration_is_read(pattern):
    with pytest.raises(UsageError):
        CorpusConfig.parse({"audio": pattern})


def test_braces_reach_columns_and_nothing_inside_python():
    pattern = Pattern.parse("{a.__class__}")
    assert pattern.columns == ("a.__class__",)
    assert pattern.fill({"a": "x"}) is None


def test_the_configuration_round_trips_and_refuses_unknown_keys_with_the_nearest():
    config = CorpusConfig.parse({"audio": "mp3/{x}", "require": "audio", "labels": ["a.csv"], "n": 3})
    assert config.require == ("audio",)
    assert CorpusConfig.parse(config.plain()) == config
    with pytest.raises(UsageError, match="did you mean 'balance'"):
        CorpusConfig.parse({"balanse": "genre"})
    with pytest.raises(UsageError, match="min_duration 5"):
        CorpusConfig.parse({"min_duration": 5, "max_duration": 4})
    with pytest.raises(UsageError, match="greater than or equal to 1"):
        CorpusConfig.parse({"n": 0})
