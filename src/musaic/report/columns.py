"""Columns of a page's data: numbers and texts as base64 of zlib, a byte or two a value where that is enough.

A numeric column is ``{"type", "data", "scale", "offset", "missing"}``, its values ``raw * scale + offset``, little
endian; ``scale`` is 1 and ``offset`` 0 where they are left out, and a raw value equal to ``missing`` is no number. A
text column is ``{"type": "text", "data"}``: UTF-8, with U+001F between values.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError

Column = dict[str, Any]

TYPES = {"u8": "<u1", "u16": "<u2", "i16": "<i2", "i32": "<i4", "f32": "<f4"}
"""Types of raw values, and what numpy calls them."""

BETWEEN = "\x1f"
"""What stands between the values of a text column."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_HALVES = re.compile("[\ud800-\udfff]")  # of surrogate pairs, from file names that no encoding can write


def quantised(values: ArrayLike, *, levels: int = 65535) -> Column:
    """Pack numbers as steps between their least and their greatest.

    Parameters
    ----------
    values : array_like of float, shape (N,)
        NaN and infinities are missing.
    levels : int, 2 to 65535
        Values told apart; a number changes by at most half a step, ``(greatest - least) / (levels - 1) / 2``. Up to
        255 a number takes one byte, beyond two; fewer levels pack tighter.

    Returns
    -------
    column : dict
        Of type ``u8`` or ``u16``.
    """
    if not 2 <= levels <= 65535:
        raise UsageError(f"{levels} levels were asked for; a packed column holds 2 to 65535.")
    given = np.asarray(values, dtype=np.float64)
    there = np.isfinite(given)
    least, greatest = (float(given[there].min()), float(given[there].max())) if there.any() else (0.0, 0.0)
    step = greatest / (levels - 1) - least / (levels - 1)  # the difference itself may overflow
    if step <= 0:
        step = 1.0
        given = np.where(there, least, np.nan)
    kind, missing = ("u8", 255) if levels <= 255 else ("u16", 65535)
    raw = np.full(given.shape, missing, dtype=TYPES[kind])
    raw[there] = np.clip(np.rint(given[there] / step - least / step), 0, levels - 1)
    return {"type": kind, "data": _packed(raw.tobytes()), "scale": step, "offset": least, "missing": missing}


def whole(values: ArrayLike) -> Column:
    """Pack whole numbers exactly, in as few bytes as their range needs.

    Parameters
    ----------
    values : array_like of int, shape (N,)
        From -2**31 to 2**31 - 1.
    """
    given = np.asarray(values, dtype=np.int64)
    least, greatest = (int(given.min()), int(given.max())) if given.size else (0, 0)
    if not -(2**31) <= least <= greatest < 2**31:
        raise UsageError(f"a column of whole numbers reaches from {least} to {greatest}; it holds 32 bits, signed.")
    range_ = greatest - least
    kind = "u8" if range_ <= 255 else "u16" if range_ <= 65535 else "i32"
    offset = 0 if kind == "i32" else least
    column: Column = {"type": kind, "data": _packed((given - offset).astype(TYPES[kind]).tobytes())}
    return column | ({"offset": offset} if offset else {})


def texts(values: Iterable[object]) -> Column:
    """Pack texts; what is no text becomes an empty one, and every value is made `clean`."""
    joined = BETWEEN.join(clean(value) if isinstance(value, str) else "" for value in values)
    return {"type": "text", "data": _packed(joined.encode("utf-8"))}


def clean(text: str) -> str:
    """Return a text with spaces for control characters, and U+FFFD for what no encoding can write."""
    return _HALVES.sub("\ufffd", _CONTROL.sub(" ", text))


def unpack_numbers(column: Column) -> NDArray[np.float64]:
    """Return the values of a numeric column, shape (N,); NaN where one is missing."""
    raw = np.frombuffer(_unpacked(column["data"]), dtype=TYPES[column["type"]])
    values = raw * float(column.get("scale", 1)) + float(column.get("offset", 0))
    missing = column.get("missing")
    return values if missing is None else np.where(raw == missing, np.nan, values)


def unpack_texts(column: Column, n: int) -> list[str]:
    """Return the ``n`` values of a text column."""
    return _unpacked(column["data"]).decode("utf-8").split(BETWEEN) if n else []


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")


def _unpacked(data: str) -> bytes:
    return zlib.decompress(base64.b64decode(data))
