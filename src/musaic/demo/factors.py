"""The musical factors of a song, drawn without ever knowing its language."""

from __future__ import annotations

import bisect
import itertools
from dataclasses import asdict, dataclass

from musaic.demo.genres import INSTRUMENTS, STYLES, Style
from musaic.demo.streams import normal, pick, quantile, stream

TONICS = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")

CROSSOVER = 0.1
"""Chance that one side of a song (its instruments, its rhythm, its sound) is borrowed from a neighbouring genre."""

FOCUS = 1.7
"""How far players keep to the instruments that are usual in their genre; with `CROSSOVER`, how hard the corpus is."""

FAITHFUL = 0.35
"""Chance that a song keeps the instrument its artist usually plays."""

ARTIST_SIZES = (4, 3, 3)
"""Songs of each artist among ten of one genre and language."""


@dataclass(frozen=True)
class Factors:
    """What is drawn for a song before a note is written; the ground truth of the corpus.

    Parameters
    ----------
    tempo_bpm : float
        Felt beats a minute: quarters, and dotted quarters in 6/8.
    metre, mode, tonic, groove, bassline, comp : str
    lead_program, accompaniment_program, pad_program, bass_program, kit : int
        General MIDI; -1 where the part does not play.
    register_midi : float
        Centre of the melody, MIDI number.
    busyness : float
        0 (sparse) to 1 (full).
    swing_ratio : float
        Share of a pair of notes that the first one takes; 0.5 is straight.
    reverb_share, tilt_db, loudness_dbfs, width : float
        Hall, treble against bass, RMS level, stereo width.
    """

    tempo_bpm: float
    metre: str
    mode: str
    tonic: str
    lead_program: int
    accompaniment_program: int
    pad_program: int
    bass_program: int
    kit: int
    groove: str
    bassline: str
    comp: str
    register_midi: float
    busyness: float
    swing_ratio: float
    reverb_share: float
    tilt_db: float
    loudness_dbfs: float
    width: float

    @property
    def lead_instrument(self) -> str:
        """The melody's instrument."""
        return INSTRUMENTS[self.lead_program][0]

    @property
    def timbre(self) -> str:
        """The family of the melody's instrument."""
        return INSTRUMENTS[self.lead_program][1]

    def columns(self) -> dict[str, str | int | float]:
        """Return the factors as columns of a table, numbers rounded to what is meant by them."""
        row = {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(self).items()}
        return {**row, "lead_instrument": self.lead_instrument, "timbre": self.timbre}


def artist_of(index: int) -> int:
    """Return which artist of its genre and language song ``index`` is by."""
    block, place = divmod(index, sum(ARTIST_SIZES))
    number = bisect.bisect_right(list(itertools.accumulate(ARTIST_SIZES)), place)
    return block * len(ARTIST_SIZES) + number


def draw_factors(seed: int, genre: str, slot: int, index: int) -> Factors:
    """Draw the factors of song ``index`` in the ``slot``-th series of a genre.

    Parameters
    ----------
    seed : int
    genre : str
    slot : int
        One series for each language that has the genre. Which language gets which series is dealt elsewhere,
        by a stream of its own: nothing here knows.
    index : int
        Place in the series.

    Notes
    -----
    Every factor is spread evenly over ten songs of a series (a Latin hypercube), so that the series of one genre
    agree in distribution, nearly. An artist's songs share their sound and often their instrument.
    """
    style = STYLES[genre]
    artist = artist_of(index)

    def u(name: str) -> float:
        return quantile(seed, "factor", genre, slot, name, index=index)

    def artist_u(name: str) -> float:
        return quantile(seed, "artist", genre, slot, name, index=artist, block=len(ARTIST_SIZES))

    def borrowed(side: str) -> Style:
        v = u(f"crossover {side}")
        if v >= CROSSOVER:
            return style
        return STYLES[style.neighbours[int(v / CROSSOVER * len(style.neighbours))]]

    rng = stream(seed, "factors", genre, slot, index)
    players, rhythm, sound = borrowed("players"), borrowed("rhythm"), borrowed("sound")
    faithful = rng.random(3) < FAITHFUL
    metre = pick(style.metres, u("metre"))
    return Factors(
        tempo_bpm=round(min(max(normal(u("tempo"), *rhythm.tempo), 56.0), 172.0), 1),
        metre=metre,
        mode=pick(style.modes, u("mode")),
        tonic=TONICS[int(u("tonic") * 12)],
        lead_program=pick(players.leads, artist_u("lead") if faithful[0] else u("lead"), focus=FOCUS),
        accompaniment_program=pick(
            players.accompaniments,
            artist_u("accompaniment") if faithful[1] else u("accompaniment"),
            focus=FOCUS,
        ),
        pad_program=pick(players.pads, u("pad"), focus=FOCUS),
        bass_program=pick(players.basses, u("bass"), focus=FOCUS),
        kit=pick(rhythm.kits, artist_u("kit") if faithful[2] else u("kit"), focus=FOCUS),
        groove=pick(rhythm.grooves, u("groove")),
        bassline=pick(rhythm.basslines, u("bassline")),
        comp=pick(players.comps, u("comp")),
        register_midi=min(max(normal(u("register"), *style.register), 57.0), 84.0),
        busyness=min(max(normal(u("busyness"), *rhythm.busyness), 0.05), 0.98),
        swing_ratio=rhythm.swing[0] + (rhythm.swing[1] - rhythm.swing[0]) * u("swing"),
        reverb_share=sound.reverb[0] + (sound.reverb[1] - sound.reverb[0]) * (0.6 * artist_u("hall") + 0.4 * u("hall")),
        tilt_db=normal(0.6 * artist_u("tilt") + 0.4 * u("tilt"), *sound.tilt),
        loudness_dbfs=min(normal(u("loudness"), *sound.loudness), -12.0),
        width=0.4 + 0.6 * (0.6 * artist_u("width") + 0.4 * u("width")),
    )
