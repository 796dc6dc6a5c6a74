"""Lyrics with times: the LRC format.

A line begins with its time stamps ``[mm:ss.xx]``, several where it is sung several times; words inside it may have
their own ``<mm:ss.xx>``; header lines such as ``[ar:Someone]`` come before.
"""

from __future__ import annotations

import re

_TIME = r"\d{1,3}:[0-5]?\d(?:[.:]\d{1,3})?"
_LINE_TIMES = re.compile(rf"^[ \t]*(?:\[{_TIME}\][ \t]*)+", re.MULTILINE)
_WORD_TIMES = re.compile(rf"<{_TIME}>[ \t]?")
_ONE_TIME = re.compile(r"\[(\d{1,3}):([0-5]?\d)(?:[.:](\d{1,3}))?\]")
_HEADERS = re.compile(r"^[ \t]*\[(?:ar|al|ti|au|by|re|ve|la|id|length|offset|tool):[^\]\n]*\][ \t]*$", re.I | re.M)
_OFFSET = re.compile(r"^[ \t]*\[offset:[ \t]*([+-]?\d{1,9})[ \t]*\]", re.I | re.M)


def without_times(text: str) -> str:
    """Return lyrics without the time stamps and header lines of the LRC format, in any text that has them."""
    return _trimmed(_LINE_TIMES.sub("", _without_word_times(text)))


def with_times(text: str) -> str:
    """Return lyrics with their line times written as ``[mm:ss.xx]`` before the line, without headers and word times.

    Hundredths of a second, as the format has them, the header's offset applied; lines without a time stay as they are.
    """
    offset = _offset(text)

    def stamps(match: re.Match[str]) -> str:
        return "".join(_stamp(max(0.0, seconds - offset)) for seconds in _seconds(match.group()))

    return _trimmed(_LINE_TIMES.sub(stamps, _without_word_times(text)))


def split_times(line: str) -> tuple[str, str]:
    """Return the time stamps at the beginning of a line, and the rest of it."""
    match = _LINE_TIMES.match(line)
    return (line[: match.end()], line[match.end() :]) if match else ("", line)


def timed_lines(text: str) -> list[tuple[float, str]]:
    """Return when each line is sung, in seconds from the beginning, in that order.

    Parameters
    ----------
    text : str
        Lyrics in the LRC format. A line with several stamps comes several times; a stamp without words gives an empty
        line, which says when the one before ends; lines without a stamp are left out.

    Notes
    -----
    ``[offset:+500]`` makes all lines come 500 ms sooner, as players read it; no time is below 0.
    """
    offset = _offset(text)
    lines = []
    for line in text.splitlines():
        stamps, words = split_times(line)
        words = _WORD_TIMES.sub("", words).strip()
        lines += [(max(0.0, seconds - offset), words) for seconds in _seconds(stamps)]
    return sorted(lines, key=lambda timed: timed[0])


def _without_word_times(text: str) -> str:
    """Return text without word stamps, and where lines have stamps, without header lines."""
    text = _WORD_TIMES.sub("", text)
    return _HEADERS.sub("", text) if _LINE_TIMES.search(text) else text


def _offset(text: str) -> float:
    """Return how many seconds sooner the header says that lines come; 0 where it says nothing."""
    found = _OFFSET.search(text)
    return int(found.group(1)) / 1000 if found else 0.0


def _seconds(stamps: str) -> list[float]:
    return [
        int(minutes) * 60 + int(seconds) + (int(fraction) / 10 ** len(fraction) if fraction else 0.0)
        for minutes, seconds, fraction in _ONE_TIME.findall(stamps)
    ]


def _stamp(seconds: float) -> str:
    hundredths = round(seconds * 100)
    return f"[{hundredths // 6000:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}]"


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()
