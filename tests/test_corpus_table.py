"""Tables: every row a track, whatever wrote the file and however its columns are called."""

import csv
import io
import string
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.corpus import CorpusConfig, read_corpus
from musaic.corpus.table import read_table
from musaic.errors import UsageError

NO_TAGS = CorpusConfig(tags=False)


def table(folder: Path, text: str, name: str = "songs.csv", encoding: str = "utf-8") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


def sound(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"sound" + name.encode())


def row(corpus, track_id):
    return corpus.tracks.set_index("track_id").loc[track_id]


@pytest.mark.parametrize(
    "head",
    ["track_id,audio,lyrics,title,language,genre,artist", "TRACK_ID,Filename,Lyrics,Track_Name,Language,GENRE,Artist"],
)
def test_known_columns_need_no_mapping_whatever_their_case(tmp_path, head):
    sound(tmp_path, "x/a.mp3")
    corpus = read_corpus(table(tmp_path, f"{head},mood\n7,x/a.mp3,la la,Song,Bangla,Folk,Lalon,sad\n"), NO_TAGS)
    track = row(corpus, "7")
    found = tuple(track[["audio", "lyrics", "lyrics_source", "title", "language", "genre", "artist", "group", "mood"]])
    assert found == ("x/a.mp3", "la la", "table", "Song", "Bangla", "Folk", "Lalon", "lalon", "sad")
    assert corpus.labels == ("language", "genre", "mood")
    assert corpus.audio_path("7") == tmp_path / "x/a.mp3"


def test_patterns_name_audio_and_lyrics(tmp_path):
    sound(tmp_path, "mp3/Óye - A.mp3")
    (tmp_path / "lyrics").mkdir()
    (tmp_path / "lyrics" / "Óye - A.txt").write_text("corazón", encoding="latin-1")
    (tmp_path / "lyrics" / "B.txt").write_text("words", encoding="utf-16")
    path = table(tmp_path, "Filepath,Artist\nÓye - A.mp3,x\nB.mp3,y\n")
    config = CorpusConfig(audio="mp3/{filepath}", lyrics="lyrics/{Filepath:stem}.txt", track_id="Filepath")
    corpus = read_corpus(path, config)
    assert corpus.track_ids == ("B.mp3", "Óye - A.mp3")
    assert list(corpus.tracks["status"]) == ["missing", "ok"]
    assert list(corpus.tracks["lyrics"]) == ["words", "corazón"]
    assert list(corpus.tracks["lyrics_source"]) == ["lyrics/B.txt", "lyrics/Óye - A.txt"]


def test_without_ids_the_audio_path_names_a_track(tmp_path):
    sound(tmp_path, "mp3/a.mp3")
    corpus = read_corpus(table(tmp_path, "Filepath\na.mp3\n"), CorpusConfig(audio="./mp3/{Filepath}", tags=False))
    assert corpus.track_ids == ("mp3/a.mp3",)


