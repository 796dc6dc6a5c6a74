from __future__ import annotations

import io
import math
import os
import urllib.parse
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fake_run import make_run
from musaic.errors import UsageError
from musaic.report import draw_report
from musaic.report.clips import Clips
from musaic.report.links import link
from musaic.report.page import write_report
from musaic.report.reading import Results
from musaic.report.sounds import heard, write_mp3, write_sounds

FEATURES = "features: {sample_rate: 8000, n_fft: 512, hop_length: 128, fmin: 0.0, fmax: null, duration: 4.0}\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run whose decoder gives log-mels of 24 bands, with its sounds and two songs of its corpus."""
    base = tmp_path_factory.mktemp("sounding")
    folder = make_run(base / "run", n=20, rich=True, models=("raw", "basic-vae"))
    file = folder / "experiment.yaml"
    file.write_text(file.read_text("utf-8") + FEATURES, "utf-8")
    write_sounds(folder, workers=0)
    return folder


def test_songs_and_sweeps_of_a_decoder_are_sound_that_can_be_played(run):
    (each,) = heard(Results(run))
    assert len(each.songs) == 4
    assert [sweep.dim for sweep in each.sweeps] == [3, 0, 2]
    for take in each.takes:
        y, sr = soundfile.read(take.file)
        # An MP3 holds whole frames of 576 or 1152 samples.
        assert abs(len(y) / sr - (len(take.log_mel()) - 1) * 128 / 8000) < 0.3
        assert np.isfinite(y).all()


def test_a_sweep_is_one_sound_in_which_every_step_has_its_time(run):
    (each,) = heard(Results(run))
    for sweep in each.sweeps:
        assert [sd for sd, _, _ in sweep.marks] == [-3, -1.5, 0, 1.5, 3]
        assert sweep.marks[0][1] == 0
        assert all(first[2] == second[1] for first, second in zip(sweep.marks, sweep.marks[1:], strict=False))
        assert math.isclose(sweep.marks[-1][2], len(sweep.take.log_mel()) * 128 / 8000)


def test_the_stretch_of_the_recording_is_the_middle_of_what_was_analysed(run):
    (each,) = heard(Results(run))
    tracks = Results(run).tracks
    for song in each.songs:
        if isinstance(tracks["audio"][song.track_id], str) and tracks["status"][song.track_id] == "ok":
            middle = tracks["duration"][song.track_id] / 2
            assert abs(song.start + song.length / 2 - middle) < 0.05


def test_sounds_that_are_there_stay_and_equal_spectrograms_give_equal_bytes(run, tmp_path):
    (each,) = heard(Results(run))
    take = each.takes[0]
    before, when = take.file.read_bytes(), take.file.stat().st_mtime_ns
    write_sounds(run, workers=0)
    assert take.file.stat().st_mtime_ns == when
    take.file.unlink()
    write_sounds(run, workers=0)
    assert take.file.read_bytes() == before


def test_a_run_that_does_not_say_how_its_spectrograms_were_cut_has_no_sound_and_a_page(tmp_path):
    run = make_run(tmp_path / "run", n=12, rich=True, models=("basic-vae",), maps=False)
    assert write_sounds(run, workers=0) == []
    assert "<audio" not in write_report(run).read_text("utf-8")


def test_what_the_model_decodes_is_inside_and_what_is_the_songs_own_lies_beside(run):
    text = write_report(run).read_text("utf-8")
    (each,) = heard(Results(run))
    assert text.count('src="data:audio/mpeg;base64,') == len(each.songs) + len(each.sweeps)
    for song in each.songs:
        if song.own:
            assert f'src="{link(song.own.file, run / "report.html")}"' in text
    assert "excerpt" not in text.partition("<script")[0]


def test_beyond_their_budget_sounds_are_linked_and_that_is_said(run, monkeypatch):
    monkeypatch.setattr("musaic.report.hearing.MOST_BYTES", 0)
    text = write_report(run).read_text("utf-8")
    assert "data:audio" not in text
    assert "7 further sounds stay in the folder <code>sounds/</code>" in text


@pytest.mark.parametrize("name", ["#1 100% who?.mp3", "a:b.mp3", "أغنية الصباح.flac", "Łódź & <b>é.wav", "a\\b'\".mp3"])
def test_an_address_leads_to_the_file_whatever_it_is_called(tmp_path, name):
    address = link(tmp_path / "music" / name, tmp_path / "runs" / "report.html", start=1.5, stop=3)
    path, _, fragment = address.partition("#")
    assert fragment == "t=1.50,3.00"
    assert address.isascii()
    assert not urllib.parse.urlsplit(address).scheme
    assert os.path.normpath(tmp_path / "runs" / urllib.parse.unquote(path)) == str(tmp_path / "music" / name)


def test_excerpts_are_only_cut_where_they_were_asked_for(tmp_path):
    song = tmp_path / "song.wav"
    soundfile.write(song, 0.1 * np.sin(np.arange(44100) / 10), 22050)
    assert Clips().of(song, 0.5) is None
    clips = Clips(asked=True)
    address = clips.of(song, 0.5, 1.0)
    assert address.startswith("data:audio/mpeg;base64,")
    assert clips.of(song, 0.5, 1.0) == address
    assert clips.of(tmp_path / "none.wav", 0.0) is None
    assert (clips.held, clips.lacking) == (1, 1)


def test_a_rate_that_no_mp3_has_is_resampled_and_lasts_as_long(tmp_path):
    write_mp3(tmp_path / "a.mp3", np.zeros(20000, np.float32), 20000)
    info = soundfile.info(io.BytesIO((tmp_path / "a.mp3").read_bytes()))
    assert info.samplerate == 22050
    assert abs(info.duration - 1) < 0.1


def test_a_moved_corpus_is_linked_again_and_one_that_is_not_there_is_refused(run, tmp_path):
    corpus = tmp_path / "moved #1"
    corpus.mkdir()
    text = write_report(run, corpus=corpus, out=tmp_path / "page.html").read_text("utf-8")
    assert 'src="moved%20%231/' in text
    with pytest.raises(UsageError, match="there is no corpus"):
        write_report(run, corpus=tmp_path / "gone")
    with pytest.raises(UsageError, match="is a folder"):
        draw_report(run, out=tmp_path)


def test_asking_for_excerpts_is_warned_about(run, tmp_path, monkeypatch, capsys):
    from musaic.progress import Reporter

    monkeypatch.setattr("musaic.report.draw.write_figures", lambda *_, **__: [])
    page = draw_report(run, out=tmp_path / "page.html", embed_clips=True, reporter=Reporter())
    told = capsys.readouterr().err
    assert "may be passed on only where the songs may be" in told
    assert "no song is where the page looks for it" in told
    text = page.read_text("utf-8")
    (each,) = heard(Results(run))
    # The songs' own spectrograms are inside now; the recordings are not there to be cut.
    own = sum(song.own is not None for song in each.songs)
    assert text.count('src="data:audio/mpeg;base64,') == len(each.songs) + len(each.sweeps) + own
    assert f"This page holds {own} excerpts of songs" in text
