"""Sentences that say in words what the descriptors say in numbers.

They are written for a sentence encoder: the words differ with the level, the frame around them is short. What is high
or low is learned from the corpus: fifths of each descriptor, cut at its own quantiles. Labels are never looked at.

``sounds …`` voices the two proxies of `musaic.features.descriptors`, which are made of tempo, mode, loudness, onsets
and brightness: an impression, not a measured mood.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from musaic.audio.tonality import KEYS
from musaic.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = (0.2, 0.4, 0.6, 0.8)

MIN_TRACKS = 5
"""With fewer tracks no fifth holds one, and nothing is compared."""

WORDS = {
    "tempo": ("very slow", "slow", "medium-paced", "fast", "very fast"),
    "loudness": ("hushed", "soft", "moderately loud", "loud", "blaring"),
    "energy": ("faint energy", "low energy", "medium energy", "high energy", "immense energy"),
    "brightness": ("dark and muffled", "warm and mellow", "balanced", "bright and clear", "brilliant and piercing"),
    "onset_rate": ("a few sparse notes", "widely spaced notes", "flowing notes", "busy notes", "dense rapid notes"),
    "rhythm_regularity": (
        "a free drifting pulse",
        "a loose swaying pulse",
        "a fairly even pulse",
        "a steady beat",
        "a strict driving beat",
    ),
    "arousal_proxy": ("sleepy", "calm", "composed", "lively", "wild"),
    "valence_proxy": ("gloomy", "wistful", "neutral", "hopeful", "cheerful"),
}
"""The words of each descriptor, lowest fifth first."""

AUDIBLE = {
    "tempo": 5.0,
    "loudness": 1.0,
    "energy": 0.01,
    "brightness": 50.0,
    "onset_rate": 0.25,
    "rhythm_regularity": 0.02,
    "arousal_proxy": 0.02,
    "valence_proxy": 0.02,
}
"""The least distance between the lowest and the highest fifth, in the units of the descriptor (BPM, dB, amplitude, Hz,
onsets per second, shares): where a corpus spans less, no song of it is called louder than another."""

BPM_STEP = 5


class Describer:
    """Writes one to three English sentences a track from its descriptors.

    Parameters
    ----------
    tonic : bool
        Name the key (``in C sharp minor``) rather than its mode alone (``in a minor key``). For readers, not for
        encoders: see the notes.

    Attributes
    ----------
    edges_ : dict of str to ndarray of float64, shape (4,)
        The values at 20, 40, 60 and 80 % of the corpus, by descriptor; without the descriptors that cannot be
        compared: known of fewer than `MIN_TRACKS` tracks, or spanning less than `AUDIBLE`.

    Notes
    -----
    An edge is a value of the corpus (the inverted empirical distribution), so that the order of the tracks changes
    nothing. A value on several edges at once, which many tracks share, takes the middle of the fifths that meet
    there. A phrase whose number is missing or not finite is left out, and so are all comparing words of a descriptor
    without edges; tempo in BPM, to the nearest `BPM_STEP`, and the key need no comparison.

    To a sentence encoder the letter of a key outweighs everything else: over random levels, the rank correlation of
    distances between vectors (all-MiniLM-L6-v2, cosine) with distances between levels is 0.20 with tonics and 0.45
    without.
    """

    edges_: dict[str, NDArray[np.float64]]

    def __init__(self, *, tonic: bool = False) -> None:
        self.tonic = tonic

    def fit(self, descriptors: pd.DataFrame) -> Self:
        """Learn from a corpus what is low and high in it.

        Parameters
        ----------
        descriptors : DataFrame
            One row a track: ``track_id``, ``key``, ``mode`` and the descriptors of `WORDS`; other columns are not
            looked at. Rows without numbers are tracks without descriptors.

        Raises
        ------
        UsageError
            Where a column is missing or holds no numbers, or a track is there twice.
        """
        table = _numbers(descriptors)
        self.edges_ = {}
        for name in WORDS:
            values = table[name][np.isfinite(table[name])]
            if len(values) < MIN_TRACKS:
                continue
            edges = np.quantile(values, QUANTILES, method="inverted_cdf")
            with np.errstate(over="ignore"):
                if edges[-1] - edges[0] >= AUDIBLE[name]:
                    self.edges_[name] = edges
        return self

    def describe(self, descriptors: pd.DataFrame) -> pd.Series[Any]:
        """Return the descriptions, indexed by ``track_id``; None for a track of which nothing is known.

        Parameters and errors are those of `fit`.
        """
        import pandas as pd

        if not hasattr(self, "edges_"):
            raise UsageError("Describer is not fitted yet; call fit with the descriptors of the corpus first.")
        table = _numbers(descriptors)
        texts = []
        for row in range(len(descriptors)):
            words = {name: self._word(name, float(table[name][row])) for name in WORDS}
            key = descriptors["key"].iloc[row] if self.tonic else None
            mode = descriptors["mode"].iloc[row]
            texts.append(_sentences(words, _bpm(float(table["tempo"][row])), _key(key, mode)))
        index = pd.Index(descriptors["track_id"].to_numpy(dtype=object), dtype=object, name="track_id")
        return pd.Series(texts, index=index, dtype=object, name="description")

    def get_state(self) -> tuple[dict[str, Any], dict[str, NDArray[np.float64]]]:
        """Return what was learned: a JSON-ready dict, and arrays by name."""
        if not hasattr(self, "edges_"):
            raise UsageError("Describer is not fitted yet; call fit with the descriptors of the corpus first.")
        names = list(self.edges_)
        edges = np.array([self.edges_[name] for name in names]).reshape(len(names), len(QUANTILES))
        return {"tonic": self.tonic, "descriptors": names}, {"edges": edges}

    @classmethod
    def from_state(cls, head: Mapping[str, Any], arrays: Mapping[str, NDArray[np.float64]]) -> Self:
        """Return the describer that `get_state` was called on: it writes the same sentences."""
        describer = cls(tonic=head["tonic"])
        describer.edges_ = dict(zip(head["descriptors"], np.asarray(arrays["edges"], np.float64), strict=True))
        return describer

    def _word(self, name: str, value: float) -> str | None:
        """Return the word of the fifth that a value lies in."""
        if name not in self.edges_ or not math.isfinite(value):
            return None
        edges = self.edges_[name]
        fifths = int(np.searchsorted(edges, value, "left")) + int(np.searchsorted(edges, value, "right"))
        return WORDS[name][fifths // 2]


def _sentences(words: Mapping[str, str | None], bpm: str | None, key: str | None) -> str | None:
    """Put the phrases that there are into sentences."""
    said = []
    qualities = _joined(words["tempo"], words["loudness"])
    energy = words["energy"] and f"of {words['energy']}"
    if qualities or energy or bpm or key:
        said.append(" ".join(part for part in ("A", qualities, "song", energy, bpm, key) if part))
    rhythm = " over ".join(part for part in (words["onset_rate"], words["rhythm_regularity"]) if part)
    if words["brightness"]:
        said.append(f"The sound is {words['brightness']}" + (f", with {rhythm}" if rhythm else ""))
    elif rhythm:
        said.append(f"The rhythm has {rhythm}")
    if impression := _joined(words["arousal_proxy"], words["valence_proxy"]):
        said.append(f"The song sounds {impression}")
    return " ".join(f"{sentence}." for sentence in said) or None


def _joined(*parts: str | None) -> str:
    """Return the parts that there are, with ``and`` between them."""
    return " and ".join(part for part in parts if part)


def _bpm(tempo: float) -> str | None:
    """Return a tempo in beats per minute; None where a number is not one that music has."""
    return f"at about {BPM_STEP * math.floor(tempo / BPM_STEP + 0.5)} BPM" if 10 <= tempo <= 1000 else None


def _key(key: object, mode: object) -> str | None:
    """Return a key and a mode in words; ``C#`` is C sharp."""
    tonic = str(key).replace("#", " sharp") if key in KEYS else None
    scale = str(mode) if mode in ("major", "minor") else None
    if tonic is None:
        return scale and f"in a {scale} key"
    return " ".join(filter(None, ("in", tonic, scale)))


def _numbers(descriptors: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Return the columns of numbers, or say what is wrong with the table."""
    import pandas as pd

    missing = [name for name in ("track_id", "key", "mode", *WORDS) if name not in descriptors.columns]
    if missing:
        raise UsageError(
            f"the table of descriptors has no column {', '.join(missing)}; extract the feature 'descriptors' first."
        )
    twice = descriptors["track_id"][descriptors["track_id"].duplicated()]
    if len(twice):
        raise UsageError(f"track_id {twice.iloc[0]!r} is in the table of descriptors twice; give each track one row.")
    try:
        return {name: pd.to_numeric(descriptors[name]).to_numpy(np.float64, na_value=np.nan) for name in WORDS}
    except (TypeError, ValueError) as error:
        raise UsageError(f"the table of descriptors holds something that is no number: {error}.") from None
