"""Melodies of motifs: a bar is invented, answered, repeated, contrasted, and brought home."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musaic.demo.harmony import Chord, pitch
from musaic.demo.rhythm import Metre

CELLS: dict[int, tuple[tuple[str, float], ...]] = {
    4: (
        ("x---", 0.15),
        ("....", 0.05),
        ("--..", 0.1),
        ("x-x-", 0.5),
        ("..x-", 0.35),
        ("x--x", 0.55),
        ("x-xx", 0.75),
        ("xxx-", 0.8),
        ("xxxx", 1.0),
    ),
    6: (
        ("x-----", 0.1),
        ("......", 0.05),
        ("x---x-", 0.4),
        ("x--x--", 0.4),
        ("x-x-x-", 0.65),
        ("..x-x-", 0.5),
        ("x-xxx-", 0.9),
        ("x-x-xx", 0.85),
    ),
}
"""Rhythms of one beat and how busy they are; - holds the note before, . is silence."""

STEPS = (-4, -3, -2, -1, 0, 1, 2, 3, 4)
STEP_WEIGHTS = np.array([0.02, 0.05, 0.14, 0.27, 0.1, 0.24, 0.12, 0.04, 0.02])


@dataclass(frozen=True)
class MelodyNote:
    """A note of a phrase.

    Parameters
    ----------
    step, length : int
        Sixteenths from the start of its bar.
    degree : int
        Of the scale, from the tonic in the melody's register.
    loudness : float
        0 to 1.
    """

    step: int
    length: int
    degree: int
    loudness: float


Bar = tuple[MelodyNote, ...]


def rhythm_of(metre: Metre, busyness: float, rng: np.random.Generator) -> str:
    """Return one bar of rhythm: ``x`` an onset, ``-`` held, ``.`` silent; never empty."""
    text = ""
    for number, beat in enumerate(metre.beats):
        cells = CELLS[beat]
        weights = np.array([np.exp(-(((level - busyness) / 0.28) ** 2)) for _, level in cells])
        if number == 0:
            # The bar begins with a note more often than not, and cannot hold what was not struck.
            weights *= [0.0 if cell[0] == "-" else 0.4 if cell[0] == "." else 1.0 for cell, _ in cells]
        text += cells[int(rng.choice(len(cells), p=weights / weights.sum()))][0]
    return text if "x" in text else "x" + text[1:]


def contour(
    rhythm: str, metre: Metre, chord: Chord, start: int, rng: np.random.Generator, *, low: int, high: int
) -> Bar:
    """Return notes on a rhythm: mostly steps, drawn to the chord on the beats and back into the range."""
    notes: list[MelodyNote] = []
    degree = start
    onsets = [step for step, mark in enumerate(rhythm) if mark == "x"]
    for number, step in enumerate(onsets):
        weights = (
            STEP_WEIGHTS
            * np.array([1.0 if low <= degree + move <= high else 0.02 for move in STEPS])
            * np.array([np.exp(-0.13 * abs(degree + move - (low + high) / 2)) for move in STEPS])
        )
        if number:
            degree += STEPS[int(rng.choice(len(STEPS), p=weights / weights.sum()))]
        if step in metre.starts and rng.random() < 0.75:
            degree = to_chord(degree, chord)
        end = step + 1
        while end < len(rhythm) and rhythm[end] == "-":
            end += 1
        accent = 1.0 if step == 0 else 0.9 if step in metre.starts else 0.76
        notes.append(MelodyNote(step, end - step, degree, accent))
    return tuple(notes)


def to_chord(degree: int, chord: Chord) -> int:
    """Return the degree of the chord (root, third, fifth) that lies nearest."""
    members = [(chord.degree + step) % 7 for step in (0, 2, 4)]
    return min(range(degree - 3, degree + 4), key=lambda d: (d % 7 not in members, abs(d - degree), d))


def fitted(bar: Bar, metre: Metre, chord: Chord) -> Bar:
    """Return a motif heard over another chord: its first note and its long ones give way to the chord."""
    return tuple(
        MelodyNote(note.step, note.length, to_chord(note.degree, chord), note.loudness)
        if note.step == 0 or note.length >= metre.beat_steps
        else note
        for note in bar
    )


def cadence(bar: Bar, metre: Metre, chord: Chord, *, home: bool) -> Bar:
    """Return a bar that ends: what follows its middle gives way to one long note, the tonic if it comes home."""
    middle = metre.starts[len(metre.beats) // 2]
    kept = [note for note in bar if note.step < middle]
    last = kept[-1].degree if kept else 0
    target = to_chord(last, chord)
    if home:
        target = min((d for d in range(last - 4, last + 5) if d % 7 == 0), key=lambda d: abs(d - last))
    shortened = [
        MelodyNote(note.step, min(note.length, middle - note.step), note.degree, note.loudness) for note in kept
    ]
    return (*shortened, MelodyNote(middle, metre.steps - middle - 1, target, 0.92))


def phrases(
    metre: Metre, chords: tuple[Chord, ...], busyness: float, rng: np.random.Generator, *, centre: int = 1
) -> dict[str, tuple[Bar, ...]]:
    """Return the phrases ``A`` (a motif and its answer) and ``B`` (a contrast, higher), four bars each.

    Parameters
    ----------
    metre : Metre
    chords : tuple of Chord
        Four, one a bar.
    busyness : float
        0 to 1.
    rng : numpy.random.Generator
    centre : int
        Degree around which ``A`` lies.
    """
    low, high = centre - 5, centre + 4
    a_rhythm, b_rhythm = rhythm_of(metre, busyness, rng), rhythm_of(metre, min(1.0, busyness + 0.12), rng)
    start = centre + int(rng.choice((-2, 0, 2)))
    motif = contour(a_rhythm, metre, chords[0], start, rng, low=low, high=high)
    answer = contour(rhythm_of(metre, busyness, rng), metre, chords[1], motif[-1].degree, rng, low=low, high=high)
    contrast = contour(b_rhythm, metre, chords[0], start + 2, rng, low=low + 2, high=high + 2)
    reply = contour(a_rhythm, metre, chords[1], contrast[-1].degree, rng, low=low + 2, high=high + 2)
    return {
        "A": (
            fitted(motif, metre, chords[0]),
            fitted(answer, metre, chords[1]),
            fitted(motif, metre, chords[2]),
            cadence(fitted(answer, metre, chords[3]), metre, chords[3], home=chords[3].degree in (0, 4)),
        ),
        "B": (
            fitted(contrast, metre, chords[0]),
            fitted(reply, metre, chords[1]),
            fitted(contrast, metre, chords[2]),
            cadence(fitted(reply, metre, chords[3]), metre, chords[3], home=False),
        ),
    }


def key_of(note: MelodyNote, mode: str, tonic: float) -> float:
    """Return the MIDI number of a note; quarter tones stay fractions."""
    return tonic + pitch(mode, note.degree)
