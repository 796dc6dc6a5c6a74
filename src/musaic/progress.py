"""What a person sees while something runs: short lines, and bars on a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Advance = Callable[[int], None]


def _nothing(steps: int) -> None:
    """Advance a bar that is not drawn."""


@dataclass(frozen=True)
class Reporter:
    """Speaks to the person at the terminal, on standard error; results go to standard output.

    Parameters
    ----------
    quiet : bool
        Say nothing at all.
    """

    quiet: bool = False

    def say(self, text: str) -> None:
        """Print one line."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def bar(self, label: str, total: int) -> Iterator[Advance]:
        """Yield a function that advances a bar of ``total`` steps, drawn with rate and time left on a terminal."""
        if self.quiet or not sys.stderr.isatty():
            yield _nothing
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as progress:
            task = progress.add_task(label, total=total, rate="")

            def advance(steps: int) -> None:
                progress.advance(task, steps)
                speed = progress.tasks[task].speed
                progress.update(task, rate=f"{speed:.1f}/s" if speed else "")

            yield advance


SILENT = Reporter(quiet=True)
