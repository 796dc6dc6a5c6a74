"""The store: nothing is measured twice, nothing is lost, nothing is joined by position."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from musaic import parallel
from musaic.errors import MusaicError, UsageError
from musaic.features import FeatureConfig, FeatureSet, extract, extraction, staging, store
from sounds import SR, clicks, music, write

CONFIG = FeatureConfig(duration=2.0, n_mels=32, names=("log_mel", "mfcc", "mfcc_moments", "descriptors"))


@dataclass(frozen=True)
class Songs:
    root: Path
    tracks: pd.DataFrame


def songs(root: Path, audio: dict[str, str | None], **columns: object) -> Songs:
    table = {"track_id": list(audio), "audio": list(audio.values()), "status": "ok", "reason": None}
    return Songs(root, pd.DataFrame(table | columns))


def folder(root: Path, n: int) -> Songs:
    """Write ``n`` different songs."""
    for i in range(n):
        write(root / f"song {i:02d}.wav", music(2.5, seed=i))
    return songs(root, {f"song {i:02d}.wav": f"song {i:02d}.wav" for i in range(n)})


def equal(a: FeatureSet, b: FeatureSet) -> None:
    assert a.track_ids == b.track_ids
    pd.testing.assert_frame_equal(a.status, b.status)
    pd.testing.assert_frame_equal(a.descriptors, b.descriptors)
    assert a.names == b.names
    for name in a.names:
        one, other = a.get(name), b.get(name)
        np.testing.assert_array_equal(one.present, other.present)
        assert one.values.tobytes() == other.values.tobytes()
        assert (one.offsets is None) == (other.offsets is None)
        if one.offsets is not None:
            np.testing.assert_array_equal(one.offsets, other.offsets)


@pytest.fixture
def measured(monkeypatch):
    """Names of the files measured, when this process does the work."""
    names: list[str] = []
    original = extraction.measure_file

    def counting(path, config, write):
        names.append(path.name)
        return original(path, config, write)

    monkeypatch.setattr(extraction, "measure_file", counting)
    return names


def run(corpus: Songs, cache: Path, config: FeatureConfig = CONFIG, *, workers: int = 0, force: bool = False):
    return extract(corpus, config, cache=cache, workers=workers, force=force)


def test_shapes_and_alignment(tmp_path):
    corpus = folder(tmp_path / "songs", 3)
    found = run(corpus, tmp_path / "cache")
    assert found.track_ids == tuple(corpus.tracks["track_id"])
    assert found.names == CONFIG.names
    assert [found.is_vector(name) for name in found.names] == [False, False, True, True]
    frames = found.get("log_mel")
    assert frames.values.shape == (3 * (1 + 2 * SR // 512), 32)
    assert frames.values.dtype == np.float16
    np.testing.assert_array_equal(
        frames.track(1, 10, 20), frames.values[frames.offsets[1] + 10 : frames.offsets[1] + 20]
    )
    assert frames.track(1, 80, 1000).shape == (7, 32)
    assert len(frames.track(1, 500, 600)) == 0
    vectors = found.get("mfcc_moments")
    assert vectors.values.shape == (3, len(vectors.dims))
    np.testing.assert_array_equal(vectors.track(2), vectors.values[2])
    with pytest.raises(UsageError, match="did you mean 'log_mel'"):
        found.get("logmel")


def test_a_second_run_measures_and_hashes_nothing(tmp_path, measured, monkeypatch):
    corpus = folder(tmp_path / "songs", 3)
    first = run(corpus, tmp_path / "cache")
    assert len(measured) == 3
    from musaic.corpus import fingerprint

    monkeypatch.setattr(fingerprint, "content_id", lambda path: pytest.fail("was read again"))
    equal(run(corpus, tmp_path / "cache"), first)
    assert len(measured) == 3


def test_a_new_song_costs_one_song(tmp_path, measured):
    first = run(folder(tmp_path / "songs", 2), tmp_path / "cache")
    more = run(folder(tmp_path / "songs", 3), tmp_path / "cache")
    assert measured[2:] == ["song 02.wav"]
    np.testing.assert_array_equal(more.get("mfcc_moments").values[:2], first.get("mfcc_moments").values)


def test_a_moved_corpus_and_a_copied_song_cost_nothing(tmp_path, measured):
    corpus = folder(tmp_path / "songs", 2)
    first = run(corpus, tmp_path / "cache")
    shutil.move(tmp_path / "songs", tmp_path / "elsewhere")
    shutil.copy(tmp_path / "elsewhere/song 00.wav", tmp_path / "elsewhere/copy.wav")
    moved = songs(tmp_path / "elsewhere", {"x": "song 01.wav", "y": "copy.wav", "z": "song 00.wav"})
    second = run(moved, tmp_path / "cache")
    assert len(measured) == 2
    rows = first.get("mfcc_moments").values
    np.testing.assert_array_equal(second.get("mfcc_moments").values, rows[[1, 0, 0]])
    assert second.get("log_mel").track(1).tobytes() == first.get("log_mel").track(0).tobytes()


def test_changed_sound_is_measured_anew(tmp_path, measured):
    corpus = folder(tmp_path / "songs", 1)
    before = run(corpus, tmp_path / "cache").get("mfcc_moments").values
    write(tmp_path / "songs/song 00.wav", clicks(100, 3))
    assert not np.array_equal(run(corpus, tmp_path / "cache").get("mfcc_moments").values, before)
    assert len(measured) == 2


def test_configurations_do_not_mix(tmp_path, measured):
    corpus = folder(tmp_path / "songs", 1)
    run(corpus, tmp_path / "cache")
    other = run(corpus, tmp_path / "cache", CONFIG.model_copy(update={"n_mels": 40}))
    assert len(measured) == 2
    assert other.get("log_mel").values.shape[1] == 40


def test_the_order_of_songs_changes_nothing(tmp_path):
    corpus = folder(tmp_path / "songs", 4)
    found = run(corpus, tmp_path / "cache")
    turned = run(Songs(corpus.root, corpus.tracks[::-1].reset_index(drop=True)), tmp_path / "other")
    assert turned.track_ids == found.track_ids[::-1]
    np.testing.assert_array_equal(turned.get("mfcc_moments").values[::-1], found.get("mfcc_moments").values)


def test_every_broken_file_has_its_word_and_the_rest_goes_on(tmp_path, measured):
    root = tmp_path / "songs"
    write(root / "good.wav", music(3))
    write(root / "short.wav", music(0.1))
    write(root / "silent.wav", np.zeros(3 * SR))
    bad = music(3)
    bad[SR] = np.nan
    write(root / "nan.wav", bad, subtype="FLOAT")
    (root / "text.mp3").write_text("words")
    (root / "zero.mp3").touch()
    (root / "folder.mp3").mkdir()
    (root / "link.mp3").symlink_to("nowhere")
    whole = write(root / "whole.mp3", music(6)).read_bytes()
    (root / "cut.mp3").write_bytes(whole[: len(whole) // 2])
    expected = {
        "cut.mp3": "truncated",
        "folder.mp3": "not-a-file",
        "good.wav": "ok",
        "gone.wav": "missing",
        "link.mp3": "dangling-link",
        "nan.wav": "not-finite",
        "short.wav": "too-short",
        "silent.wav": "silent",
        "text.mp3": "unreadable",
        "zero.mp3": "empty",
    }
    corpus = songs(root, {name: name for name in expected} | {"words only": None, "elsewhere": "good.wav"})
    corpus.tracks["status"] = ["ok"] * 11 + ["outside-corpus"]
    corpus.tracks["reason"] = [None] * 11 + ["it lies outside."]
    found = run(corpus, tmp_path / "cache")
    status = found.status.set_index("track_id")
    assert status["status"].to_dict() == expected | {"words only": "ok", "elsewhere": "outside-corpus"}
    assert status["reason"].notna().to_dict() == {
        name: word != "ok" for name, word in status["status"].to_dict().items()
    }
    usable = ["cut.mp3", "good.wav"]
    for name in found.names:
        present = dict(zip(found.track_ids, found.get(name).present.tolist(), strict=True))
        assert [track for track in present if present[track]] == usable
    vectors = found.get("mfcc_moments")
    assert np.isnan(vectors.values[~vectors.present]).all()
    assert np.isfinite(vectors.values[vectors.present]).all()
    assert found.descriptors["key"].notna().tolist() == vectors.present.tolist()
    assert status.loc["cut.mp3", "duration"] < 4

    before = len(measured)
    equal(run(corpus, tmp_path / "cache"), found)
    assert len(measured) == before  # what failed is remembered
    equal(run(corpus, tmp_path / "cache", force=True), found)
    assert len(measured) > before


def test_an_empty_corpus_and_one_without_sound(tmp_path):
    assert len(run(songs(tmp_path, {}), tmp_path / "cache")) == 0
    found = run(songs(tmp_path, {"a": None}), tmp_path / "cache")
    assert found.status["status"].tolist() == ["ok"]
    assert found.get("log_mel").values.shape == (0, 32)
    assert not found.get("descriptors").present.any()


def test_workers_make_no_difference(tmp_path):
    corpus = folder(tmp_path / "songs", 5)
    runs = [run(corpus, tmp_path / f"cache{workers}", workers=workers) for workers in (0, 1, 2)]
    equal(runs[0], runs[1])
    equal(runs[1], runs[2])


def test_packing_changes_nothing(tmp_path, monkeypatch, measured):
    corpus = folder(tmp_path / "songs", 9)
    (tmp_path / "songs/song 03.wav").write_bytes(b"broken")
    loose = run(corpus, tmp_path / "loose")
    monkeypatch.setattr(store, "TRACKS_PER_SHARD", 4)
    monkeypatch.setattr(extraction, "TRACKS_PER_SHARD", 4)
    packed = run(corpus, tmp_path / "packed")
    found = next((tmp_path / "packed/features").iterdir())
    assert len(list((found / "shards").iterdir())) == 2
    assert len(list((found / "staged").iterdir())) == 1
    equal(loose, packed)
    before = len(measured)
    equal(run(corpus, tmp_path / "packed"), packed)
    assert len(measured) == before
    # An open set goes on reading when somebody packs what it was going to read.
    monkeypatch.setattr(store, "TRACKS_PER_SHARD", 2)
    open_set = run(corpus, tmp_path / "loose")
    store.Store(tmp_path / "loose", CONFIG).pack()
    equal(open_set, packed)


def test_a_process_that_reads_frames_reads_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "TRACKS_PER_SHARD", 4)
    monkeypatch.setattr(extraction, "TRACKS_PER_SHARD", 4)
    corpus = folder(tmp_path / "songs", 6)
    found = run(corpus, tmp_path / "cache").get("log_mel")
    assert {len(list(next(tmp_path.glob(f"cache/features/*/{kind}")).iterdir())) for kind in ("shards", "staged")} == {
        1,
        2,
    }
    for table in tmp_path.glob("cache/features/*/shards/*/tracks.parquet"):
        columns = ["content_id", "start_frame"]
        pd.read_parquet(table, columns=columns).to_parquet(table)  # nothing else is there to be read
    far = pickle.loads(pickle.dumps(found))
    for row in range(6):
        np.testing.assert_array_equal(far.track(row, 3, 9), found.track(row)[3:9])
        np.testing.assert_array_equal(far.track(row), found.values[found.offsets[row] : found.offsets[row + 1]])


def test_what_the_disk_damages_is_measured_again_or_said(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "TRACKS_PER_SHARD", 4)
    monkeypatch.setattr(extraction, "TRACKS_PER_SHARD", 4)
    corpus = folder(tmp_path / "songs", 6)
    clean = run(corpus, tmp_path / "clean")

    def flip(path):
        data = bytearray(path.read_bytes())
        data[len(data) // 3] ^= 255
        path.write_bytes(data)

    def frames(shard):
        return next(path for path in shard.glob("frames.zarr/log_mel/c/**/*") if path.is_file())

    tables = {
        "cut": lambda shard: (shard / "tracks.parquet").write_bytes(b"PAR1"),
        "gone": lambda shard: (shard / "tracks.parquet").unlink(),
    }
    for name, damage in tables.items():
        shutil.copytree(tmp_path / "clean", tmp_path / name)
        damage(next((tmp_path / name).glob("features/*/shards/*")))
        equal(run(corpus, tmp_path / name), clean)
    contents = {
        "frames flipped": lambda found: flip(frames(next(found.glob("shards/*")))),
        "frames gone": lambda found: frames(next(found.glob("shards/*"))).unlink(),
        "staged flipped": lambda found: flip(next(found.glob("staged/*"))),
        "all gone": lambda found: shutil.rmtree(found),
    }
    for name, damage in contents.items():
        shutil.copytree(tmp_path / "clean", tmp_path / name)
        found = run(corpus, tmp_path / name)
        damage(next((tmp_path / name).glob("features/*")))
        with pytest.raises(MusaicError, match=r"gone or damaged.*--force"):
            assert found.get("log_mel").values.size
        equal(run(corpus, tmp_path / name, force=True), clean)


def test_packing_leaves_damaged_tracks_out(tmp_path, monkeypatch):
    corpus = folder(tmp_path / "songs", 3)
    clean = run(corpus, tmp_path / "cache")
    staged = next((tmp_path / "cache").glob("features/*/staged/*"))
    data = bytearray(staged.read_bytes())
    data[len(data) // 3] ^= 255
    staged.write_bytes(data)
    monkeypatch.setattr(store, "TRACKS_PER_SHARD", 3)
    store.Store(tmp_path / "cache", CONFIG).pack()
    equal(run(corpus, tmp_path / "cache"), clean)


def test_somebody_else_may_pack_the_same_tracks_first(tmp_path, monkeypatch):
    corpus = folder(tmp_path / "songs", 3)
    clean = run(corpus, tmp_path / "cache")
    monkeypatch.setattr(store, "TRACKS_PER_SHARD", 3)
    original = store.write_shard

    def beaten(shard, tracks, config):
        monkeypatch.setattr(store, "write_shard", original)
        store.Store(tmp_path / "cache", config).pack()
        original(shard, tracks, config)

    monkeypatch.setattr(store, "write_shard", beaten)
    store.Store(tmp_path / "cache", CONFIG).pack()
    assert len(list((tmp_path / "cache").glob("features/*/shards/*"))) == 1
    equal(run(corpus, tmp_path / "cache"), clean)


def test_reasons_name_the_file_at_hand(tmp_path):
    root = tmp_path / "songs"
    whole = write(root / "whole.mp3", music(6)).read_bytes()
    for name in ("a.mp3", "b.mp3"):
        (root / name).write_bytes(whole[: len(whole) // 2])
    found = run(songs(root, {"a": "a.mp3", "b": "b.mp3"}), tmp_path / "cache")
    assert [reason.split()[:2] for reason in found.status["reason"]] == [["a.mp3", "promises"], ["b.mp3", "promises"]]
    (root / "b.mp3").rename(root / "c.mp3")
    later = run(songs(root, {"c": "c.mp3"}), tmp_path / "cache")
    assert later.status["reason"][0] == found.status["reason"][1].replace("b.mp3", "c.mp3")


def test_frames_longer_than_a_shard(tmp_path, monkeypatch):
    from musaic.features import shards

    corpus = folder(tmp_path / "songs", 4)
    loose = run(corpus, tmp_path / "loose")
    monkeypatch.setattr(store, "TRACKS_PER_SHARD", 2)
    monkeypatch.setattr(shards, "CHUNK", 16)
    monkeypatch.setattr(shards, "SHARD", 64)
    equal(run(corpus, tmp_path / "packed"), loose)


def test_a_crash_costs_its_own_track_only(tmp_path, monkeypatch):
    corpus = folder(tmp_path / "songs", 3)
    original = extraction._outcomes

    def crashing(tasks, workers):
        for position, outcome in original(tasks, workers):
            dies = "01" in tasks[position].path.name
            if dies:
                tasks[position].destination.unlink()
            yield position, parallel.Failure("its process died (out of memory)") if dies else outcome

    monkeypatch.setattr(extraction, "_outcomes", crashing)
    found = run(corpus, tmp_path / "cache")
    assert found.status["status"].tolist() == ["ok", "crashed", "ok"]
    assert "its process died" in found.status["reason"][1]
    monkeypatch.undo()
    equal(run(corpus, tmp_path / "cache"), found)
    assert run(corpus, tmp_path / "cache", force=True).status["status"].tolist() == ["ok"] * 3


def test_a_file_that_changes_under_our_hands_is_not_remembered(tmp_path, monkeypatch):
    corpus = folder(tmp_path / "songs", 2)
    original = extraction.measure_file

    def replaced(path, config, write_rows):
        found = original(path, config, write_rows)
        if path.name == "song 00.wav":
            write(path, clicks(90, 4))
        else:
            path.unlink()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(extraction, "measure_file", replaced)
        found = run(corpus, tmp_path / "cache")
    assert found.status["status"].tolist() == ["unreadable", "missing"]
    again = run(corpus, tmp_path / "cache")
    assert again.status["status"].tolist() == ["ok", "missing"]
    equal(again, run(corpus, tmp_path / "clean"))


def test_a_full_disk_ends_the_run_and_keeps_what_was_done(tmp_path, monkeypatch, measured):
    corpus = folder(tmp_path / "songs", 3)
    original = staging._write

    def full(file, entry, array):
        if len(measured) > 1:
            raise OSError(28, "No space left on device")
        original(file, entry, array)

    with monkeypatch.context() as patch:
        patch.setattr(staging, "_write", full)
        with pytest.raises(MusaicError, match=r"No space left on device.*what was done is kept"):
            run(corpus, tmp_path / "cache")
    assert len(measured) == 2
    assert run(corpus, tmp_path / "cache").status["status"].tolist() == ["ok"] * 3
    assert len(measured) == 4


SCRIPT = """
import sys
from pathlib import Path

def main():
    sys.path.insert(0, sys.argv[1])
    from test_features_extraction import run, songs

    root, cache = Path(sys.argv[2]), Path(sys.argv[3])
    names = sorted(path.name for path in root.iterdir())
    run(songs(root, {name: name for name in names}), cache, workers=2)

if __name__ == "__main__":
    main()
"""


def start(tmp_path: Path, root: Path, cache: Path) -> subprocess.Popen[bytes]:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, script, Path(__file__).parent, root, cache]
    return subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)


def test_killed_at_any_moment_it_resumes_with_the_same_arrays(tmp_path, measured):
    corpus = folder(tmp_path / "songs", 16)
    process = start(tmp_path, corpus.root, tmp_path / "cache")
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "cache").glob("features/*/staged/*.npz"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    resumed = run(corpus, tmp_path / "cache")
    assert len(measured) <= 13
    equal(resumed, run(corpus, tmp_path / "clean"))


def test_two_processes_may_fill_one_store(tmp_path):
    corpus = folder(tmp_path / "songs", 10)
    processes = [start(tmp_path, corpus.root, tmp_path / "cache") for _ in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
    equal(run(corpus, tmp_path / "cache"), run(corpus, tmp_path / "clean"))
