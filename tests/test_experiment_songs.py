"""Songs as an experiment reads them: bad lyrics get a status and a reason, languages come from labels or from words."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import musaic
from musaic.corpus import CorpusConfig
from musaic.corpus.words import contradicts
from musaic.experiment.songs import verify_corpus
from musaic.lyrics.config import LyricsConfig
from songs import sound

ENGLISH = (
    "I was walking by the river when the morning light came in\nand nobody was there to tell me where you had been"
)
SPANISH = "Estaba caminando por el río cuando llegó la mañana\ny no había nadie que me dijera dónde estabas"
BANGLA = "আমি নদীর ধারে হাঁটছিলাম যখন ভোরের আলো এল\nকেউ ছিল না যে আমাকে বলবে তুমি কোথায় ছিলে"
ARABIC = "كنت أمشي على ضفة النهر عندما جاء الصباح\nولم يكن هناك أحد يخبرني أين كنت"
HINDI = "मैं नदी के किनारे चल रहा था जब सुबह की रोशनी आई\nऔर कोई नहीं था जो मुझे बताता कि तुम कहाँ थे"
TEXTS = [BANGLA, HINDI, ENGLISH, SPANISH, ARABIC]
BAD = {
    "empty": b"",
    "blank": b" \n\t\n",
    "enormous": b"la la la\n" * 240_000,
    "long": "কত কথা বলা হল\n".encode() * 15_000,
    "binary": bytes(range(256)) * 40,
    "dots": "… !!! ؟؟ — ।।\n".encode() * 3,
    "emoji": "🎵🎶 👨‍👩‍👧 ❤️\n".encode(),
    "marks": "\u200f\u202b\u2067\u200b\u2069\n".encode(),
    "instrumental": b"[Instrumental]\n",
    "damaged": b"\xef\xbf\xbd" * 60 + b" some \xef\xbf\xbd\xef\xbf\xbd words",
}
STATUS = {
    "empty": "empty", "blank": "empty", "enormous": "too-long", "long": "too-long", "binary": "binary",
    "dots": "no-words", "emoji": "no-words", "marks": "no-words", "instrumental": "instrumental", "damaged": "garbled",
}  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import soundfile

    root = tmp_path_factory.mktemp("أغاني")
    good = {
        "ग़ज़ल": HINDI.encode(),
        "río": SPANISH.encode("latin-1"),
        "নদী": BANGLA.encode("utf-16"),
        "نهر": ("\ufeff" + ARABIC).encode(),
        "timed": b"[ar:Nobody]\n[offset:0]\n"
        + "\n".join(f"[00:{i:02d}.00] {line}" for i, line in enumerate(ENGLISH.split("\n"), 10)).encode(),
        "twice": BANGLA.encode().decode("latin-1").encode(),
        "mixed": "\n".join(a for pair in zip(HINDI.split("\n") * 4, ENGLISH.split("\n") * 4, strict=True) for a in pair)
        .encode(),
    }  # fmt: skip
    for number, (name, data) in enumerate({**good, **BAD}.items()):
        soundfile.write(root / f"{name}.wav", sound("pop", number, 1.0), 22050)
        (root / f"{name}{'.lrc' if name == 'timed' else '.txt'}").write_bytes(data)
    (root / "nobody's.txt").write_text(ENGLISH)
    return root


def small_run(folder: Path, *inputs: str) -> musaic.Run:
    from musaic.experiment.runner import run

    experiment = {
        "cells": [{"model": "raw", "input": name} for name in inputs],
        "clusterings": [{"algorithm": "kmeans", "n_clusters": 2, "n_init": 1}],
        "evaluation": {"permutations": 1, "bootstrap": 100},
        "seeds": 1,
        "figures": {"maps": []},
    }
    return run(experiment, corpus=folder / "songs.csv", out=folder / "run", cache=folder / "cache", workers=0)


@pytest.fixture(scope="module")
def tracks(tree: Path) -> pd.DataFrame:
    return musaic.read_corpus(tree, workers=0).tracks.set_index("track_id")


@pytest.mark.parametrize("name", BAD)
def test_lyrics_that_cannot_be_used_say_why_and_lose_no_track(tracks: pd.DataFrame, name: str) -> None:
    track = tracks.loc[f"{name}.wav"]
    assert track["lyrics"] is None
    assert track["lyrics_status"] == STATUS[name]
    assert isinstance(track["lyrics_reason"], str)
    assert track["status"] == "ok"
    assert track["language"] is None


def test_lyrics_in_every_script_and_encoding_are_read_and_their_language_told(tracks: pd.DataFrame) -> None:
    expected = {
        "ग़ज़ल": ("hi", HINDI),
        "río": ("es", SPANISH),
        "নদী": ("bn", BANGLA),
        "نهر": ("ar", ARABIC),
        "timed": ("en", ENGLISH),
    }
    for name, (code, text) in expected.items():
        track = tracks.loc[f"{name}.wav"]
        assert (track["lyrics"], track["lyrics_status"], track["language_detected"]) == (text, "ok", code)
        assert track["language_source"] == "lyrics"
        assert 0.5 <= track["language_confidence"] <= 1
    assert tracks.loc["নদী.wav", "language"] == "bengali"
    shares = dict(part.split(":") for part in tracks.loc["mixed.wav", "languages"].split())
    assert set(shares) == {"hi", "en"}
    assert min(map(float, shares.values())) > 0.4


def test_models_of_one_name_in_two_folders_are_two_encoders(tmp_path: Path) -> None:
    from tiny_sentences import write_tiny_sentences

    pd.DataFrame({"track_id": list("abcde"), "lyrics": TEXTS}).to_csv(tmp_path / "songs.csv", index=False)
    models = [write_tiny_sentences(tmp_path / folder / "model", seed=seed) for seed, folder in enumerate("xy")]
    done = small_run(tmp_path, *(f"lyrics:sentence-transformers:{model}" for model in models))
    one, other = (pd.read_parquet(done.embedding_file(cell["cell"], 0)) for cell in done.cells)
    assert not one.equals(other)


@pytest.mark.parametrize("labelled", [0, 6, 10])
def test_a_language_read_from_lyrics_is_no_judge_of_what_reads_lyrics(tmp_path: Path, labelled: int) -> None:
    names = (["Bangla", "Hindi", "English", "Spanish", "Arabic"] * 2)[:labelled] + [None] * (10 - labelled)
    songs = {"track_id": list("abcdefghij"), "lyrics": TEXTS * 2, "language": names}
    pd.DataFrame(songs).to_csv(tmp_path / "songs.csv", index=False)
    done = small_run(tmp_path, "lyrics")
    (score,) = done.leaderboard.query("label == 'language'").to_dict("records")
    assert score["leaked"] == (labelled == 0)
    assert score["n_labelled"] == (labelled or 10)
    assert done.cells[0]["labels_used"] == (["language"] if labelled == 0 else [])


def test_time_stamps_are_kept_where_asked(tree: Path) -> None:
    kept = musaic.read_corpus(tree, lyrics=LyricsConfig(times="keep"), workers=0).tracks.set_index("track_id")
    assert kept.loc["timed.wav", "lyrics"].startswith("[00:10.00]")
    assert kept.loc["timed.wav", "language_detected"] == "en"


def test_a_label_is_kept_where_the_words_say_otherwise_and_that_is_told(tmp_path: Path) -> None:
    songs = pd.DataFrame(
        {
            "track_id": ["a", "b", "c", "d", "e"],
            "lyrics": [BANGLA, HINDI, ENGLISH, SPANISH, "[Instrumental]"],
            "language": ["Bangla", "Marathi", None, "Spanglish", None],
        }
    )
    songs.to_csv(tmp_path / "songs.csv", index=False)
    corpus = musaic.read_corpus(tmp_path / "songs.csv", workers=0)
    assert list(corpus.tracks["language"]) == ["Bangla", "Marathi", "english", "Spanglish", None]
    assert list(corpus.tracks["language_source"]) == ["label", "label", "lyrics", "label", None]
    assert any("1 track" in note and "b (Marathi, reads as hi)" in note for note in corpus.notes)
    e = corpus.tracks.iloc[4]
    assert (e["status"], e["lyrics_status"]) == ("missing", "instrumental")
    report = verify_corpus(tmp_path / "songs.csv", workers=0)
    assert [(track["track_id"], track["detected"]) for track in report.languages["otherwise"]] == [("b", "hi")]
    assert "not in the language of the label" in report.text()
    assert "instrumental" in report.text()


def test_a_language_is_spelt_as_the_corpus_spells_it(tmp_path: Path) -> None:
    songs = pd.DataFrame({"track_id": ["a", "b", "c"], "lyrics": [BANGLA] * 3, "language": ["বাংলা", None, None]})
    songs.to_csv(tmp_path / "songs.csv", index=False)
    assert set(musaic.read_corpus(tmp_path / "songs.csv", workers=0).tracks["language"]) == {"বাংলা"}


def test_transcripts_fill_what_has_no_lyrics_and_nothing_else(tree: Path, tmp_path: Path) -> None:
    heard = pd.DataFrame(
        {"track_id": ["empty.wav", "río.wav", "stranger.wav", "emoji.wav"], "lyrics": [ARABIC, ENGLISH, ENGLISH, None]}
    )
    heard.to_csv(tmp_path / "heard.csv", index=False)
    corpus = musaic.read_corpus(tree, CorpusConfig(transcripts=str(tmp_path / "heard.csv")), workers=0)
    tracks = corpus.tracks.set_index("track_id")
    assert tracks.loc["empty.wav", ["lyrics", "lyrics_source", "lyrics_status"]].tolist() == [
        ARABIC,
        "transcript",
        "ok",
    ]
    assert tracks.loc["río.wav", "lyrics"] == SPANISH
    assert any("1 track the lyrics that were heard; 1 of its rows fit no track" in note for note in corpus.notes)
    (tmp_path / "wrong.csv").write_text("id,words\n1,2\n")
    with pytest.raises(musaic.UsageError, match="no column 'track_id'"):
        musaic.read_corpus(tree, CorpusConfig(transcripts=str(tmp_path / "wrong.csv")))
    with pytest.raises(musaic.UsageError, match=r"no table of transcripts 'nowhere\.csv'"):
        musaic.read_corpus(tree, CorpusConfig(transcripts="nowhere.csv"))


def test_what_was_heard_takes_the_place_of_lyrics_that_cannot_be_used(tree: Path, tmp_path: Path) -> None:
    heard = pd.DataFrame({"track_id": [f"{name}.wav" for name in BAD], "lyrics": [HINDI] * len(BAD)})
    heard.to_csv(tmp_path / "heard.csv", index=False)
    corpus = musaic.read_corpus(tree, CorpusConfig(transcripts=str(tmp_path / "heard.csv")), workers=0)
    tracks = corpus.tracks.set_index("track_id")
    for name in BAD:
        track = tracks.loc[f"{name}.wav"]
        if name == "instrumental":
            assert (track["lyrics"], track["lyrics_status"]) == (None, "instrumental")
        else:
            assert (track["lyrics"], track["lyrics_source"], track["lyrics_status"]) == (HINDI, "transcript", "ok")
            assert (track["lyrics_reason"], track["language_detected"]) == (None, "hi")


def test_tags_take_the_place_of_a_lyrics_file_that_cannot_be_used(tmp_path: Path) -> None:
    import soundfile
    from mutagen.flac import FLAC

    soundfile.write(tmp_path / "نهر.flac", sound("pop", 0, 1.0), 22050)
    tagged = FLAC(tmp_path / "نهر.flac")
    tagged["LYRICS"] = ARABIC
    tagged.save()
    (tmp_path / "نهر.txt").write_bytes(BAD["binary"])
    track = musaic.read_corpus(tmp_path, workers=0).tracks.iloc[0]
    assert (track["lyrics"], track["lyrics_source"], track["lyrics_status"]) == (ARABIC, "tag", "ok")
    (tmp_path / "نهر.txt").write_bytes(BAD["instrumental"])
    track = musaic.read_corpus(tmp_path, workers=0).tracks.iloc[0]
    assert (track["lyrics"], track["lyrics_status"]) == (None, "instrumental")


def test_what_was_wrong_with_lyrics_is_told_beside_what_is_used_instead(tree: Path, tmp_path: Path) -> None:
    labels = pd.DataFrame({"track_id": ["empty.wav", "dots.wav"], "lyrics": [HINDI, None]})
    labels.to_csv(tmp_path / "labels.csv", index=False)
    heard = pd.DataFrame({"track_id": ["dots.wav"], "lyrics": [HINDI]})
    heard.to_csv(tmp_path / "heard.csv", index=False)
    config = CorpusConfig(labels=str(tmp_path / "labels.csv"), transcripts=str(tmp_path / "heard.csv"))
    how = musaic.read_corpus(tree, config, workers=0).findings.lyrics_how
    assert how["empty.wav"] == "in the table (empty.txt: the file has no bytes)"
    assert how["dots.wav"].startswith("heard by transcription (dots.txt: there are no words in it")


@pytest.mark.parametrize(
    ("label", "detected", "languages", "expected"),
    [
        ("Hindi", "mr", "mr:1.00", True),
        ("বাংলা", "bn", "bn:1.00", False),
        ("Hindi", "en", "en:0.60 hi:0.40", False),
        ("Filipino", "tl", "tl:1.00", False),
        ("Bhojpuri", "hi", "hi:1.00", False),
        ("Spanglish", "en", "en:1.00", False),
        ("Hindi", "und", None, False),
        (None, "hi", "hi:1.00", False),
    ],
)
def test_a_conflict_is_one_that_words_can_tell(
    label: str | None, detected: str, languages: str | None, expected: bool
) -> None:
    assert contradicts(label, detected, languages) == expected


def test_every_kind_of_unusable_lyrics_is_counted_in_the_notes(tree: Path) -> None:
    (told,) = [note for note in musaic.read_corpus(tree, workers=0).notes if note.startswith("lyrics that cannot")]
    counts = dict(part.split(" ") for part in told.partition(": ")[2].split(", "))
    assert counts == {status: str(list(STATUS.values()).count(status)) for status in STATUS.values()}


def test_what_is_found_is_told_with_nobody_left_out(tree: Path) -> None:
    report = verify_corpus(tree, workers=0).plain()
    assert {item["track_id"].removesuffix(".wav"): item["status"] for item in report["lyrics"]["unusable"]} == STATUS
    assert [item["file"] for item in report["lyrics"]["files_without_track"]] == ["nobody's.txt"]
    assert [item["track_id"] for item in report["lyrics"]["mended"]] == ["twice.wav"]
    assert [item["track_id"] for item in report["languages"]["mixed"]] == ["mixed.wav"]
