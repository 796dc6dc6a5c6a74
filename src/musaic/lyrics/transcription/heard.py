"""What was heard in one track: segments of words, each with the model's own probability."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

VERSION = 1


@dataclass(frozen=True)
class Word:
    """One word.

    Parameters
    ----------
    text : str
        As the model wrote it, with the space before it where the script has one.
    start, end : float, s
        In the track.
    probability : float, 0 to 1
        Mean over its tokens.
    low : bool
        Whether it is not believed.
    """

    text: str
    start: float
    end: float
    probability: float
    low: bool = False


@dataclass(frozen=True)
class Segment:
    """A line of singing.

    Parameters
    ----------
    start, end : float, s
        In the track.
    words : tuple of Word
        In order.
    avg_logprob : float or None, nats
        Mean log probability of the tokens of its window.
    no_speech_prob : float or None, 0 to 1
        That there is no voice in its window.
    compression_ratio : float
        Of the text of its window (`musaic.lyrics.transcription.doubt.compression_ratio`).
    doubt : {None, "no-speech", "repetitive"}
        Why it looks made up.
    """

    start: float
    end: float
    words: tuple[Word, ...]
    avg_logprob: float | None
    no_speech_prob: float | None
    compression_ratio: float
    doubt: str | None = None


@dataclass(frozen=True)
class Heard:
    """All that was heard in a track.

    Parameters
    ----------
    segments : tuple of Segment
        In order.
    language : str or None
        ISO code of the language in which it was written down; None where nothing was.
    language_confidence : float or None, 0 to 1
        Probability that the model gives that language; None for a model that knows but one.
    voiced : float, s
        How much of it was listened to.
    reason : str or None
        What is to be said about the language.
    """

    segments: tuple[Segment, ...] = ()
    language: str | None = None
    language_confidence: float | None = None
    voiced: float = 0.0
    reason: str | None = None

    @property
    def words(self) -> tuple[Word, ...]:
        """All words, in order."""
        return tuple(word for segment in self.segments for word in segment.words)

    def plain(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return dataclasses.asdict(self)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Return what `plain` was called on."""
        segments = tuple(
            Segment(**{**segment, "words": tuple(Word(**word) for word in segment["words"])})
            for segment in data["segments"]
        )
        return cls(**{**data, "segments": segments})


def finite(value: float | None, digits: int = 4) -> float | None:
    """Return a number that JSON can hold, rounded, or None for one that is not a number."""
    return None if value is None or not math.isfinite(value) else round(float(value), digits)
