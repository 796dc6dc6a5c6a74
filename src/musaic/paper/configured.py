"""What the models of a run were told to be, read from the configurations that it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from musaic.report.reading import Cell


def config(cell: Cell) -> dict[str, Any]:
    """Return what a cell's model was told; nothing where that was not kept."""
    given = cell.data.get("config")
    model = given.get("model") if isinstance(given, dict) else None
    return model if isinstance(model, dict) else {}


def unique(cells: Iterable[Cell], of: Callable[[dict[str, Any]], Any]) -> set[Any]:
    """Return the different values that cells have of something in their configuration, less what is not there."""
    return {found for cell in cells if (found := of(config(cell))) is not None}


def nested(given: dict[str, Any], *keys: str) -> Any:
    """Return what lies at the end of keys; None where the way breaks off."""
    found: Any = given
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def every_network(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the networks of a configuration: that of all modalities, and those of single ones."""
    named = given.get("networks") or {}
    return [one for one in (given.get("network"), *named.values()) if isinstance(one, dict)]


def convolves(cell: Cell) -> bool:
    """Say whether any network of a cell is convolutional."""
    return any("conv" in str(one.get("kind")) for one in every_network(config(cell)))
