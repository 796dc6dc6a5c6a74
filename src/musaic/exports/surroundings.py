"""What a tracker's library finds around it while it sends, and what becomes of what it raises."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping

from musaic.errors import MusaicError

MOST_LETTERS = 300
"""Of a cause; some libraries quote the whole answer of a server."""


@contextlib.contextmanager
def environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment while the block runs; what a person has set stays as it is."""
    added = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextlib.contextmanager
def one_sentence(errors: tuple[type[Exception], ...], told: Callable[[str], str]) -> Iterator[None]:
    """Turn what a library raises into one sentence.

    Parameters
    ----------
    errors : tuple of type
        What the library raises where its place is not there or refuses.
    told : callable
        From the cause, on one line, to the sentence.

    Raises
    ------
    MusaicError
        In place of one of ``errors``.
    """
    try:
        yield
    except errors as error:
        raise MusaicError(told(" ".join(str(error).split())[:MOST_LETTERS].rstrip("."))) from error
