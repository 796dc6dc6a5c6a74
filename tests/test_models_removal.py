"""A label taken out of features: what must be gone is gone, what need not go stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.linear_model import LogisticRegression

from musaic.models import InputError
from musaic.models.config import Removal
from musaic.models.removal import LabelRemoval, read_labels
from tiny_models import GENRE, NAMES, N, missing, quick, through_json, tracks, vectors

METHODS: tuple[Removal, ...] = ("centre", "erase")
LANGUAGES = np.array(["العربية", "বাংলা", "español"], dtype=object)


def told(n: int = 120, width: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features that tell a language loudly and a theme, independent of it, quietly."""
    rng = np.random.default_rng(seed)
    language, theme = np.arange(n) % 3, np.arange(n) // 3 % 2
    X = rng.normal(size=(n, width)) @ rng.normal(size=(width, width))
    X += 9 * rng.normal(size=(3, width))[language] + 6 * rng.normal(size=(2, width))[theme]
    return X, LANGUAGES[language], theme


def accuracy(X: np.ndarray, labels: np.ndarray) -> float:
    return float(LogisticRegression(max_iter=5000).fit(X, labels.astype(str)).score(X, labels.astype(str)))


@pytest.mark.parametrize("method", METHODS)
def test_no_linear_classifier_finds_the_label_and_the_rest_stays(method: Removal) -> None:
    X, language, theme = told()
    assert accuracy(X, language) == 1.0
    clean = LabelRemoval("language", method).fit(X, language).transform(X, language)
    assert accuracy(clean, language) < 0.4  # a third is chance; cross-entropy has no better solution than none
    assert accuracy(clean, theme) == accuracy(X, theme) == 1.0
    means = np.array([clean[language == value].mean(axis=0) for value in LANGUAGES])
    np.testing.assert_allclose(means, np.tile(X.mean(axis=0), (3, 1)), atol=1e-9)


def test_erasing_changes_least_and_commutes_with_any_change_of_axes() -> None:
    X, language, _ = told()
    A = np.random.default_rng(5).normal(size=(8, 8))
    erased = LabelRemoval("language", "erase").fit(X, language).transform(X, None)
    turned = LabelRemoval("language", "erase").fit(X @ A, language).transform(X @ A, None)
    np.testing.assert_allclose(turned, erased @ A, atol=1e-7)
    # any other affine map that equalises the means, such as projecting them away orthogonally, moves the features more
    differences = X[language == LANGUAGES[0]].mean(0) - np.array([X[language == v].mean(0) for v in LANGUAGES[1:]])
    axes = np.linalg.qr(differences.T)[0]
    centred = X - X.mean(axis=0)
    projected = X - centred @ axes @ axes.T
    assert ((erased - X) ** 2).sum() < ((projected - X) ** 2).sum()
    assert np.linalg.matrix_rank(erased - X.mean(axis=0), tol=1e-6) == 6  # of 8, K - 1 = 2 are gone


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 5)), elements=st.floats(-1e3, 1e3, width=32)),
    st.data(),
)
@pytest.mark.parametrize("method", METHODS)
def test_wild_features_and_labels_never_harm(method: Removal, X: np.ndarray, data: st.DataObject) -> None:
    values: list[Any] = data.draw(st.lists(st.sampled_from(["a", "ب", None]), min_size=len(X), max_size=len(X)))
    labels = np.array(values, dtype=object)
    removal = LabelRemoval("language", method).fit(X, labels)
    clean = removal.transform(X, labels)
    assert np.isfinite(clean).all()
    again = removal.transform(clean, labels) if method == "erase" else clean
    np.testing.assert_allclose(again, clean, atol=1e-2)  # a projection: done twice is done once
    if len({value for value in values if value}) < 2:
        np.testing.assert_allclose(clean, X, atol=1e-2)  # one language: there is nothing to take out


