"""A song from its factors: form, parts and every note, as a band would share them out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from musaic.demo.factors import TONICS, Factors
from musaic.demo.genres import INSTRUMENTS, SILENT_PART, STYLES, Style
from musaic.demo.harmony import Chord, lead_voices, progression
from musaic.demo.melody import Bar, MelodyNote, key_of, phrases
from musaic.demo.rhythm import (
    BASSLINES,
    LOUDNESS,
    METRES,
    PIECES,
    Groove,
    Metre,
    comp_figure,
    drum_bar,
    figure,
    groove,
    step_times,
)

FORM = "AABA"
"""Phrases of four bars; a long song goes round it, a short one begins where its length allows a whole phrase."""


@dataclass(frozen=True)
class Note:
    """A note as it is played.

    Parameters
    ----------
    start, duration : float, s
    key : float
        MIDI number.
    velocity : int
        1 to 127.
    gain : float
    """

    start: float
    duration: float
    key: float
    velocity: int
    gain: float = 1.0


@dataclass
class Part:
    """What one player plays.

    Parameters
    ----------
    name : str
    program : int
        General MIDI, or the kit.
    gain : float
    pan : float
        -1 left to 1 right.
    drum, sung, driven : bool
        A kit; a line with vibrato; through an amplifier.
    notes : list of Note
    """

    name: str
    program: int
    gain: float
    pan: float = 0.0
    drum: bool = False
    sung: bool = False
    driven: bool = False
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True)
class Song:
    """A song ready to be played.

    Parameters
    ----------
    seconds : float
    parts : tuple of Part
    kicks : tuple of float, s
        When the kick sounds; what is pumped by it needs to know.
    lead_key : float
        Mean MIDI number of the melody.
    density : float
        Notes and strokes a second.
    """

    seconds: float
    parts: tuple[Part, ...]
    kicks: tuple[float, ...]
    lead_key: float
    density: float


@dataclass(frozen=True)
class _BarPlan:
    """One bar: when it starts, what it is over, who plays."""

    start: float
    chord: Chord
    following: Chord
    voices: tuple[float, ...]
    melody: Bar | None
    energy: float
    last_of_phrase: bool
    first_of_phrase: bool
    drums: bool
    pad: bool


class _Band:
    """The players of one song: their parts, their sense of time, and the grid they share."""

    def __init__(self, genre: str, factors: Factors, rng: np.random.Generator, seconds: float) -> None:
        self.style: Style = STYLES[genre]
        self.factors = factors
        self.rng = rng
        self.seconds = seconds
        self.metre: Metre = METRES[factors.metre]
        self.step = 60 / factors.tempo_bpm / self.metre.beat_steps
        self.times = step_times(self.metre, self.step, self.style, factors.swing_ratio)
        self.tonic = TONICS.index(factors.tonic)
        # The melody counts its degrees from the tonic below its register; its centre lies so many degrees above.
        self.lead_tonic = self.tonic + 12 * ((factors.register_midi - self.tonic) // 12)
        self.centre = round((factors.register_midi - self.lead_tonic) * 7 / 12)

    def played(self, start: float, duration: float, key: float, loudness: float, gain: float = 1.0) -> Note:
        """Return a note as a human plays it: a little early or late, a little louder or softer."""
        late = float(self.rng.normal(0, self.style.humanise))
        velocity = int(np.clip(loudness * 112 * (1 + self.rng.normal(0, 0.06)), 12, 127))
        return Note(max(0.0, start + late), max(duration, 0.04), key, velocity, gain)

    def at(self, bar: _BarPlan, step: int) -> float:
        """Return when a step of a bar sounds, in seconds."""
        return bar.start + float(self.times[min(step, self.metre.steps)])

    def span(self, bar: _BarPlan, step: int, length: int) -> float:
        """Return how long ``length`` steps last, in seconds."""
        return self.at(bar, step + length) - self.at(bar, step)


def arrange(genre: str, factors: Factors, seconds: float, rng: np.random.Generator) -> Song:
    """Write the song.

    Parameters
    ----------
    genre : str
        Key of `genres.STYLES`.
    factors : Factors
    seconds : float > 0
        Length of the recording; music stops where it ends.
    rng : numpy.random.Generator
        Everything that the factors leave open comes from here.
    """
    band = _Band(genre, factors, rng, seconds)
    chords = progression(factors.mode, rng, sevenths=band.style.sevenths)
    themes = phrases(band.metre, chords, factors.busyness, rng, centre=band.centre)
    bars = list(_plan(band, chords, themes))
    parts = [_lead(band, bars), _accompaniment(band, bars)]
    if factors.bass_program != SILENT_PART:
        parts.append(_bass(band, bars))
    if factors.pad_program != SILENT_PART:
        parts.append(_pad(band, bars))
    drums = _drums(band, bars)
    parts.append(drums)
    parts = [_within(part, seconds) for part in parts if part.notes]
    onsets = sum(len(part.notes) for part in parts)
    lead = [note.key for part in parts if part.name == "lead" for note in part.notes]
    kicks = tuple(note.start for note in drums.notes if note.key in (36, 41) and note.velocity > 70)
    return Song(
        seconds=seconds,
        parts=tuple(parts),
        kicks=kicks,
        lead_key=float(np.mean(lead)) if lead else factors.register_midi,
        density=onsets / seconds,
    )


def _within(part: Part, seconds: float) -> Part:
    """Return the part without what would begin after the recording ends."""
    part.notes = [note for note in part.notes if note.start < seconds - 0.05]
    return part


def _plan(band: _Band, chords: tuple[Chord, ...], themes: dict[str, tuple[Bar, ...]]) -> Iterator[_BarPlan]:
    """Lay out the bars: an upbeat of silence, an introduction, then phrases round the form."""
    rng = band.rng
    bar_seconds = band.step * band.metre.steps
    count = int(np.ceil(band.seconds / bar_seconds)) + 1
    # Short recordings are cut from anywhere in a song: some have the beginning, most are under way.
    intro = int(rng.choice((0, 1, 2), p=(0.72, 0.23, 0.05))) if band.seconds / bar_seconds > 4 else 0
    entry = int(rng.choice((0, 8))) if count < 12 else 0
    pickup = float(rng.uniform(0.02, 0.3))
    drums_from = intro if rng.random() < 0.35 else 0
    voices: tuple[float, ...] | None = None
    for number in range(count):
        played = number - intro + entry
        place = played % 4
        letter = FORM[played // 4 % len(FORM)] if number >= intro else ""
        chord = chords[place]
        voices = lead_voices(chord, band.tonic, voices, centre=58)
        melody = themes[letter][place] if letter else None
        swell = 0.06 * np.sin(np.pi * (place + 0.5) / 4)
        yield _BarPlan(
            start=pickup + number * bar_seconds,
            chord=chord,
            following=chords[(place + 1) % 4],
            voices=voices,
            melody=melody,
            energy=float((0.8 if not letter else 0.94 if letter == "B" else 0.87) + swell),
            last_of_phrase=place == 3,
            first_of_phrase=place == 0,
            drums=number >= drums_from,
            pad=letter == "B" or rng.random() < 0.75,
        )


def _lead(band: _Band, bars: list[_BarPlan]) -> Part:
    """Play the melody in its register: long notes are held, short ones are let go."""
    program = band.factors.lead_program
    family = INSTRUMENTS[program][1]
    held = 0.96 if family in ("bowed", "winds", "voice", "organ") else 0.85
    tonic = band.lead_tonic
    part = Part("lead", program, 0.95, float(band.rng.uniform(-0.25, 0.25)), sung=family in ("bowed", "winds", "voice"))
    for bar in bars:
        for note in bar.melody or ():
            key = key_of(note, band.factors.mode, tonic)
            start = band.at(bar, note.step)
            duration = band.span(bar, note.step, note.length) * held
            part.notes.append(band.played(start, duration, key, note.loudness * bar.energy))
            if _ornamented(band, note):
                grace = key_of(MelodyNote(0, 1, note.degree + 1, 0), band.factors.mode, tonic)
                part.notes.append(band.played(max(0.0, start - 0.07), 0.06, grace, 0.6 * bar.energy))
    return part


def _ornamented(band: _Band, note: MelodyNote) -> bool:
    """Grace notes belong to the modes that are sung with them."""
    modal = band.factors.mode in ("hijaz", "bayati", "rast", "phrygian", "double-harmonic")
    return note.length >= 3 and bool(band.rng.random() < (0.35 if modal else 0.08))


def _accompaniment(band: _Band, bars: list[_BarPlan]) -> Part:
    """Play chords and broken chords; a plucked chord is strummed from string to string."""
    program = band.factors.accompaniment_program
    family = INSTRUMENTS[program][1]
    part = Part("chords", program, 0.5, float(band.rng.uniform(-0.7, 0.7)), driven=family == "electric guitar")
    text = comp_figure(band.factors.comp, band.factors.metre, band.rng)
    strummed = 0.018 if family in ("plucked", "electric guitar") else 0.004
    shift = -12 if band.factors.comp == "power" else 0
    for bar in bars:
        for step, mark in enumerate(text):
            if mark in "-.":
                continue
            if mark == "g" and band.rng.random() > 0.3 + band.factors.busyness:
                continue
            length = 1 + len(text[step + 1 :]) - len(text[step + 1 :].lstrip("-"))
            start, duration = band.at(bar, step), band.span(bar, step, length) * 0.95
            if mark.isdigit():
                voice = int(mark)
                key = bar.voices[voice % len(bar.voices)] + 12 * (voice // len(bar.voices))
                accent = 0.8 if step in band.metre.starts else 0.68
                part.notes.append(band.played(start, duration * 1.6, key, accent * bar.energy, 1.35))
                continue
            keys = bar.voices if band.factors.comp != "power" else _power_chord(band, bar)
            for place, key in enumerate(keys):
                delay = strummed * (place if step % 4 == 0 else len(keys) - 1 - place)
                part.notes.append(band.played(start + delay, duration, key + shift, LOUDNESS[mark] * 0.82 * bar.energy))
    return part


def _power_chord(band: _Band, bar: _BarPlan) -> tuple[float, ...]:
    """Return the keys of a power chord: root, fifth and octave."""
    root = 48 + (band.tonic + bar.chord.root) % 12
    return (root, root + 7, root + 12)


def _bass(band: _Band, bars: list[_BarPlan]) -> Part:
    """Play the chord's root and fifth in the line's figure, and a step towards the next root at its end."""
    part = Part("bass", band.factors.bass_program, 0.8, 0.0)
    text = figure(BASSLINES[band.factors.bassline], band.factors.metre)
    for bar in bars:
        root = 31 + (band.tonic + bar.chord.root - 31) % 12
        following = 31 + (band.tonic + bar.following.root - 31) % 12
        third = bar.chord.tones[1] - bar.chord.tones[0] if len(bar.chord.tones) > 2 else 12
        keys = {"r": root, "5": root + 7, "3": root + third, "o": root + 12}
        for step, mark in enumerate(text):
            if mark in "-.":
                continue
            length = 1 + len(text[step + 1 :]) - len(text[step + 1 :].lstrip("-"))
            if mark == "a":
                up = following <= root
                key = following + (2 if up else -1)
            else:
                key = keys[mark]
            if band.factors.bassline == "drone":
                tonic = 31 + (band.tonic - 31) % 12
                key = tonic + (7 if mark == "5" else 0)
            accent = 0.92 if step == 0 else 0.8
            part.notes.append(
                band.played(band.at(bar, step), band.span(bar, step, length) * 0.92, key, accent * bar.energy)
            )
    return part


def _pad(band: _Band, bars: list[_BarPlan]) -> Part:
    """Hold chords behind the rest; what stays between two chords is held over."""
    part = Part("pad", band.factors.pad_program, 0.34, float(band.rng.uniform(-0.5, 0.5)))
    playing = [bar for bar in bars if bar.pad]
    for bar in playing:
        length = band.span(bar, 0, band.metre.steps)
        for key in bar.voices:
            part.notes.append(band.played(bar.start, length * 1.02, key, 0.66 * bar.energy))
        if band.factors.busyness > 0.5:
            top = bar.voices[-1] + 12
            part.notes.append(band.played(bar.start, length, top, 0.5 * bar.energy))
    return part


def _drums(band: _Band, bars: list[_BarPlan]) -> Part:
    """Play the kit: one groove, varied, filled at the ends of phrases."""
    part = Part("drums", band.factors.kit, band.style.drum_level, drum=True)
    pattern: Groove = groove(band.factors.groove, band.factors.metre, band.rng)
    for bar in bars:
        if not bar.drums:
            continue
        fill = bar.last_of_phrase and bool(band.rng.random() < 0.8)
        crash = bar.first_of_phrase and band.factors.busyness > 0.4 and bool(band.rng.random() < 0.6)
        for step, piece, loudness in drum_bar(
            pattern, band.metre, band.factors.busyness, band.rng, fill=fill, crash=crash
        ):
            key, gain = PIECES[piece]
            ring = 0.25 if piece in ("open", "conga", "tambourine") else 1.2
            part.notes.append(band.played(band.at(bar, step), ring, key, loudness * bar.energy, gain))
    return part
