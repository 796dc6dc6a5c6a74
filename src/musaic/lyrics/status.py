"""The one word that says whether lyrics can be used, and what is wrong where they cannot."""

from __future__ import annotations

from enum import StrEnum


class LyricsStatus(StrEnum):
    """What is the matter with lyrics; everything but ``ok`` comes with a reason for the person who owns the file."""

    OK = "ok"
    MISSING = "missing"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    BINARY = "binary"
    GARBLED = "garbled"
    NO_WORDS = "no-words"
    INSTRUMENTAL = "instrumental"
