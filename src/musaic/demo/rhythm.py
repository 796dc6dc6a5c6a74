"""Metres, drum grooves, bass lines and accompaniment figures, written on a grid of sixteenths.

A figure is a string, one character a sixteenth. Figures for a metre that has none of its own are cut from 4/4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musaic.demo.genres import Style


@dataclass(frozen=True)
class Metre:
    """How a bar is counted.

    Parameters
    ----------
    beats : tuple of int
        Sixteenths in each felt beat.
    beat_steps : int
        Sixteenths in the beat that the tempo counts.
    """

    beats: tuple[int, ...]
    beat_steps: int

    @property
    def steps(self) -> int:
        """Sixteenths in a bar."""
        return sum(self.beats)

    @property
    def starts(self) -> tuple[int, ...]:
        """The step on which each beat begins."""
        return tuple(int(step) for step in np.cumsum((0, *self.beats[:-1])))


METRES = {
    "4/4": Metre((4, 4, 4, 4), 4),
    "3/4": Metre((4, 4, 4), 4),
    "6/8": Metre((6, 6), 6),
    "7/8": Metre((4, 4, 6), 4),
}

PIECES: dict[str, tuple[int, float]] = {
    "kick": (36, 1.0),
    "snare": (38, 0.85),
    "rim": (37, 0.75),
    "clap": (39, 0.9),
    "hat": (42, 2.0),
    "pedal": (44, 0.8),
    "open": (46, 1.5),
    "ride": (51, 1.1),
    "crash": (49, 0.8),
    "tambourine": (54, 0.55),
    "shaker": (70, 0.6),
    "cabasa": (69, 0.45),
    "low tom": (41, 0.8),
    "mid tom": (45, 0.7),
    "high tom": (48, 0.7),
    "bongo": (60, 0.75),
    "low bongo": (61, 0.8),
    "mute conga": (62, 0.75),
    "conga": (63, 0.75),
    "low conga": (64, 0.85),
    "woodblock": (76, 0.3),
    "castanets": (85, 0.6),
    "triangle": (81, 0.4),
}
"""Key in the General MIDI drum kit and gain: the font's cymbals are quiet."""

LOUDNESS = {"X": 1.0, "x": 0.78, "g": 0.45}
"""Accent, plain stroke, ghost."""

Groove = dict[str, str]

