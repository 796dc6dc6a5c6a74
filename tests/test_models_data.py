"""Tracks as networks are given them: cut to crops that cover them, padded with nothing, from memory or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.models.fusion import EarlyFusion
from musaic.models.inputs import Frames, InputError, read_blocks
from musaic.models.rows import TrackRows
from musaic.models.vae.data import Tracks
from tiny_models import frames, quick


def tracks(frames: Frames, crop: int, *, scaling: str = "none", **options: float) -> Tracks:
    blocks = read_blocks({"mel": frames, "a": np.ones((len(frames), 1))})
    fusion = EarlyFusion(scaling).fit(blocks)  # type: ignore[arg-type]
    if scaling == "none":
        fusion.keep("mel")
    return Tracks(blocks, fusion, np.zeros((len(frames), 0), np.int64), crop=crop, **options)


@given(st.integers(0, 4000), st.integers(4, 130))
@settings(max_examples=300)
def test_crops_cover_a_track_from_end_to_end(length: int, crop: int) -> None:
    one = tracks(Frames.of([np.zeros((length, 1)), np.zeros((3, 1))]), crop)
    rows, where = one.segments(np.array([0]))
    first = one.first_frames("mel", rows, where)
    assert first[0] == (0 if len(first) > 1 else max(0, (length - crop + 1) // 2))
    assert first[-1] + crop >= length
    assert (np.diff(first) >= 1).all()
    assert (np.diff(first) <= crop).all()
    assert len(first) == max(1, -(-length // crop))


@pytest.mark.parametrize("memory", [float("inf"), 0.0])
def test_a_crop_is_that_stretch_of_the_track_and_nothing_else(memory: float) -> None:
    rng = np.random.default_rng(0)
    frames = Frames.of([rng.normal(size=(length, 3)).astype(np.float32) for length in (9, 2, 0, 6)])
    seen = tracks(frames, 5, memory=memory)
    assert seen.in_memory == (memory > 0)
    rows = torch.tensor([0, 0, 1, 2, 3, 3])
    batch = seen.batch(rows, torch.tensor([0.0, 1.0, 0.3, 0.5, 1.0, 0.0]))
    expected = [frames.track(0)[:5], frames.track(0)[4:], frames.track(1), frames.track(2), *[frames.track(3)] * 2]
    expected[4:] = [frames.track(3)[1:], frames.track(3)[:5]]
    for crop, mask, frames_ in zip(batch.x["mel"].numpy(), batch.masks["mel"].numpy(), expected, strict=True):
        assert mask.tolist() == [1.0] * len(frames_) + [0.0] * (5 - len(frames_))
        np.testing.assert_array_equal(crop[: len(frames_)], frames_)
        np.testing.assert_array_equal(crop[len(frames_) :], 0)
    assert batch.present.tolist() == [[1, 1], [1, 1], [1, 1], [0, 1], [1, 1], [1, 1]]


@given(st.floats(0, 1, width=32), st.integers(0, 3), st.sampled_from(["none", "standard", "robust", "per-track"]))
def test_memory_or_not_is_the_same_bytes(where: float, row: int, scaling: str) -> None:
    rng = np.random.default_rng(1)
    frames = Frames.of([5 + rng.normal(size=(length, 3)) for length in (9, 2, 5, 31)])
    batches = [
        tracks(frames, 5, scaling=scaling, memory=memory).batch(torch.tensor([row]), torch.tensor([where]))
        for memory in (float("inf"), 0.0)
    ]
    assert batches[0].x["mel"].numpy().tobytes() == batches[1].x["mel"].numpy().tobytes()
    assert torch.equal(batches[0].masks["mel"], batches[1].masks["mel"])


def test_frames_are_read_from_anything_that_gives_rows() -> None:
    """A store is asked for stretches, never for the whole where it does not fit."""

    class Store:
        shape = (12, 2)
        asked: list[int]

        def __getitem__(self, rows: slice) -> np.ndarray:
            self.asked.append(rows.stop - rows.start)
            return np.arange(24, dtype=np.float16).reshape(12, 2)[rows]

    Store.asked = []
    seen = tracks(Frames(Store(), np.array([0, 7, 12])), 4, memory=0.0)
    Store.asked.clear()
    assert seen.batch(torch.tensor([1]), torch.tensor([0.0])).x["mel"][0, 0].tolist() == [14.0, 15.0]
    assert Store.asked == [4]


def test_frames_of_many_tracks_are_read_into_one_piece() -> None:
    import tracemalloc

    width, length, n = 64, 500, 40
    offsets = np.arange(n + 1) * length

    def read(row: int, start: int, stop: int) -> np.ndarray:
        return np.full((stop - start, width), row + start / 1024, np.float16)

    rows = TrackRows(read, offsets, width)
    tracemalloc.start()
    whole = rows[:]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert whole.nbytes == 2 * n * length * width
    assert most < 1.2 * whole.nbytes
    assert whole.dtype == np.float16
    np.testing.assert_array_equal(whole[offsets[:-1], 0], np.arange(n))
    np.testing.assert_array_equal(rows[length - 1 : length + 1], [read(0, length - 1, length)[0], read(1, 0, 1)[0]])
    assert rows[:0].shape == (0, width)


@pytest.mark.filterwarnings("error")
def test_foreign_bytes_and_locked_memory_are_numbers_too() -> None:
    values = np.random.default_rng(0).normal(size=(11, 3)).astype(np.float32)
    locked = values.copy()
    locked.flags.writeable = False
    rows, where = torch.tensor([0, 1]), torch.tensor([0.0, 1.0])
    own, *others = (
        tracks(Frames(given, np.array([0, 7, 11])), 5).batch(rows, where).x["mel"]
        for given in (values, values.astype(">f4"), locked)
    )
    assert all(torch.equal(own, other) for other in others)


def test_frames_fit_where_their_own_bytes_do() -> None:
    half = Frames(np.zeros((40, 3), np.float16), np.array([0, 20, 40]))
    assert half.nbytes == 240
    assert tracks(half, 5, memory=240).in_memory
    assert not tracks(half, 5, memory=239).in_memory


def test_little_memory_changes_no_byte() -> None:
    given = frames()
    rows = TrackRows(_Stretch(given), given.offsets, given.width)
    asked = {"mel": Frames(rows, given.offsets)}
    streamed, whole = (
        quick("conv1d-vae").set_params(memory=memory, accelerator="cpu").fit(asked) for memory in (1e-9, 1.0)
    )
    assert not streamed._tracks(*streamed._read(asked, None, None)).in_memory
    assert whole._tracks(*whole._read(asked, None, None)).in_memory
    assert streamed.embedding_.tobytes() == whole.embedding_.tobytes()


@dataclass(frozen=True)
class _Stretch:
    """Reads frames of a track."""

    frames: Frames

    def __call__(self, row: int, start: int, stop: int) -> np.ndarray:
        return self.frames.track(row, start, stop)


def test_what_is_absent_stays_so_among_the_tracks_taken() -> None:
    frames = Frames(np.ones((6, 2)), np.array([0, 2, 4, 6]), np.array([True, False, True]))
    taken = frames.take(np.array([1, 2]))
    assert taken.lengths.tolist() == [0, 2]


def test_frames_that_are_none_are_refused() -> None:
    for wrong_type in (np.complex64, object, "U3"):
        with pytest.raises(InputError, match="must be real numbers"):
            Frames(np.zeros((4, 2)).astype(wrong_type), np.array([0, 4]))
    for offsets in ([0, 3], [1, 4], [0, 3, 2, 4], [0, 4, 5], [4]):
        with pytest.raises(InputError, match="offsets of 4 frames must rise from 0 to 4"):
            Frames(np.zeros((4, 2)), np.array(offsets))
    for wrong in ([np.zeros(3)], [np.zeros((2, 3)), np.zeros((2, 4))], []):
        with pytest.raises(InputError, match=r"shape \(frames, features\) each"):
            Frames.of(wrong)
    with pytest.raises(InputError, match=r"frames have shape \(4,\)"):
        Frames(np.zeros(4), np.array([0, 4]))
