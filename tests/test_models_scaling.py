"""Scaling and early fusion, held against scikit-learn and against what they promise."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import RobustScaler, StandardScaler

from musaic.models.config import Scaling
from musaic.models.fusion import EarlyFusion
from musaic.models.inputs import Blocks, Frames, read_blocks
from musaic.models.scaling import ROBUST, Scaler

METHODS = ["none", "standard", "robust", "per-track"]
matrices = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 12), st.integers(1, 5)),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False),
)


def test_standard_and_robust_agree_with_scikit_learn() -> None:
    X = np.random.default_rng(0).gamma(2.0, size=(50, 6)) * 10.0 ** np.arange(6)
    np.testing.assert_allclose(Scaler("standard").fit(X).transform(X), StandardScaler().fit_transform(X), rtol=1e-4)
    ours, theirs = Scaler("robust").fit(X).transform(X), RobustScaler().fit_transform(X)
    np.testing.assert_allclose(ours, theirs * ROBUST, rtol=1e-4, atol=1e-6)


def test_robust_is_standard_on_normal_data() -> None:
    X = np.random.default_rng(0).normal(3.0, 2.0, size=(20_000, 1))
    np.testing.assert_allclose(Scaler("robust").fit(X).scale_, 2.0, rtol=0.03)


def test_per_track_does_not_see_a_tracks_gain_or_offset() -> None:
    X = np.random.default_rng(0).normal(size=(8, 30))
    scaler = Scaler("per-track").fit(X)
    np.testing.assert_allclose(scaler.transform(3 * X + 5), scaler.transform(X), atol=1e-5)


@given(matrices, st.sampled_from(METHODS))
@settings(max_examples=60, deadline=None)
def test_scaling_is_finite_and_comes_back(X: np.ndarray, method: str) -> None:
    scaler = Scaler(method).fit(X)  # type: ignore[arg-type]
    scaled = scaler.transform(X)
    assert np.isfinite(scaled).all()
    back = scaler.inverse(scaled, like=X)
    np.testing.assert_allclose(back, X, rtol=1e-4, atol=1e-4 * max(1.0, float(np.abs(X).max())))


@pytest.mark.parametrize("method", METHODS)
def test_a_mostly_constant_feature_keeps_its_size(method: str) -> None:
    X = np.zeros((40, 2))
    X[:3, 0] = 5.0
    X[:, 1] = np.arange(40)
    assert np.abs(Scaler(method).fit(X).transform(X)).max() < 50  # type: ignore[arg-type]


def test_every_modality_weighs_the_same_unless_told_otherwise() -> None:
    rng = np.random.default_rng(0)
    X = {"wide": rng.normal(size=(200, 150)) * 7, "narrow": rng.normal(size=(200, 4))}
    blocks = read_blocks(X)
    for scaling in ("standard", "none", {"narrow": "none"}):
        for weight in (1.0, 2.0):
            fusion = EarlyFusion(scaling, {"narrow": weight}).fit(blocks)  # type: ignore[arg-type]
            fused = fusion.transform(blocks)
            energy = {name: float(fused[:, columns].var(axis=0).sum()) for name, columns in fusion.slices.items()}
            assert energy["narrow"] / energy["wide"] == pytest.approx(weight**2, rel=1e-4)


def test_modalities_are_scaled_by_name() -> None:
    rng = np.random.default_rng(0)
    X = {"a": rng.normal(5.0, 7.0, size=(50, 3)), "b": rng.normal(5.0, 7.0, size=(50, 2)) * [1.0, 10.0]}
    blocks = read_blocks(X)
    fusion = EarlyFusion({"b": "none"}).fit(blocks)
    assert (fusion.scaling_of("a"), fusion.scaling_of("b")) == ("standard", "none")
    fused = fusion.transform(blocks)
    assert fused[:, :3].std(axis=0) == pytest.approx(fused[:, 0].std(), rel=1e-4)
    assert fused[:, 4].std() / fused[:, 3].std() == pytest.approx(X["b"][:, 1].std() / X["b"][:, 0].std(), rel=1e-4)
    again = EarlyFusion.from_state(fusion.scaling, None, fusion.dims_, fusion.get_state())
    np.testing.assert_array_equal(again.transform(blocks), fused)


def test_one_modality_comes_out_as_scaled() -> None:
    X = np.random.default_rng(0).normal(2.0, 3.0, size=(30, 5))
    blocks = read_blocks(X)
    np.testing.assert_allclose(
        EarlyFusion("standard").fit(blocks).transform(blocks), StandardScaler().fit_transform(X), atol=1e-5
    )


@pytest.mark.parametrize("method", METHODS)
def test_an_absent_modality_contributes_its_mean(method: str) -> None:
    rng = np.random.default_rng(0)
    X = {"a": rng.normal(4.0, 2.0, size=(30, 6)), "b": rng.normal(-1.0, 1.0, size=(30, 3))}
    present = {"b": np.arange(30) > 9}
    blocks = read_blocks(X, present)
    fusion = EarlyFusion(method).fit(blocks)  # type: ignore[arg-type]
    columns = fusion.slices["b"]
    fused = fusion.transform(blocks)[:, columns]
    np.testing.assert_allclose(fused[:10], np.tile(fused[10:].mean(axis=0), (10, 1)), atol=1e-5)
    np.testing.assert_array_equal(fusion.normalized(blocks)["b"][:10], 0)


@pytest.mark.parametrize("method", METHODS)
def test_normalized_modalities_have_unit_variance_and_come_back(method: str) -> None:
    rng = np.random.default_rng(0)
    X = {"a": rng.normal(4.0, 200.0, size=(30, 6)), "b": rng.normal(-1.0, 0.01, size=(30, 3))}
    blocks = read_blocks(X)
    fusion = EarlyFusion(method).fit(blocks)  # type: ignore[arg-type]
    for name, normalized in fusion.normalized(blocks).items():
        assert normalized.var(axis=0).mean() == pytest.approx(1.0, rel=1e-3)
        back = fusion.inverse(name, normalized, X[name])
        np.testing.assert_allclose(back, X[name], rtol=1e-3, atol=1e-3 * np.abs(X[name]).max())


@pytest.mark.parametrize("method", METHODS)
def test_frames_have_unit_variance_and_tracks_without_them_do_not_count(method: str) -> None:
    rng = np.random.default_rng(0)
    sounds = [30 + 7 * rng.normal(size=(length, 4)) * [1, 2, 3, 4] for length in (5, 9, 30, 17)]
    frames = Frames.of([*sounds[:2], np.full((6, 4), np.nan), *sounds[2:]])
    blocks = read_blocks({"mel": frames, "a": np.eye(5)}, {"mel": np.arange(5) != 2})
    fusion = EarlyFusion(method).fit(blocks)  # type: ignore[arg-type]
    center, scale = fusion.affine("mel", blocks.frames["mel"])
    assert center.shape == scale.shape
    assert np.isfinite(center).all()
    assert np.isfinite(scale).all()
    of = [0, 1, 3, 4] if len(center) > 1 else [0] * 4
    scaled = np.concatenate([(sound - center[row]) / scale[row] for row, sound in zip(of, sounds, strict=True)])
    assert scaled.var(axis=0).mean() == pytest.approx(1.0, rel=1e-3)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-3)
    if method == "per-track":
        louder = Frames.of([3 * frames.track(row) + 5 for row in range(5)])
        again = fusion.affine(
            "mel", read_blocks({"mel": louder, "a": np.eye(5)}, {"mel": np.arange(5) != 2}).frames["mel"]
        )
        moved = ((3 * sounds[0] + 5) - again[0][0]) / again[1][0]
        np.testing.assert_allclose(moved, (sounds[0] - center[0]) / scale[0], atol=1e-4)


def test_scales_of_many_frames_come_from_a_part_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("musaic.models.fusion.SAMPLED", 300)
    rng = np.random.default_rng(0)
    blocks = read_blocks(Frames.of([rng.normal(4.0, 2.0, size=(500, 2)) for _ in range(6)]))
    fusion = EarlyFusion("standard").fit(blocks)
    np.testing.assert_allclose(fusion.scalers_["x"].center_, 4.0, atol=0.4)
    np.testing.assert_allclose(fusion.scalers_["x"].scale_, 2.0, rtol=0.15)


@pytest.mark.parametrize("scaling", METHODS)
def test_scales_of_many_frames_are_learned_without_holding_them(
    scaling: Scaling, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Store:
        shape = (50 * 4000, 16)

        def __getitem__(self, rows: slice) -> np.ndarray:
            first, last, _ = rows.indices(self.shape[0])
            return np.full((last - first, 16), np.float32(first % 7)) + np.arange(16, dtype=np.float32)

    monkeypatch.setattr("musaic.models.fusion.SAMPLED", 1000)
    blocks = Blocks({"mel": Frames(Store(), np.arange(51) * 4000)}, {"mel": np.ones(50, bool)})
    tracemalloc.start()
    EarlyFusion(scaling).fit(blocks)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 * 4000 * 16 * 4 / 4
