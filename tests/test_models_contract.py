"""What holds for every registered model, every kind of input, every fusion and their combinations."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from musaic.errors import UsageError
from musaic.models import MODELS, Frames, InputError, Vade, Vae, build, parse_config
from musaic.models.base import Representation
from tiny_models import (
    BANDS,
    BASELINES,
    CROP,
    DENSE_NAMES,
    LANGUAGE,
    NAMES,
    QUICK,
    N,
    Tracks,
    quick,
    through_json,
    told,
    tracks,
)

EVERYTHING: dict[str, Any] = {
    "condition": ["language"],
    "unseen": "marginalise",
    "fusion": "poe",
    "penalties": ["crop-consistency", {"kind": "independence", "label": "genre"}, "free-bits"],
    "pooling": "mean+std",
    "scaling": {"mel": "per-track"},
}
ADVERSARY = {"penalties": {"kind": "independence", "label": "genre", "method": "adversary"}, "cycles": 2}

CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    **{f"{name}, {kind}": (name, {}, kind) for name in NAMES for kind in ("frames", "missing")},
    **{f"{name}, vectors": (name, {}, "vectors") for name in DENSE_NAMES},
    **{
        f"{fusion}, missing": ("basic-vae", {"fusion": fusion}, "missing")
        for fusion in ("early", "late", "weighted", "attention", "poe", "moe")
    },
    "late beside features as they are": (
        "basic-vae",
        {"fusion": {"kind": "late", "weights": {"mel": 2.0}, "as_is": ["lyrics"]}, "pooling": "mean+std"},
        "missing",
    ),
    "conditional multimodal vade with penalties": ("vade", EVERYTHING, "missing"),
    "late vade": ("vade", {"fusion": "late"}, "missing"),
    "mixture of experts with a penalty": ("beta-vae", {"fusion": "moe", **ADVERSARY}, "both"),
    "convolutions with everything": ("conv2d-vae", {**EVERYTHING, "fusion": "attention"}, "missing"),
    "cosine": ("basic-vae", {"scaling": "none", "likelihood": {"lyrics": "cosine"}, "fusion": "moe"}, "missing"),
}
DISTINCT = ["raw", "pca", "basic-vae", "vade"]
"""Models of different code; the other names of dense models are other numbers in the same."""
STREAMED = ["basic-vae, missing", "vade, frames", "convolutions with everything", "mixture of experts with a penalty"]
FRAMES = [case for case, (name, _, kind) in CASES.items() if kind != "vectors" and name not in BASELINES]
SEVERAL = [case for case, (_, _, kind) in CASES.items() if kind in ("both", "missing")]
every_case = pytest.mark.parametrize("case", CASES)
every_name = pytest.mark.parametrize("name", NAMES)


def unfitted(case: str, **options: Any) -> Representation:
    name, own, _ = CASES[case]
    return quick(name, **{**own, **options})


def fit(case: str, given: Tracks | None = None, y: Any = None, **options: Any) -> Representation:
    model, given = unfitted(case, **options), given or tracks(CASES[case][2])
    return model.fit(given.X, y, present=given.present, condition=told(model))


@functools.cache
def fitted(case: str) -> Representation:
    return fit(case)


def embed(model: Representation, given: Tracks, labels: Any = None) -> np.ndarray:
    return model.transform(given.X, present=given.present, condition=told(model) if labels is None else labels)


@functools.cache
def embedded(case: str) -> np.ndarray:
    return embed(fitted(case), tracks(CASES[case][2]))


def state(model: Representation) -> tuple[str, dict[str, bytes]]:
    head, arrays = model.get_state()
    return json.dumps(head), {name: array.tobytes() for name, array in arrays.items()}


def taken(given: Tracks, rows: np.ndarray) -> Tracks:
    def of(values: Any) -> Any:
        return values.take(rows) if isinstance(values, Frames) else values[rows]

    X = {name: of(values) for name, values in given.X.items()} if isinstance(given.X, dict) else of(given.X)
    return Tracks(X, given.present and {name: flags[rows] for name, flags in given.present.items()})


def spoilt(given: Tracks, garbage: float) -> Tracks:
    """Return the tracks with garbage where they are marked absent."""
    assert given.present is not None
    X: dict[str, Any] = {}
    for name, values in given.X.items():
        absent = ~given.present[name]
        if isinstance(values, Frames):
            rows = np.repeat(absent, values.lengths)[:, None]
            X[name] = Frames(np.where(rows, np.float32(garbage), values.values[:]), values.offsets)
        else:
            X[name] = np.where(absent[:, None], np.float32(garbage), values)
    return Tracks(X, given.present)


@every_case
def test_every_track_gets_a_finite_vector(case: str) -> None:
    Z = embedded(case)
    assert Z.shape == (N, fitted(case).n_dims_)
    assert Z.dtype == np.float32
    assert np.isfinite(Z).all()


@every_name
@pytest.mark.parametrize("n", [3, 10])
def test_a_few_tracks_are_enough(name: str, n: int) -> None:
    few = taken(tracks("frames"), np.arange(n))
    labels = {"language": LANGUAGE[:n]} if told(name) else None
    assert np.isfinite(quick(name).fit_transform(few.X, condition=labels)).all()


@every_case
def test_same_seed_same_bytes_on_any_number_of_threads_and_nothing_global_is_touched(case: str) -> None:
    def world() -> tuple[Any, ...]:
        legacy: Any = np.random.get_state()
        return legacy[1].tobytes(), torch.get_rng_state().numpy().tobytes(), torch.get_num_threads()

    np.random.seed(1)
    torch.manual_seed(2)
    with threadpool_limits(2):
        before = world()
        again = fit(case)
        Z = embed(again, tracks(CASES[case][2]))
        assert world() == before
    assert Z.tobytes() == embedded(case).tobytes()
    assert state(again) == state(fitted(case))


@pytest.mark.parametrize("name", [*DISTINCT, "conv1d-vae", "deep-conv-vae"])
def test_the_number_of_threads_changes_no_byte_of_larger_sums(name: str) -> None:
    X = np.random.default_rng(0).normal(size=(300, 17, 9)).cumsum(axis=1)
    found = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            model = quick(name, training={"epochs": 1}) if name not in BASELINES else quick(name)
            found.append((model.fit_transform(X).tobytes(), state(model)))
    assert found[0] == found[1]


@every_case
def test_after_loading_the_same_bytes_come_out(case: str) -> None:
    model, given = fitted(case), tracks(CASES[case][2])
    loaded, labels = through_json(model), told(model)
    assert embed(loaded, given).tobytes() == embedded(case).tobytes()
    assert (loaded.config_, loaded.n_dims_, loaded.forms_) == (model.config_, model.n_dims_, model.forms_)
    assert state(loaded) == state(model)
    if isinstance(model, Vae):
        assert isinstance(loaded, Vae)
        Z = np.zeros((2, model.module_.n_latent))
        for name, values in model.decode(Z).items():
            assert loaded.decode(Z)[name].tobytes() == values.tobytes()
        assert {name: array.tolist() for name, array in loaded.variance_.items()} == {
            name: array.tolist() for name, array in model.variance_.items()
        }
        posteriors = [m.posterior(given.X, present=given.present, condition=labels) for m in (model, loaded)]
        assert posteriors[0][1].tobytes() == posteriors[1][1].tobytes()
        assert (loaded.active_units_, loaded.collapsed_) == (model.active_units_, model.collapsed_)
    if isinstance(model, Vade):
        assert isinstance(loaded, Vade)
        gamma = [m.responsibilities(given.X, present=given.present, condition=labels) for m in (model, loaded)]
        assert gamma[0].tobytes() == gamma[1].tobytes()
        assert (gamma[0].argmax(axis=1) == model.labels_).all()


@pytest.mark.parametrize("name", ["raw", "pca", "basic-vae"])
@pytest.mark.parametrize("scaling", ["none", "standard", "robust", "per-track"])
def test_every_scaling_survives_loading(name: str, scaling: str) -> None:
    given = tracks("missing")
    model = quick(name, scaling=scaling, weights={"lyrics": 2.0}).fit(given.X, present=given.present)
    assert embed(through_json(model), given).tobytes() == embed(model, given).tobytes()


@pytest.mark.parametrize("case", [case for case in SEVERAL if CASES[case][2] == "missing"])
def test_values_of_absent_tracks_never_matter_nor_does_y(case: str) -> None:
    """Labels in ``y``, which every step of a pipeline is handed, never reach a model."""
    for garbage in (np.nan, np.inf, 1e30):
        bad = spoilt(tracks("missing"), garbage)
        assert embed(fitted(case), bad).tobytes() == embedded(case).tobytes()
        if garbage != np.inf:
            assert state(fit(case, bad, y=np.arange(N) % 4)) == state(fitted(case))


@every_case
def test_embeddings_do_not_depend_on_the_company_or_the_order(case: str) -> None:
    model, rows = fitted(case), np.random.default_rng(0).permutation(N)[:13]
    labels = {name: column[rows] for name, column in (told(model) or {}).items()} or None
    part = embed(model, taken(tracks(CASES[case][2]), rows), labels)
    np.testing.assert_allclose(part, embedded(case)[rows], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", SEVERAL)
@pytest.mark.parametrize("alone", ["mel", "lyrics"])
def test_a_modality_left_out_is_absent(case: str, alone: str) -> None:
    X = tracks("both").X
    nobody = {name: np.full(N, name == alone) for name in X}
    left_out = embed(fitted(case), Tracks({alone: X[alone]}))
    assert np.isfinite(left_out).all()
    assert left_out.tobytes() == embed(fitted(case), Tracks(X, nobody)).tobytes()


@pytest.mark.parametrize("case", STREAMED)
def test_frames_that_do_not_fit_in_memory_give_the_same_bytes(case: str) -> None:
    name, _, kind = CASES[case]
    training = {**QUICK.get(name, QUICK["conv1d-vae"])["training"], "memory": 1e-12}
    streamed = fit(case, training=training)
    assert isinstance(streamed, Vae)
    assert embed(streamed, tracks(kind)).tobytes() == embedded(case).tobytes()
    assert state(streamed)[1] == state(fitted(case))[1]


@pytest.mark.parametrize("case", FRAMES)
def test_what_lies_behind_a_short_track_never_matters(case: str) -> None:
    given, model = tracks(CASES[case][2]), fitted(case)
    mel = given.X["mel"] if isinstance(given.X, dict) else given.X
    followed = Frames.of([mel.track(0), np.full((CROP, BANDS), 1e30), *(mel.track(row) for row in range(2, N))])
    X = {**given.X, "mel": followed} if isinstance(given.X, dict) else followed
    present = {name: np.ones(N, bool) for name in X} if isinstance(X, dict) else None
    found, usual = (embed(model, Tracks(tracks_, present))[0] for tracks_ in (X, given.X))
    np.testing.assert_allclose(found, usual, rtol=1e-4, atol=1e-5)


@every_case
def test_labels_that_were_used_are_recorded(case: str) -> None:
    used = fitted(case).get_state()[0]["fitted"]["labels_used"]
    assert used == sorted(told(unfitted(case)) or {})


@every_name
@pytest.mark.parametrize("key", ["scaling", "weights", "likelihood", "networks", "fusion"])
def test_a_modality_that_is_not_there_is_refused_by_name(name: str, key: str) -> None:
    if name in BASELINES and key not in ("scaling", "weights"):
        return
    values: dict[str, Any] = {"scaling": "none", "weights": 2.0, "likelihood": "normal", "networks": {"kind": "mlp"}}
    named = {"lirycs": values.get(key, 2.0)}
    where = "fusion.weights" if key == "fusion" else key
    model = quick(name, **{key: {"kind": "late", "weights": named} if key == "fusion" else named})
    with pytest.raises(InputError, match=f"unknown modality 'lirycs' in {where}.*did you mean 'lyrics'"):
        model.fit(tracks("both").X, condition=told(name))


@every_name
def test_what_cannot_be_used_is_refused_in_one_sentence(name: str) -> None:
    X = tracks("both").X
    mel, lyrics = X["mel"], X["lyrics"]
    bad = lyrics.copy()
    bad[5, 2] = np.nan
    holes = Frames(np.where(np.arange(len(mel.values)) == mel.offsets[4], np.inf, mel.values.T).T, mel.offsets)
    empty = Frames(mel.values, np.r_[0, mel.offsets[2:], mel.offsets[-1:]])
    labels = told(name)
    none = {"mel": np.arange(N) != 6, "lyrics": np.arange(N) != 6}
    model = quick(name).fit(X, condition=labels)
    new = functools.partial(quick(name).fit, condition=labels)
    refusals: list[tuple[Callable[[], Any], str]] = [
        (lambda: new(bad), "row 5 is not finite"),
        (lambda: new(lyrics * np.where(np.arange(N) == 7, 1e300, 1.0)[:, None]), "row 7 is not finite"),
        (lambda: new({1: lyrics}), "a modality is called 1"),
        (lambda: new({"mel": holes}), "row 4 is not finite .* modality 'mel'"),
        (lambda: new(X, present=none), "row 6 is in no modality"),
        (lambda: new({"mel": empty}), f"row {N - 1} is in no modality"),
        (lambda: new({"mel": empty, "lyrics": lyrics}, present={"mel": np.ones(N, bool)}), f"row {N - 1} is not fin"),
        (lambda: new({"mel": mel, "lyrics": lyrics[:9]}), "9 rows"),
        (lambda: new(lyrics[0]), r"\(tracks, features\)"),
        (lambda: new(np.zeros((0, 3))), "no rows"),
        (lambda: new([["a", "b"]]), "not numbers"),
        (lambda: new(X, groups=np.arange(3)), r"groups has shape \(3,\)"),
        (lambda: quick(name).fit(X, condition={"mood": np.zeros(N)}), "without labels|needs language"),
        (lambda: new(X, present={"sound": np.ones(N, bool)}), "unknown modality 'sound'"),
        (lambda: new(X, present=np.ones(N, bool)), "mapping"),
        (lambda: new(lyrics, present=np.ones(N)), "true-or-false"),
        (lambda: model.transform({"lyrics": lyrics[:, :3]}, condition=labels), "fitted on 7"),
        (lambda: model.transform({"mel": mel.values[:N, :4]}, condition=labels), "fitted on 5 a frame"),
        (lambda: model.transform({"lirycs": lyrics}, condition=labels), "did you mean 'lyrics'"),
        (lambda: quick(name).transform(X), "call fit first"),
    ]
    for call, words in refusals:
        with pytest.raises(InputError, match=words) as refusal:
            call()
        assert isinstance(refusal.value, UsageError)
        assert isinstance(refusal.value, ValueError)
        assert "\n" not in str(refusal.value)


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
@pytest.mark.parametrize("name", DISTINCT)
def test_features_that_do_not_vary_do_no_harm(name: str) -> None:
    X = tracks("vectors").X.copy()
    X[:, 3], X[:, 4] = 0.1, 1e6
    for scaling in ("standard", "robust", "per-track"):
        assert np.isfinite(quick(name, scaling=scaling).fit_transform(X)).all()
    assert np.isfinite(quick(name).fit_transform(np.ones((N, 4)))).all()


@every_name
def test_the_constructor_only_stores(name: str) -> None:
    model = quick(name)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not [key for key in vars(copy) if key.endswith("_")]


@every_name
def test_configurations_round_trip_and_are_closed(name: str) -> None:
    config = parse_config({"model": name})
    assert parse_config(json.loads(json.dumps(config.plain()))) == config
    assert type(config) is MODELS[name].config
    with pytest.raises(UsageError, match=r"did you mean 'scaling'"):
        parse_config({"model": name, "scalin": "none"})
    with pytest.raises(UsageError, match="weight of 'audio'"):
        parse_config({"model": name, "weights": {"audio": -1}})


def test_a_model_joins_by_being_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "twin", MODELS["raw"])
    assert build(parse_config({"model": "raw"})).fit_transform(tracks("vectors").X).shape == (N, 7)
    with pytest.raises(UsageError, match="did you mean 'basic-vae'"):
        parse_config({"model": "basicvae"})
    with pytest.raises(UsageError, match="model:"):
        parse_config({"beta": 1})
