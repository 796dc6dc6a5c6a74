"""One text read aloud into one file."""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from musaic.files import atomic
from musaic.lyrics.speech.espeak import HEADER
from musaic.lyrics.speech.voices import COMMAND, last_line

MARK = "musaic speak "
"""How the comment inside our files begins; what follows says what they were made of."""

CHUNK = 1 << 16  # bytes
PATIENCE = 60.0
"""Seconds that any text may take, and one more for each ``SLOWEST`` characters."""
SLOWEST = 200


@dataclass(frozen=True)
class Reading:
    """What is to be read.

    Parameters
    ----------
    text : str
        The words.
    voice : str
        The library's identifier of the voice.
    speed : int, words a minute
        How fast.
    pitch : int, 0 to 99
        How high.
    max_seconds : float, s, optional
        Where to stop.
    path : Path
        The file.
    format : {"flac", "wav"}
        Of the file.
    made_of : str
        Digest of all that decides the samples; kept inside the file.
    """

    text: str
    voice: str
    speed: int
    pitch: int
    max_seconds: float | None
    path: Path
    format: str
    made_of: str


@dataclass(frozen=True)
class Spoken:
    """What came of it: ``ok`` and seconds, or a status and a reason."""

    status: str
    reason: str | None = None
    seconds: float = 0.0


def readable(text: str) -> str:
    """Return text as it is handed to the library: no control characters, and a short pause where a line ends.

    The library runs lines together unless a mark of punctuation ends them; an empty line is a longer pause.
    """
    lines = []
    for line in text.splitlines():
        clean = "".join(character for character in line if unicodedata.category(character) != "Cc").strip()
        ends = clean and unicodedata.category(clean[-1])[0] == "P"
        lines.append(clean if not clean or ends else f"{clean},")
    return "\n".join(lines).strip("\n")


def mark_of(path: Path) -> str | None:
    """Return what a sound file says that it was made of, or None where it was not made here."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            comment = str(file.comment)
    except (soundfile.LibsndfileError, OSError):
        return None
    return comment.removeprefix(MARK) if comment.startswith(MARK) else None


def read_aloud(reading: Reading) -> Spoken:
    """Write the file of a reading, atomically.

    Notes
    -----
    Samples go into the file as they come: hours of speech need no memory. Silence leaves no file.
    """
    request = {
        "task": "say",
        "text": readable(reading.text),
        "voice": reading.voice,
        "speed": reading.speed,
        "pitch": reading.pitch,
        "max_seconds": reading.max_seconds,
    }
    limit = PATIENCE + len(reading.text) / SLOWEST
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as asked:
        asked.write(json.dumps(request, ensure_ascii=False).encode())
        asked.seek(0)
        process = subprocess.Popen(COMMAND, stdin=asked, stdout=subprocess.PIPE, stderr=told)
        timer = threading.Timer(limit, process.kill)
        timer.start()
        try:
            spoken = _record(process, reading)
        finally:
            late = not timer.is_alive()
            timer.cancel()
            process.kill()
            process.wait()
        if spoken is not None:
            return spoken
        told.seek(0)
        return Spoken("failed", _why(process.returncode, told.read(), limit if late else None))


def _record(process: subprocess.Popen[bytes], reading: Reading) -> Spoken | None:
    """Write what a process says into the file; None where the process failed."""
    import numpy as np
    import soundfile

    assert process.stdout is not None
    head = process.stdout.read(HEADER.size)
    if len(head) < HEADER.size:
        process.wait()
        return None
    (rate,) = HEADER.unpack(head)
    n, peak, complete = 0, 0, False
    # Silence and what was broken off raise inside the block, so that no file takes the name.
    try:
        with atomic(reading.path) as temporary:
            with soundfile.SoundFile(
                temporary, "w", samplerate=rate, channels=1, subtype="PCM_16", format=reading.format.upper()
            ) as file:
                file.comment = MARK + reading.made_of
                while data := process.stdout.read(CHUNK):
                    y = np.frombuffer(data, dtype="<i2")
                    n, peak = n + len(y), max(peak, int(np.abs(y.astype(np.int32)).max()))
                    file.write(y)
            complete = process.wait() == 0
            if not complete or peak == 0:
                raise _NothingToKeepError
    except _NothingToKeepError:
        if not complete:
            return None
        return Spoken("silent", "the voice has no sound for any of its characters")
    return Spoken("ok", seconds=round(n / rate, 2))


class _NothingToKeepError(Exception):
    """What was written is not worth its name."""


def _why(code: int, told: bytes, limit: float | None) -> str:
    if limit is not None:
        return f"eSpeak NG did not come to an end within {limit:.0f} s"
    if code < 0:
        return f"eSpeak NG crashed ({signal.Signals(-code).name}) on this text"
    return f"eSpeak NG failed on this text ({last_line(told) or f'code {code}'})"
