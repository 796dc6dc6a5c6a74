"""Seeds side by side are seeds one after another."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from musaic.errors import MusaicError, UsageError
from musaic.models import Frames, InputError, parse_config
from musaic.models.inputs import read_blocks
from musaic.models.seeds import _File, _opened, _shared, fit_seeds
from test_models_checkpoints import TRAININGS, all_of, fit

CONFIG, X = parse_config(TRAININGS["vade"][0]), TRAININGS["vade"][1]


@pytest.mark.slow
def test_side_by_side_as_one_after_another() -> None:
    found = fit_seeds(CONFIG, X, (3, 0), workers=2, accelerator="cpu")
    assert list(found) == [3, 0]
    for seed, model in found.items():
        alone = fit("vade", None, seed)
        assert all_of(model) == all_of(alone)  # type: ignore[arg-type]
        assert model.transform(X).tobytes() == alone.transform(X).tobytes()
        assert (model.labels_ == alone.labels_).all()  # type: ignore[attr-defined]
        assert (model.split_ == alone.split_).all()  # type: ignore[attr-defined]
    crops = parse_config(TRAININGS["crops"][0])
    given = TRAININGS["crops"][1]
    model = fit_seeds(crops, given, (3,), workers=1, accelerator="cpu")[3]
    assert all_of(model) == all_of(fit("crops", None))  # type: ignore[arg-type]


def test_one_after_another_here() -> None:
    models = fit_seeds(CONFIG, {"x": X}, range(2), workers=0, accelerator="cpu", groups=np.arange(len(X)) // 2)
    table = pd.DataFrame(X, columns=[f"বৈশিষ্ট্য {column}" for column in range(X.shape[1])])
    named = fit_seeds(CONFIG, table, (0,), workers=0)[0]
    assert named.get_state()[0]["columns"] == list(table.columns)
    with pytest.raises(InputError, match="feature names"):
        named.transform(table[table.columns[::-1]])
    assert models[0].transform(X).tobytes() != models[1].transform(X).tobytes()
    assert all((model.split_[::2] == model.split_[1::2]).all() for model in models.values())  # type: ignore[attr-defined]


def test_frames_in_a_file_stay_there_and_parts_of_one_are_the_same_part(tmp_path: Path) -> None:
    np.save(tmp_path / "mel.npy", np.arange(36, dtype=np.float16).reshape(12, 3))
    whole = np.load(tmp_path / "mel.npy", mmap_mode="r")
    for values, kept in ((whole, True), (whole[4:], False), (np.array(whole), False)):
        blocks = read_blocks(Frames(values, np.array([0, 3, len(values)])))
        with _shared(blocks, copied=True) as (given, _), ExitStack() as stack:
            assert isinstance(given["x"][0], _File) == kept
            opened = _opened(given["x"], stack)
            np.testing.assert_array_equal(opened.values[:], values)
            del opened


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(UsageError, match="give each once"):
        fit_seeds(CONFIG, X, (1, 1), workers=0)
    with pytest.raises(MusaicError, match=r"seed 4: .*90 components cannot begin"):
        fit_seeds(parse_config({**TRAININGS["vade"][0], "prior": {"n_clusters": 90}}), X, (4,), workers=0)
    with pytest.raises(UsageError, match="not finite"):
        fit_seeds(CONFIG, np.full_like(X, np.nan), (4,), workers=0)
