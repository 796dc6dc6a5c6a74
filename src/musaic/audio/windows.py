"""Which windows of a file are used: the arithmetic alone, so that those who only play them need no decoder."""

from __future__ import annotations

from typing import Literal

Offset = Literal["middle", "start"] | float


def place(
    frames: int, rate: int, *, offset: Offset = "middle", duration: float | None = 30.0, segments: int = 1
) -> list[tuple[int, int]]:
    """Return ``(start, stop)`` of every window used, in samples, in order and without overlap.

    ``middle`` takes the middle of each of ``segments`` equal parts; otherwise windows follow each other from the
    offset. Where the file is too short for all of them, there are fewer, or the one there is becomes shorter.
    """
    first = 0 if isinstance(offset, str) else min(frames, round(offset * rate))
    if duration is None:
        return [(first, frames)]
    length = max(1, round(duration * rate))
    count = max(1, min(segments, (frames - first) // length))
    if offset == "middle":
        starts = [max(0, (frames * (2 * i + 1) // count - length) // 2) for i in range(count)]
    else:
        starts = [first + i * length for i in range(count)]
    return [(start, min(frames, start + length)) for start in starts]
