"""Files to samples: windows, formats, levels; and for every kind of broken file its own word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

from musaic.audio.decode import Recording, load, place, probe, regrouped
from musaic.audio.loudness import loudness
from musaic.audio.readers import check_path
from musaic.errors import TrackError
from sounds import SR, clicks, music, write, write_av


def refused(path: Path, **window) -> TrackError:
    with pytest.raises(TrackError) as caught:
        load(path, **window)
    assert caught.value.reason.endswith(".")
    assert path.name in caught.value.reason
    return caught.value


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_whole_files_come_back(tmp_path, ending):
    y = music(3)
    got = load(write(tmp_path / f"a.{ending}", y), duration=None)
    assert got.dtype == np.float32
    assert len(got) == len(y)
    assert np.corrcoef(got, y)[0, 1] > 0.99


@pytest.mark.parametrize(
    ("ending", "codec", "container", "rate"),
    [
        ("m4a", "aac", None, 44100),
        ("aac", "aac", "adts", 44100),
        ("wma", "wmav2", None, 44100),
        ("webm", "libopus", None, 48000),
    ],
)
def test_what_libsndfile_lacks_is_read_by_libav(tmp_path, ending, codec, container, rate):
    y = music(6, sr=rate)
    path = write_av(tmp_path / f"a.{ending}", y, codec, container, rate)
    assert probe(path).duration == pytest.approx(6, abs=0.2)
    expected = soxr.resample(y, rate, SR)
    whole = load(path, duration=None)
    assert len(whole) / SR == pytest.approx(6, abs=0.2)
    window = load(path, offset=2.0, duration=2.0)
    # Encoders delay: the window is found in the original within a tenth of a second.
    lags = range(-SR // 10, SR // 10, 5)
    best = max(np.corrcoef(window[SR // 2 : SR], expected[2 * SR + SR // 2 + k : 3 * SR + k])[0, 1] for k in lags)
    assert best > 0.9


def test_is_what_librosa_loads(tmp_path):
    y = np.stack([music(4, sr=44100), music(4, sr=44100, seed=1)], axis=1)
    path = write(tmp_path / "a.wav", y, 44100, subtype="FLOAT")
    theirs, _ = librosa.load(path, sr=SR, mono=True)
    np.testing.assert_allclose(load(path, duration=None), theirs, atol=1e-5)


@pytest.mark.parametrize("rate", [22050, 44100])
def test_an_mp3_read_in_parts_is_the_mp3_read_at_once(tmp_path, rate):
    path = write(tmp_path / "a.mp3", clicks(97, 8, sr=rate), rate)
    at_once, _ = soundfile.read(path, dtype="float32", always_2d=True)
    whole = at_once.mean(axis=1)
    np.testing.assert_allclose(load(path, sr=rate, duration=None), whole, atol=1e-5)
    for offset in (0.01, 1.0, 3.3):
        start = round(offset * rate)
        window = load(path, sr=rate, offset=offset, duration=4.0)
        np.testing.assert_allclose(window, whole[start : start + 4 * rate], atol=1e-5)


@pytest.mark.parametrize(("offset", "start"), [("middle", 3.0), ("start", 0.0), (1.5, 1.5)])
def test_only_the_window_comes(tmp_path, offset, start):
    y = music(8)
    path = write(tmp_path / "a.wav", y, subtype="FLOAT")
    got = load(path, offset=offset, duration=2.0)
    np.testing.assert_array_equal(got, y[round(start * SR) : round((start + 2) * SR)])


def test_segments_are_spread_and_joined(tmp_path):
    y = np.arange(12 * SR, dtype=np.float32) / (12 * SR)
    path = write(tmp_path / "a.wav", y, subtype="FLOAT")
    got = load(path, duration=1.0, segments=3)
    expected = np.concatenate([y[round(s * SR) : round((s + 1) * SR)] for s in (1.5, 5.5, 9.5)])
    np.testing.assert_array_equal(got, expected)


@given(
    frames=st.integers(1, 10**7),
    offset=st.one_of(st.just("middle"), st.just("start"), st.floats(0, 500)),
    duration=st.one_of(st.none(), st.floats(0.01, 100)),
    segments=st.integers(1, 9),
)
def test_windows_lie_inside_in_order_and_apart(frames, offset, duration, segments):
    spans = place(frames, 1000, offset=offset, duration=duration, segments=segments)
    assert 1 <= len(spans) <= segments
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= frames
    if duration is not None:
        assert all(stop - start <= max(1, round(duration * 1000)) for start, stop in spans)


@given(st.lists(st.integers(0, 40), max_size=20), st.integers(1, 30))
def test_regrouping_keeps_every_sample(sizes, n):
    y = np.arange(sum(sizes))
    blocks = np.split(y, np.cumsum(sizes)[:-1]) if sizes else []
    out = list(regrouped(blocks, n))
    np.testing.assert_array_equal(np.concatenate([*out, y[:0]]), y)
    assert all(len(block) == n for block in out[:-1])
    assert all(0 < len(block) <= 1.5 * n for block in out[-1:])


def test_normalisation_reaches_its_target_whatever_the_gain(tmp_path):
    y = music(4)
    loud = write(tmp_path / "loud.wav", y, subtype="FLOAT")
    soft = write(tmp_path / "soft.wav", y * 0.125, subtype="FLOAT")
    assert np.abs(load(soft, normalize="peak")).max() == pytest.approx(1)
    assert loudness(load(soft, normalize="loudness"), SR) == pytest.approx(-23, abs=0.01)
    for normalize in ("peak", "loudness"):
        np.testing.assert_allclose(load(loud, normalize=normalize), load(soft, normalize=normalize), atol=1e-6)


def test_same_file_same_bytes(tmp_path):
    path = write(tmp_path / "a.mp3", music(4, sr=44100), 44100)
    assert load(path, duration=2.0).tobytes() == load(path, duration=2.0).tobytes()


def test_probe_reads_the_header(tmp_path):
    info = probe(write(tmp_path / "a.flac", np.stack([music(2)] * 2, axis=1)))
    assert (info.duration, info.sample_rate, info.channels, info.format) == (2.0, SR, 2, "FLAC")


@pytest.mark.parametrize("ending", ["mp3", "wav", "flac", "aiff"])
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_a_cut_file_gives_what_is_there_and_no_more(tmp_path, ending, share):
    y = music(10)
    whole = write(tmp_path / f"whole.{ending}", y)
    cut = tmp_path / f"cut.{ending}"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    with Recording.open(cut, duration=2.0) as recording:
        got = np.concatenate([block for _, block in recording.blocks(SR)])
        assert recording.damage is not None
        assert "promises 10.0 s" in recording.damage
        assert recording.length < 10 * share + 0.5
        start = round(recording.windows[0][0] * SR)
    assert len(got) == 2 * SR
    assert np.corrcoef(got, load(whole, duration=None)[start : start + 2 * SR])[0, 1] > 0.99


def test_what_lies_behind_a_damaged_place_is_found(tmp_path):
    data = bytearray(write(tmp_path / "a.mp3", music(10)).read_bytes())
    place = len(data) // 10
    data[place : place + 8000] = np.random.default_rng(0).bytes(8000)
    path = tmp_path / "b.mp3"
    path.write_bytes(data)
    with Recording.open(path, duration=None) as recording:
        got = sum(len(block) for _, block in recording.blocks(SR)) / SR
        assert 7 < got < 10
        assert "damaged" in recording.damage


def test_too_little_left_of_a_cut_file(tmp_path):
    whole = write(tmp_path / "whole.wav", music(10))
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole.read_bytes()[:8000])
    assert refused(cut).status == "truncated"


def test_a_streamed_wav_is_not_truncated(tmp_path):
    path = write(tmp_path / "a.wav", music(2), subtype="PCM_16")
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"  # what a program writes that cannot go back
    path.write_bytes(data)
    assert len(load(path)) == 2 * SR


def test_an_mp3_without_a_length_tag_is_not_truncated(tmp_path):
    data = write(tmp_path / "a.mp3", music(8)).read_bytes()
    path = tmp_path / "b.mp3"
    path.write_bytes(data[data.index(data[:2], 4) :])
    assert 1 < len(load(path, duration=None)) / SR < 9


BROKEN = {
    "zero.mp3": b"",
    "text.mp3": "کلمات, not sound\n".encode() * 100,
    "picture.mp3": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
    "playlist.mp3": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    "script.m4a": b"ffconcat version 1.0\nfile other.wav\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_sound(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(BROKEN[name])
    assert refused(path).status == ("empty" if name == "zero.mp3" else "unreadable")


def test_a_codec_nobody_knows(tmp_path):
    path = write(tmp_path / "a.wav", music(2))
    data = bytearray(path.read_bytes())
    data[20:22] = (0x1234).to_bytes(2, "little")
    path.write_bytes(data)
    assert refused(path).status == "unsupported"


def test_too_short_silent_and_not_finite(tmp_path):
    y = music(3)
    assert refused(write(tmp_path / "short.wav", y[: SR // 10])).status == "too-short"
    assert refused(write(tmp_path / "late.wav", y), offset=60.0).status == "too-short"
    assert refused(write(tmp_path / "silent.wav", np.zeros(SR))).status == "silent"
    assert refused(write(tmp_path / "silent44.wav", np.zeros(44100), 44100), normalize="peak").status == "silent"
    for bad in (np.nan, np.inf, -np.inf, 3e38):
        y[SR] = bad
        for sr in (SR, 44100):
            path = write(tmp_path / "bad.wav", y, sr, subtype="FLOAT")
            assert refused(path).status == "not-finite"
            assert refused(path, normalize="loudness").status == "not-finite"


def test_what_is_no_file(tmp_path):
    (tmp_path / "folder.mp3").mkdir()
    assert refused(tmp_path / "folder.mp3").status == "not-a-file"
    assert refused(tmp_path / "nothing.mp3").status == "missing"
    (tmp_path / "link.mp3").symlink_to("nowhere.mp3")
    assert refused(tmp_path / "link.mp3").status == "dangling-link"
    (tmp_path / "loop.mp3").symlink_to("loop.mp3")
    assert refused(tmp_path / "loop.mp3").status == "dangling-link"
    os.mkfifo(tmp_path / "pipe.mp3")
    assert refused(tmp_path / "pipe.mp3").status == "not-a-file"


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = write(tmp_path / "a.wav", music(1))

    def forbid(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)  # the mode bits do not stop root
    with pytest.raises(TrackError) as caught:
        check_path(path)
    assert caught.value.status == "no-permission"


@pytest.mark.parametrize(
    "name", ["গান.mp3", "two\nlines.wav", "\u202eright to left.flac", "a:b.m4a", "http:x.aac", "-.ogg"]
)
def test_any_name_will_do(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if name.endswith(("m4a", "aac")):
        write_av(tmp_path / "plain", music(2, sr=44100), "aac", "mp4" if name.endswith("m4a") else "adts")
        (tmp_path / "plain").rename(name)
    else:
        write(tmp_path / name, music(2))
    assert len(load(Path(name))) / SR == pytest.approx(2, abs=0.1)


def test_libraries_say_nothing(tmp_path):
    whole = write(tmp_path / "whole.mp3", music(5))
    cut = tmp_path / "cut.mp3"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 3] + bytes(300) + b"\xff\xfb\x90\x00" * 20)
    (tmp_path / "text.m4a").write_bytes(b"words " * 500)
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from musaic.audio.decode import load\nfrom musaic.errors import TrackError\n"
        "for name in sys.argv[1:]:\n"
        "    try: load(Path(name))\n"
        "    except TrackError: pass\n"
        "print('said', file=sys.stderr)"
    )
    told = subprocess.run([sys.executable, "-c", script, cut, tmp_path / "text.m4a"], capture_output=True, text=True)
    assert (told.stdout, told.stderr) == ("", "said\n")