GROOVES: dict[str, dict[str, tuple[Groove, ...]]] = {
    "none": {"4/4": ({},)},
    "backbeat": {
        "4/4": (
            {"kick": "X.......X.x.....", "snare": "....X.......X...", "hat": "X.x.X.x.X.x.X.x."},
            {"kick": "X.....x.X.......", "snare": "....X.......X..g", "hat": "X.x.X.x.X.x.X.x."},
            {"kick": "X..x..x...X.....", "snare": "....X..g....X...", "ride": "X.x.X.x.X.x.X.x."},
            {"kick": "X.x.....X.x.....", "snare": "....X.......X...", "open": "X...X...X...X..."},
        ),
        "3/4": ({"kick": "X.......x...", "snare": "....X...X...", "hat": "X.x.X.x.X.x."},),
        "6/8": (
            {"kick": "X.......x...", "snare": "......X.....", "hat": "X.x.x.X.x.x."},
            {"kick": "X...x.....x.", "snare": "......X.....", "ride": "X.x.x.X.x.x."},
        ),
        "7/8": ({"kick": "X.......X.....", "snare": "....X.......X.", "hat": "X.x.X.x.X.x.x."},),
    },
    "pop": {
        "4/4": (
            {
                "kick": "X.....x.x.......",
                "snare": "....X.......X...",
                "hat": "x.x.x.x.x.x.x.x.",
                "clap": "....x.......x...",
            },
            {"kick": "X..x....x..x....", "snare": "....X.......X...", "hat": "xgxgxgxgxgxgxgxg"},
            {"kick": "X.........x.....", "clap": "....X.......X...", "shaker": "x.xgx.xgx.xgx.xg"},
        ),
        "3/4": ({"kick": "X.......x...", "rim": "....x...x...", "hat": "x.x.x.x.x.x."},),
        "6/8": ({"kick": "X.........x.", "snare": "......X.....", "hat": "x.x.x.x.x.x."},),
        "7/8": ({"kick": "X.....x.......", "clap": "....X.......X.", "hat": "x.x.x.x.x.x.x."},),
    },
    "four": {
        "4/4": (
            {"kick": "X...X...X...X...", "clap": "....X.......X...", "open": "..x...x...x...x."},
            {
                "kick": "X...X...X...X...",
                "clap": "....X.......X...",
                "hat": "g.xgg.xgg.xgg.xg",
                "rim": "...x......x.....",
            },
            {
                "kick": "X...X...X...X..x",
                "snare": "....x.......x...",
                "open": "..X...X...X...X.",
                "shaker": "xgxgxgxgxgxgxgxg",
            },
        ),
        "3/4": ({"kick": "X...X...X...", "clap": "....X...X...", "open": "..x...x...x."},),
        "6/8": ({"kick": "X.....X.....", "clap": "......X.....", "open": "....x.....x."},),
        "7/8": ({"kick": "X...X...X..X..", "clap": "....X.......X.", "open": "..x...x...x..."},),
    },
    "halftime": {
        "4/4": (
            {"kick": "X..x......x.....", "snare": "........X.......", "hat": "x.x.x.xgx.x.xgxg"},
            {"kick": "X.....x....x..x.", "clap": "........X.......", "hat": "x.xxx.x.x.xxx.xx"},
            {"kick": "X.........x..x..", "snare": "........X......g", "hat": "xgxgx.xgxgxgx.x."},
        ),
        "6/8": ({"kick": "X...x.......", "clap": "......X.....", "hat": "x.xgx.x.xgx."},),
        "3/4": ({"kick": "X..x........", "clap": "......X.....", "hat": "x.xgx.x.xgx."},),
        "7/8": ({"kick": "X..x..........", "clap": "........X.....", "hat": "x.x.xgx.x.x.xg"},),
    },
    "boombap": {
        "4/4": (
            {"kick": "X......x..x.....", "snare": "....X.......X...", "hat": "X.x.X.x.X.x.X.x."},
            {"kick": "X.x.......x..x..", "snare": "....X..g....X...", "hat": "x.x.x.x.x.x.x.xg"},
            {"kick": "X..x..x...x.....", "snare": "....X.......X..g", "shaker": "x.x.x.x.x.x.x.x."},
        ),
        "3/4": ({"kick": "X......x....", "snare": "....X...X...", "hat": "x.x.x.x.x.x."},),
        "6/8": ({"kick": "X...x.....x.", "snare": "......X.....", "hat": "x.x.x.x.x.x."},),
        "7/8": ({"kick": "X......x..x...", "snare": "....X.......X.", "hat": "x.x.x.x.x.x.x."},),
    },
    "brush": {
        "4/4": (
            {"kick": "X.........g.....", "rim": "....x.......x...", "pedal": "x...x...x...x..."},
            {"kick": "x.......x.......", "snare": "....g.......g..g", "ride": "x...x.g.x...x.g."},
        ),
        "3/4": ({"kick": "x...........", "rim": "....g...x...", "ride": "x...x.g.x..."},),
        "6/8": ({"kick": "x.......g...", "rim": "......x.....", "ride": "x.g.g.x.g.g."},),
        "7/8": ({"kick": "x.......x.....", "rim": "....x.......x.", "ride": "x...x...x...g."},),
    },
    "shaker": {
        "4/4": (
            {"shaker": "X.g.x.g.X.g.x.g.", "kick": "x.......x......."},
            {"tambourine": "....x.......x...", "cabasa": "x.g.x.g.x.g.x.g.", "kick": "x.....g.x......."},
        ),
        "3/4": ({"tambourine": "....x...x...", "kick": "x...........", "shaker": "x.g.x.g.x.g."},),
        "6/8": ({"tambourine": "......x.....", "shaker": "X.g.g.x.g.g.", "kick": "x..........."},),
        "7/8": ({"tambourine": "....x.......x.", "shaker": "X.g.x.g.X.g.g.", "kick": "x.......x....."},),
    },
    "hand": {
        "4/4": (
            {"low conga": "X.......x.......", "conga": "......x.......x.", "mute conga": "..g.x.....g.x..."},
            {"low tom": "X.........x.....", "bongo": "....x.g.....x.gg", "low bongo": "..x.....x......."},
        ),
        "3/4": ({"low conga": "X...........", "mute conga": "....x...x...", "conga": "..g...x...g."},),
        "6/8": ({"low conga": "X.....x.....", "bongo": "..g.x...g.x.", "tambourine": "......x....."},),
        "7/8": ({"low conga": "X.......x.....", "mute conga": "....x.......x.", "bongo": "..g...g...g.g."},),
    },
    "train": {
        "4/4": (
            {"kick": "X...x...X...x...", "snare": "g.gxX.gxg.gxX.gx"},
            {"kick": "X.......X.......", "snare": "gxgxXgxggxgxXgxg"},
            {"kick": "X.......X.......", "rim": "....X.......X...", "hat": "..x...x...x...x."},
        ),
        "3/4": ({"kick": "X...........", "snare": "....x.g.x.g.", "hat": "x.g.x.g.x.g."},),
        "6/8": ({"kick": "X.....x.....", "snare": "..g.x...g.x."},),
        "7/8": ({"kick": "X.......X.....", "snare": "..gxX.gx..gxX."},),
    },
    "maqsum": {
        "4/4": (
            {"low conga": "X.......X.......", "bongo": "..x...X.....X.g.", "tambourine": "....g...g...g.gg"},
            {"low conga": "X.X.....X.......", "bongo": "......X..gg.X.gg", "tambourine": "..g...x...g.x.g."},
        ),
        "3/4": ({"low conga": "X...........", "bongo": "....x.g.X.gg", "tambourine": "..g...g...g."},),
        "6/8": ({"low conga": "X.......x...", "bongo": "..g.x...g.x.", "tambourine": "....g.x...g."},),
        "7/8": ({"low conga": "X.......X.....", "bongo": "..X.X.....X.g.", "tambourine": "......g...g.gg"},),
    },
    "dadra": {
        "4/4": ({"low conga": "X.g.......x.....", "bongo": "....x.g.x...x.g.", "tambourine": "....x.......x..."},),
        "3/4": ({"low conga": "X.......x...", "bongo": "..g.x.g...x.", "tambourine": "....x...x..."},),
        "6/8": (
            {"low conga": "X.......x...", "bongo": "..x.x.x.g.x.", "triangle": "x.....x....."},
            {"low conga": "X.....g.x...", "low bongo": "..x.g.X...x.", "tambourine": "....x.....x."},
        ),
        "7/8": ({"low conga": "X.......x.....", "bongo": "..g.x.g...x.x."},),
    },
    "chaal": {
        "4/4": (
            {"low tom": "X.....x.x.....X.", "low bongo": "x.xx..x.x.xx..x.", "clap": "....x.......x..."},
            {
                "low tom": "X..x..x.X..x....",
                "bongo": "..x.x.xx..x.x.xx",
                "kick": "X.......X.......",
                "tambourine": "x.x.x.x.x.x.x.x.",
            },
        ),
        "3/4": ({"low tom": "X.....x.x...", "low bongo": "x.xx..x.x.x."},),
        "6/8": ({"low tom": "X...x.....x.", "low bongo": "x.x.x.x.x.x.", "clap": "......x....."},),
        "7/8": ({"low tom": "X.....x.X.....", "low bongo": "x.xx..x.x.x.x."},),
    },
    "palmas": {
        "4/4": (
            {"clap": "x..x..x.x..x..x.", "kick": "X.....X...X.....", "castanets": "....x.gg....x.gg"},
            {"clap": "..x.x.....x.x...", "low conga": "X.......X.....x.", "rim": "...x..x....x..x."},
        ),
        "3/4": ({"clap": "..x.x.x.x.x.", "kick": "X...........", "castanets": "....x.ggx..."},),
        "6/8": (
            {"clap": "X..X..X.X.X.", "kick": "x.....x.....", "rim": "gxgg.ggg.g.g"},
            {"clap": "..x..xx.x.x.", "low conga": "X..x..x.x.x.", "castanets": "x.ggx.x.g.x."},
        ),
        "7/8": ({"clap": "X...X...X..x..", "kick": "x.......x....."},),
    },
}

