"""The music of the demo: its soundfont player, its harmony, its rhythm, and songs that sound."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musaic.demo.arrangement import Song, arrange
from musaic.demo.factors import TONICS, Factors, draw_factors
from musaic.demo.genres import INSTRUMENTS, LANGUAGES, OWN, SHARED, SILENT_PART, STYLES
from musaic.demo.harmony import MODES, PROGRESSIONS, chord_on, lead_voices
from musaic.demo.melody import phrases
from musaic.demo.render import PEAK, play
from musaic.demo.rhythm import BASSLINES, COMPS, GROOVES, METRES, PIECES, comp_figure, figure, groove
from musaic.demo.sampler import Sampler
from musaic.demo.soundfont import DRUM_BANK, read_soundfont
from musaic.demo.streams import pick, quantile, stream
from musaic.demo.words import THEMES

SR = 22050


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    return Sampler(read_soundfont(), SR)


def make(genre: str, index: int, *, seed: int = 0, seconds: float = 8.0) -> tuple[Factors, Song, np.ndarray]:
    factors = draw_factors(seed, genre, 0, index)
    song = arrange(genre, factors, seconds, stream(seed, "song", genre, 0, index))
    return factors, song, play(song, genre, factors, stream(seed, "studio", genre, 0, index), sr=SR)


@pytest.mark.parametrize("program", sorted(INSTRUMENTS))
@pytest.mark.parametrize("key", [52, 60, 64, 69])
def test_every_instrument_is_in_tune(sampler: Sampler, program: int, key: int) -> None:
    y, _ = sampler.note(program, key, 1.5, 110)
    n = 1 << 16
    spectrum = np.abs(np.fft.rfft(y[2000:] * np.hanning(len(y) - 2000), n))
    f = np.fft.rfftfreq(n, 1 / SR)
    f0 = 440 * 2 ** ((key - 69) / 12)

    # Energy on the harmonics of the written key against the same comb a third of a semitone away.
    def comb(frequency: float) -> float:
        harmonics = frequency * np.arange(1, 7)
        places = np.round(harmonics / f[1]).astype(int)
        return float(sum(spectrum[place - 2 : place + 3].max() for place in places))

    detuned = [comb(f0 * 2 ** (cents / 1200)) for cents in (-60, -45, 45, 60)]
    assert comb(f0) > 1.2 * max(detuned)


def test_a_microtone_lies_between_its_neighbours(sampler: Sampler) -> None:
    def pitch(key: float) -> float:
        y, _ = sampler.note(73, key, 1.0, 100)
        spectrum = np.abs(np.fft.rfft(y[4000:20000] * np.hanning(16000), 1 << 17))
        band = slice(int(380 / SR * (1 << 17)), int(560 / SR * (1 << 17)))
        return float((band.start + spectrum[band].argmax()) * SR / (1 << 17))

    assert 1200 * np.log2(pitch(70.5) / pitch(69.5)) == pytest.approx(100, abs=12)


def test_louder_and_brighter_with_velocity_and_independent_of_what_was_played_before(sampler: Sampler) -> None:
    loudness = [float(np.sqrt(np.mean(sampler.note(25, 64, 0.5, velocity)[0] ** 2))) for velocity in (20, 60, 100, 127)]
    assert loudness == sorted(loudness)
    assert loudness[0] > 0
    once = sampler.note(48, 60, 0.3, 90)[0]
    sampler.note(48, 60, 3.0, 90)
    again = sampler.note(48, 60, 0.3, 90)[0]
    fresh = Sampler(read_soundfont(), SR).note(48, 60, 0.3, 90)[0]
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(once, fresh)


def test_every_program_and_drum_that_may_be_drawn_is_in_the_soundfont() -> None:
    font = read_soundfont()
    for style in STYLES.values():
        programs = {*style.leads, *style.accompaniments, *style.pads, *style.basses} - {SILENT_PART}
        assert all((0, program) in font.presets for program in programs)
        assert {*style.leads, *style.accompaniments} <= set(INSTRUMENTS)
        assert all((DRUM_BANK, kit) in font.presets for kit in style.kits)
    for kit in {kit for style in STYLES.values() for kit in style.kits}:
        keys = {key for region in font.regions(DRUM_BANK, kit) for key in range(region.keys[0], region.keys[1] + 1)}
        assert {key for key, _ in PIECES.values()} <= keys, kit


def test_styles_name_only_what_exists() -> None:
    assert set(STYLES) == {*SHARED, *OWN.values()}
    for style in STYLES.values():
        assert set(style.metres) <= set(METRES)
        assert set(style.modes) <= set(MODES) == set(PROGRESSIONS)
        assert set(style.grooves) <= set(GROOVES)
        assert set(style.basslines) <= set(BASSLINES)
        assert set(style.comps) <= set(COMPS)
        assert set(style.neighbours) <= set(STYLES)
        assert set(style.themes) <= set(THEMES)


@pytest.mark.parametrize("metre", METRES)
def test_figures_fill_the_bar(metre: str) -> None:
    rng = np.random.default_rng(0)
    steps = METRES[metre].steps
    for name in GROOVES:
        for text in groove(name, metre, rng).values():
            assert len(text) == steps, (name, text)
            assert set(text) <= set("Xxg.")
    for name in GROOVES:
        for pattern in GROOVES[name].get(metre, ()):
            assert set(pattern) <= set(PIECES)
            assert all(len(text) == steps for text in pattern.values()), (name, pattern)
    for name, table in BASSLINES.items():
        assert len(figure(table, metre)) == steps, name
    for name in COMPS:
        assert len(comp_figure(name, metre, rng)) == steps, name
        assert all(len(text) == steps for text in COMPS[name].get(metre, ())), name


@given(
    mode=st.sampled_from(sorted(MODES)),
    degrees=st.lists(st.integers(0, 6), min_size=2, max_size=6),
    tonic=st.integers(0, 11),
    seventh=st.booleans(),
)
def test_voices_keep_their_chord_and_move_little(mode: str, degrees: list[int], tonic: int, seventh: bool) -> None:
    previous = None
    for degree in degrees:
        chord = chord_on(mode, degree, seventh=seventh)
        voices = lead_voices(chord, tonic, previous)
        assert {key % 12 for key in voices} == {(tonic + tone) % 12 for tone in chord.tones}
        assert list(voices) == sorted(voices)
        assert 48 <= voices[0] <= voices[-1] <= 70
        if previous:
            assert all(min(abs(key - old) for old in previous) <= 7 for key in voices)
        previous = voices


@pytest.mark.parametrize("metre", METRES)
def test_phrases_repeat_their_motif_and_stay_inside_the_bar(metre: str) -> None:
    for seed in range(8):
        rng = np.random.default_rng(seed)
        chords = tuple(chord_on("major", degree) for degree in (0, 4, 5, 3))
        parts = phrases(METRES[metre], chords, 0.5, rng)
        first, _, third, last = parts["A"]
        assert [(note.step, note.length) for note in first] == [(note.step, note.length) for note in third]
        assert last[-1].length >= METRES[metre].steps // 3
        for bar in (*parts["A"], *parts["B"]):
            assert bar
            ends = [note.step + note.length for note in bar]
            assert max(ends) <= METRES[metre].steps
            assert all(end <= note.step for end, note in zip(ends, bar[1:], strict=False))


@given(st.integers(0, 2**31), st.text(max_size=8), st.integers(0, 3))
def test_quantiles_meet_every_tenth_once(seed: int, name: str, block: int) -> None:
    values = [quantile(seed, name, index=10 * block + place) for place in range(10)]
    assert sorted(int(value * 10) for value in values) == list(range(10))


def test_picking_follows_the_weights() -> None:
    drawn = [pick({"a": 1.0, "b": 3.0}, (place + 0.5) / 1000) for place in range(1000)]
    assert drawn.count("b") == 750
    sharper = [pick({"a": 1.0, "b": 3.0}, (place + 0.5) / 1000, focus=2) for place in range(1000)]
    assert sharper.count("b") == 900


@pytest.mark.parametrize("genre", STYLES)
def test_songs_sound_without_clipping_or_silence(genre: str) -> None:
    for index in range(3):
        factors, song, y = make(genre, index)
        assert y.shape == (2, 8 * SR)
        assert y.dtype == np.float32
        assert np.isfinite(y).all()
        assert np.abs(y).max() <= PEAK
        assert np.mean(np.abs(y) > 0.999 * PEAK) < 1e-3
        level = 20 * np.log10(np.sqrt(np.mean(y**2)))
        assert factors.loudness_dbfs - 3 < level < factors.loudness_dbfs + 1
        frames = y.mean(axis=0)[: 8 * SR // 2048 * 2048].reshape(-1, 2048)
        quiet = np.sqrt(np.mean(frames**2, axis=1)) < 1e-3
        assert quiet[: int(0.85 * len(quiet))].mean() < 0.2
        side, mid = y[0] - y[1], y[0] + y[1]
        assert 1e-4 < np.mean(side**2) / np.mean(mid**2) < 1
        assert 2 < song.density < 60
        assert all(0 <= note.start < 8 and note.duration > 0 for part in song.parts for note in part.notes)


def test_melodies_keep_to_the_mode_and_the_register() -> None:
    for genre in STYLES:
        for index in range(4):
            factors, song, _ = make_silent(genre, index)
            scale = {(TONICS.index(factors.tonic) + step) % 12 for step in MODES[factors.mode]}
            keys = [note.key for part in song.parts if part.name == "lead" for note in part.notes]
            assert {key % 12 for key in keys} <= scale
            assert abs(song.lead_key - factors.register_midi) < 9


def make_silent(genre: str, index: int) -> tuple[Factors, Song, None]:
    factors = draw_factors(0, genre, 0, index)
    return factors, arrange(genre, factors, 12.0, stream(0, "song", genre, 0, index)), None


def test_one_bar_of_the_score_lasts_what_the_tempo_says() -> None:
    factors = dataclasses.replace(
        draw_factors(0, "electronic", 0, 0), tempo_bpm=120.0, metre="4/4", groove="four", swing_ratio=0.5
    )
    song = arrange("electronic", factors, 20.0, stream(1, "song"))
    kicks = np.array(sorted(song.kicks))
    gaps = np.diff(kicks)
    assert np.median(gaps) == pytest.approx(0.5, abs=0.01)


def test_the_ear_finds_the_tempo() -> None:
    import librosa

    found = 0
    genres = [*SHARED, *OWN.values()]
    for genre in genres:
        factors, _, y = make(genre, 1, seconds=12.0)
        heard = float(librosa.feature.tempo(y=y.mean(axis=0), sr=SR)[0])
        ratios = np.array([1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 4 / 3, 3 / 2, 2, 3, 4]) * factors.tempo_bpm
        found += bool((np.abs(ratios / heard - 1) < 0.06).any())
    assert found >= 0.7 * len(genres)


def test_a_genre_of_its_own_for_every_language() -> None:
    assert set(OWN) == set(LANGUAGES)
    assert len(SHARED) >= 6
    assert not set(OWN.values()) & set(SHARED)
