"""A corpus keeps rows keyed by id, in one order, with text or nothing in its cells."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from musaic.corpus import Corpus, Status
from musaic.corpus.rows import Row
from musaic.errors import UsageError


@pytest.fixture
def corpus():
    rows = [
        Row("c", audio="c.mp3", language="en", genre="pop", labels={"mood": None, "era": None}),
        Row("a", audio="x/a.mp3", lyrics="la", language="bn", labels={"mood": "sad", "era": None}),
        Row("b", lyrics="lo", genre="pop", labels={"mood": "sad", "era": None}),
    ]
    return Corpus.from_rows(Path("/music"), rows)


def test_rows_are_sorted_and_cells_are_text_or_none(corpus):
    assert corpus.track_ids == ("a", "b", "c")
    assert len(corpus) == 3
    assert corpus.labels == ("language", "genre", "mood")
    told = corpus.tracks.drop(columns="language_confidence")
    assert all(value is None or isinstance(value, str) for value in told.to_numpy().ravel())
    assert corpus.tracks["language_confidence"].dtype == "float64"
    assert list(corpus.tracks.columns[:4]) == ["track_id", "audio", "lyrics", "lyrics_source"]


def test_paths_start_at_the_root(corpus):
    assert corpus.audio_path("a") == Path("/music/x/a.mp3")
    assert corpus.audio_path("b") is None
    with pytest.raises(UsageError):
        corpus.audio_path("z")


def test_a_subset_keeps_order_and_drops_labels_that_have_no_value_left(corpus):
    subset = corpus.subset(["c", "b"])
    assert subset.track_ids == ("b", "c")
    assert subset.labels == ("language", "genre", "mood")
    assert corpus.subset(["a"]).labels == ("language", "mood")
    with pytest.raises(UsageError, match="'d'"):
        corpus.subset(["d"])


def test_status_is_replaced_by_id(corpus):
    updates = pd.DataFrame({"track_id": ["c", "a"], "status": ["silent", Status.OK], "reason": ["no sound", None]})
    updated = corpus.with_status(updates)
    assert list(updated.tracks["status"]) == ["ok", "ok", "silent"]
    assert list(updated.tracks["reason"]) == [None, None, "no sound"]
    assert list(updated.has_audio) == [True, False, False]
    assert list(corpus.tracks["status"]) == ["ok"] * 3
    with pytest.raises(UsageError):
        corpus.with_status(pd.DataFrame({"track_id": ["d"], "status": ["ok"], "reason": [None]}))


def test_composite_labels_are_labels(corpus):
    assert dict(corpus.label("language+genre")) == {"a": None, "b": None, "c": "en+pop"}
    with pytest.raises(UsageError, match="did you mean 'genre'"):
        corpus.label("gnre")


def test_tracks_survive_parquet(corpus, tmp_path):
    corpus.tracks.to_parquet(tmp_path / "t.parquet")
    back = pd.read_parquet(tmp_path / "t.parquet").astype(object)
    back = back.where(back.notna(), None).astype({"language_confidence": "float64"})
    pd.testing.assert_frame_equal(back, corpus.tracks)


def test_the_door_is_light():
    heavy = ["pandas", "numpy", "pyarrow", "mutagen", "rich", "charset_normalizer"]
    code = f"import sys, musaic.corpus.config, musaic.corpus.status; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
