"""The demo corpus on disk: counts, bytes, resumption, and music that knows nothing of languages."""

from __future__ import annotations

import csv
import hashlib
import inspect
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy import stats

from musaic import parallel
from musaic.demo import arrangement, factors, render
from musaic.demo import corpus as demo
from musaic.demo.corpus import FACTORS, MANIFEST, Track, deal, lyrics_of, plan, write_corpus
from musaic.demo.factors import CROSSOVER, Factors, artist_of, draw_factors
from musaic.demo.genres import LANGUAGES, OWN, SHARED
from musaic.errors import MusaicError, UsageError

SMALL = {"n_tracks": 9, "seconds": 2.0}


def contents(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def rows(root: Path) -> list[dict[str, str]]:
    with (root / FACTORS).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("demo") / "corpus", seed=5, workers=0, **SMALL)


def test_layout_and_table(small: Path) -> None:
    table = rows(small)
    tracks = plan(5, 9)
    assert {row["track_id"] for row in table} == {track.audio for track in tracks}
    assert [row["track_id"] for row in table] == sorted(row["track_id"] for row in table)
    on_disk = {path.relative_to(small).as_posix() for path in (small / "audio").rglob("*.mp3")}
    assert {unicodedata.normalize("NFC", path) for path in on_disk} == {track.audio for track in tracks}
    for track in tracks:
        assert track.audio.startswith(f"audio/{track.language}/{track.genre}/{track.name}_")
        assert (track.lyrics is not None) == track.sung
        if track.lyrics:
            assert (small / track.lyrics).read_text(encoding="utf-8") == lyrics_of(5, track)
    assert len(list((small / "lyrics").iterdir())) == sum(track.sung for track in tracks)
    assert not list(small.rglob(".writing-*"))


def test_recordings_are_stereo_of_the_length_asked_and_tagged(small: Path) -> None:
    import mutagen

    for track in plan(5, 9):
        y, sr = soundfile.read(small / track.audio, dtype="float32")
        assert y.shape == (2 * sr, 2)
        assert np.abs(y).max() < 1
        assert np.sqrt(np.mean(y**2)) > 0.01
        tags = mutagen.File(small / track.audio, easy=True)
        assert tags["title"] == [track.title]
        assert tags["artist"] == [track.artist]


def test_same_seed_same_bytes_whatever_the_workers(small: Path, tmp_path: Path) -> None:
    again = write_corpus(tmp_path / "again", seed=5, workers=2, **SMALL)
    assert contents(again) == contents(small)


def test_other_seeds_are_other_songs(small: Path, tmp_path: Path) -> None:
    other = write_corpus(tmp_path / "other", seed=6, workers=0, n_tracks=4, seconds=2.0)
    assert not set(contents(other).values()) & set(contents(small).values())


def test_a_smaller_corpus_is_the_beginning_of_a_larger_one(small: Path, tmp_path: Path) -> None:
    fewer = contents(write_corpus(tmp_path / "fewer", seed=5, workers=0, n_tracks=3, seconds=2.0))
    whole = contents(small)
    assert all(whole[path] == digest for path, digest in fewer.items() if path not in (FACTORS, MANIFEST))
    assert plan(5, 400)[:360] == plan(5, 360)


def test_a_finished_corpus_is_left_alone(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "run", lambda *_args, **_kwargs: pytest.fail("nothing was left to make"))
    before = {path: path.stat().st_mtime_ns for path in small.rglob("*")}
    assert write_corpus(small, seed=5, **SMALL) == small
    assert {path: path.stat().st_mtime_ns for path in small.rglob("*")} == before


def test_what_was_interrupted_is_finished_with_the_same_bytes(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "broken"
    run = parallel.run

    def killed(*args: object, **options: object) -> object:
        for number, outcome in enumerate(run(*args, **options)):  # type: ignore[arg-type]
            if number == 4:
                raise KeyboardInterrupt
            yield outcome

    monkeypatch.setattr(parallel, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        write_corpus(root, seed=5, workers=0, **SMALL)
    monkeypatch.undo()
    assert not (root / FACTORS).exists()
    half_written = root / "audio" / "arabic" / ".writing-abc"
    half_written.mkdir(parents=True)
    (half_written / "half.mp3").write_bytes(b"half")
    kept = {path: path.stat().st_mtime_ns for path in (root / "audio").rglob("*.mp3") if path.parent != half_written}
    assert kept
    write_corpus(root, seed=5, workers=0, **SMALL)
    assert contents(root) == contents(small)
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())


def test_a_song_that_was_removed_is_made_again(small: Path, tmp_path: Path) -> None:
    root = write_corpus(tmp_path / "corpus", seed=5, workers=0, n_tracks=2, seconds=2.0)
    before = contents(root)
    next((root / "audio").rglob("*.mp3")).unlink()
    write_corpus(root, seed=5, workers=0, n_tracks=2, seconds=2.0)
    assert contents(root) == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 6, **SMALL}, "seed 5"),
        ({"seed": 5, "n_tracks": 10, "seconds": 2.0}, "n_tracks 9"),
        ({"seed": 5, "n_tracks": 0}, "at least 1"),
        ({"seed": 5, "seconds": 0.1}, "between 1 and 3600"),
        ({"seed": 5, "seconds": float("nan")}, "between 1 and 3600"),
    ],
)
def test_what_cannot_be_is_said(small: Path, options: dict[str, float], said: str) -> None:
    before = contents(small)
    with pytest.raises(UsageError, match=said):
        write_corpus(small, **options)  # type: ignore[arg-type]
    assert contents(small) == before