def test_what_a_language_adds_to_its_tracks_is_gone_without_a_trace() -> None:
    X, language, _ = told()
    shifted = X + 50 * (language == LANGUAGES[1])[:, None]
    clean, moved = (LabelRemoval("language").fit(Y, language).transform(Y, language) for Y in (X, shifted))
    np.testing.assert_allclose(moved - moved.mean(axis=0), clean - clean.mean(axis=0), atol=1e-9)


def test_a_track_of_no_known_language_stays_where_it_is() -> None:
    X, language, _ = told()
    removal = LabelRemoval("language").fit(X, language)
    np.testing.assert_array_equal(removal.transform(X[:2], np.array([None, "हिन्दी"], dtype=object)), X[:2])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", NAMES)
def test_every_model_takes_labels_out_and_says_so(name: str, method: Removal) -> None:
    X = tracks("both").X
    language = np.array([*("a", "ब") * (N // 2 - 1), None, float("nan")], dtype=object)
    model = quick(name, without={"lyrics": "language"}, removal=method)
    Z = model.fit_transform(X, present=missing(), condition={"language": language})
    assert model.get_state()[0]["fitted"]["labels_used"] == ["language"]
    loaded = through_json(model)
    assert loaded.transform(X, present=missing(), condition={"language": language}).tobytes() == Z.tobytes()


def test_the_labels_that_are_given_are_those_that_are_named() -> None:
    X, language = vectors(), np.array(["a", "b"] * (N // 2))
    model = quick("raw", without="language")
    refusals = [
        (lambda: quick("raw").fit(X, condition={"language": language}), "configured without labels"),
        (lambda: model.fit(X), "condition holds nothing; 'raw' as configured needs language"),
        (lambda: model.fit(X, condition={"genre": language}), "needs language"),
        (lambda: model.fit(X, condition={"language": language[:3]}), r"shape \(3,\)"),
        (lambda: model.fit(X, condition=list(language)), "condition is a list; give the values by label"),  # type: ignore[arg-type]
        (lambda: quick("raw", without={"lirycs": "language"}).fit(X, condition={"language": language}), "'lyrics'"),
    ]
    for call, words in refusals:
        with pytest.raises(InputError, match=words):
            call()
    fitted = model.fit(X, condition={"language": language})
    with pytest.raises(InputError, match="needs language"):
        fitted.transform(X)
    erased = quick("raw", without="language", removal="erase").fit(X, condition={"language": language})
    assert erased.transform(X).tobytes() == erased.transform(X, condition={"language": language}).tobytes()


def test_labels_are_missing_in_whatever_way_a_table_says_so() -> None:
    values = ["বাংলা", "عربي", "بدون"]
    plain = read_labels({"language": [*values, None, None]}, ("language",), 5, "raw")["language"]
    assert list(plain) == [*values, None, None]
    tables = [
        pd.DataFrame({"language": pd.Series([*values, None, pd.NA], dtype="string")}),
        {"language": [*values, pd.NA, pd.NaT]},
        {"language": pd.Categorical([*values, None, np.nan])},
        {"language": [*values, "", float("nan")]},
    ]
    for table in tables:
        assert list(read_labels(table, ("language",), 5, "raw")["language"]) == list(plain)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["raw", "basic-vae", "conv2d-vae"])
def test_nothing_is_taken_out_of_frames(name: str) -> None:
    options = {"condition": {"genre": GENRE}}
    if name == "raw":  # which lays frames out as vectors
        Z = quick(name, without="genre").fit(tracks("frames").X, **options).transform(tracks("frames").X, **options)
        means = [Z[value == GENRE].mean(axis=0) for value in set(GENRE)]
        np.testing.assert_allclose(*means, atol=1e-5)
        return
    with pytest.raises(InputError, match=r"is frames, and 'genre' can be taken out of vectors only.*\(condition\)"):
        quick(name, without="genre").fit(tracks("frames").X, **options)
