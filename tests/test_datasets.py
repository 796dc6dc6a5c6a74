"""Public datasets: what is told of them, and how copies in their own layouts become corpora."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path

import pytest

from musaic.audio.decode import probe
from musaic.cli import invoke
from musaic.corpus.read import read_corpus
from musaic.corpus.verify import verify
from musaic.datasets import dataset, datasets, download, obtain
from musaic.datasets.known.banglabeats import songs_of
from musaic.datasets.page import filled
from musaic.errors import MusaicError, UsageError
from tiny_datasets import COPIES, HOSTILE, LYRICS, banglabeats, clip, fma, gtzan, jamendolyrics, mtg_jamendo

NAMES = sorted(datasets())


@pytest.mark.parametrize("name", NAMES)
def test_a_dataset_tells_what_it_is_before_anything_is_fetched(name: str) -> None:
    told = datasets()[name]
    assert told.name == name
    assert told.tracks
    assert told.tracks > 0
    assert re.match(r"\d[\d.,]* (GB|hours)", told.size)
    assert told.licence
    assert told.homepage.startswith("http")
    assert re.match(r"@\w+\{\w+,\n", told.citation)
    assert told.citation.count("{") == told.citation.count("}")
    assert told.facts
    assert told.source.kind in ("mirdata", "kaggle", "local copy")
    assert json.loads(json.dumps(told.plain()))["name"] == name


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_in_its_own_layout_becomes_a_corpus_that_verify_likes(name: str, tmp_path: Path) -> None:
    copy = COPIES[name](tmp_path / "copy")
    before = sorted(path for path in copy.rglob("*"))
    to = tmp_path / "mit Lücken – গান"
    corpus = download(name, to, source=copy)
    assert corpus == to / "corpus.csv"
    assert sorted(path for path in copy.rglob("*")) == before  # nothing is written into the copy
    found = verify(corpus, probe=probe)
    assert found.tracks["audio"] >= 3 - (name in ("fma_small", "mtg_jamendo"))
    assert found.unusable == []
    assert not found.notes or all("not used as labels" in note or "read as" in note for note in found.notes)
    assert datasets()[name].licence in (to / "LICENCE.txt").read_text(encoding="utf-8")
    assert (to / "CITATION.bib").read_text(encoding="utf-8") == datasets()[name].citation
    for fault in datasets()[name].faults:
        assert fault in (to / "LICENCE.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_copy_gives_the_same_bytes_again(name: str, tmp_path: Path) -> None:
    copy = COPIES[name](tmp_path / "copy")
    first = {path.name: path.read_bytes() for path in download(name, tmp_path / "to", source=copy).parent.glob("*.*")}
    again = {path.name: path.read_bytes() for path in download(name, tmp_path / "to", source=copy).parent.glob("*.*")}
    assert first == again


@pytest.mark.parametrize("name", NAMES)
def test_another_layout_is_told_in_one_sentence(name: str, tmp_path: Path) -> None:
    clip(tmp_path / "copy" / "somewhere" / "a song.wav")
    with pytest.raises(UsageError, match="layout"):
        download(name, tmp_path / "to", source=tmp_path / "copy")
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize("name", [name for name in NAMES if not datasets()[name].is_fetched])
def test_what_is_not_fetched_says_where_to_get_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"(fetch|clone) .*https://.*musaic download {name} --from FOLDER"):
        download(name, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def _rows(corpus: Path) -> dict[str, dict[str, str]]:
    with corpus.open(encoding="utf-8", newline="") as file:
        return {row["track_id"]: row for row in csv.DictReader(file)}


def test_gtzan_has_its_genres_and_passes_over_what_is_none_of_its_clips(tmp_path: Path) -> None:
    copy = gtzan(tmp_path / "copy")
    clip(copy / "Data" / "genres_original" / "blues" / "._blues.00000.wav")
    clip(copy / "Data" / "genres_original" / "blues" / "jazz.00007.wav")  # another genre's folder
    (copy / "Data" / "genres_original" / "jazz" / "jazz.00054.wav").write_bytes(b"no sound" * 99)
    corpus = download("gtzan_kaggle", tmp_path / "to", source=copy)
    rows = _rows(corpus)
    assert set(rows) == {f"{genre}.0000{n}" for genre in ("blues", "hiphop", "jazz") for n in (0, 1)} | {"jazz.00054"}
    assert {row["genre"] for row in rows.values()} == {"blues", "hiphop", "jazz"}
    broken = verify(corpus, probe=probe).unusable
    assert [track["track_id"] for track in broken] == ["jazz.00054"]
    assert any("jazz.00054" in fault for fault in datasets()["gtzan_kaggle"].faults)


def test_clips_of_one_song_stay_together_where_names_tell(tmp_path: Path) -> None:
    rows = _rows(download("banglabeats", tmp_path / "to", source=banglabeats(tmp_path / "copy")))
    songs = {row["group"] for row in rows.values()}
    assert songs == {"Folk/আমার সোনার নদী", "Folk/Abdul - Oray Nil", "Metal/Séance"}
    assert {row["language"] for row in rows.values()} == {"bangla"}


def test_numbers_that_run_on_tell_no_songs(tmp_path: Path) -> None:
    assert songs_of([f"wavs3sec/folk/folk_{number}.wav" for number in range(1, 31)]) == {}
    assert songs_of(["wavs3sec/folk/one song.wav", "wavs3sec/folk/another 1.wav"]) == {}
    for number in range(11):
        clip(tmp_path / "copy" / "wavs3sec" / "folk" / f"folk_{number}.wav", number)
    obtained = obtain(dataset("banglabeats"), tmp_path / "to", source=tmp_path / "copy")
    assert any("both sides of a split" in note for note in obtained.notes)


def test_jamendolyrics_keeps_songs_whose_audio_is_not_in_the_copy(tmp_path: Path) -> None:
    obtained = obtain(dataset("JamendoLyrics"), tmp_path / "to", source=jamendolyrics(tmp_path / "copy"))
    assert (obtained.tracks, obtained.audio, obtained.lyrics) == (4, 3, 4)
    corpus = read_corpus(obtained.corpus)
    assert dict(zip(corpus.tracks["language"], corpus.tracks["lyrics"], strict=True)) == LYRICS
    assert set(corpus.label("genre")) == {"Pop"}
    assert HOSTILE in set(corpus.tracks["title"])
    assert obtained.details is not None
    assert {row["licence"] for row in _rows(obtained.details).values()} == {"BY-NC"}


@pytest.mark.parametrize(("size", "tracks"), [("small", "2 5"), ("medium", "2 5 10"), ("large", "2 5 10 140")])
def test_fma_sizes_lie_in_one_another(size: str, tracks: str, tmp_path: Path) -> None:
    obtained = obtain(dataset(f"fma-{size}"), tmp_path / "to", source=fma(tmp_path / "copy", size))
    assert set(_rows(obtained.corpus)) == set(tracks.split())
    assert f"1 tracks of fma_{size} have no file in this copy" in obtained.notes
    assert obtained.details is not None
    five = _rows(obtained.details)["5"]
    assert five["genres"] == "Hip-Hop; Pop"
    assert five["licence"] == "CC BY"
    song = _rows(obtained.corpus)["5"]
    assert (song["title"], song["artist"], song["genre"], song["language"]) == (HOSTILE, "مريم", "", "ar")


def test_the_checksums_in_an_archive_of_fma_are_compared(tmp_path: Path) -> None:
    import hashlib

    copy = fma(tmp_path / "copy")
    audio = copy / "fma_small"
    paths = sorted(audio.rglob("*.mp3"))
    lines = [f"{hashlib.sha1(path.read_bytes()).hexdigest()}  {path.relative_to(audio)}" for path in paths]
    lines.append(f"{'0' * 40}  000/000003.mp3")
    lines.append(f"{'0' * 40}  ../../outside.mp3")
    (audio / "checksums").write_text("\n".join(lines) + "\n", encoding="utf-8")
    paths[0].write_bytes(paths[0].read_bytes() + b"\0")
    checked = obtain(dataset("fma_small"), tmp_path / "to", source=copy).checked
    assert checked.files == len(paths) + 1
    assert list(checked.differing) == ["000/000002.mp3"]
    assert list(checked.missing) == ["000/000003.mp3"]


def test_a_table_that_is_not_fmas_is_refused(tmp_path: Path) -> None:
    copy = fma(tmp_path / "copy")
    (copy / "fma_metadata" / "tracks.csv").write_text("track_id,title\n2,Food\n", encoding="utf-8")
    with pytest.raises(UsageError, match="not FMA's table of tracks"):
        download("fma_small", tmp_path / "to", source=copy)


def test_a_track_with_several_genre_tags_has_no_genre_and_all_of_them(tmp_path: Path) -> None:
    obtained = obtain(dataset("mtg_jamendo"), tmp_path / "to", source=mtg_jamendo(tmp_path / "copy"))
    rows = _rows(obtained.corpus)
    assert {track[-3:]: row["genre"] for track, row in rows.items()} == {"214": "punkrock", "215": "", "216": ""}
    assert {row["group"] for row in rows.values()} == {"artist_000014", "artist_000015"}
    assert obtained.details is not None
    assert _rows(obtained.details)["track_0000215"]["genres"] == "metal; rock"
    assert "1 tracks of autotagging.tsv have no file in this copy" in obtained.notes
    assert rows["track_0000216"]["audio"].endswith("raw_30s/audio/16/216.low.mp3")


def test_the_lists_of_mtg_jamendo_are_compared_wherever_the_audio_lies(tmp_path: Path) -> None:
    import hashlib

    copy = mtg_jamendo(tmp_path / "copy")
    lists = copy / "data" / "download"
    lists.mkdir()

    def line(file: str, name: str) -> str:
        return f"{hashlib.sha256((copy / file).read_bytes()).hexdigest()} {name}\n"

    whole = line("audio/14/214.mp3", "14/214.mp3") + f"{'0' * 64} 15/215.mp3\n{'0' * 64} 99/999.mp3\n"
    (lists / "raw_30s_audio_sha256_tracks.txt").write_text(whole, encoding="utf-8")
    checked = obtain(dataset("mtg_jamendo"), tmp_path / "to", source=copy).checked
    assert (checked.files, list(checked.differing), list(checked.missing)) == (2, ["audio/15/215.mp3"], [])
    assert "2 files; 1 files are in none of them" in checked.how  # the one in low quality
    low = line("raw_30s/audio/16/216.low.mp3", "16/216.low.mp3")
    (lists / "raw_30s_audio-low_sha256_tracks.txt").write_text(low, encoding="utf-8")
    checked = obtain(dataset("mtg_jamendo"), tmp_path / "to", source=copy).checked
    assert (checked.files, list(checked.differing)) == (3, ["audio/15/215.mp3"])
    assert "none of them" not in checked.how


def test_paths_that_leave_the_dataset_and_repeated_ids_are_left_out(tmp_path: Path) -> None:
    copy = jamendolyrics(tmp_path / "copy")
    clip(tmp_path / "outside.mp3")
    with (copy / "JamendoLyrics.csv").open("a", encoding="utf-8", newline="") as out:
        for file in ("../../outside.mp3", "Veränderung_-_doro.mp3", "/etc/passwd"):
            csv.writer(out).writerow(["", file, "x", "y", "Pop", "BY", "English"])
    obtained = obtain(dataset("jamendolyrics"), tmp_path / "to", source=copy)
    assert obtained.tracks == 4 + 1  # /etc/passwd is read below mp3/, where it is not: a song with nothing
    assert any("outside the dataset" in note for note in obtained.notes)
    assert any("given to others" in note for note in obtained.notes)
    text = obtained.corpus.read_text(encoding="utf-8")
    assert ".." not in text
    assert "/etc" not in text.replace("files/", "")


def test_a_corpus_of_something_else_is_not_written_over(tmp_path: Path) -> None:
    copy = gtzan(tmp_path / "copy")
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "corpus.csv").write_text("my own\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no download's"):
        download("gtzan", tmp_path / "to", source=copy)
    download("gtzan", tmp_path / "other", source=copy)
    with pytest.raises(UsageError, match="that of gtzan"):
        download("jamendolyrics", tmp_path / "other", source=jamendolyrics(tmp_path / "second"))


@pytest.mark.parametrize("own", ["details.csv", "LICENCE.txt", "CITATION.bib", "dataset.json"])
def test_files_of_ones_own_are_neither_written_over_nor_removed(own: str, tmp_path: Path) -> None:
    copy = gtzan(tmp_path / "copy")
    mine = '{"name": "gtzan", "made": "by another program"}\n'
    (copy / own).write_text(mine, encoding="utf-8")
    with pytest.raises(UsageError, match=rf"{own} is there already and is no download's; name another folder"):
        download("gtzan", copy, source=copy)
    assert (copy / own).read_text(encoding="utf-8") == mine
    assert {path.name for path in copy.iterdir()} == {"Data", own}
    assert download("gtzan", tmp_path / "to", source=copy).is_file()


def test_a_copy_may_become_its_own_corpus_folder_or_lie_inside_it(tmp_path: Path) -> None:
    copy = gtzan(tmp_path / "to" / "copy")
    inside = download("gtzan", tmp_path / "to", source=copy)
    assert _rows(inside)["blues.00000"]["audio"] == "copy/Data/genres_original/blues/blues.00000.wav"
    assert not (tmp_path / "to" / "files").exists()
    own = download("gtzan", copy, source=copy)
    assert _rows(own)["blues.00000"]["audio"] == "Data/genres_original/blues/blues.00000.wav"


def test_another_copy_takes_the_place_of_the_linked_one(tmp_path: Path) -> None:
    download("gtzan", tmp_path / "to", source=gtzan(tmp_path / "one"))
    download("gtzan", tmp_path / "to", source=gtzan(tmp_path / "two"))
    assert Path(os.readlink(tmp_path / "to" / "files")) == tmp_path / "two"
    assert len(list((tmp_path / "one").rglob("*.wav"))) == 6


def test_names_are_found_whatever_their_case_and_dashes() -> None:
    assert dataset("FMA-Small") is dataset("fma_small")
    with pytest.raises(UsageError, match="did you mean 'banglabeats'"):
        dataset("bangla-beats")
    with pytest.raises(UsageError, match="kaggle:OWNER/DATASET"):
        dataset("kaggle:nothing")


def test_the_command_lists_them_and_wants_a_yes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke(["download"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in NAMES)
    assert invoke(["download", "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["datasets"]] == list(datasets())
    assert invoke(["download", "gtzan"]) == 2
    told = capsys.readouterr()
    assert "1.2 GB" in told.err
    assert datasets()["gtzan"].licence in told.err
    assert "--yes" in told.err.splitlines()[-1]
    assert told.out == ""
    assert list(tmp_path.iterdir()) == []


def test_the_command_prints_the_next_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    jamendolyrics(tmp_path / "copy")
    assert invoke(["download", "jamendolyrics", "--from", "copy", "--to", "my songs"]) == 0
    told = capsys.readouterr()
    assert told.out == "corpus: my songs/corpus.csv\n"
    assert told.err.endswith("next: musaic run default --corpus 'my songs/corpus.csv'\n")
    assert "--labels 'my songs/details.csv'" in told.err
    assert invoke(["download", "jamendolyrics", "--from", "copy", "--to", "my songs", "--json", "--quiet"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert json.loads(told.out)["tracks"] == 4
    assert (
        invoke(["corpus", "verify", "my songs/corpus.csv", "--labels", "my songs/details.csv", "--workers", "0"]) == 0
    )
    assert "4 tracks: 3 with sound, 4 with lyrics" in capsys.readouterr().out


def test_the_page_and_the_registry_say_the_same() -> None:
    page = Path(__file__).parent.parent / "docs" / "datasets.md"
    text = page.read_text(encoding="utf-8")
    assert filled(text) == text, "run: python -m musaic.datasets.page docs/datasets.md"
    for name in NAMES:
        assert f"`{name}`" in text


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        download("gtzan", tmp_path / "to", source=tmp_path / "nowhere")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="is a file"):
        download("gtzan", tmp_path / "file", source=gtzan(tmp_path / "copy"))


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        target = Path("/proc/none/here")
    else:
        target = tmp_path / "closed" / "to"
        target.parent.mkdir(mode=0o500)
    with pytest.raises(MusaicError, match="cannot"):
        download("gtzan", target, source=gtzan(tmp_path / "copy"))


def test_a_download_killed_while_it_wrote_is_gone_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from musaic.datasets import obtaining

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    copy = gtzan(tmp_path / "copy")
    with monkeypatch.context() as patch:
        patch.setattr(obtaining, "scan_corpus", killed)  # the corpus is written, its record is not complete
        with pytest.raises(KeyboardInterrupt):
            download("gtzan", tmp_path / "to", source=copy)
    assert len(_rows(download("gtzan", tmp_path / "to", source=copy))) == 6
    untouched = download("gtzan", tmp_path / "other", source=copy)
    assert (tmp_path / "to" / "corpus.csv").read_bytes() == untouched.read_bytes()
    assert (tmp_path / "to" / "dataset.json").read_bytes() == (tmp_path / "other" / "dataset.json").read_bytes()


def test_a_link_that_is_no_downloads_is_left_alone(tmp_path: Path) -> None:
    mine = gtzan(tmp_path / "mine")
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "files").symlink_to(mine, target_is_directory=True)
    with pytest.raises(UsageError, match="another copy"):
        download("gtzan", tmp_path / "to", source=gtzan(tmp_path / "copy"))
    with pytest.raises(UsageError, match="is a link"):
        download("gtzan", tmp_path / "to")
    assert Path(os.readlink(tmp_path / "to" / "files")) == mine
