"""What comes in is checked here, what goes out is made here: numbers, JSON, and errors in one sentence."""

from __future__ import annotations

import json
import math
import os
import re
import traceback
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from musaic.errors import MusaicError, TrackError, UsageError

NO_STORE = {"Cache-Control": "no-store"}
"""Of everything that is data: the next run on the same port has other songs at the same addresses."""

GONE = frozenset(("missing", "dangling-link", "not-a-file", "empty", "no-permission", "outside-corpus"))
"""Statuses of a track without a file to be served; with any other one there is a file that cannot be played."""


class NotThereError(MusaicError):
    """An address names nothing."""


class TooLargeError(UsageError):
    """A body is longer than any that this server has a use for."""


class WrongTypeError(UsageError):
    """A body is not said to be JSON."""


def as_json(data: Any, status: int = 200) -> Response:
    """Return an answer in JSON that no cache keeps; text is escaped to ASCII, so that any file name can be sent."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return Response(text, status, headers=NO_STORE, media_type="application/json")


def as_wav(y: Any, sr: int) -> Response:
    """Return mono samples in [-1, 1] as a WAV file of 16 bits."""
    import io

    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, y, sr, format="WAV", subtype="PCM_16")
    return Response(buffer.getvalue(), headers=NO_STORE, media_type="audio/wav")


def status_of(error: Exception) -> int:
    """Return the HTTP status that an error is answered with."""
    if isinstance(error, HTTPException):
        return error.status_code
    if isinstance(error, TrackError):
        return 404 if error.status in GONE else 415
    for kind, status in ((NotThereError, 404), (TooLargeError, 413), (WrongTypeError, 415), (UsageError, 400)):
        if isinstance(error, kind):
            return status
    # a run that lacks what was asked for, or a file of it that is damaged
    return 404 if isinstance(error, MusaicError) else 500


def failed(request: Request, error: Exception) -> Response:
    """Return an error as ``{"error": "one sentence"}``, which does not tell where on this machine things lie."""
    if isinstance(error, HTTPException):
        sentence = f"{request.method} {request.url.path!r} is not answered here ({error.detail})."
    elif isinstance(error, MusaicError):
        sentence = str(error)
    else:
        if os.environ.get("MUSAIC_TRACEBACK", "0") not in ("", "0"):
            traceback.print_exception(error)
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        sentence = f"something unforeseen happened ({cause}); start again with MUSAIC_TRACEBACK=1 to see where."
    return as_json({"error": request.app.state.shelf.without_folders(sentence)}, status_of(error))


def place(text: str, n: int, what: str) -> int:
    """Return a number from 0 to ``n - 1`` that stands in an address.

    Raises
    ------
    NotThereError
        Where it is no such number.
    """
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) >= n:
        allowed = f"they are numbered from 0 to {n - 1}" if n else "there is none"
        raise NotThereError(f"there is no {what} {text[:40]!r}; {allowed}.")
    return int(text)


def whole(request: Request, name: str, *, least: int, most: int, default: int | None = None) -> int:
    """Return a whole number from the query.

    Raises
    ------
    UsageError
        Where it is missing and has no default, is no number, or lies outside ``least`` to ``most``.
    """
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    if text is None or not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
        given = "is missing" if text is None else f"is {text[:40]!r}"
        raise UsageError(f"{name} {given}; give a whole number from {least} to {most}.")
    return int(text)


async def read_json(request: Request, *, most: int) -> dict[str, Any]:
    """Return the JSON object in a body.

    Parameters
    ----------
    request : Request
        Of the type ``application/json``.
    most : int, bytes
        What a body may weigh; a longer one is not read to its end.

    Raises
    ------
    UsageError
        Where the body is too long, of another type, no JSON, or no object.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind != "application/json":
        raise WrongTypeError(f"the body is of type {kind[:60]!r}; send application/json.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise TooLargeError(f"the body is longer than {most} bytes; send fewer values.")
    try:
        data = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise UsageError("the body is no JSON in UTF-8 (NaN and Infinity are none either); send an object.") from None
    if not isinstance(data, dict):
        raise UsageError(f"the body is a JSON {type(data).__name__}; send an object.")
    return data


def numbers(data: dict[str, Any], name: str, *, most: float) -> list[float]:
    """Return a list of finite numbers from a body, none beyond ``±most``; `UsageError` where it is none."""
    values = data.get(name)
    if not isinstance(values, list) or not all(_is_number(value, most) for value in values):
        raise UsageError(f"{name!r} must be a list of numbers from {-most:g} to {most:g}.")
    return [float(value) for value in values]


def choice(given: Any, name: str, allowed: tuple[str, ...]) -> str:
    """Return a word that is one of those allowed; `UsageError` where it is not."""
    if not isinstance(given, str) or given not in allowed:
        told = "is missing" if given is None else f"is {str(given)[:40]!r}"
        raise UsageError(f"{name} {told}; give one of {', '.join(allowed)}.")
    return given


def _is_number(value: Any, most: float) -> bool:
    # a whole number in JSON may be too long for a float
    return isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most


def _no_number(text: str) -> float:
    raise ValueError(text)


def finite(values: Any) -> list[float | None]:
    """Return numbers as JSON can hold them: what is not finite is null."""
    return [float(value) if math.isfinite(value) else None for value in values]
