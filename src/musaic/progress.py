"""What a person sees while something runs: short lines, and bars on a terminal."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Advance = Callable[[int], None]
OnEpoch = Callable[[int, Mapping[str, float]], None]


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

    @contextlib.contextmanager
    def training(self, label: str, epochs: int) -> Iterator[OnEpoch]:
        """Yield what a model calls after every epoch (its ``on_epoch``), drawn as a bar with the parts of the ELBO.

        Nothing is drawn where this is quiet or not at a terminal.
        """
        if self.quiet or not sys.stderr.isatty():
            yield lambda epoch, row: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[told]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        ) as progress:
            task = progress.add_task(label, total=epochs, told="")

            def advance(epoch: int, row: Mapping[str, float]) -> None:
                progress.update(task, advance=1, told=elbo_in_words(row))

            yield advance


SILENT = Reporter(quiet=True)


def elbo_in_words(row: Mapping[str, float]) -> str:
    """Return the parts of the ELBO in a row of a history, nats a track: what is made of them, then held-out tracks."""
    divergence = f"{row['beta']:g} × KL {row['kl']:.2f}"
    parts = [f"-ELBO {row['loss']:.1f} = reconstruction {row['reconstruction']:.1f} + {divergence}"]
    if math.isfinite(row.get("val_loss", math.nan)):
        parts.append(f"held out {row['val_loss']:.1f}")
    return ", ".join(parts)
