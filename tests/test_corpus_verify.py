"""The verify report counts every track once, names every broken file, and can be read in any script."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from musaic.corpus import CorpusConfig, read_corpus
from musaic.corpus.summary import clock, shown
from musaic.corpus.verify import verify
from musaic.errors import TrackError, UsageError


@dataclass(frozen=True)
class FakeInfo:
    duration: float
    sample_rate: int = 22050
    channels: int = 1
    format: str = "MP3"
    codec: str = "MPEG"


def fake_probe(path: Path) -> FakeInfo:
    """Seconds are the number of bytes; the first word says what is wrong."""
    data = path.read_bytes()
    if data.startswith(b"truncated"):
        raise TrackError("truncated", "it ends in the middle")
    if data.startswith(b"strange"):
        raise ValueError("a decoder's own words")
    if data.startswith(b"deadly"):
        os._exit(9)
    return FakeInfo(float(len(data)))


FILES = {
    "audio/bangla/folk/bn_1_Ami.mp3": b"x" * 10,
    "audio/bangla/folk/bn_2_Tumi.mp3": b"x" * 10,
    "audio/bangla/rock/bn_3_Se.mp3": b"truncated",
    "audio/english/rock/en_1_Go.mp3": b"y" * 30,
    "audio/english/rock/en_2_Stop.mp3": b"",
    "audio/عربي/طرب/ar_1_ليل.mp3": b"z" * 20,
    "lyrics/bn_1.txt": "আমি".encode("utf-16"),
    "lyrics/bn_3.txt": "সে".encode(),
    "lyrics/xx_9.txt": b"nobody's",
}


@pytest.fixture
def tree(tmp_path):
    for path, data in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    return tmp_path


def looked_over(tree, tmp_path_factory, **config):
    cache = tmp_path_factory.mktemp("cache")
    return verify(tree, CorpusConfig.parse({"tags": False, **config}), probe=fake_probe, cache=cache, workers=0)


def test_the_report_tells_what_is_there_and_what_is_not(tree, tmp_path_factory):
    report = looked_over(tree, tmp_path_factory)
    assert report.tracks == {"all": 6, "audio": 4, "lyrics": 2, "both": 1, "neither": 1}
    assert report.labels["language"] == [
        {"value": "bangla", "tracks": 3, "audio": 2, "lyrics": 2},
        {"value": "english", "tracks": 2, "audio": 1, "lyrics": 0},
        {"value": "عربي", "tracks": 1, "audio": 1, "lyrics": 0},
    ]
    assert sum(pair["tracks"] for pair in report.language_genre) == 6
    assert report.duplicates == [["audio/bangla/folk/bn_1_Ami.mp3", "audio/bangla/folk/bn_2_Tumi.mp3"]]
    assert report.durations == {"tracks": 4, "min": 10, "median": 15, "max": 30, "total": 70}
    assert report.formats == [{"format": "MP3", "codec": "MPEG", "sample_rate": 22050, "channels": 1, "tracks": 4}]
    assert [(track["track_id"], track["status"], track["lyrics"]) for track in report.unusable] == [
        ("audio/bangla/rock/bn_3_Se.mp3", "truncated", True),
        ("audio/english/rock/en_2_Stop.mp3", "empty", False),
    ]
    assert report.lyrics["matched"] == {"same language and id in its name": 2}
    assert [item["file"] for item in report.lyrics["files_without_track"]] == ["lyrics/xx_9.txt"]
    (without,) = report.lyrics["without"]
    assert len(without["tracks"]) == 4
    assert report.selection is None


def test_the_report_is_json_and_text(tree, tmp_path_factory):
    report = looked_over(tree, tmp_path_factory)
    assert json.loads(json.dumps(report.plain())) == report.plain()
    text = report.text()
    for word in ("6 tracks: 4 with sound, 2 with lyrics", "عربي", "it ends in the middle", "bn_1_Ami.mp3 = ", "1:10"):
        assert word in text


def test_one_bad_file_never_ends_it(tree, tmp_path_factory):
    (tree / "audio/english/rock/en_7_A.mp3").write_bytes(b"strange")
    (tree / "audio/english/rock/en_8_B.mp3").write_bytes(b"deadly")
    cache = tmp_path_factory.mktemp("cache")
    report = verify(tree, CorpusConfig(tags=False), probe=fake_probe, cache=cache, workers=2)
    told = {track["track_id"].rpartition("/")[2]: (track["status"], track["reason"]) for track in report.unusable}
    assert told["en_7_A.mp3"] == ("unreadable", "a decoder's own words")
    assert told["en_8_B.mp3"][0] == "crashed"
    assert report.tracks["audio"] == 4


def test_without_a_probe_files_are_judged_by_their_outside(tree, tmp_path):
    report = verify(tree, CorpusConfig(tags=False), cache=tmp_path / "c", workers=0)
    assert report.durations is None
    assert report.tracks["audio"] == 5


def test_what_a_run_would_take_is_told(tree, tmp_path_factory):
    report = looked_over(tree, tmp_path_factory, balance="language", n=1, min_duration=15)
    assert report.selection["tracks"] == 3
    assert "What a run would take" in report.text()
    nothing = looked_over(tree, tmp_path_factory, min_duration=1000, require=["audio"])
    assert "no track is left" in nothing.selection["problem"]


def test_reading_for_a_run_takes_what_verify_said(tree):
    config = CorpusConfig(tags=False, min_duration=15, require=("audio",))
    corpus = read_corpus(tree, config, probe=fake_probe, workers=0)
    assert corpus.track_ids == ("audio/english/rock/en_1_Go.mp3", "audio/عربي/طرب/ar_1_ليل.mp3")
    with pytest.raises(UsageError, match="need a probe"):
        read_corpus(tree, config)


def test_label_tables_appear_in_the_report(tree, tmp_path_factory):
    (tree / "moods.csv").write_text("filename,mood\nbn_1_Ami,sad\nnobody,glad\n")
    report = looked_over(tree, tmp_path_factory, labels=["moods.csv"])
    assert report.label_tables["moods.csv"]["matched"] == 1
    assert "row 2 (nobody)" in report.text()
    assert "mood: sad 1" in report.text()


def test_many_tracks_are_cut_in_text_and_whole_in_json(tmp_path):
    (tmp_path / "songs.csv").write_text("track_id,audio\n" + "".join(f"{n},{n}.mp3\n" for n in range(50)))
    report = verify(tmp_path / "songs.csv", probe=fake_probe, cache=tmp_path / "c", workers=0)
    assert len(report.plain()["unusable"]) == 50
    assert "and 46 more" in report.text()
    assert len(report.text().splitlines()) < 20


def test_names_cannot_break_the_lines_they_stand_on():
    assert shown("a\nb\x1b[31m") == "a\\nb\\x1b[31m"
    assert shown("\u202egnos") == "\\u202egnos"
    assert shown("أغنية") == "\u2068أغنية\u2069"
    assert shown("আমার") == "আমার"


@pytest.mark.parametrize(("seconds", "text"), [(0.1, "0.1 s"), (59.94, "59.9 s"), (185, "3:05"), (7385, "2:03:05")])
def test_durations_are_written_for_people(seconds, text):
    assert clock(seconds) == text


def test_a_file_that_vanishes_meanwhile_is_told(tree, tmp_path):
    def probe(path):
        if path.name == "en_1_Go.mp3":
            path.unlink()
            raise TrackError("missing", "no such file")
        return FakeInfo(1.0)

    report = verify(tree, CorpusConfig(tags=False), probe=probe, cache=tmp_path / "c", workers=0)
    assert "missing" in {track["status"] for track in report.unusable}
