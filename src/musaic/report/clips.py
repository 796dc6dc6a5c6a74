"""Excerpts of the songs themselves, for a page that is asked to hold them."""

from __future__ import annotations

import base64
import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from musaic.report.sounds import write_mp3

LONGEST = 8.0
"""Seconds of an excerpt."""

MOST_BYTES = 4_000_000
"""Of all excerpts in a page, before they are written as text (a third more)."""

RATE = 22050


@dataclass
class Clips:
    """What a page holds of songs: nothing, unless it was asked to.

    Parameters
    ----------
    asked : bool
        Whether excerpts were asked for by name.

    Attributes
    ----------
    held : int
        Excerpts that the page holds.
    lacking : int
        Excerpts that were asked for and are not there: the file cannot be read, or the page would be too heavy.
    """

    asked: bool = False
    held: int = 0
    lacking: int = 0
    _bytes: int = 0
    _made: dict[tuple[Path, float, float], str | None] = field(default_factory=dict)

    @property
    def n_bytes(self) -> int:
        """Bytes of the excerpts in the page, as text."""
        return self._bytes * 4 // 3

    def of(self, file: Path | None, start: float, length: float = LONGEST) -> str | None:
        """Return the address that holds a stretch of a song, mono MP3; None where it was not asked for or is lacking.

        Parameters
        ----------
        file : Path or None
            The song.
        start, length : float, s
            What is cut out, at most `LONGEST`; from the beginning where ``start`` is NaN.
        """
        if not self.asked or file is None:
            return None
        key = (file, 0.0 if math.isnan(start) else start, min(length, LONGEST))
        if key not in self._made:
            self._made[key] = self._cut(*key)
            self.held += self._made[key] is not None
            self.lacking += self._made[key] is None
        return self._made[key]

    def file(self, file: Path) -> str | None:
        """Return the address that holds a sound made from a song's own spectrogram, as `of` does."""
        kept = self._keep(file.read_bytes()) if self.asked and file.is_file() else None
        self.held += kept is not None
        return kept

    def _cut(self, file: Path, start: float, length: float) -> str | None:
        from musaic.audio.decode import load
        from musaic.errors import TrackError

        try:
            y = load(file, sr=RATE, offset=start, duration=length)
        except TrackError:
            return None
        # Without an edge that clicks.
        ramp = np.linspace(0, 1, min(len(y) // 4, RATE // 50), dtype=np.float32)
        y[: len(ramp)] *= ramp
        y[len(y) - len(ramp) :] *= ramp[::-1]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "clip.mp3"
            write_mp3(path, y, RATE)
            return self._keep(path.read_bytes())

    def _keep(self, data: bytes) -> str | None:
        if self._bytes + len(data) > MOST_BYTES:
            return None
        self._bytes += len(data)
        return mp3_address(data)


def mp3_address(data: bytes) -> str:
    """Return the address that holds an MP3."""
    return "data:audio/mpeg;base64," + base64.b64encode(data).decode()