def test_other_peoples_folders_are_never_touched(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        write_corpus(tmp_path, n_tracks=1)
    with pytest.raises(UsageError, match="is a file"):
        write_corpus(tmp_path / "mine.txt", n_tracks=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_manifest_that_is_damaged_or_half_written_is_said_or_mended(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / MANIFEST).write_text("{")
    with pytest.raises(UsageError, match="name another folder"):
        write_corpus(damaged, n_tracks=1, seconds=1.0, workers=0)
    (tmp_path / "killed" / ".writing-abc").mkdir(parents=True)
    write_corpus(tmp_path / "killed", seed=5, n_tracks=1, seconds=1.0, workers=0)
    write_corpus(tmp_path / "clean", seed=5, n_tracks=1, seconds=1.0, workers=0)
    assert contents(tmp_path / "killed") == contents(tmp_path / "clean")


def test_two_processes_may_write_one_corpus(tmp_path: Path) -> None:
    command = "from musaic.demo.corpus import write_corpus; write_corpus('both', seed=5, n_tracks=4, seconds=8.0)"
    processes = [subprocess.Popen([sys.executable, "-c", command], cwd=tmp_path) for _ in range(3)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    write_corpus(tmp_path / "alone", seed=5, n_tracks=4, seconds=8.0, workers=0)
    assert contents(tmp_path / "both") == contents(tmp_path / "alone")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: object, **_options: object) -> object:
        yield (
            0,
            parallel.Failure("cannot write x: No space left on device; run the same command again.", kind="WriteError"),
        )

    monkeypatch.setattr(parallel, "run", fails)
    with pytest.raises(MusaicError, match=r"^cannot write x: [^;]*; run the same command again\.$"):
        write_corpus(tmp_path / "corpus", n_tracks=1)


def test_a_song_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: object, **_options: object) -> object:
        yield 0, parallel.Failure("the drummer left")

    monkeypatch.setattr(parallel, "run", fails)
    with pytest.raises(MusaicError, match=r"arabic_0001.*the drummer left"):
        write_corpus(tmp_path / "corpus", n_tracks=1)


def test_counts_are_those_promised() -> None:
    tracks = plan(0, 360)
    counts = Counter((track.language, track.genre) for track in tracks)
    assert all(counts[language, genre] == 10 for language in LANGUAGES for genre in SHARED)
    assert all(counts[language, own] == 12 for language, own in OWN.items())
    assert sum(counts.values()) == 360
    assert len({track.name for track in tracks}) == 360
    assert 0.08 < np.mean([not track.sung for track in tracks]) < 0.22
    artists = Counter((track.language, track.artist) for track in tracks)
    assert 2.5 < np.mean(list(artists.values())) < 5
    homes = {(track.language, track.artist): track.genre for track in tracks}
    assert all(homes[track.language, track.artist] == track.genre for track in tracks)


@pytest.mark.parametrize("n", [5, 12, 30, 35, 77, 200])
def test_any_size_is_balanced(n: int) -> None:
    tracks = plan(3, n)
    languages = Counter(track.language for track in tracks)
    assert len(tracks) == n
    assert max(languages.values()) - min(languages.get(language, 0) for language in LANGUAGES) <= 1
    cells = Counter((track.language, track.genre) for track in tracks if track.genre in SHARED)
    if n >= 30:
        assert len(cells) == 30
        assert max(cells.values()) - min(cells.values()) <= 1


def test_titles_make_file_names_any_system_takes() -> None:
    for track in plan(1, 400):
        name = Path(track.audio).name
        assert name.startswith(f"{track.language}_{track.number:04d}_")
        assert len(name.encode()) <= 120
        assert not set(name) & set('\\:*?"<>| \n\t')
        assert name == unicodedata.normalize("NFC", name)


def test_music_is_made_without_sight_of_the_language() -> None:
    for module in (factors, arrangement, render):
        assert "LANGUAGES" not in vars(module)
        assert not any(language in inspect.getsource(module) for language in LANGUAGES)
    for function in (draw_factors, arrangement.arrange, render.play):
        assert "language" not in inspect.signature(function).parameters
    for genre in SHARED:
        assert sorted(deal(0, genre)) == sorted(LANGUAGES)
    dealt = Counter(language for seed in range(400) for language in deal(seed, "pop")[:1])
    assert stats.chisquare([dealt[language] for language in LANGUAGES]).pvalue > 1e-3


def drawn(seeds: range) -> list[tuple[Track, Factors]]:
    return [
        (track, draw_factors(seed, track.genre, track.slot, track.index))
        for seed in seeds
        for track in plan(seed, 300)
        if track.genre in SHARED
    ]


def test_given_the_genre_no_factor_tells_the_language() -> None:
    songs = drawn(range(3))
    numbers = ("tempo_bpm", "register_midi", "busyness", "swing_ratio", "reverb_share", "tilt_db", "loudness_dbfs")
    names = ("metre", "mode", "tonic", "groove", "bassline", "comp", "lead_program", "accompaniment_program", "timbre")
    p_values = []
    for genre in SHARED:
        groups = [[f for track, f in songs if (track.genre, track.language) == (genre, la)] for la in LANGUAGES]
        p_values += [stats.kruskal(*([getattr(f, name) for f in group] for group in groups)).pvalue for name in numbers]
        for name in names:
            values = sorted({str(getattr(f, name)) for group in groups for f in group})
            table = [[sum(str(getattr(f, name)) == value for f in group) for value in values] for group in groups]
            if len(values) > 1:
                p_values.append(stats.chi2_contingency(np.array(table)).pvalue)
    # Were music and language dependent, some of these would be tiny; Bonferroni over all of them.
    assert min(p_values) > 0.05 / len(p_values)
    assert np.mean(np.array(p_values) < 0.05) < 0.08


def test_given_the_genre_the_theme_does_not_tell_the_language_but_tells_of_the_genre() -> None:
    tracks = [track for seed in range(3) for track in plan(seed, 360)]
    shared = [track for track in tracks if track.genre in SHARED]
    themes = sorted({track.theme for track in tracks})
    by_language = [[sum(t.theme == theme and t.language == la for t in shared) for theme in themes] for la in LANGUAGES]
    assert stats.chi2_contingency(np.array(by_language)).pvalue > 0.01
    by_genre = [[sum(t.theme == theme and t.genre == genre for t in shared) for theme in themes] for genre in SHARED]
    assert stats.chi2_contingency(np.array(by_genre)).pvalue < 1e-6
    # Correlated, not determined.
    assert all(max(row) < 0.7 * sum(row) for row in by_genre)


def test_factors_lie_in_their_ranges_and_genres_differ() -> None:
    songs = drawn(range(2))
    for _, f in songs:
        assert 56 <= f.tempo_bpm <= 172
        assert 57 <= f.register_midi <= 84
        assert 0 < f.busyness < 1
        assert 0.5 <= f.swing_ratio <= 0.67
        assert 0 < f.reverb_share < 0.4
        assert -30 < f.loudness_dbfs <= -12
    tempos = [[f.tempo_bpm for track, f in songs if track.genre == genre] for genre in SHARED]
    assert stats.kruskal(*tempos).pvalue < 1e-6
    assert 0 < CROSSOVER < 0.5


def test_artists_have_a_sound_of_their_own() -> None:
    within, across = [], []
    for slot in range(5):
        songs = [(artist_of(index), draw_factors(0, "ballad", slot, index)) for index in range(30)]
        for i, (artist, a) in enumerate(songs):
            for other, b in songs[:i]:
                (within if artist == other else across).append(abs(a.reverb_share - b.reverb_share))
    assert np.mean(within) < 0.8 * np.mean(across)


def test_the_table_of_factors_can_be_read_as_labels(small: Path) -> None:
    table = rows(small)
    assert {"track_id", "language", "genre", "title", "artist", "theme", "tempo_bpm", "metre", "mode", "tonic"} <= set(
        table[0]
    )
    assert {"lead_program", "timbre", "register_midi", "density_notes_per_s", "loudness_dbfs"} <= set(table[0])
    assert all(float(row["density_notes_per_s"]) > 1 for row in table)
    assert demo.VERSION >= 1