BASSLINES: dict[str, dict[str, str]] = {
    "long": {"4/4": "r-------------..", "6/8": "r-----5-----"},
    "root-fifth": {"4/4": "r---....5---....", "6/8": "r---..5---..", "7/8": "r---....5---.."},
    "eighths": {"4/4": "r-r-r-r-r-r-r-a-", "6/8": "r-r-r-r-r-a-", "3/4": "r-r-r-r-r-a-", "7/8": "r-r-r-r-r-r-a-"},
    "syncopated": {"4/4": "r--r--r-..r-5-a-", "6/8": "r---r-..5-a-"},
    "offbeat": {"4/4": "..r-..r-..r-..o-", "6/8": "..r-o-..r-o-"},
    "octaves": {"4/4": "r.o.r.o.r.o.r.o.", "6/8": "r.o.o.r.o.o."},
    "walking": {"4/4": "r---3---5---a---", "6/8": "r-3-5-o-5-a-", "3/4": "r---3---a---", "7/8": "r---3---5---a-"},
    "sub": {"4/4": "r------r--....5-", "6/8": "r-----....a-"},
    "drone": {"4/4": "r-------r-----5-", "6/8": "r-----5---r-"},
}
"""r root, 5 fifth, 3 third, o octave, a step towards the next root, - held, . silent."""

