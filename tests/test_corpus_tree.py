"""Folder trees: what their folders mean, which files they hold, under which names."""

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musaic.corpus import CorpusConfig, read_corpus
from musaic.corpus.folders import meaning
from musaic.corpus.languages import language_code
from musaic.corpus.walk import walk
from musaic.errors import UsageError

NO_TAGS = CorpusConfig(tags=False)


def make(root: Path, *paths: str, content: str = "sound") -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content + path, encoding="utf-8")
    return root


def labels(root: Path, config: CorpusConfig = NO_TAGS) -> dict[str, tuple[str | None, str | None]]:
    tracks = read_corpus(root, config).tracks
    return {row.track_id: (row.language, row.genre) for row in tracks.itertuples()}


@pytest.mark.parametrize("top", ["", "audio/", "data/audio/", "Data/genres_original/"])
def test_language_then_genre_below_any_collection_folder(tmp_path, top):
    make(tmp_path, f"{top}bangla/folk/bn_1_Ami.mp3", f"{top}english/rock/en_1_Go.mp3", f"{top}english/en_2_Loose.wav")
    assert labels(tmp_path) == {
        f"{top}bangla/folk/bn_1_Ami.mp3": ("bangla", "folk"),
        f"{top}english/rock/en_1_Go.mp3": ("english", "rock"),
        f"{top}english/en_2_Loose.wav": ("english", None),
    }


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["english/a.mp3", "বাংলা/b.mp3", "español/c.mp3"], ("language", "genre")),
        (["en/a.mp3", "bn/b.mp3"], ("language", "genre")),
        (["blues/a.mp3", "rock/b.mp3", "latin/c.mp3"], ("genre",)),
        (["Zydeco/a.mp3", "Qawwali/b.mp3"], ("genre",)),
        (["dothraki/rock/a.mp3", "klingon/rock/b.mp3"], ("language", "genre")),
        (["rock/english/a.mp3", "pop/hindi/b.mp3"], ("genre", "language")),
        (["rock/live/a.mp3", "pop/studio/b.mp3"], ("genre",)),
        (["Björk/Homogenic/a.mp3", "Björk/Post/b.mp3", "Fela Kuti/Zombie/c.mp3"], ("artist", "-")),
        (["english/hits/a.mp3", "hindi/more/b.mp3"], ("language", "genre")),
        (["a.mp3", "b.mp3"], ()),
    ],
)
def test_folders_are_read_for_what_they_name(paths, expected):
    assert meaning(paths) == expected


def test_the_meaning_of_folders_can_be_said(tmp_path):
    make(tmp_path, "1999/rock/a.mp3", "2004/pop/b.mp3")
    corpus = read_corpus(tmp_path, CorpusConfig(tags=False, folders="decade/genre"))
    assert list(corpus.tracks["decade"]) == ["1999", "2004"]
    assert corpus.labels == ("genre", "decade")
    assert labels(tmp_path, CorpusConfig(tags=False, folders="none")) == {
        "1999/rock/a.mp3": (None, None),
        "2004/pop/b.mp3": (None, None),
    }
    with pytest.raises(UsageError, match="status"):
        read_corpus(tmp_path, CorpusConfig(folders="status/genre"))


def test_artist_folders_keep_artists_together(tmp_path):
    make(tmp_path, "Björk/Post/a.mp3", "Björk/Homogenic/b.mp3", "Fela Kuti/Zombie/c.mp3")
    tracks = read_corpus(tmp_path, NO_TAGS).tracks
    assert list(tracks["group"]) == ["björk", "björk", "fela kuti"]
    assert list(tracks["language"]) == [None] * 3


def test_a_folder_of_files_takes_languages_from_reference_names_only_if_all_have_them(tmp_path):
    make(tmp_path, "en_1_One.mp3", "bn_2_Dui.mp3")
    assert [language for language, _ in labels(tmp_path).values()] == ["bn", "en"]
    tracks = read_corpus(tmp_path, NO_TAGS).tracks
    assert list(tracks["title"]) == ["Dui", "One"]
    make(tmp_path, "unnamed.mp3")
    assert {language for language, _ in labels(tmp_path).values()} == {None}


@pytest.mark.parametrize(
    ("name", "code"),
    {
        "Bengali": "bn",
        "bangla": "bn",
        "বাংলা": "bn",
        "ben": "bn",
        "pt-BR": "pt",
        "zh_Hans": "zh",
        "ESPANOL": "es",
        "español": "es",
        "العربية": "ar",
        "हिन्दी": "hi",
        "中文": "zh",
        "latin": None,
        "rap": None,
        "pop": None,
        "": None,
    }.items(),
)
def test_languages_are_known_by_code_name_and_own_name(name, code):
    assert language_code(name) == code
    assert language_code(unicodedata.normalize("NFD", name)) == code


def test_hidden_files_and_others_are_passed_over(tmp_path):
    make(tmp_path, "rock/a.mp3", "rock/.b.mp3", ".trash/c.mp3", "rock/cover.jpg", "rock/._a.mp3", "__MACOSX/a.mp3")
    assert list(labels(tmp_path)) == ["rock/a.mp3"]


