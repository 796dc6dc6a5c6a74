"""Lyrics come to their own track, or to none and with the reason."""

from hypothesis import given
from hypothesis import strategies as st

from musaic.corpus import CorpusConfig, read_corpus
from musaic.corpus.lyrics import BESIDE, SAME_ID, SAME_NAME, match_lyrics, name_parts


def found(audio, lyrics):
    return match_lyrics(audio, lyrics).found


def test_lyrics_are_matched_by_language_and_id_anywhere():
    audio = ["audio/bangla/folk/bn_12_Amar_Gaan.mp3", "audio/english/rock/en_12_Go.mp3"]
    lyrics = ["processed_lyrics/bn_12.txt", "processed_lyrics/en_12.txt"]
    assert found(audio, lyrics) == {audio[0]: (lyrics[0], SAME_ID), audio[1]: (lyrics[1], SAME_ID)}


def test_the_language_may_be_written_in_another_way():
    assert found(["bangla_007_X.mp3"], ["lyrics/bn_007.txt"]) == {"bangla_007_X.mp3": ("lyrics/bn_007.txt", SAME_ID)}
    assert found(["sp_1_X.mp3"], ["l/SP_1.txt"]) == {"sp_1_X.mp3": ("l/SP_1.txt", SAME_ID)}
    assert found(["en_1_X.mp3"], ["es_1.txt"]) == {}
    assert found(["en_1_X.mp3"], ["en_11.txt", "en_01.txt"]) == {}


def test_names_are_taken_apart_only_where_they_have_a_language_and_a_number():
    assert name_parts("audio/bn_12_Amar_Gaan.mp3") == ("bn", "12", "Amar Gaan")
    assert name_parts("en_a7.txt") == ("en", "a7", None)
    assert [name_parts(name) for name in ("love_song.mp3", "song_12_Title.mp3", "en_song.mp3", "en12.mp3")] == [
        None
    ] * 4


def test_a_file_beside_the_audio_wins_and_plain_text_before_timed():
    matches = match_lyrics(["rock/a.mp3"], ["rock/a.lrc", "rock/a.txt", "lyrics/a.txt"])
    assert matches.found == {"rock/a.mp3": ("rock/a.txt", BESIDE)}
    assert set(matches.unmatched) == {"rock/a.lrc", "lyrics/a.txt"}


def test_one_name_in_two_folders_is_settled_by_the_folders():
    audio = ["audio/english/a.mp3", "audio/spanish/a.mp3"]
    assert found(audio, ["lyrics/english/a.txt", "lyrics/spanish/a.txt"]) == {
        audio[0]: ("lyrics/english/a.txt", SAME_NAME),
        audio[1]: ("lyrics/spanish/a.txt", SAME_NAME),
    }


def test_lyrics_that_fit_two_tracks_go_to_neither_and_say_so():
    matches = match_lyrics(["rock/a.mp3", "pop/a.mp3"], ["lyrics/a.txt"])
    assert matches.found == {}
    assert "2 tracks" in matches.unmatched["lyrics/a.txt"]
    assert set(matches.refused) == {"rock/a.mp3", "pop/a.mp3"}


def test_lyrics_of_another_language_are_never_lent():
    assert found(["english/a.mp3"], ["lyrics/spanish/a.txt"]) == {}


def test_two_recordings_beside_one_text_share_it():
    assert set(found(["a.mp3", "a.flac"], ["a.txt"])) == {"a.mp3", "a.flac"}


def test_of_two_texts_for_one_track_the_first_is_used_and_the_other_told():
    matches = match_lyrics(["audio/english/en_1_X.mp3"], ["lyrics/en_1.txt", "processed_lyrics/en_1.txt"])
    assert matches.found == {"audio/english/en_1_X.mp3": ("lyrics/en_1.txt", SAME_ID)}
    assert matches.unmatched == {"processed_lyrics/en_1.txt": "lyrics/en_1.txt is used instead"}


STEMS = st.sampled_from(["a", "b", "en_1", "en_1_X", "bn_1_Y", "bn_1", "ক"])
FOLDERS = st.sampled_from(["", "english/", "spanish/", "english/rock/", "rock/", "lyrics/english/", "lyrics/"])
AUDIO = st.lists(st.tuples(FOLDERS, STEMS, st.sampled_from([".mp3", ".wav"])).map("".join), unique=True, max_size=8)
LYRICS = st.lists(st.tuples(FOLDERS, STEMS, st.sampled_from([".txt", ".lrc"])).map("".join), unique=True, max_size=8)


@given(AUDIO, LYRICS, st.randoms(use_true_random=False))
def test_every_lyrics_file_is_accounted_for_whatever_the_order(audio, lyrics, random):
    audio, lyrics = sorted(audio), sorted(lyrics)
    matches = match_lyrics(audio, lyrics)
    used = {path for path, _ in matches.found.values()}
    assert used | set(matches.unmatched) == set(lyrics)
    assert not used & set(matches.unmatched)
    assert not set(matches.found) & set(matches.refused)
    for track, (path, how) in matches.found.items():
        shared = sum(other == path for other, _ in matches.found.values())
        assert shared == 1 or how == BESIDE, (track, path)
    shuffled = random.sample(audio, len(audio)), random.sample(lyrics, len(lyrics))
    assert match_lyrics(*shuffled).found == matches.found


def test_lyrics_files_in_any_encoding_are_read_and_empty_ones_told(tmp_path):
    words = {"utf-16": "আমার সোনার বাংলা", "latin-1": "corazón, ¿dónde estás?", "utf-8-sig": "يا ليل"}
    for number, (encoding, text) in enumerate(words.items()):
        (tmp_path / f"{number}.mp3").write_bytes(b"x")
        (tmp_path / f"{number}.txt").write_bytes(text.encode(encoding))
    for name in ("8.mp3", "9.mp3"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "8.txt").write_bytes(b"la " * 1_000_000)
    (tmp_path / "9.lrc").write_text(" \n\n")
    corpus = read_corpus(tmp_path, CorpusConfig(tags=False))
    assert list(corpus.tracks["lyrics"]) == [*words.values(), None, None]
    assert list(corpus.tracks["lyrics_source"]) == ["0.txt", "1.txt", "2.txt", None, None]
    assert "too large" in corpus.findings.lyrics_how["8.mp3"]
    assert "no text in it" in corpus.findings.lyrics_how["9.mp3"]
    assert list(corpus.tracks["lyrics_status"]) == ["ok", "ok", "ok", "too-long", "empty"]
