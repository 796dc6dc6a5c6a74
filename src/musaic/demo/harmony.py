"""Modes, progressions, and chords that move by the shortest way."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

MODES: dict[str, tuple[float, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "harmonic-minor": (0, 2, 3, 5, 7, 8, 11),
    "hijaz": (0, 1, 4, 5, 7, 8, 10),
    "double-harmonic": (0, 1, 4, 5, 7, 8, 11),
    "bayati": (0, 1.5, 3, 5, 7, 8, 10),
    "rast": (0, 2, 3.5, 5, 7, 9, 10.5),
}
"""Semitones above the tonic. Halves are the neutral steps of the maqamat; hijaz is also the Phrygian dominant."""

PROGRESSIONS: dict[str, tuple[tuple[int, ...], ...]] = {
    "major": ((1, 5, 6, 4), (1, 4, 5, 1), (6, 4, 1, 5), (1, 6, 4, 5), (1, 4, 1, 5), (2, 5, 1, 6), (1, 3, 4, 5)),
    "mixolydian": ((1, 7, 4, 1), (1, 4, 7, 4), (1, 7, 1, 4), (1, 4, 1, 7)),
    "minor": ((1, 6, 3, 7), (1, 4, 6, 5), (1, 7, 6, 7), (1, 3, 7, 4), (6, 7, 1, 1), (1, 4, 7, 3)),
    "dorian": ((1, 4, 1, 4), (1, 7, 4, 1), (1, 4, 7, 1), (1, 3, 4, 1)),
    "phrygian": ((1, 2, 1, 2), (4, 3, 2, 1), (1, 2, 3, 2), (1, 7, 2, 1)),
    "harmonic-minor": ((1, 4, 5, 1), (1, 6, 4, 5), (1, 5, 1, 4), (6, 4, 5, 1)),
    "hijaz": ((1, 2, 1, 2), (4, 4, 2, 1), (1, 4, 2, 1), (1, 7, 2, 1)),
    "double-harmonic": ((1, 2, 1, 1), (1, 4, 2, 1), (1, 1, 2, 1)),
    "bayati": ((1, 4, 1, 7), (1, 1, 4, 1), (1, 7, 4, 1)),
    "rast": ((1, 4, 1, 5), (1, 1, 5, 1), (1, 4, 5, 1)),
}
"""Scale degrees, one a bar."""


@dataclass(frozen=True)
class Chord:
    """A chord of the song.

    Parameters
    ----------
    degree : int
        Of the scale, from 0.
    root : float
        Semitones above the tonic.
    tones : tuple of float
        Semitones above the tonic, root first.
    """

    degree: int
    root: float
    tones: tuple[float, ...]


def pitch(mode: str, degree: int) -> float:
    """Return the semitones above the tonic of a scale degree, from 0; other octaves by going on counting."""
    scale = MODES[mode]
    octave, place = divmod(degree, len(scale))
    return scale[place] + 12 * octave


def chord_on(mode: str, degree: int, *, seventh: bool = False) -> Chord:
    """Return the chord of thirds on a degree, or root and fifth where those thirds make no plain triad."""
    root, third, fifth = (pitch(mode, degree + step) for step in (0, 2, 4))
    if fifth - root == 7 and third - root in (3, 4):
        tones: tuple[float, ...] = (root, third, fifth)
        if seventh and pitch(mode, degree + 6) - root in (10, 11):
            tones = (*tones, pitch(mode, degree + 6))
    else:
        tones = (root, root + 7)
    return Chord(degree, root, tones)


def lead_voices(
    chord: Chord, tonic: float, previous: tuple[float, ...] | None, *, centre: float = 60
) -> tuple[float, ...]:
    """Return the chord's keys, rising, in the position nearest to the previous chord's.

    Parameters
    ----------
    chord : Chord
    tonic : float
        MIDI number of any tonic.
    previous : tuple of float, optional
        Keys of the chord before.
    centre : float
        MIDI number around which the first chord lies, and to which the voices are drawn back.
    """
    best: tuple[float, tuple[float, ...]] | None = None
    options = []
    for tone in chord.tones:
        lowest = (tonic + tone - (centre - 9)) % 12 + centre - 9
        options.append((lowest, lowest + 12) if lowest + 12 <= centre + 9 else (lowest,))
    for voicing in itertools.product(*options):
        keys = tuple(sorted(voicing))
        spread = keys[-1] - keys[0]
        cost = 0.35 * abs(float(np.mean(keys)) - centre) + max(0.0, spread - 12)
        if previous:
            cost += sum(min(abs(key - old) for old in previous) for key in keys)
            cost += 0.5 * sum(min(abs(key - old) for key in keys) for old in previous)
        if best is None or (cost, keys) < best:
            best = (cost, keys)
    if best is None:
        return ()
    return best[1]


def progression(
    mode: str, rng: np.random.Generator, *, sevenths: float, avoid: tuple[int, ...] | None = None
) -> tuple[Chord, ...]:
    """Return four chords of the mode, one a bar; not the progression ``avoid`` where there is another."""
    choices = [degrees for degrees in PROGRESSIONS[mode] if degrees != avoid] or list(PROGRESSIONS[mode])
    degrees = choices[int(rng.integers(len(choices)))]
    rich = bool(rng.random() < sevenths)
    return tuple(chord_on(mode, degree - 1, seventh=rich) for degree in degrees)
