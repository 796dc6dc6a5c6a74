"""Models of vectors are scikit-learn's own kind of estimator: its checks, its pipelines, its data frames."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_clusterer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from musaic.models import InputError, Pca, Raw, Vade, Vae, build, from_state, parse_config
from musaic.models.base import Representation

TINY: dict[str, Any] = {"network": {"widths": [8]}, "latent_dim": 2, "warmup": 0, "training": {"epochs": 1}}
QUICK: dict[str, dict[str, Any]] = {
    "raw": {},
    "pca": {},
    "autoencoder": TINY,
    "basic-vae": TINY,
    "beta-vae": TINY,
    "multimodal-vae": TINY,
    "vade": {**TINY, "prior": {"n_clusters": 3, "pretraining": 1, "hold": 1, "n_init": 1}},
}
NAMES = list(QUICK)


def model(name: str) -> Representation:
    return build(parse_config({"model": name, **QUICK[name]}))


def contradicting(estimator: Representation) -> dict[str, str]:
    return {
        "check_dtype_object": "wants a TypeError with NumPy's words for an entry that is no number; an array that a "
        "model cannot take is always an InputError, which is a ValueError and names the modality"
    }


@parametrize_with_checks([model(name) for name in NAMES], expected_failed_checks=contradicting)
def test_scikit_learns_own_checks(estimator: Representation, check: Callable[[Representation], None]) -> None:
    check(estimator)


@pytest.mark.parametrize("kind", [Raw, Pca, Vae, Vade])
def test_a_model_of_no_arguments_is_the_default_one(kind: type[Representation]) -> None:
    assert kind().get_params()["config"] is None
    assert is_clusterer(kind()) == (kind is Vade)


@pytest.mark.parametrize("name", NAMES)
def test_data_frames_go_in_and_come_out(name: str) -> None:
    columns = ["tempo", "লয়", "إيقاع"]
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(12, 3)), columns=columns)
    fitted = model(name).fit(frame)
    assert list(fitted.feature_names_in_) == columns
    head, arrays = fitted.get_state()
    loaded = from_state(json.loads(json.dumps(head)), arrays)
    with pytest.raises(InputError, match="same order"):
        loaded.transform(frame[columns[::-1]])
    labelled = loaded.set_output(transform="pandas").transform(frame)
    assert list(labelled.columns) == list(fitted.get_feature_names_out())
    assert labelled.to_numpy().tobytes() == fitted.transform(frame).tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_a_step_of_a_pipeline(name: str) -> None:
    X = np.random.default_rng(0).normal(size=(12, 3))
    chain = make_pipeline(FunctionTransformer(lambda x: 2 * x), model(name))
    assert chain.fit(X).transform(X).tobytes() == model(name).fit(2 * X).transform(2 * X).tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_model_that_is_not_fitted_says_so_to_both_worlds(name: str) -> None:
    with pytest.raises(NotFittedError, match=r"not fitted yet; call fit first\.$") as refusal:
        model(name).transform(np.ones((3, 2)))
    assert isinstance(refusal.value, InputError)


def test_only_a_table_has_a_number_of_features() -> None:
    X = np.random.default_rng(0).normal(size=(6, 4, 3))
    assert model("raw").fit(X[:, 0]).n_features_in_ == 3
    for other in (X, {"audio": X[:, 0]}, {"audio": X[:, 0], "lyrics": X[:, 1]}):
        assert not hasattr(model("raw").fit(other), "n_features_in_")