COMPS: dict[str, dict[str, tuple[str, ...]]] = {
    "pad": {"4/4": ("X---------------",)},
    "block": {
        "4/4": ("X---x---x---x---", "X-----x---x-----", "X-------x-------"),
        "6/8": ("X---x-x---x-", "X-----x-----"),
        "3/4": ("X---x---x---",),
    },
    "strum": {
        "4/4": ("X---x-x---x-x-x-", "X-..x-xgx-..x-xg", "X---x-x-x---x-x-"),
        "6/8": ("X---x-X---x-", "X-g-x-X-g-x-"),
        "3/4": ("X---x-x-x---",),
    },
    "arpeggio": {
        "4/4": ("0-1-2-1-0-1-2-1-", "0-2-1-2-3-2-1-2-", "0-1-2-3-2-1-2-1-", "0120123201232123"),
        "6/8": ("0-1-2-3-2-1-", "0-2-1-2-1-2-"),
        "3/4": ("0-1-2-3-2-1-", "0-1-2-1-2-1-"),
    },
    "pick": {"4/4": ("0-2-1-2-0-3-1-2-", "0.2.1.2.0.2.132."), "3/4": ("0-2-1-2-3-2-",), "6/8": ("0-2-1-3-2-1-",)},
    "power": {
        "4/4": ("X-g-g-x-X-g-g-x-", "X-x-x-x-X-x-x-x-", "X---..x-x-..x-x-", "X-------x---x---"),
        "6/8": ("X-x-x-X-x-x-", "X-----X---x-"),
    },
    "stabs": {
        "4/4": ("X..x..x...x.x...", "..x...x...x..x..", "X.....x..x......"),
        "6/8": ("X...x...x...", "..x...x...x."),
    },
    "offbeat": {"4/4": ("..x...x...x...x.",), "6/8": ("..x.x...x.x.",)},
    "waltz": {"4/4": ("....x---x---x---",), "3/4": ("....x---x---",), "6/8": ("..x-x-..x-x-",)},
    "tremolo": {"4/4": ("X.ggxgggX.ggxggg", "X-..xggg..xgx-gg"), "6/8": ("X.ggggx.gggg",)},
    "drone": {"4/4": ("0---2-0-0---2-1-", "0-..0-2-0-..2-2-"), "6/8": ("0---2-0---2-", "0-2-0-2-0-2-")},
    "rasgueado": {
        "4/4": ("X-ggX-..x-ggX---", "X-..xgggX-..x---"),
        "6/8": ("X--X--X-X-X-", "X-ggggX-ggx-"),
        "3/4": ("X-..xgggx-..",),
    },
}
"""X x g the whole chord, digits one voice of it, - held, . silent."""

