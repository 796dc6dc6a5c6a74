"""What of a transcript is to be believed: unlikely words, text made up over music, loops.

The signs are those of Whisper (arXiv 2212.04356, section 4.5): a window that is probably without speech and whose text
is improbable, and text that compresses too well.
"""

from __future__ import annotations

import dataclasses
import unicodedata
import zlib

import numpy as np

from musaic.lyrics.transcription.heard import Heard, Segment, Word

NO_SPEECH = 0.6
"""Probability of no speech above which an improbable window is taken for music or noise."""

IMPROBABLE = -1.0
"""Mean log probability of a token, nats, below which a window is improbable."""

REPETITIVE = 2.4
"""Compression ratio above which a window is taken for a loop."""


def mark(heard: Heard, min_confidence: float) -> Heard:
    """Return the same with every segment's ``doubt`` and every word's ``low`` said anew."""
    segments = []
    for segment in heard.segments:
        doubt = why_doubted(segment)
        words = tuple(
            dataclasses.replace(word, low=doubt is not None or is_low(word, min_confidence)) for word in segment.words
        )
        segments.append(dataclasses.replace(segment, words=words, doubt=doubt))
    return dataclasses.replace(heard, segments=tuple(segments))


def why_doubted(segment: Segment) -> str | None:
    """Return why a segment looks made up: ``no-speech``, ``repetitive``, or None."""
    quiet = segment.no_speech_prob is None or segment.no_speech_prob > NO_SPEECH
    if quiet and (segment.avg_logprob is None or segment.avg_logprob < IMPROBABLE):
        return "no-speech"
    return "repetitive" if segment.compression_ratio > REPETITIVE else None


def is_low(word: Word, min_confidence: float) -> bool:
    """Return whether a word is not believed: improbable, or with characters that stand for broken bytes."""
    return not word.probability >= min_confidence or "\ufffd" in word.text


def is_word(text: str) -> bool:
    """Return whether there is a letter or a digit in it: notes and dashes alone are no words."""
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def compression_ratio(text: str) -> float:
    """Return how many times shorter zlib makes a text whose characters are numbered by their first occurrence.

    Notes
    -----
    Whisper's own ratio is of UTF-8 bytes: a Bangla letter is three of them, two always alike, so that any Bangla or
    Hindi text would pass for a loop. One byte a character (two, beyond 256 different ones) makes the threshold mean
    in every script what it means in English.
    """
    if not text:
        return 0.0
    numbers = {character: number for number, character in enumerate(dict.fromkeys(text))}
    kind = np.uint8 if len(numbers) <= 256 else np.dtype("<u2")
    data = np.array([numbers[character] for character in text], dtype=kind).tobytes()
    return len(data) / len(zlib.compress(data))
