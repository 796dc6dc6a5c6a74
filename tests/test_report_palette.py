from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musaic.report.palette import MOST_CLASSES, OKABE_ITO, cluster_classes, cut, label_classes, styles
from musaic.report.plotting import counted


@pytest.mark.parametrize("n", [0, 1, 8, 9, 45])
def test_styles_differ(n):
    assert len(set(styles(n))) == n


def test_up_to_eight_classes_differ_by_colour_alone():
    assert {style.color for style in styles(8)} == set(OKABE_ITO)


def test_classes_are_ordered_by_size_and_the_missing_stay_missing():
    classes = label_classes(pd.Series(["b", "a", None, "b", float("nan")]), name="genre")
    assert classes.names == ("b", "a")
    assert classes.counts == (2, 1)
    assert classes.codes.tolist() == [0, 1, -1, 0, -1]
    assert (classes.rest, classes.n_rest) == ("no genre", 2)


def test_rare_classes_share_one_entry_and_no_track_is_lost():
    column = pd.Series([f"g{i}" for i in range(70) for _ in range(1 + (i < 10))])
    classes = label_classes(column, name="genre")
    assert len(classes.names) == MOST_CLASSES
    assert classes.names[-1] == "other (26)"
    assert sum(classes.counts) == len(column)
    assert np.bincount(classes.codes).tolist() == list(classes.counts)


def test_clusters_keep_their_numbers_and_noise_is_noise():
    classes = cluster_classes(pd.Series([3, 3, -1, 10, None]))
    assert classes.names == ("3", "10")
    assert classes.codes.tolist() == [0, 0, -1, 1, -1]
    assert classes.rest == "noise"


def test_many_clusters_keep_their_numbers():
    classes = cluster_classes(pd.Series([k for k in range(60) for _ in range(60 - k)]))
    assert classes.names[:3] == ("0", "1", "2")
    assert sum(classes.counts) == sum(range(61))


@given(st.text(max_size=200), st.integers(1, 40))
def test_a_cut_name_is_short_one_line_and_does_not_grow(text, length):
    short = cut(text, length)
    assert "\n" not in short
    assert "\u202e" not in short
    assert len(short) <= len(text) + 1
    assert cut(short, length + 1) == short


def test_a_cut_does_not_tear_letters_from_their_marks():
    assert cut("शास्त्रीय", 2) in ("शा…", "श…")
    assert cut("rock", 4) == "rock"


def test_a_count_stays_right_of_a_right_to_left_name():
    assert counted("العربية", 26).startswith("\u200e")
    assert counted("العربية", 26).endswith("\u200e (26)")