Stroke = tuple[int, str, float]
"""Step, piece, loudness 0 to 1."""


def figure(table: dict[str, str], metre: str) -> str:
    """Return a figure in a metre, cut from 4/4 where it has none of its own."""
    return table.get(metre) or table["4/4"][: METRES[metre].steps]


def comp_figure(name: str, metre: str, rng: np.random.Generator) -> str:
    """Return one accompaniment figure of this name."""
    choices = COMPS[name].get(metre) or tuple(text[: METRES[metre].steps] for text in COMPS[name]["4/4"])
    return choices[int(rng.integers(len(choices)))]


def groove(name: str, metre: str, rng: np.random.Generator) -> Groove:
    """Return one bar of a groove family in a metre."""
    choices = GROOVES[name].get(metre) or GROOVES[name]["4/4"]
    return choices[int(rng.integers(len(choices)))]


def drum_bar(
    pattern: Groove, metre: Metre, busyness: float, rng: np.random.Generator, *, fill: bool, crash: bool
) -> list[Stroke]:
    """Return the strokes of one bar: the groove with ghosts that come and go, and a fill at the end of a phrase."""
    strokes: list[Stroke] = []
    end = metre.starts[-1] if fill and pattern else metre.steps
    for piece, text in pattern.items():
        for step, mark in enumerate(text[:end]):
            if mark == "." or (mark == "g" and rng.random() > 0.25 + busyness):
                continue
            if (
                mark == "x"
                and piece in ("hat", "shaker", "ride")
                and busyness < 0.35
                and step % 4 == 2
                and rng.random() < 0.6
            ):
                continue
            strokes.append((step, piece, LOUDNESS[mark]))
    if pattern and crash and ("snare" in pattern or "clap" in pattern):
        strokes.append((0, "crash", 0.7))
    if fill and pattern:
        strokes += _fill(pattern, end, metre.steps, busyness, rng)
    return strokes


def _fill(pattern: Groove, start: int, end: int, busyness: float, rng: np.random.Generator) -> list[Stroke]:
    """Return a run over the last beat on the instruments of the groove."""
    if "snare" in pattern:
        pieces: tuple[str, ...] = ("snare", "high tom", "mid tom", "low tom")
    else:
        pieces = tuple(piece for piece in pattern if piece not in ("kick", "hat", "shaker", "triangle")) or ("snare",)
    strokes = []
    every = 1 if busyness > 0.5 else 2
    for place, step in enumerate(range(start, end, every)):
        if rng.random() < 0.85:
            piece = pieces[place * len(pieces) * every // max(end - start, 1) % len(pieces)]
            strokes.append((step, piece, 0.55 + 0.35 * place / max(1, (end - start) // every)))
    return strokes


def step_times(metre: Metre, seconds_per_step: float, style: Style, swing: float) -> np.ndarray:
    """Return when each sixteenth of a bar sounds, seconds from its start, swung by pairs."""
    unit = style.swing_steps
    times = np.arange(metre.steps + 1, dtype=np.float64)
    if metre.beat_steps == 4:
        late = (np.arange(metre.steps + 1) // unit) % 2 == 1
        times[late] += (swing - 0.5) * 2 * unit
    result: np.ndarray = times * seconds_per_step
    return result