def test_links_are_followed_once_and_loops_end(tmp_path):
    elsewhere = make(tmp_path / "elsewhere", "x.mp3")
    root = make(tmp_path / "corpus", "rock/a.mp3")
    (root / "rock" / "loop").symlink_to(root)
    (root / "again").symlink_to(root / "rock")
    (root / "pop").symlink_to(elsewhere)
    (root / "self.mp3").symlink_to(root / "self.mp3")
    (root / "lost.mp3").symlink_to(root / "nowhere.mp3")
    corpus = read_corpus(root, NO_TAGS)
    assert dict(zip(corpus.tracks["track_id"], corpus.tracks["status"], strict=True)) == {
        "lost.mp3": "dangling-link",
        "pop/x.mp3": "ok",
        "rock/a.mp3": "ok",
        "self.mp3": "dangling-link",
    }
    assert set(corpus.findings.skipped) == {"again", "rock/loop"}


def test_a_folder_called_like_a_file_is_a_track_with_a_reason_unless_it_holds_music(tmp_path):
    (tmp_path / "x.mp3").mkdir()
    make(tmp_path, "album.flac/song.flac")
    tracks = read_corpus(tmp_path, NO_TAGS).tracks
    assert dict(zip(tracks["track_id"], tracks["status"], strict=True)) == {
        "album.flac/song.flac": "ok",
        "x.mp3": "not-a-file",
    }


NAMES = ["a\nb", "أغنية جميلة", "আমার গান", "मेरा गीत", "sp ace 'quote' \"double\"", "100% #1?", "\u202egnos", "café"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_a_track_that_can_be_opened(tmp_path, name):
    make(tmp_path, f"english/{name}.mp3")
    corpus = read_corpus(tmp_path, NO_TAGS)
    (track_id,) = corpus.track_ids
    assert corpus.audio_path(track_id).read_text().startswith("sound")
    assert list(corpus.tracks["status"]) == ["ok"]


def test_ids_are_composed_while_files_keep_their_own_names(tmp_path):
    decomposed = unicodedata.normalize("NFD", "Séculaire.mp3")
    make(tmp_path, decomposed)
    corpus = read_corpus(tmp_path, NO_TAGS)
    assert corpus.track_ids == ("Séculaire.mp3",)
    assert corpus.audio_path("Séculaire.mp3").exists()
    make(tmp_path, "Séculaire.mp3")
    both = read_corpus(tmp_path, NO_TAGS)
    assert both.track_ids == ("Séculaire.mp3", "Séculaire.mp3#2")
    assert list(both.tracks["status"]) == ["ok", "duplicate-id"]


def test_a_name_that_is_no_text_keeps_a_row_that_says_so(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.mp3")).write_text("x")
    make(tmp_path, "good.mp3")
    tracks = read_corpus(tmp_path, NO_TAGS).tracks
    assert list(tracks["track_id"]) == ["caf\\xe9.mp3", "good.mp3"]
    assert list(tracks["status"]) == ["unreadable", "ok"]
    tracks.to_parquet(tmp_path / "tracks.parquet")


def test_one_stem_in_two_folders_is_two_tracks(tmp_path):
    make(tmp_path, "rock/song.mp3", "pop/song.mp3", "pop/song.wav")
    assert len(labels(tmp_path)) == 3


@pytest.mark.parametrize(
    ("paths", "fix"),
    [([], "put songs"), (["notes.txt"], "put songs"), (["songs.csv"], "songs.csv"), ([".hidden/a.mp3"], "put songs")],
)
def test_an_empty_folder_is_refused_with_what_to_do(tmp_path, paths, fix):
    make(tmp_path, *paths)
    with pytest.raises(UsageError, match=fix) as error:
        read_corpus(tmp_path)
    assert "\n" not in str(error.value)


def test_paths_that_are_no_corpus_are_refused(tmp_path):
    make(tmp_path, "a.mp3", "b.xyz")
    with pytest.raises(UsageError, match="nothing at"):
        read_corpus(tmp_path / "absent")
    with pytest.raises(UsageError, match="one audio file"):
        read_corpus(tmp_path / "a.mp3")
    with pytest.raises(UsageError, match="not a table"):
        read_corpus(tmp_path / "b.xyz")
    with pytest.raises(UsageError, match="layout is 'table'"):
        read_corpus(tmp_path, CorpusConfig(layout="table"))
    with pytest.raises(UsageError, match="layout is 'tree'"):
        read_corpus(tmp_path / "b.xyz", CorpusConfig(layout="tree"))
    with pytest.raises(UsageError, match="audio describes a table"):
        read_corpus(tmp_path, CorpusConfig(audio="{x}.mp3"))


PARTS = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=12)


@given(st.lists(st.lists(PARTS, min_size=1, max_size=4).map("/".join), min_size=1, max_size=8))
def test_reading_folders_never_fails_and_ignores_order(paths):
    assert meaning(paths) == meaning(paths[::-1])


def test_a_readme_is_nobodys_lyrics_unless_a_song_is_called_so(tmp_path):
    make(tmp_path, "a.mp3", "README.txt", "other.txt", "x/Credits.mp3", "x/Credits.txt")
    corpus = read_corpus(tmp_path, NO_TAGS)
    assert set(corpus.findings.unmatched_lyrics) == {"other.txt"}
    assert list(corpus.tracks["lyrics_source"]) == [None, "x/Credits.txt"]


def test_the_walk_is_sorted_and_repeats_itself(tmp_path):
    make(tmp_path, "b/z.mp3", "a/y.MP3", "x.flac", "a/b/c.ogg", "l/x.txt", "README.txt")
    found = walk(tmp_path)
    assert found.audio == ["a/b/c.ogg", "a/y.MP3", "b/z.mp3", "x.flac"]
    assert found.lyrics == ["README.txt", "l/x.txt"]
    assert found == walk(tmp_path)
