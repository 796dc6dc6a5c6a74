"""The genres as data: what each one is likely to draw. Weights need not sum to one.

Nothing here depends on a language. A genre of one language only (`OWN`) blends what the shared ones use, with modes,
metres and instruments of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LANGUAGES = ("arabic", "bangla", "english", "hindi", "spanish")

SHARED = ("folk", "pop", "rock", "electronic", "ballad", "hip-hop")
"""Genres that every language has."""

OWN = {"arabic": "tarab", "bangla": "baul", "english": "country", "hindi": "bhangra", "spanish": "flamenco"}
"""The genre that only this language has."""

Weights = Mapping[str, float]
Programs = Mapping[int, float]

SILENT_PART = -1
"""In place of a program: the part does not play."""


@dataclass(frozen=True)
class Style:
    """Where a genre's songs lie.

    Parameters
    ----------
    tempo : (float, float)
        Mean and standard deviation, felt beats a minute.
    metres, modes, grooves, basslines, comps : mapping of name to weight
    leads, accompaniments, pads, basses, kits : mapping of General MIDI program to weight
        `SILENT_PART` where the part may be left out.
    register : (float, float)
        Mean and standard deviation of the melody's centre, MIDI number.
    busyness : (float, float)
        Mean and standard deviation of how full the bars are, 0 to 1.
    swing : (float, float)
        Range of the share of a pair of notes that the first one takes (0.5 is straight).
    swing_steps : int
        1 swings the sixteenths, 2 the eighths.
    humanise : float, s
        Standard deviation of the players' timing.
    loudness : (float, float)
        Mean and standard deviation of the level, dB below full scale (RMS).
    reverb : (float, float)
        Range of the share of the hall.
    tilt : (float, float)
        Mean and standard deviation of treble against bass, dB.
    drive : float
        How far the accompaniment is overdriven, 0 to 1.
    pump : float
        How far the kick pushes the rest down, 0 to 1.
    drum_level : float
        Gain of the drums.
    sevenths : float
        Chance of chords of four notes.
    neighbours : tuple of str
        Genres that a crossover borrows from.
    themes : mapping of str to float
        What the words are about.
    """

    tempo: tuple[float, float]
    metres: Weights
    modes: Weights
    grooves: Weights
    basslines: Weights
    comps: Weights
    leads: Programs
    accompaniments: Programs
    pads: Programs
    basses: Programs
    kits: Programs
    register: tuple[float, float]
    busyness: tuple[float, float]
    swing: tuple[float, float]
    swing_steps: int
    humanise: float
    loudness: tuple[float, float]
    reverb: tuple[float, float]
    tilt: tuple[float, float]
    drive: float
    pump: float
    drum_level: float
    sevenths: float
    neighbours: tuple[str, ...]
    themes: Weights


STYLES: dict[str, Style] = {
    "folk": Style(
        tempo=(102, 16),
        metres={"4/4": 4, "3/4": 2, "6/8": 3, "7/8": 1},
        modes={"major": 3, "dorian": 2, "mixolydian": 2, "minor": 2, "hijaz": 0.6, "phrygian": 0.4},
        grooves={"none": 4, "shaker": 5, "brush": 1, "hand": 2},
        basslines={"root-fifth": 4, "long": 3, "walking": 1},
        comps={"strum": 4, "arpeggio": 5, "waltz": 1},
        leads={73: 3, 40: 3, 110: 2, 24: 2, 105: 1, 21: 2, 22: 1, 75: 2, 71: 1},
        accompaniments={25: 5, 24: 4, 105: 1, 15: 1, 46: 0.5, 21: 0.6},
        pads={SILENT_PART: 6, 48: 1, 21: 1, 20: 0.6},
        basses={32: 5, 33: 2, SILENT_PART: 2},
        kits={0: 3, 40: 2},
        register=(73, 4),
        busyness=(0.48, 0.15),
        swing=(0.5, 0.6),
        swing_steps=2,
        humanise=0.012,
        loudness=(-19, 2),
        reverb=(0.05, 0.18),
        tilt=(0.4, 1.8),
        drive=0.0,
        pump=0.0,
        drum_level=0.45,
        sevenths=0.1,
        neighbours=("ballad", "country", "pop", "baul"),
        themes={"journey": 5, "home": 5, "rain": 2, "hope": 2, "love": 2, "night": 1, "dance": 1, "city": 0.4},
    ),
    "pop": Style(
        tempo=(110, 13),
        metres={"4/4": 9, "6/8": 1},
        modes={"major": 5, "minor": 3, "mixolydian": 1, "dorian": 1, "hijaz": 0.3},
        grooves={"pop": 6, "four": 2, "backbeat": 2},
        basslines={"eighths": 3, "syncopated": 4, "long": 2, "octaves": 1},
        comps={"block": 6, "stabs": 2, "arpeggio": 1, "strum": 1},
        leads={54: 5, 53: 5, 81: 1, 11: 0.7, 65: 1},
        accompaniments={0: 4, 4: 2, 27: 3, 25: 1, 2: 4},
        pads={48: 3, 89: 2, 50: 3, SILENT_PART: 1.5},
        basses={33: 4, 38: 2, 34: 2},
        kits={0: 5, 25: 1, 8: 4},
        register=(71, 3.5),
        busyness=(0.55, 0.13),
        swing=(0.5, 0.54),
        swing_steps=1,
        humanise=0.006,
        loudness=(-15.5, 1.5),
        reverb=(0.06, 0.18),
        tilt=(2.2, 1.5),
        drive=0.05,
        pump=0.1,
        drum_level=0.8,
        sevenths=0.25,
        neighbours=("electronic", "rock", "ballad", "hip-hop"),
        themes={"love": 6, "dance": 4, "city": 2, "night": 2, "hope": 2, "rain": 1, "journey": 1, "home": 0.5},
    ),
    "rock": Style(
        tempo=(126, 17),
        metres={"4/4": 9, "6/8": 1, "7/8": 1},
        modes={"minor": 4, "mixolydian": 3, "major": 2, "dorian": 2, "phrygian": 0.5, "hijaz": 0.4},
        grooves={"backbeat": 9, "pop": 1},
        basslines={"eighths": 7, "syncopated": 2, "long": 1},
        comps={"power": 6, "strum": 2, "stabs": 1},
        leads={29: 4, 30: 3, 27: 2, 16: 1, 53: 1.5, 81: 0.7, 18: 1},
        accompaniments={30: 4, 29: 4, 27: 2, 25: 1, 18: 0.6},
        pads={SILENT_PART: 6, 18: 2, 16: 1, 48: 0.7},
        basses={34: 5, 33: 3},
        kits={16: 4, 0: 4},
        register=(69, 4),
        busyness=(0.62, 0.13),
        swing=(0.5, 0.53),
        swing_steps=1,
        humanise=0.008,
        loudness=(-14, 1.5),
        reverb=(0.04, 0.14),
        tilt=(0.8, 1.6),
        drive=0.6,
        pump=0.0,
        drum_level=1.05,
        sevenths=0.0,
        neighbours=("pop", "country", "folk", "hip-hop"),
        themes={"city": 4, "hope": 5, "journey": 4, "night": 3, "love": 2, "rain": 1, "dance": 1, "home": 1},
    ),
    "electronic": Style(
        tempo=(124, 9),
        metres={"4/4": 14, "7/8": 1},
        modes={"minor": 5, "dorian": 3, "phrygian": 1, "major": 1, "hijaz": 0.7, "harmonic-minor": 0.6},
        grooves={"four": 8, "pop": 1, "halftime": 1},
        basslines={"offbeat": 4, "octaves": 3, "syncopated": 3},
        comps={"stabs": 4, "arpeggio": 4, "offbeat": 2},
        leads={80: 3, 81: 5, 87: 2, 90: 1.5, 54: 0.8},
        accompaniments={81: 3, 90: 4, 80: 2, 50: 1.5, 4: 0.6},
        pads={89: 3, 88: 2, 50: 2, 90: 2, SILENT_PART: 1.5},
        basses={38: 5, 39: 3, 87: 1},
        kits={24: 5, 25: 3},
        register=(72, 5),
        busyness=(0.66, 0.14),
        swing=(0.5, 0.54),
        swing_steps=1,
        humanise=0.0015,
        loudness=(-13.5, 1.5),
        reverb=(0.06, 0.24),
        tilt=(2.4, 1.6),
        drive=0.1,
        pump=0.55,
        drum_level=0.95,
        sevenths=0.2,
        neighbours=("pop", "hip-hop", "bhangra"),
        themes={"dance": 6, "night": 5, "city": 3, "love": 2, "hope": 1, "rain": 0.5, "journey": 1, "home": 0.3},
    ),
    "ballad": Style(
        tempo=(72, 9),
        metres={"4/4": 6, "6/8": 3, "3/4": 2},
        modes={"major": 4, "minor": 4, "harmonic-minor": 1, "dorian": 1, "hijaz": 0.3},
        grooves={"none": 4, "brush": 5, "pop": 1},
        basslines={"long": 6, "root-fifth": 2, "walking": 1},
        comps={"arpeggio": 6, "block": 3, "pad": 1},
        leads={40: 2, 42: 1.5, 53: 3, 71: 1, 0: 2, 24: 1.2, 68: 1, 65: 1.5, 73: 1},
        accompaniments={0: 5, 4: 2, 24: 2, 46: 1, 25: 1},
        pads={48: 5, 50: 1, 89: 1.5, 52: 1.5, SILENT_PART: 2},
        basses={32: 3, 33: 4, 35: 2, SILENT_PART: 1},
        kits={40: 4, 0: 2},
        register=(68, 4.5),
        busyness=(0.34, 0.13),
        swing=(0.5, 0.54),
        swing_steps=2,
        humanise=0.013,
        loudness=(-19.5, 2),
        reverb=(0.16, 0.36),
        tilt=(-1.8, 1.6),
        drive=0.0,
        pump=0.0,
        drum_level=0.5,
        sevenths=0.45,
        neighbours=("folk", "pop", "tarab"),
        themes={"love": 6, "rain": 4, "night": 3, "home": 2, "hope": 2, "journey": 1, "city": 0.6, "dance": 0.3},
    ),
    "hip-hop": Style(
        tempo=(90, 8),
        metres={"4/4": 1},
        modes={"minor": 5, "dorian": 2, "phrygian": 1.2, "harmonic-minor": 1, "hijaz": 0.8, "major": 0.7},
        grooves={"boombap": 5, "halftime": 4, "pop": 0.6},
        basslines={"sub": 6, "syncopated": 3, "long": 1},
        comps={"block": 3, "stabs": 3, "arpeggio": 2, "pad": 1},
        leads={4: 3, 11: 3, 108: 1.5, 0: 2, 24: 1, 54: 1, 46: 1, 65: 0.6, 104: 0.5},
        accompaniments={4: 4, 0: 3, 2: 1, 24: 1, 46: 0.8, 90: 0.8},
        pads={SILENT_PART: 4, 48: 2, 52: 1, 89: 1.6},
        basses={38: 3, 39: 3, 33: 2, 35: 0.6},
        kits={25: 6, 0: 2},
        register=(70, 5),
        busyness=(0.5, 0.15),
        swing=(0.52, 0.62),
        swing_steps=1,
        humanise=0.007,
        loudness=(-14.5, 1.6),
        reverb=(0.03, 0.14),
        tilt=(-3.4, 1.5),
        drive=0.15,
        pump=0.2,
        drum_level=1.0,
        sevenths=0.5,
        neighbours=("electronic", "pop", "rock"),
        themes={"city": 7, "hope": 3, "night": 3, "home": 3, "journey": 2, "dance": 1, "love": 1, "rain": 0.5},
    ),
    "tarab": Style(
        tempo=(84, 12),
        metres={"4/4": 7, "7/8": 2, "6/8": 1.5},
        modes={"hijaz": 5, "bayati": 3, "rast": 2, "harmonic-minor": 1.5, "double-harmonic": 1, "minor": 1},
        grooves={"maqsum": 8, "none": 0.4, "hand": 0.8},
        basslines={"long": 3, "root-fifth": 3, "drone": 3},
        comps={"tremolo": 4, "arpeggio": 2, "drone": 3},
        leads={40: 3, 106: 4, 15: 2, 75: 1, 53: 0.6},
        accompaniments={106: 4, 15: 4, 24: 1},
        pads={48: 6, 44: 3, SILENT_PART: 0.8},
        basses={32: 4, 43: 2, SILENT_PART: 2},
        kits={0: 1},
        register=(68, 4),
        busyness=(0.5, 0.15),
        swing=(0.5, 0.55),
        swing_steps=2,
        humanise=0.012,
        loudness=(-18, 2),
        reverb=(0.12, 0.3),
        tilt=(-0.5, 2),
        drive=0.0,
        pump=0.0,
        drum_level=1.0,
        sevenths=0.0,
        neighbours=("ballad", "folk", "flamenco"),
        themes={"love": 6, "night": 5, "rain": 2, "journey": 1, "home": 1, "hope": 1},
    ),
    "baul": Style(
        tempo=(108, 14),
        metres={"6/8": 6, "4/4": 4},
        modes={"mixolydian": 4, "major": 3, "dorian": 2, "minor": 1},
        grooves={"dadra": 9, "hand": 1},
        basslines={"drone": 5, "root-fifth": 2, "long": 1},
        comps={"drone": 4, "strum": 2, "arpeggio": 3},
        leads={104: 4, 73: 3, 75: 1.5, 105: 1},
        accompaniments={104: 5, 105: 3, 21: 0.6},
        pads={20: 5, 21: 1.5, SILENT_PART: 1},
        basses={32: 3, SILENT_PART: 4, 45: 1},
        kits={0: 1},
        register=(72, 4),
        busyness=(0.52, 0.14),
        swing=(0.5, 0.58),
        swing_steps=2,
        humanise=0.013,
        loudness=(-18.5, 2),
        reverb=(0.06, 0.2),
        tilt=(0, 2),
        drive=0.0,
        pump=0.0,
        drum_level=0.95,
        sevenths=0.0,
        neighbours=("folk", "bhangra", "tarab"),
        themes={"journey": 6, "home": 3, "rain": 4, "hope": 2, "love": 2, "night": 1},
    ),
    "country": Style(
        tempo=(114, 16),
        metres={"4/4": 8, "3/4": 2},
        modes={"major": 7, "mixolydian": 3, "minor": 1, "dorian": 0.5},
        grooves={"train": 9, "shaker": 0.7, "backbeat": 0.7},
        basslines={"root-fifth": 7, "walking": 2},
        comps={"strum": 3, "pick": 6},
        leads={110: 4, 105: 2, 22: 3, 26: 1},
        accompaniments={25: 5, 105: 4, 27: 0.6},
        pads={SILENT_PART: 8, 21: 0.6},
        basses={32: 3, 33: 4},
        kits={0: 4, 40: 2},
        register=(71, 4),
        busyness=(0.55, 0.13),
        swing=(0.5, 0.63),
        swing_steps=2,
        humanise=0.01,
        loudness=(-16.5, 1.7),
        reverb=(0.05, 0.16),
        tilt=(1.4, 1.5),
        drive=0.08,
        pump=0.0,
        drum_level=0.9,
        sevenths=0.15,
        neighbours=("folk", "rock", "ballad"),
        themes={"home": 6, "journey": 5, "love": 3, "rain": 1, "hope": 2, "night": 1, "dance": 1},
    ),
    "bhangra": Style(
        tempo=(104, 9),
        metres={"4/4": 9, "6/8": 1.5},
        modes={"mixolydian": 3, "minor": 3, "phrygian": 1, "hijaz": 1.5, "major": 1.5, "double-harmonic": 0.6},
        grooves={"chaal": 9, "four": 0.6, "hand": 0.4},
        basslines={"syncopated": 4, "drone": 2, "offbeat": 2, "octaves": 1},
        comps={"stabs": 3, "offbeat": 2, "drone": 3, "strum": 1},
        leads={104: 1.5, 111: 4, 107: 3, 53: 0.8},
        accompaniments={107: 5, 104: 2, 21: 1},
        pads={SILENT_PART: 5, 48: 1, 89: 1},
        basses={38: 5, 39: 2},
        kits={0: 3, 25: 2},
        register=(73, 4),
        busyness=(0.64, 0.13),
        swing=(0.56, 0.66),
        swing_steps=1,
        humanise=0.006,
        loudness=(-14.5, 1.6),
        reverb=(0.05, 0.16),
        tilt=(0.4, 2),
        drive=0.1,
        pump=0.2,
        drum_level=1.2,
        sevenths=0.05,
        neighbours=("electronic", "pop", "baul"),
        themes={"dance": 8, "love": 4, "home": 2, "hope": 1, "night": 1, "city": 1},
    ),
    "flamenco": Style(
        tempo=(112, 18),
        metres={"6/8": 5, "4/4": 4, "3/4": 2},
        modes={"phrygian": 4, "hijaz": 5, "minor": 1.5, "harmonic-minor": 1},
        grooves={"palmas": 9, "none": 0.7, "hand": 0.4},
        basslines={"root-fifth": 3, "long": 3, "syncopated": 2},
        comps={"rasgueado": 5, "arpeggio": 3, "tremolo": 2},
        leads={24: 8, 25: 1, 53: 0.8, 73: 0.5},
        accompaniments={24: 10, 25: 0.7},
        pads={SILENT_PART: 8, 48: 0.8},
        basses={32: 3, 33: 2, SILENT_PART: 4},
        kits={0: 1},
        register=(68, 4),
        busyness=(0.6, 0.15),
        swing=(0.5, 0.54),
        swing_steps=2,
        humanise=0.01,
        loudness=(-17, 2),
        reverb=(0.08, 0.24),
        tilt=(0.4, 2),
        drive=0.0,
        pump=0.0,
        drum_level=1.1,
        sevenths=0.05,
        neighbours=("folk", "tarab", "ballad"),
        themes={"love": 5, "night": 5, "dance": 3, "journey": 2, "rain": 1, "home": 1},
    ),
}

INSTRUMENTS: dict[int, tuple[str, str]] = {
    0: ("grand piano", "keys"),
    2: ("electric grand", "keys"),
    4: ("electric piano", "keys"),
    11: ("vibraphone", "mallets"),
    15: ("dulcimer", "plucked"),
    16: ("drawbar organ", "organ"),
    18: ("rock organ", "organ"),
    20: ("harmonium", "organ"),
    21: ("accordion", "organ"),
    22: ("harmonica", "winds"),
    24: ("nylon guitar", "plucked"),
    25: ("steel guitar", "plucked"),
    26: ("jazz guitar", "plucked"),
    27: ("clean electric guitar", "electric guitar"),
    29: ("overdriven guitar", "electric guitar"),
    30: ("distorted guitar", "electric guitar"),
    40: ("violin", "bowed"),
    42: ("cello", "bowed"),
    46: ("harp", "plucked"),
    48: ("strings", "bowed"),
    50: ("synth strings", "synth"),
    53: ("voice oohs", "voice"),
    54: ("synth voice", "voice"),
    65: ("alto saxophone", "winds"),
    68: ("oboe", "winds"),
    71: ("clarinet", "winds"),
    73: ("flute", "winds"),
    75: ("pan flute", "winds"),
    80: ("square lead", "synth"),
    81: ("saw lead", "synth"),
    87: ("bass and lead", "synth"),
    90: ("polysynth", "synth"),
    104: ("sitar", "plucked"),
    105: ("banjo", "plucked"),
    106: ("oud", "plucked"),
    107: ("tumbi", "plucked"),
    108: ("kalimba", "mallets"),
    110: ("fiddle", "bowed"),
    111: ("shehnai", "winds"),
}
"""Name and family of every program that may play a melody or its accompaniment.

The soundfont has no oud, tumbi or harmonium: the shamisen, the koto and the reed organ stand for them.
"""
