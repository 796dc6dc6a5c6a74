"""Numbers as the paper writes them; a number that there is not is a dash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from musaic.report.reading import number
from musaic.report.words import score, signed_score

NONE = "–"


def percent(value: object) -> str:
    """Return a share in percent."""
    found = number(value)
    return NONE if found is None else f"{100 * found:.0f}%"


def count(value: object) -> str:
    """Return a whole number, thousands apart."""
    found = number(value)
    return NONE if found is None else f"{found:,.0f}"


def plural(n: int, one: str, many: str | None = None) -> str:
    """Return ``1 song`` or ``3 songs``."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def deviated(row: Mapping[Any, Any], key: str, digits: int = 3) -> str:
    """Return a mean with its standard deviation over seeds, where there is one."""
    mean, deviation = score(row.get(key), digits), row.get(f"{key}_sd")
    return mean if mean == NONE or number(deviation) is None else f"{mean}\u00a0±\u00a0{score(deviation, digits)}"


def interval(row: Mapping[Any, Any], key: str, digits: int = 3) -> str:
    """Return the ends of a score's interval, nothing where it has none."""
    ends = [row.get(f"{key}_{end}") for end in ("low", "high")]
    if any(number(end) is None for end in ends):
        return ""
    return " to ".join(score(end, digits) for end in ends)


def difference(row: Mapping[Any, Any]) -> str:
    """Return a difference with its interval, signs in front."""
    return f"{signed_score(row['difference'])} ({signed_score(row['low'])} to {signed_score(row['high'])})"


def plain(value: object) -> str:
    """Return a parameter: whole numbers without a point, others with no digit that says nothing."""
    found = number(value)
    if found is None or isinstance(value, bool):
        return str(value)
    return f"{found:,.0f}" if found == int(found) and abs(found) < 1e9 else f"{found:.4g}".replace("-", "−")


def either(values: Iterable[object]) -> str:
    """Return the different values that a parameter takes: one, a few listed, or the ends of many."""
    found = sorted({number(value) for value in values if number(value) is not None}, key=lambda one: one or 0.0)
    told = [plain(value) for value in found]
    if len(told) > 4:
        return f"{told[0]} to {told[-1]}"
    return ", ".join([*told[:-1], f"or {told[-1]}"]) if len(told) > 2 else " or ".join(told)


def duration(seconds: float) -> str:
    """Return a length of time in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{seconds / 3600:.1f} h"
