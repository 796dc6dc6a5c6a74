"""Seeds side by side are seeds one after another."""

from __future__ import annotations

import numpy as np
import pytest

from musaic.errors import MusaicError, UsageError
from musaic.models import parse_config
from musaic.models.seeds import fit_seeds
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
    assert models[0].transform(X).tobytes() != models[1].transform(X).tobytes()
    assert all((model.split_[::2] == model.split_[1::2]).all() for model in models.values())  # type: ignore[attr-defined]


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(UsageError, match="give each once"):
        fit_seeds(CONFIG, X, (1, 1), workers=0)
    with pytest.raises(MusaicError, match=r"seed 4: .*90 components cannot begin"):
        fit_seeds(parse_config({**TRAININGS["vade"][0], "prior": {"n_clusters": 90}}), X, (4,), workers=0)
    with pytest.raises(UsageError, match="not finite"):
        fit_seeds(CONFIG, np.full_like(X, np.nan), (4,), workers=0)
