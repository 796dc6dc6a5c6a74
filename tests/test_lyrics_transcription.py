"""Lyrics heard by a Whisper made on the spot: nothing is lost, nothing is heard twice, nobody's file is touched."""

from __future__ import annotations

import csv
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from musaic.cli import invoke
from musaic.errors import MusaicError, UsageError

pytest.importorskip("faster_whisper", reason="the hearing extra is not installed")

from musaic.audio.decode import load
from musaic.lyrics.transcription import transcribe as module
from musaic.lyrics.transcription.config import TranscriptionConfig
from musaic.lyrics.transcription.loading import load_all
from musaic.lyrics.transcription.table import COLUMNS
from musaic.lyrics.transcription.transcribe import Transcription, transcribe
from musaic.lyrics.transcription.whisper import SR, Whisper
from tiny_whisper import DOUBTED, HEARD, write_tiny_whisper

LINE = "".join(HEARD).strip()
NAMES = ("أغنية ١", "গান/নদী", "गीत", "río.mp3")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_whisper(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def quick(tiny: Path) -> TranscriptionConfig:
    """Listens everywhere: what these sounds hold is no voice."""
    return TranscriptionConfig(model=str(tiny), vad=False, min_confidence=0.6, threads=1)


def whole(path: Path) -> np.ndarray:
    return load(path, sr=SR, offset="start", duration=None)


def noise(path: Path, seed: int, seconds: float = 2.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    y = np.random.default_rng(seed).normal(scale=0.1, size=int(seconds * SR))
    soundfile.write(path, y, SR, format="WAV")
    return path


@pytest.fixture
def songs(tmp_path: Path) -> dict[str, Path]:
    return {name: noise(tmp_path / "songs" / f"{name}.wav", seed) for seed, name in enumerate(NAMES)}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def records_of(done: Transcription) -> dict[str, dict]:
    records = [json.loads(path.read_text()) for path in done.words.glob("*.json") if path.name != module.LEDGER]
    return {record["track_id"]: record for record in records}


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_track_has_a_row_with_what_was_heard(
    songs: dict[str, Path], tmp_path: Path, quick: TranscriptionConfig
) -> None:
    done = transcribe(songs, whole, tmp_path / "out.csv", quick, workers=0)
    rows = rows_of(done.table)
    assert tuple(rows[0]) == COLUMNS
    assert [row["track_id"] for row in rows] == sorted(NAMES)
    assert done.statuses == {"ok": len(NAMES)}
    for row in rows:
        # The last of the five words has a rival as likely: it is heard, and left out.
        assert row["lyrics"] == LINE
        assert float(row["share_kept"]) == pytest.approx(0.8)
        assert float(row["confidence"]) == pytest.approx(0.9, abs=0.02)
        assert row["language"] == "bn"
        assert 0.5 < float(row["language_confidence"]) < 1
        assert float(row["seconds"]) == 2.0
        assert row["model"].startswith("tiny@")
    for record in records_of(done).values():
        words = [word for segment in record["heard"]["segments"] for word in segment["words"]]
        assert [word["text"] for word in words][:-1] == list(HEARD)
        assert [word["low"] for word in words] == [False] * len(HEARD) + [True]
        assert all(0 <= word["start"] <= word["end"] <= 30 for word in words)


def test_longer_tracks_have_a_line_a_window(tmp_path: Path, quick: TranscriptionConfig) -> None:
    tracks = {"long": noise(tmp_path / "long.wav", 0, 65)}
    done = transcribe(tracks, whole, tmp_path / "out.csv", quick, workers=0)
    assert rows_of(done.table)[0]["lyrics"] == "\n".join([LINE] * 3)


def test_the_same_sound_gives_the_same_bytes(
    songs: dict[str, Path], tmp_path: Path, quick: TranscriptionConfig
) -> None:
    for name in ("a", "b"):
        transcribe(songs, whole, tmp_path / name / "out.csv", quick, workers=0)
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_what_was_heard_is_not_heard_again(
    songs: dict[str, Path], tmp_path: Path, quick: TranscriptionConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[int] = []
    loads: list[int] = []
    hear, load_model = Whisper.hear, Whisper.load

    def counted(self: Whisper, y: np.ndarray, hint: str | None = None):
        heard.append(len(y))
        return hear(self, y, hint)

    def counted_load(*arguments):
        loads.append(1)
        return load_model(*arguments)

    monkeypatch.setattr(Whisper, "hear", counted)
    monkeypatch.setattr(Whisper, "load", counted_load)

    def again(config: TranscriptionConfig = quick, **options) -> int:
        heard.clear()
        assert transcribe(songs, whole, tmp_path / "out.csv", config, workers=0, **options).new == len(heard)
        return len(heard)

    assert again() == len(songs)
    assert len(loads) == 1
    table = (tmp_path / "out.csv").read_bytes()
    assert again() == 0
    assert len(loads) == 1
    noise(songs[NAMES[0]], 99)
    assert again() == 1
    assert again(hints={NAMES[1]: "ar"}) == 1
    assert again() == 1
    assert again(quick.model_copy(update={"beam_size": 2})) == len(songs)
    assert again(force=True) == len(songs)
    noise(songs[NAMES[0]], 0)
    assert again() == 1
    assert (tmp_path / "out.csv").read_bytes() == table
    # What is believed is decided afterwards, and costs no hearing.
    assert again(quick.model_copy(update={"keep_low": True})) == 0
    assert rows_of(tmp_path / "out.csv")[0]["lyrics"].split()[:-1] == LINE.split()
    assert rows_of(tmp_path / "out.csv")[0]["share_kept"] == "1.0"
    assert again(quick.model_copy(update={"min_confidence": 1.0})) == 0
    assert again() == 0
    assert (tmp_path / "out.csv").read_bytes() == table


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(
    songs: dict[str, Path], tmp_path: Path, quick: TranscriptionConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcribe(songs, whole, tmp_path / "a" / "out.csv", quick, workers=0)
    hear = Whisper.hear
    left = [2]

    def interrupted(self: Whisper, y: np.ndarray, hint: str | None = None):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return hear(self, y, hint)

    monkeypatch.setattr(Whisper, "hear", interrupted)
    with pytest.raises(KeyboardInterrupt):
        transcribe(songs, whole, tmp_path / "b" / "out.csv", quick, workers=0)
    assert len(rows_of(tmp_path / "b" / "out.csv")) == 2
    monkeypatch.setattr(Whisper, "hear", hear)
    # A kill can also leave half a record's temporary folder, a damaged record, or a table older than its records.
    words = tmp_path / "b" / "out.words"
    (words / ".writing-x").mkdir()
    damaged = next(path for path in sorted(words.glob("*.json")) if path.name != module.LEDGER)
    damaged.write_bytes(damaged.read_bytes()[:40])
    assert transcribe(songs, whole, tmp_path / "b" / "out.csv", quick, workers=0).new == 3
    assert not (words / ".writing-x").exists()
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_bad_files_have_a_status_and_stop_nothing(
    songs: dict[str, Path], tmp_path: Path, quick: TranscriptionConfig
) -> None:
    broken = tmp_path / "নষ্ট.mp3"
    broken.write_bytes(b"not sound at all" * 50)
    soundfile.write(tmp_path / "silent.wav", np.zeros(2 * SR), SR)
    tracks = songs | {"broken": broken, "gone": tmp_path / "gone.wav", "quiet": tmp_path / "silent.wav"}
    refused = {"outside": ("outside-corpus", "it lies elsewhere")}
    done = transcribe(tracks, whole, tmp_path / "out.csv", quick, refused=refused, workers=0)
    found = {row["track_id"]: row for row in rows_of(done.table)}
    assert found["broken"]["status"] == "unreadable"
    assert found["gone"]["status"] == "missing"
    assert found["quiet"]["status"] == "no-words"
    assert found["outside"]["status"] == "outside-corpus"
    assert all(bool(row["reason"]) == (row["status"] != "ok") for row in found.values())
    assert all(found[name]["status"] == "ok" for name in NAMES)
    assert not found["gone"]["content_id"]
    assert transcribe(tracks, whole, tmp_path / "out.csv", quick, refused=refused, workers=0).new == 1  # the one gone


def test_a_model_that_fails_on_one_track_goes_on_and_tries_it_again(
    songs: dict[str, Path], tmp_path: Path, quick: TranscriptionConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear = Whisper.hear
    bad = len(whole(noise(songs[NAMES[0]], 5, 3.0)))

    def failing(self: Whisper, y: np.ndarray, hint: str | None = None):
        if len(y) == bad:
            raise RuntimeError("CUDA out of memory")
        return hear(self, y, hint)

    monkeypatch.setattr(Whisper, "hear", failing)
    done = transcribe(songs, whole, tmp_path / "out.csv", quick, workers=0)
    assert done.statuses == {"ok": len(songs) - 1, "failed": 1}
    assert {row["reason"] for row in rows_of(done.table) if row["status"] == "failed"} == {"CUDA out of memory"}
    with pytest.raises(MusaicError, match=r"no track could be transcribed \(CUDA out of memory\)"):
        transcribe({NAMES[0]: songs[NAMES[0]]}, whole, tmp_path / "one.csv", quick, workers=0)
    again = transcribe(songs, whole, tmp_path / "out.csv", quick, workers=0)
    assert again.statuses == done.statuses
    assert again.new == 1
    monkeypatch.setattr(Whisper, "hear", hear)
    assert transcribe(songs, whole, tmp_path / "out.csv", quick, workers=0).statuses == {"ok": len(songs)}


def much(path: Path) -> np.ndarray:
    return np.ones(10_000_000, dtype=np.float32)


def test_leaving_while_a_process_hands_over_its_samples_waits_for_nobody(tmp_path: Path) -> None:
    loading = load_all([tmp_path / "a"] * 4, much, 1, tmp_path)
    position, loaded = next(loading)
    assert (position, loaded.status) == (0, "ok")
    time.sleep(0.3)  # the next ones are on their way
    loading.close()
    assert not list(tmp_path.iterdir())


def test_a_decoder_that_raises_anything_costs_its_track_alone(
    songs: dict[str, Path], tmp_path: Path, quick: TranscriptionConfig
) -> None:
    def raising(path: Path) -> np.ndarray:
        if path == songs[NAMES[0]]:
            raise ValueError("what a library meets\nand more")
        return whole(path)

    done = transcribe(songs, raising, tmp_path / "out.csv", quick, workers=0)
    assert done.statuses == {"ok": len(songs) - 1, "crashed": 1}
    assert "what a library meets." in str(next(row.reason for row in done.rows if row.status == "crashed"))


def test_no_voice_no_words(tmp_path: Path, quick: TranscriptionConfig) -> None:
    tracks = {"hiss": noise(tmp_path / "hiss.wav", 1)}
    config = quick.model_copy(update={"vad": True, "vad_threshold": 0.5})
    row = rows_of(transcribe(tracks, whole, tmp_path / "out.csv", config, workers=0).table)[0]
    assert row["status"] == "no-words"
    assert row["reason"] == "no voice was found in it"
    assert not row["lyrics"]
    assert not row["language"]


def test_hints_are_followed_and_their_conflicts_told(
    songs: dict[str, Path], tmp_path: Path, quick: TranscriptionConfig
) -> None:
    hints = {NAMES[0]: "ar", NAMES[1]: "bn", NAMES[2]: "or", NAMES[3]: None}
    done = transcribe(songs, whole, tmp_path / "out.csv", quick, hints=hints, workers=0)
    found = {row["track_id"]: row for row in rows_of(done.table)}
    assert [found[name]["language"] for name in NAMES] == ["ar", "bn", "bn", "bn"]
    assert float(found[NAMES[0]]["language_confidence"]) < float(found[NAMES[1]]["language_confidence"])
    assert "sounds like bn" in found[NAMES[0]]["reason"]
    assert not found[NAMES[1]]["reason"]
    assert "does not know the language or" in found[NAMES[2]]["reason"]


def test_an_english_model_says_so(songs: dict[str, Path], tmp_path: Path, quick: TranscriptionConfig) -> None:
    model = write_tiny_whisper(tmp_path / "tiny.en", multilingual=False, doubted=None)
    config = quick.model_copy(update={"model": str(model)})
    hints = {NAMES[0]: "ar", NAMES[1]: "en"}
    rows = rows_of(transcribe(songs, whole, tmp_path / "out.csv", config, hints=hints, workers=0).table)
    found = {row["track_id"]: row for row in rows}
    assert {row["language"] for row in rows} == {"en"}
    assert {row["lyrics"] for row in rows} == {LINE}
    assert "English alone" in found[NAMES[0]]["reason"]
    assert not found[NAMES[1]]["reason"]


@pytest.mark.parametrize("code", ["jv", "nb", "fil"])
def test_languages_that_whisper_calls_otherwise_keep_their_own_code(
    code: str, tmp_path: Path, quick: TranscriptionConfig
) -> None:
    tracks = {"a": noise(tmp_path / "a.wav", 1)}
    done = transcribe(tracks, whole, tmp_path / "out.csv", quick, hints={"a": code}, workers=0)
    assert rows_of(done.table)[0]["language"] == code


def test_anybody_elses_table_is_left_alone(songs: dict[str, Path], tmp_path: Path, quick: TranscriptionConfig) -> None:
    out = tmp_path / "out.csv"
    for text in ("track_id,lyrics\nmine,words\n", ",".join(COLUMNS) + "\n"):
        out.write_text(text)
        with pytest.raises(UsageError, match="left as it is"):
            transcribe(songs, whole, out, quick, workers=0, force=True)
        assert out.read_text() == text
    out.unlink()
    transcribe(songs, whole, out, quick, workers=0)
    corrected = out.read_text().replace("river", "rivers")
    out.write_text(corrected)
    with pytest.raises(UsageError, match="edited since"):
        transcribe(songs, whole, out, quick, workers=0, force=True)
    assert out.read_text() == corrected
    out.unlink()
    out.mkdir()
    with pytest.raises(UsageError, match="left as it is"):
        transcribe(songs, whole, out, quick, workers=0)
    with pytest.raises(UsageError, match=r"out\.csv"):
        transcribe(songs, whole, tmp_path / "out.xlsx", quick, workers=0)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("small", "Systran/faster-whisper-small"),
        ("turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo"),
        ("somebody/whisper-bangla-ct2", "somebody/whisper-bangla-ct2"),
    ],
)
def test_a_model_that_is_not_there_is_one_sentence_with_the_command(
    name: str, repository: str, songs: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(MusaicError, match=f"run: hf download {repository}$") as caught:
        transcribe(songs, whole, tmp_path / "out.csv", TranscriptionConfig(model=name), workers=0)
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.usefixtures("no_network")
def test_what_is_no_model_is_refused_in_one_sentence(
    songs: dict[str, Path], tmp_path: Path, tiny: Path, quick: TranscriptionConfig
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    without = tmp_path / "without"
    shutil.copytree(tiny, without)
    (without / "tokenizer.json").unlink()
    damaged = tmp_path / "damaged"
    shutil.copytree(tiny, damaged)
    (damaged / "model.bin").write_bytes((tiny / "model.bin").read_bytes()[:5000])
    odd = tmp_path / "odd"
    shutil.copytree(tiny, odd)
    (odd / "tokenizer.json").write_text("{}")
    cases = {
        str(empty): "model.bin and tokenizer.json not there",
        str(without): "tokenizer.json not there",
        str(damaged): "cannot be loaded",
        str(odd): "cannot be loaded",
        "smal": "did you mean 'small'",
        "./nowhere/at all": "there is no folder",
    }
    for name, message in cases.items():
        config = quick.model_copy(update={"model": name})
        with pytest.raises(UsageError, match=message) as caught:
            transcribe(songs, whole, tmp_path / "out.csv", config, workers=0)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "out.csv").exists()
    for update, message in (({"device": "cuda"}, "no GPU"), ({"compute_type": "float16"}, "cannot compute")):
        import ctranslate2

        if not ctranslate2.get_cuda_device_count():
            with pytest.raises(UsageError, match=message):
                transcribe(songs, whole, tmp_path / "out.csv", quick.model_copy(update=update), workers=0)


@pytest.mark.parametrize(
    "wrong", [{"beam_size": 0}, {"min_confidence": 1.5}, {"device": "tpu"}, {"compute_type": "int4"}, {"modell": "x"}]
)
def test_wrong_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(UsageError):
        TranscriptionConfig.parse(wrong)


def test_the_command_writes_beside_the_corpus_and_the_corpus_reads_it(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "أغاني"
    for number, language in enumerate(("arabic", "bangla", "bangla")):
        noise(root / "audio" / language / f"{language}_{number}_নদী.wav", number)
    (root / "lyrics").mkdir()
    (root / "lyrics" / "bangla_2.txt").write_text("আমার গান")
    before = files_of(root)
    command = ["transcribe", str(root), "--model", str(tiny), "--no-vad", "--quiet", "--workers", "0"]
    assert invoke([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["statuses"] == {"ok": 2}
    assert told["new"] == 2
    table = tmp_path / "أغاني-transcripts.csv"
    assert Path(told["table"]) == table
    assert files_of(root) == before
    assert [row["language"] for row in rows_of(table)] == ["ar", "bn"]
    assert invoke(command) == 0
    assert "(0 heard now" in capsys.readouterr().out
    assert invoke([*command, "--all", "--language", "auto", "--keep-low", "--out", str(tmp_path / "all.csv")]) == 0
    rows = rows_of(tmp_path / "all.csv")
    assert [row["language"] for row in rows] == ["bn"] * 3
    assert all(row["lyrics"].startswith(LINE) for row in rows)
    assert {row["lyrics"].removeprefix(LINE) for row in rows} <= {DOUBTED, " rival"}
    assert invoke([*command, "--language", "Elvish"]) == 2
    (root / "lyrics" / "arabic_0.txt").write_text("كلمات")
    (root / "lyrics" / "bangla_1.txt").write_text("গান")
    capsys.readouterr()
    assert invoke(command) == 0
    assert "--all" in capsys.readouterr().out


@pytest.mark.slow
def test_speech_is_found_between_silences(tmp_path: Path, quick: TranscriptionConfig) -> None:
    pytest.importorskip("espeakng_loader")
    from musaic.lyrics.speech.speak import Lyrics, speak

    speak([Lyrics("a", "the river runs down to the sea and the night is long, " * 3, "en")], tmp_path, "s.csv")
    y, sr = soundfile.read(tmp_path / "audio" / "a.flac")
    spoken = len(y) / sr
    around = np.zeros(20 * sr)
    soundfile.write(tmp_path / "a.wav", np.concatenate([around, y, around]), sr)
    config = quick.model_copy(update={"vad": True, "vad_threshold": 0.5})
    done = transcribe({"a": tmp_path / "a.wav"}, whole, tmp_path / "out.csv", config)
    heard = records_of(done)["a"]["heard"]
    assert heard["voiced"] == pytest.approx(spoken, abs=2.0)
    for segment in heard["segments"]:
        for word in segment["words"]:
            assert 19 <= word["start"] <= word["end"] <= 21 + spoken
    assert rows_of(done.table)[0]["lyrics"] == LINE