def test_a_table_of_words_alone_is_a_corpus(tmp_path):
    text = 'track_name,lyrics,genre\nOne,"first line\nsecond line",pop\nTwo,,rock\n'
    corpus = read_corpus(table(tmp_path, text))
    assert corpus.track_ids == ("row-1", "row-2")
    assert list(corpus.tracks["status"]) == ["ok", "missing"]
    assert row(corpus, "row-1")["lyrics"] == "first line\nsecond line"
    assert row(corpus, "row-1")["audio"] is None
    assert row(corpus, "row-2")["reason"] == "the table names neither audio nor lyrics for it"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize(("separator", "name"), [(",", "t.csv"), (";", "t.csv"), ("\t", "t.csv"), ("\t", "t.tsv")])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_export_of_one_table_is_the_same_table(tmp_path, encoding, separator, name, end):
    lines = [["track_id", "lyrics", "title"], ["1", "আমি তোমায়; ভালোবাসি, বাংলা", "গান"], ["2", "يا ليل", 'a "b"']]
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator, lineterminator=end).writerows(lines)
    corpus = read_corpus(table(tmp_path, stream.getvalue(), name, encoding))
    assert list(corpus.tracks["lyrics"]) == [lines[1][1], lines[2][1]]
    assert list(corpus.tracks["title"]) == [lines[1][2], lines[2][2]]


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
COLUMN = st.text(string.ascii_letters + "আকé_ ", min_size=1, max_size=8).filter(lambda name: name.strip() != "")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_a_table_holds_each_row_is_one_track_with_its_cells(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("t")
    names = data.draw(st.lists(COLUMN, min_size=1, max_size=4, unique_by=lambda name: name.strip().casefold()))
    rows = data.draw(st.lists(st.lists(CELL, min_size=len(names), max_size=len(names)), min_size=1, max_size=8))
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(
        [["track_id", "lyrics", *(f"{name}!" for name in names)]]
        + [[f"id {number}", f"words\n{number}", *cells] for number, cells in enumerate(rows)]
    )
    read = read_table(table(folder, stream.getvalue()))
    assert len(read.rows) == len(rows)
    corpus = read_corpus(folder / "songs.csv")
    assert corpus.track_ids == tuple(sorted(f"id {number}" for number in range(len(rows))))
    assert all(status == "ok" for status in corpus.tracks["status"])
    corpus.tracks.to_parquet(folder / "tracks.parquet")


def test_parquet_and_csv_of_the_same_rows_are_the_same_corpus(tmp_path):
    frame = pd.DataFrame(
        {"track_id": [1, 2], "lyrics": ["a", None], "year": [1999.0, None], "live": [True, False], "bpm": [120.5, 90]}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    corpus = read_corpus(tmp_path / "t.parquet")
    assert list(corpus.tracks["year"]) == ["1999", None]
    assert list(corpus.tracks["live"]) == ["true", "false"]
    assert list(corpus.tracks["bpm"]) == ["120.5", "90"]
    path = table(tmp_path, "track_id,lyrics,year,live,bpm\n1,a,1999,true,120.5\n2,,,false,90\n")
    pd.testing.assert_frame_equal(read_corpus(path).tracks, corpus.tracks)


def test_a_lyrics_cell_is_a_path_only_where_it_looks_like_one_or_is_one(tmp_path):
    (tmp_path / "words.txt").write_text("from the file")
    (tmp_path / "plain").write_text("from a file without suffix")
    path = table(
        tmp_path, 'track_id,lyrics\na,words.txt\nb,plain\nc,absent.txt\nd,"la la\nwords.txt"\ne,love\nf,../up.txt\n'
    )
    corpus = read_corpus(path)
    expected = ["from the file", "from a file without suffix", None, "la la\nwords.txt", "love", None]
    assert list(corpus.tracks["lyrics"]) == expected
    assert list(corpus.tracks["status"]) == ["ok", "ok", "missing", "ok", "ok", "outside-corpus"]
    assert "absent.txt: no such file" in row(corpus, "c")["reason"]


def test_text_and_path_columns_fill_each_other(tmp_path):
    (tmp_path / "b").write_text("from the file")
    corpus = read_corpus(table(tmp_path, "track_id,lyrics,lyrics_path\na,text,\nb,,b\n"))
    assert list(corpus.tracks["lyrics"]) == ["text", "from the file"]


def test_a_repeated_id_keeps_its_row_and_is_not_used(tmp_path):
    sound(tmp_path, "a.mp3", "b.mp3", "c.mp3")
    path = table(tmp_path, "track_id,audio,lyrics,genre\nx,a.mp3,one,pop\nx,b.mp3,two,rock\nx#2,c.mp3,three,jazz\n")
    corpus = read_corpus(path, NO_TAGS)
    assert corpus.track_ids == ("x", "x#2", "x#3")
    assert list(corpus.tracks["status"]) == ["ok", "ok", "duplicate-id"]
    assert "rows 1 and 2" in row(corpus, "x#3")["reason"]
    assert row(corpus, "x#3")["genre"] == "rock"
    assert list(corpus.audio_paths()) == ["x", "x#2"]
    assert int(corpus.has_lyrics.sum()) == 2


@pytest.mark.parametrize("given_path", ["../secret.mp3", "/etc/hostname", "a/../../secret.mp3"])
def test_audio_outside_the_corpus_is_never_touched(tmp_path, given_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    sound(tmp_path, "secret.mp3")
    corpus = read_corpus(table(folder, f"track_id,audio\nx,{given_path}\n"), NO_TAGS)
    assert list(corpus.tracks["status"]) == ["outside-corpus"]
    assert corpus.audio_path("x") is None


def test_an_absolute_path_inside_the_corpus_is_made_relative(tmp_path):
    sound(tmp_path, "x/a.mp3")
    corpus = read_corpus(table(tmp_path, f"audio\n{tmp_path}/x/a.mp3\n"), NO_TAGS)
    assert corpus.track_ids == ("x/a.mp3",)


def test_lyrics_beside_the_audio_are_found_where_the_table_has_none(tmp_path):
    sound(tmp_path, "a.mp3", "b.mp3")
    (tmp_path / "a.lrc").write_text("[00:01.00]la la")
    corpus = read_corpus(table(tmp_path, "audio\na.mp3\nb.mp3\n"), NO_TAGS)
    assert list(corpus.tracks["lyrics"]) == ["[00:01.00]la la", None]


def test_columns_with_names_of_our_own_are_kept_under_another(tmp_path):
    corpus = read_corpus(table(tmp_path, "track_id,lyrics,status,Duration\na,la,live,12\nb,lo,studio,13\n"))
    assert {"status_label", "Duration"} <= set(corpus.labels) | set(corpus.tracks.columns)
    assert list(corpus.tracks["status"]) == ["ok", "ok"]
    assert any("status_label" in note for note in corpus.notes)


def test_columns_that_name_every_track_differently_are_no_labels(tmp_path):
    lines = "".join(f"{n},la,http://x/{n},{'even' if n % 2 else 'odd'}\n" for n in range(12))
    corpus = read_corpus(table(tmp_path, f"track_id,lyrics,URL,kind\n{lines}"))
    assert corpus.labels == ("kind",)
    assert "URL" in corpus.tracks


@pytest.mark.parametrize(
    ("text", "config", "sentence"),
    [
        ("Filepath\na\n", {"audio": "mp3/{Filpath}"}, r"no column 'Filpath', did you mean 'Filepath'\?"),
        ("Filepath\na\n", {"audio": "filepth"}, r"no column 'filepth', did you mean 'Filepath'\?"),
        ("file_name,x\na,b\n", {}, r"neither audio nor lyrics; is it 'file_name'\?"),
        ("lyrics,Style\na,b\n", {"genre": "Stile"}, r"did you mean 'Style'\?"),
        ("track_id,lyrics\n", {}, "no rows"),
        ("", {}, "is empty"),
    ],
)
def test_what_a_table_lacks_is_said_in_one_sentence_with_the_nearest(tmp_path, text, config, sentence):
    with pytest.raises(UsageError, match=sentence) as error:
        read_corpus(table(tmp_path, text), CorpusConfig.parse(config))
    assert "\n" not in str(error.value)


def test_broken_parquet_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match="cannot be read as Parquet"):
        read_corpus(table(tmp_path, "not parquet", "t.parquet"))


def test_ragged_rows_are_read_and_told(tmp_path):
    corpus = read_corpus(table(tmp_path, "track_id,lyrics,genre\na,la\nb,lo,pop,more,cells\n\n"))
    assert list(corpus.tracks["genre"]) == [None, "pop"]
    assert any("more cells" in note for note in corpus.notes)


def test_the_order_of_rows_does_not_matter(tmp_path):
    lines = [f"{n},words {n},{'Pop' if n % 3 else 'pop'}\n" for n in range(9)]
    first = read_corpus(table(tmp_path, "track_id,lyrics,genre\n" + "".join(lines), "a.csv"))
    second = read_corpus(table(tmp_path, "track_id,lyrics,genre\n" + "".join(lines[::-1]), "b.csv"))
    pd.testing.assert_frame_equal(first.tracks, second.tracks)


def test_very_long_cells_are_read(tmp_path):
    words = "la " * 100_000
    corpus = read_corpus(table(tmp_path, f'track_id,lyrics\na,"{words}"\n'))
    assert len(corpus.tracks["lyrics"][0]) == len(words.strip())
