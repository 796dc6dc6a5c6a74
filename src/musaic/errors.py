"""What musaic says when it cannot go on.

Every message is one sentence: what was given, what is allowed, what to do. The command line prints it
without a traceback and ends with ``exit_code``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MusaicError(Exception):
    """Something that was asked for could not be done."""

    exit_code = 1


class UsageError(MusaicError):
    """What was asked for is not something that can be asked for: a wrong option, key, name or path."""

    exit_code = 2


class TrackError(MusaicError):
    """One track cannot be used; the run goes on without it.

    Parameters
    ----------
    status : str
        One of the codes of `musaic.corpus.status`, such as ``unreadable`` or ``silent``.
    reason : str
        One sentence for the person who owns the file.
    """

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


def nearest(given: str, allowed: Iterable[str]) -> str:
    """Return ``", did you mean 'x'?"`` for the nearest allowed name, or an empty string."""
    choices = sorted(allowed)
    matches = difflib.get_close_matches(given, choices, n=1, cutoff=0.5)
    matches = matches or [name for name in choices if given and name.startswith(given)]
    return f", did you mean {matches[0]!r}?" if matches else ""


def unknown(kind: str, given: str, allowed: Iterable[str]) -> UsageError:
    """Return the error for a name that is not among ``allowed``: names the nearest one and the choices."""
    choices = sorted(allowed)
    return UsageError(f"unknown {kind} {given!r}{nearest(given, choices) or '.'} Allowed: {', '.join(choices)}.")
