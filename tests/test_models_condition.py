"""Labels as numbers and vectors: nothing is lost on the way, what is missing or unseen is treated as asked."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.models import InputError
from musaic.models.removal import read_labels
from musaic.models.vae.condition import ConditionEmbedding, Vocabulary

LANGUAGES = ("العربية", "বাংলা", "español", "हिन्दी")
TEXT = st.one_of(st.none(), st.sampled_from(LANGUAGES))


def columns(**labels: list[str | None]) -> dict[str, np.ndarray]:
    return read_labels(labels, tuple(labels), len(next(iter(labels.values()))), "cvae")


SONGS = columns(language=["العربية", "বাংলা", "العربية", None], genre=["ラップ", None, "fado", "fado"])


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_codes_are_the_place_among_sorted_values_and_lead_back(rows: list[tuple[str | None, str | None]]) -> None:
    labels = columns(language=[row[0] for row in rows], genre=[row[1] for row in rows])
    vocabulary = Vocabulary.fit(labels)
    codes = vocabulary.codes(labels)
    assert codes.dtype == np.int64
    for column, name in enumerate(labels):
        known = vocabulary.values[name]
        assert known == tuple(sorted(set(labels[name]) - {None}))
        assert [(None, *known)[code] for code in codes[:, column]] == list(labels[name])
        np.testing.assert_allclose(
            vocabulary.shares[name], [np.mean(labels[name][codes[:, column] > 0] == value) for value in known]
        )
    restored = Vocabulary.from_state(json.loads(json.dumps(vocabulary.get_state())))
    assert restored == vocabulary
    assert restored.codes(labels).tobytes() == codes.tobytes()


def test_order_of_songs_does_not_change_what_a_value_is_called() -> None:
    order = [2, 0, 3, 1]
    turned = {name: column[order] for name, column in SONGS.items()}
    assert Vocabulary.fit(turned) == Vocabulary.fit(SONGS)


def test_an_unseen_value_is_refused_by_name_or_left_open() -> None:
    vocabulary = Vocabulary.fit(SONGS)
    strange = columns(language=["हिन्दी", "العربية"], genre=["fado", None])
    with pytest.raises(InputError, match=r"'language' has 'हिन्दी'.*knows 'العربية', 'বাংলা'.*unseen: marginalise"):
        vocabulary.codes(strange)
    np.testing.assert_array_equal(vocabulary.codes(strange, unseen="marginalise"), [[-1, 1], [1, 0]])


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=12), st.lists(st.tuples(TEXT, TEXT), min_size=1))
@settings(max_examples=30, deadline=None)
def test_suppositions_weigh_one_a_track_and_change_only_what_is_unseen(
    fitted: list[tuple[str | None, str | None]], rows: list[tuple[str | None, str | None]]
) -> None:
    vocabulary = Vocabulary.fit(columns(language=[row[0] for row in fitted], genre=[row[1] for row in fitted]))
    codes = vocabulary.codes(columns(language=[row[0] for row in rows], genre=[row[1] for row in rows]), "marginalise")
    weight, expected_code = np.zeros(len(codes)), np.zeros(codes.shape)
    for share in vocabulary.marginal(codes):
        assert (share.codes >= 0).all()
        assert ((share.codes == codes[share.rows]) | (codes[share.rows] == -1)).all()
        weight[share.rows] += share.weight
        expected_code[share.rows] += share.weight * share.codes
    np.testing.assert_allclose(weight, 1)
    # the expectation of anything of one label is that over the label's own shares
    for column, shares in enumerate(vocabulary.shares.values()):
        mean = np.arange(1, len(shares) + 1) @ shares
        np.testing.assert_allclose(expected_code[:, column], np.where(codes[:, column] < 0, mean, codes[:, column]))


def test_a_track_without_unseen_labels_is_met_once() -> None:
    vocabulary = Vocabulary.fit(SONGS)
    codes = np.array([[1, 2], [-1, 1], [0, 0], [-1, -1]])
    met = [(row, share.weight) for share in vocabulary.marginal(codes) for row in share.rows.tolist()]
    assert [weight for row, weight in met if row in (0, 2)] == [1.0, 1.0]
    np.testing.assert_allclose([w for row, w in met if row == 1], [2 / 3, 1 / 3])
    np.testing.assert_allclose([w for row, w in met if row == 3], np.outer([2 / 3, 1 / 3], [2 / 3, 1 / 3]).ravel())


def test_a_label_that_nobody_has_is_unknown_and_nothing_else() -> None:
    vocabulary = Vocabulary.fit(columns(language=[None, None]))
    codes = vocabulary.codes(columns(language=["বাংলা", None]), "marginalise")
    assert [(share.weight, share.codes.tolist()) for share in vocabulary.marginal(codes)] == [(1.0, [[0]])] * 2


def test_every_value_has_a_vector_of_its_own_and_labels_stand_side_by_side() -> None:
    torch.manual_seed(0)
    embedding = ConditionEmbedding(Vocabulary.fit(SONGS).sizes, dim=5).eval()
    assert embedding.width == 10
    vectors = embedding(torch.tensor([[0, 0], [1, 0], [2, 1], [2, 2]]))
    assert vectors.shape == (4, 10)
    assert len(torch.unique(vectors[:3, :5], dim=0)) == len(torch.unique(vectors[1:, 5:], dim=0)) == 3
    assert torch.equal(vectors[2, :5], vectors[3, :5])


def test_labels_are_withheld_while_training_only_as_often_as_asked_and_by_the_seed() -> None:
    embedding = ConditionEmbedding({"language": 3, "genre": 2}, drop=0.25)
    codes = torch.randint(1, 3, (20_000, 2), generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    found = embedding.dropped(codes)
    withheld = found == 0
    assert torch.equal(found[~withheld], codes[~withheld])
    np.testing.assert_allclose(withheld.double().mean(dim=0), 0.25, atol=0.015)
    assert withheld.all(dim=1).double().mean().item() == pytest.approx(0.25**2, abs=0.01)  # label by label
    torch.manual_seed(1)
    assert torch.equal(embedding.dropped(codes), found)
    assert torch.equal(embedding.eval().dropped(codes), codes)


def test_unknown_is_learned_though_no_label_is_missing() -> None:
    embedding = ConditionEmbedding({"language": 2}, drop=0.5)
    torch.manual_seed(0)
    embedding(embedding.dropped(torch.ones(64, 1, dtype=torch.int64))).sum().backward()
    gradient = embedding.vectors[0].weight.grad
    assert (gradient[:2] != 0).all()
    assert (gradient[2] == 0).all()
