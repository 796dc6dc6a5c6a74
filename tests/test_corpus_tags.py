"""Tags inside audio files fill what is missing, in every container, and never stop a scan."""

import mutagen
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen import id3

from musaic.corpus import CorpusConfig, read_corpus
from musaic.corpus.tags import Tags, read_tags

WANTED = Tags(title="আমার গান", artist="Lalon", genre="Folk", language="ben", lyrics="খাঁচার ভিতর\nঅচিন পাখি")


def sound(path):
    soundfile.write(path, np.sin(np.arange(8000) / 10).astype("float32"), 8000)
    return path


def aac(path):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return path


def add_id3(file):
    if file.tags is None:
        file.add_tags()
    file.tags.add(id3.TIT2(text=WANTED.title))
    file.tags.add(id3.TPE1(text=WANTED.artist))
    file.tags.add(id3.TCON(text="(80)"))  # Folk in the old list of numbers
    file.tags.add(id3.TLAN(text=WANTED.language))
    file.tags.add(id3.USLT(lang="ben", desc="", text=WANTED.lyrics.replace("\n", "\r\n")))


@pytest.mark.parametrize("suffix", ["mp3", "wav", "aiff"])
def test_id3_tags(tmp_path, suffix):
    file = mutagen.File(sound(tmp_path / f"a.{suffix}"))
    add_id3(file)
    file.save()
    assert read_tags(tmp_path / f"a.{suffix}") == WANTED


@pytest.mark.parametrize("suffix", ["flac", "ogg"])
def test_vorbis_comments(tmp_path, suffix):
    file = mutagen.File(sound(tmp_path / f"a.{suffix}"))
    for name in ("title", "artist", "genre", "language", "lyrics"):
        file[name.upper()] = getattr(WANTED, name)
    file.save()
    assert read_tags(tmp_path / f"a.{suffix}") == WANTED


@pytest.mark.parametrize("field", ["title", "artist", "genre", "language", "lyrics"])
@pytest.mark.parametrize("suffix", ["flac", "ogg"])
def test_one_vorbis_comment_is_read_without_the_others(tmp_path, suffix, field):
    file = mutagen.File(sound(tmp_path / f"a.{suffix}"))
    file[field] = getattr(WANTED, field)
    file.save()
    assert read_tags(tmp_path / f"a.{suffix}") == Tags(**{field: getattr(WANTED, field)})


def test_mp4_atoms(tmp_path):
    file = mutagen.File(aac(tmp_path / "a.m4a"))
    atoms = {"\xa9nam": "title", "\xa9ART": "artist", "\xa9gen": "genre", "\xa9lyr": "lyrics"}
    for atom, name in atoms.items():
        file[atom] = getattr(WANTED, name)
    file["----:com.apple.iTunes:LANGUAGE"] = WANTED.language.encode()
    file.save()
    assert read_tags(tmp_path / "a.m4a") == WANTED


def test_tags_fill_what_is_missing_and_nothing_else(tmp_path):
    (tmp_path / "rock").mkdir()
    file = mutagen.File(sound(tmp_path / "rock" / "a.mp3"))
    add_id3(file)
    file.save()
    sound(tmp_path / "rock" / "b.mp3")
    (tmp_path / "rock" / "c.mp3").write_text("no sound")
    tracks = read_corpus(tmp_path).tracks
    assert list(tracks["genre"]) == ["rock"] * 3
    assert list(tracks["language"]) == ["ben", None, None]
    assert list(tracks["title"]) == [WANTED.title, "b", "c"]
    assert list(tracks["group"]) == ["lalon", "rock/b.mp3", "rock/c.mp3"]
    assert list(tracks["lyrics_source"]) == ["tag", None, None]
    untagged = read_corpus(tmp_path, CorpusConfig(tags=False)).tracks
    assert list(untagged["artist"]) == [None] * 3


def test_a_tag_that_knows_no_language_gives_none(tmp_path):
    file = mutagen.File(sound(tmp_path / "a.mp3"))
    file.add_tags()
    file.tags.add(id3.TLAN(text="XXX"))
    file.save()
    track = read_corpus(tmp_path).tracks.iloc[0]
    assert (track["language"], track["language_source"]) == (None, None)


def test_synchronised_lyrics_are_read_with_their_times(tmp_path):
    file = mutagen.File(sound(tmp_path / "a.mp3"))
    file.add_tags()
    lines = [("আমার গান", 1500), ("তোমার গান", 61_230)]
    file.tags.add(mutagen.id3.SYLT(encoding=3, lang="ben", format=2, type=1, text=lines))
    file.save()
    assert read_tags(tmp_path / "a.mp3").lyrics == "[00:01.50]আমার গান\n[01:01.23]তোমার গান"


def test_the_first_frame_with_words_is_taken_and_chords_are_none(tmp_path):
    file = mutagen.File(sound(tmp_path / "a.mp3"))
    file.add_tags()
    file.tags.add(id3.USLT(lang="eng", desc="", text=" "))
    file.tags.add(id3.SYLT(encoding=3, lang="eng", format=2, type=5, text=[("Am", 0), ("G", 900)]))
    file.save()
    assert read_tags(tmp_path / "a.mp3").lyrics is None
    file.tags.add(id3.USLT(lang="ben", desc="", text=WANTED.lyrics))
    file.save()
    assert read_tags(tmp_path / "a.mp3").lyrics == WANTED.lyrics


@pytest.mark.parametrize("name", ["absent.mp3", "folder.mp3", "empty.flac"])
def test_files_without_tags_have_none(tmp_path, name):
    (tmp_path / "folder.mp3").mkdir()
    (tmp_path / "empty.flac").touch()
    assert read_tags(tmp_path / name) == Tags()


@given(st.sampled_from([b"ID3\x04\0\0", b"fLaC", b"OggS", b"RIFF", b"\0\0\0 ftypM4A "]), st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_broken_tags_never_raise(tmp_path_factory, start, data):
    path = tmp_path_factory.mktemp("t") / "a.mp3"
    path.write_bytes(start + data)
    assert isinstance(read_tags(path), Tags)
