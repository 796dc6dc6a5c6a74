"""How lyrics are read aloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from musaic.config import Config


class SpeechConfig(Config):
    """What eSpeak NG is told.

    Parameters
    ----------
    voices : mapping
        By ISO code of a language the voice that reads it; the library's own first choice otherwise.
    speed : int, 80 to 450, words a minute
        How fast.
    pitch : int, 0 to 99
        How high; 50 is the voice's own.
    max_seconds : float > 0, s, optional
        Where to stop.
    format : {"flac", "wav"}
        Of the files; both hold the same samples.
    """

    voices: Mapping[str, str] = Field(default_factory=dict)
    speed: int = Field(default=175, ge=80, le=450)
    pitch: int = Field(default=50, ge=0, le=99)
    max_seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    format: Literal["flac", "wav"] = "flac"
