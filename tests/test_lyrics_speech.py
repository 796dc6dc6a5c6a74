"""Lyrics read aloud: a voice for each language, the same bytes again, and nobody's files touched."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from musaic.cli import invoke
from musaic.errors import MusaicError, UsageError
from musaic.lyrics.speech import voices as voices_module
from musaic.lyrics.speech.config import SpeechConfig
from musaic.lyrics.speech.reading import mark_of, readable
from musaic.lyrics.speech.speak import Lyrics, file_names, speak
from musaic.lyrics.speech.voices import Voice, Voices, list_voices

pytest.importorskip("espeakng_loader", reason="the speech extra is not installed")

TEXTS = {
    "ar": "يا ليل يا عين\nالقمر فوق البحر والقلب يغني للحبيب",
    "bn": "আমার সোনার নদী\nতোমার গান আকাশে বাতাসে বাজে",
    "en": "the river runs down to the sea\nand the night is long",
    "hi": "मेरे मन की नदी\nतेरे गीत गगन में गूँजे",
    "es": "el río corre hacia el mar\ny la noche es larga",
    "de": "der Fluss läuft hinab zum Meer\nund die Nacht ist lang",
    "fr": "la rivière descend vers la mer\net la nuit est longue",
}


@pytest.fixture(scope="module")
def there() -> Voices:
    return list_voices()


def rows_of(texts: dict[str, str]) -> list[Lyrics]:
    return [Lyrics(f"গান/{code}", text, code, {"language": code}) for code, text in texts.items()]


def table_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sounds(out: Path, table: str = "songs.csv") -> dict[str, bytes]:
    return {row["track_id"]: (out / row["audio"]).read_bytes() for row in table_of(out / table) if row["audio"]}


def test_every_language_is_heard_and_lasts_as_long_as_its_words(tmp_path: Path) -> None:
    done = speak(rows_of(TEXTS), tmp_path, "songs.csv", workers=0)
    assert done.statuses == {"ok": len(TEXTS)}
    heard = {}
    for row in table_of(done.table):
        y, sr = soundfile.read(tmp_path / row["audio"])
        words = len(row["lyrics"].split())
        assert 0.15 * words < len(y) / sr < 1.0 * words
        assert np.abs(y).max() > 0.1
        assert np.abs(y).mean() > 0.01
        heard[row["language"]] = y
    assert len({y.tobytes() for y in heard.values()}) == len(TEXTS)


def test_one_text_in_other_languages_and_voices_sounds_different(tmp_path: Path, there: Voices) -> None:
    text = "a la luna en el mar"
    rows = [Lyrics(code, text, code) for code in ("es", "en", "de", "fr")]
    speak(rows, tmp_path / "a", "songs.csv", workers=0)
    found = sounds(tmp_path / "a")
    assert len(set(found.values())) == 4
    speak(rows[:1], tmp_path / "b", "songs.csv", SpeechConfig(voices={"es": "es+f3"}), workers=0)
    assert sounds(tmp_path / "b")["es"] != found["es"]


def test_the_same_bytes_alone_and_among_others_and_with_more_processes(tmp_path: Path) -> None:
    rows = rows_of(TEXTS)[:4]
    speak(rows, tmp_path / "a", "songs.csv", workers=0)
    speak(rows[::-1], tmp_path / "b", "songs.csv", workers=2)
    speak(rows[2:3], tmp_path / "c", "songs.csv", workers=0)
    assert sounds(tmp_path / "a") == sounds(tmp_path / "b")
    assert sounds(tmp_path / "c").items() <= sounds(tmp_path / "a").items()
    assert (tmp_path / "a" / "songs.csv").read_bytes() == (tmp_path / "b" / "songs.csv").read_bytes()


def test_wav_and_flac_hold_the_same_samples(tmp_path: Path) -> None:
    rows = rows_of(TEXTS)[:1]
    found = []
    for kind in ("flac", "wav"):
        done = speak(rows, tmp_path / kind, "songs.csv", SpeechConfig(format=kind), workers=0)
        path = tmp_path / kind / table_of(done.table)[0]["audio"]
        assert path.suffix == f".{kind}"
        assert mark_of(path)
        found.append(soundfile.read(path, dtype="int16")[0])
    np.testing.assert_array_equal(*found)


def test_what_was_made_of_the_same_is_kept_and_anything_else_is_made_again(tmp_path: Path) -> None:
    rows = rows_of(TEXTS)[:2]
    assert speak(rows, tmp_path, "songs.csv", workers=0).new == 2
    before = sounds(tmp_path)
    assert speak(rows, tmp_path, "songs.csv", workers=0).new == 0
    changed = [rows[0], Lyrics(rows[1].track_id, "অন্য গান", "bn", rows[1].labels)]
    assert speak(changed, tmp_path, "songs.csv", workers=0).new == 1
    assert sounds(tmp_path)[rows[0].track_id] == before[rows[0].track_id]
    assert speak(rows, tmp_path, "songs.csv", SpeechConfig(speed=120), workers=0).new == 2
    assert speak(rows, tmp_path, "songs.csv", workers=0, force=True).new == 2
    assert sounds(tmp_path) == before


def test_faster_is_shorter_and_the_end_is_where_it_was_asked_for(tmp_path: Path) -> None:
    row = [Lyrics("night", TEXTS["en"], "en")]
    lengths = {}
    for name, config in {
        "slow": SpeechConfig(speed=100),
        "fast": SpeechConfig(speed=300),
        "cut": SpeechConfig(max_seconds=0.75),
    }.items():
        speak(row, tmp_path / name, "songs.csv", config, workers=0)
        info = soundfile.info(tmp_path / name / "audio" / "night.flac")
        lengths[name] = info.frames / info.samplerate
    assert lengths["fast"] < lengths["slow"] / 1.5
    assert lengths["cut"] == pytest.approx(0.75, abs=1e-4)


def test_what_cannot_be_spoken_says_why_and_stops_nothing(tmp_path: Path) -> None:
    rows = [
        Lyrics("a", None, "en"),
        Lyrics("b", "…!? ♪ —", "en"),
        Lyrics("c", "words", None, {"language": None}),
        Lyrics("d", "words", None, {"language": "Elvish of the woods"}),
        Lyrics("e", "mga salita", "fil"),
        Lyrics("ليلة", TEXTS["ar"], "ar"),
        Lyrics("f", "null\0 and \x07 bell <speak>&amp;</speak> [[h@l'oU]]", "en"),
    ]
    done = speak(rows, tmp_path, "songs.csv", workers=0)
    found = {row["track_id"]: row for row in table_of(done.table)}
    assert list(found) == sorted(found)
    assert {name: row["speech_status"] for name, row in found.items()} == {
        "a": "no-lyrics",
        "b": "no-words",
        "c": "no-language",
        "d": "no-language",
        "e": "no-voice",
        "f": "ok",
        "ليلة": "ok",
    }
    assert all(bool(row["speech_reason"]) == (row["speech_status"] != "ok") for row in found.values())
    assert all(bool(row["audio"]) == (row["speech_status"] == "ok") for row in found.values())
    assert "Elvish" in found["d"]["speech_reason"]
    assert "--voice fil=" in found["e"]["speech_reason"]


def test_anybody_elses_files_are_left_alone(tmp_path: Path) -> None:
    rows = [Lyrics("night", TEXTS["en"], "en")]
    (tmp_path / "songs.csv").write_text("mine\n")
    with pytest.raises(UsageError, match="left as it is"):
        speak(rows, tmp_path, "songs.csv", workers=0)
    (tmp_path / "audio").mkdir()
    soundfile.write(tmp_path / "audio" / "night.flac", np.zeros(100), 8000)
    before = (tmp_path / "audio" / "night.flac").read_bytes()
    with pytest.raises(UsageError, match="left as it is"):
        speak(rows, tmp_path, "other.csv", workers=0, force=True)
    assert (tmp_path / "songs.csv").read_text() == "mine\n"
    assert (tmp_path / "audio" / "night.flac").read_bytes() == before


@given(st.lists(st.text(max_size=40), unique=True, max_size=8))
def test_file_names_are_different_and_can_be_names(track_ids: list[str]) -> None:
    names = file_names(track_ids, "flac")
    assert len({name.casefold() for name in names.values()}) == len(track_ids)
    for name in names.values():
        assert not set(name) & set('/\\:*?"<>|\0\n')
        assert 0 < len(name.encode("utf-8", "surrogatepass")) < 200
        assert name not in (".flac", "..flac")


def test_letters_of_all_scripts_stay_in_file_names() -> None:
    ids = ["ليلة", "গান", "गीत", "señal", "a/b"]
    names = file_names(ids, "flac")
    assert [names[name] for name in ids[:4]] == ["ليلة.flac", "গান.flac", "गीत.flac", "señal.flac"]
    assert names["a/b"].startswith("a_b-")
    both = file_names(["Song", "song"], "wav")
    assert both["Song"].casefold() != both["song"].casefold()


def test_lines_end_in_a_pause() -> None:
    assert readable("la noche\nes larga!\n\nfin\x00\n") == "la noche,\nes larga!\n\nfin,"


def test_the_most_natural_voice_is_chosen_and_variants_are_checked(there: Voices) -> None:
    for code in TEXTS:
        voice = there.of_language(code)
        assert voice is not None
        assert any(tag == code for tag, _ in voice.languages)
    assert there.of_language("xx") is None
    assert there.named("hi+f3").endswith("hi+f3")
    assert there.named("Hindi") == there.named("hi")
    for wrong in ("hi+nobody", "klingonese", "", "hi+"):
        with pytest.raises(UsageError, match="unknown v"):
            there.named(wrong)
    few = Voices("1", (Voice("A", "x/a", (("aa", 9),)), Voice("B", "x/b", (("aa", 2), ("bb", 5)))), frozenset({"f1"}))
    assert few.of_language("aa") == few.voices[1]


@pytest.mark.parametrize("text", ["short", "la noche es larga\n" * 300])
def test_a_process_that_dies_costs_its_text_alone(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from musaic.lyrics.speech import reading

    dying = "import sys, os, signal; sys.stdout.buffer.write(b'\\x22\\x56\\0\\0' + b'\\x01\\x10' * 9000)\n"
    dying += "sys.stdout.flush(); os.kill(os.getpid(), signal.SIGSEGV)"
    monkeypatch.setattr(reading, "COMMAND", (sys.executable, "-c", dying))
    done = speak([Lyrics("a", text, "en"), Lyrics("b", None, "en")], tmp_path, "songs.csv", workers=0)
    assert done.statuses == {"failed": 1, "no-lyrics": 1}
    assert "SIGSEGV" in table_of(done.table)[0]["speech_reason"]
    assert not list((tmp_path / "audio").iterdir())


def test_without_the_library_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voices_module, "find_spec", lambda name: None)
    with pytest.raises(MusaicError, match=r"pip install 'musaic\[speech\]'"):
        list_voices()


def written(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_the_command_makes_a_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    songs = written(
        tmp_path / "غناء.csv",
        [
            ["track_id", "lyrics", "language", "genre", "mood"],
            ["أغنية", TEXTS["ar"], "Arabic", "pop", "calm"],
            ["গান ১", TEXTS["bn"], "bangla", "folk", "calm"],
            ["?", "", "Hindi", "folk", "wild"],
            ["long", "la noche " * 250_000, "Spanish", "folk", "wild"],
            ["nobody sings", "[Instrumental]", "English", "folk", "wild"],
        ],
    )
    assert invoke(["speak", str(songs), "--json", "--quiet", "--workers", "0", "--voice", "Arabic=ar+f2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["statuses"] == {"ok": 2, "instrumental": 1, "no-lyrics": 1, "too-long": 1}
    from musaic.corpus import read_corpus

    assert all(bool(row["speech_reason"]) == (row["speech_status"] != "ok") for row in table_of(Path(told["table"])))
    corpus = read_corpus(Path(told["table"]))
    assert corpus.track_ids == ("?", "long", "nobody sings", "أغنية", "গান ১")
    assert corpus.has_audio.tolist() == [False, False, False, True, True]
    assert corpus.label("language").tolist()[3:] == ["Arabic", "bangla"]
    assert corpus.label("mood").tolist() == ["wild"] * 3 + ["calm"] * 2
    assert {path.suffix for path in corpus.audio_paths().values()} == {".flac"}
    assert invoke(["speak", str(songs), "--voice", "nothing"]) == 2
    assert invoke(["speak", str(songs), "--voice", "qq=hi"]) == 2
    assert invoke(["speak", str(songs), "--voice", "hi=hi+nobody"]) == 2
    assert invoke(["speak", str(songs), "--speed", "1000"]) == 2
