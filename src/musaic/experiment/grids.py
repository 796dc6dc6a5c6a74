"""Grids: one cell in an experiment file that stands for many, one a combination.

Wherever a cell has ``{grid: [a, b]}`` in place of a value, it is taken once with each.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

GRID = "grid"
NAMED_ANYWAY = ("name", "model", "input")
"""What a cell's name says by itself."""

Place = tuple[str | int, ...]


def expand(cell: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the cells that one with grids stands for, the last grid changing quickest.

    Each says in ``variant`` what tells it from the others: ``beta4-latent_dim16``.

    Raises
    ------
    ValueError
        Where a grid is empty or no list.
    """
    grids = list(_grids(cell, ()))
    if not grids:
        return [dict(cell)]
    found = []
    for numbers in itertools.product(*(range(len(values)) for _, values in grids)):
        chosen = {place: values[number] for (place, values), number in zip(grids, numbers, strict=True)}
        parts = [
            _variant(place, value, number)
            for (place, value), number in zip(chosen.items(), numbers, strict=True)
            if place[0] not in NAMED_ANYWAY
        ]
        one: dict[str, Any] = _filled(cell, (), chosen)
        if parts:
            one["variant"] = "-".join([one["variant"], *parts] if one.get("variant") else parts)
        found.append(one)
    return found


def _grids(value: Any, place: Place) -> Iterator[tuple[Place, list[Any]]]:
    """Yield every grid with the place where it stands."""
    if place and isinstance(value, Mapping) and set(value) == {GRID}:
        values = value[GRID]
        if not isinstance(values, list | tuple) or not values:
            raise ValueError(
                f"{'.'.join(map(str, place))}: grid is a list of values to try one by one, such as "
                f"{{grid: [1, 4]}}, not {values!r}"
            )
        yield place, list(values)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _grids(inner, (*place, key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _grids(inner, (*place, number))


def _filled(value: Any, place: Place, chosen: Mapping[Place, Any]) -> Any:
    """Return plain data with every grid replaced by the value chosen for it."""
    if place in chosen:
        return chosen[place]
    if isinstance(value, Mapping):
        return {key: _filled(inner, (*place, key), chosen) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(inner, (*place, number), chosen) for number, inner in enumerate(value)]
    return value


def _variant(place: Place, value: Any, number: int) -> str:
    """Return what a chosen value is called in a cell's name: its key and itself, or its number where it is no word."""
    if isinstance(value, Mapping):
        value = next((value[key] for key in ("kind", "method") if key in value), number)
    text = "-".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    key = next((part for part in reversed(place) if isinstance(part, str)), "")
    return re.sub(r"[^\w.+-]+", "-", f"{key}{text}").strip("-")
