"""A local page with sound: one run folder, or two side by side, served to the browser of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.explorer.launch import explore
    from musaic.explorer.server import create_app

__all__ = ["create_app", "explore"]

_HOMES = {"create_app": "server", "explore": "launch"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: the door of the room stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
