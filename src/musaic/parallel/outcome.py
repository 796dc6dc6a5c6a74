"""What becomes of a task: its result, or what is left of it where it did not end well."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Failure:
    """What is left of a task that did not end well: what it said, where, and the name of what it raised."""

    message: str
    detail: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Guarded(Generic[Item, Result]):
    """Runs the task and turns whatever it raises into a `Failure`."""

    function: Callable[[Item], Result]

    @property
    def name(self) -> str:
        """What the function is called; that of a partial or of an object is of its inner one or its kind."""
        inner = getattr(self.function, "func", self.function)
        return getattr(inner, "__name__", type(inner).__name__)

    def __call__(self, item: Item) -> Result | Failure:
        """Return what the function returns, or what is left of it."""
        try:
            return self.function(item)
        except Exception as error:
            summary = str(error).strip() or type(error).__name__
            return Failure(summary, traceback.format_exc(), type(error).__name__)
