"""Labels: joined from tables by what names a track, one spelling a value, nothing invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musaic.corpus import CorpusConfig, read_corpus
from musaic.corpus.rows import Row
from musaic.corpus.values import clean, normalise_labels, spellings
from musaic.errors import UsageError


@pytest.fixture
def gtzan(tmp_path):
    for path in ("blues/blues.00000.mp3", "blues/blues.00001.mp3", "rock/rock.00000.mp3", "rock/same.mp3"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    (tmp_path / "blues" / "same.mp3").write_bytes(b"y")
    return tmp_path


def labelled(root, text, name="labels.csv"):
    (root / name).write_text(text, encoding="utf-8")
    return read_corpus(root, CorpusConfig(labels=(str(root / name),), tags=False))


@pytest.mark.parametrize(
    "key", ["blues/blues.00000.mp3", "./blues/blues.00000.mp3", "blues\\blues.00000.mp3", "blues.00000.mp3"]
)
def test_a_label_row_finds_its_track_by_id_path_or_name(gtzan, key):
    corpus = labelled(gtzan, f"filename,mood\n{key},sad\n")
    assert list(corpus.tracks["mood"].dropna()) == ["sad"]
    assert corpus.tracks.loc[corpus.tracks["mood"] == "sad", "track_id"].item() == "blues/blues.00000.mp3"


def test_a_label_row_finds_its_track_by_stem_in_another_format(gtzan):
    corpus = labelled(gtzan, "filename,mood\nblues.00001.wav,sad\nrock.00000,glad\n")
    assert list(corpus.label("mood").dropna().items()) == [
        ("blues/blues.00001.mp3", "sad"),
        ("rock/rock.00000.mp3", "glad"),
    ]


def test_rows_that_fit_no_track_or_two_are_told_and_change_nothing(gtzan):
    corpus = labelled(gtzan, "track,mood\nnobody.mp3,a\nsame.mp3,b\nrock.00000,c\nrock/rock.00000.mp3,d\n,e\n")
    (table,) = corpus.findings.label_tables.values()
    assert table["matched"] == 1
    assert [(row["row"], row["reason"].split()[0]) for row in table["unmatched"]] == [
        (1, "no"),
        (2, "fits"),
        (4, "row"),
        (5, "the"),
    ]
    assert list(corpus.tracks["mood"].dropna()) == ["c"]
    assert any("4 of 5 rows fit no track" in note for note in corpus.notes)


def test_a_table_wins_over_folders_and_an_empty_cell_changes_nothing(gtzan):
    corpus = labelled(gtzan, "filename,Genre,Language\nblues.00000,soul,English\nblues.00001,,English\n")
    genres = corpus.label("genre")
    assert genres["blues/blues.00000.mp3"] == "soul"
    assert genres["blues/blues.00001.mp3"] == "blues"
    assert corpus.labels == ("language", "genre")
    assert any("another genre" in note for note in corpus.notes)


def test_lyrics_can_come_from_a_label_table(gtzan):
    corpus = labelled(gtzan, "filename,lyrics\nblues.00000,আমি গান গাই\n")
    assert list(corpus.tracks["lyrics"].dropna()) == ["আমি গান গাই"]


def test_label_tables_may_lie_in_the_corpus_and_must_be_there(gtzan):
    (gtzan / "more.csv").write_text("filename,x\nblues.00000,1\n")
    assert "x" in read_corpus(gtzan, CorpusConfig(labels=("more.csv",), tags=False)).labels
    with pytest.raises(UsageError, match=r"no label table 'absent\.csv'"):
        read_corpus(gtzan, CorpusConfig(labels=("absent.csv",)))


def rows(label, values):
    result = [Row(f"{number}") for number in range(len(values))]
    for row, value in zip(result, values, strict=True):
        row.set(label, value)
    return result


def normalised(label, values):
    made = rows(label, values)
    merged, notes = normalise_labels(made)
    return [row.get(label) for row in made], merged, notes


def test_the_most_frequent_spelling_is_used_and_told():
    values, merged, notes = normalised("genre", ["Rock", "rock", "Rock ", "Hip-Hop", "hip hop", "Hip-Hop", "HIPHOP"])
    assert values == ["Rock", "Rock", "Rock", "Hip-Hop", "Hip-Hop", "Hip-Hop", "Hip-Hop"]
    assert merged == {"genre": {"rock": "Rock", "hip hop": "Hip-Hop", "HIPHOP": "Hip-Hop"}}
    assert "genre: 'rock' is read as 'Rock' (1 track)" in notes


def test_names_of_one_language_are_one_value_only_where_both_occur():
    values, merged, _ = normalised("language", ["bn", "Bengali", "bangla", "bangla", "en"])
    assert values == ["bangla"] * 4 + ["en"]
    assert merged == {"language": {"bn": "bangla", "Bengali": "bangla"}}
    assert normalised("language", ["bn", "bn"])[0] == ["bn", "bn"]
    assert normalised("genre", ["bn", "bangla"])[0] == ["bn", "bangla"]


@pytest.mark.parametrize("value", ["unknown", "und", "", "nan", "NaN", " None ", "NA", "n/a", "?", None])
def test_what_says_nothing_is_missing(value):
    assert clean(value) is None
    assert normalised("genre", ["pop", value])[0] == ["pop", None]


def test_codes_and_numbers_are_never_merged():
    assert normalised("key", ["A", "a", "Am", "AM"])[0] == ["A", "a", "Am", "AM"]
    assert normalised("valence", ["-1", "1", "0-1", "01"])[0] == ["-1", "1", "0-1", "01"]


@given(st.lists(st.text(max_size=8), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_spelling_does_not_depend_on_the_order_and_is_settled_at_once(values, random):
    once, _, _ = normalised("genre", values)
    twice, merged, _ = normalised("genre", once)
    assert twice == once
    assert merged == {}
    kept = [value for value in once if value is not None]
    assert spellings(random.sample(kept, len(kept)), "genre") == spellings(kept, "genre")


def test_lyrics_of_a_label_table_are_texts_or_paths(tmp_path):
    (tmp_path / "songs").mkdir()
    for name in ("a", "b"):
        (tmp_path / "songs" / f"{name}.wav").write_bytes(b"RIFF")
    (tmp_path / "songs" / "words.txt").write_text("নদীর গান", encoding="utf-8")
    table = tmp_path / "more.csv"
    table.write_text("id,lyrics\na,words.txt\nb,la la la\n", encoding="utf-8")
    corpus = read_corpus(tmp_path / "songs", CorpusConfig(tags=False, labels=(str(table),)))
    lyrics = corpus.tracks.set_index("track_id")["lyrics"]
    assert lyrics.to_dict() == {"a.wav": "নদীর গান", "b.wav": "la la la"}
