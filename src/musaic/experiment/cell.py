"""One cell of a run: what it is, what it is given, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from musaic.experiment.config import CellConfig
from musaic.experiment.inputs import Inputs
from musaic.experiment.modalities import LYRICS


@dataclass
class Cell:
    """A cell on its way.

    Parameters
    ----------
    name : str
        ``<slug>-<8 hex>``.
    config : CellConfig
        Model and inputs, as configured.
    inputs : Inputs
        What the model is given.
    status : {'pending', 'done', 'failed', 'skipped'}
        How far it came.
    reason : str, optional
        Why it failed or was skipped.
    """

    name: str
    config: CellConfig
    inputs: Inputs
    status: str = "pending"
    reason: str | None = None

    @property
    def labels_used(self) -> tuple[str, ...]:
        """The label columns that its inputs have seen: given as such, or behind latents from elsewhere, sorted."""
        seen = {label for labels in self.inputs.seen.values() for label in labels}
        return tuple(sorted({*self.config.labels_given, *self.config.labels_used, *seen}))

    @property
    def reads_lyrics(self) -> bool:
        """Whether lyrics are among its inputs, or behind latents from elsewhere."""
        return LYRICS in self.config.modality.split("+") or not self.inputs.of_lyrics.isdisjoint(self.config.input)

    def skip(self, reason: str) -> None:
        """Note why the cell cannot be run on this corpus; the first reason stands."""
        if self.status == "pending":
            self.status, self.reason = "skipped", reason

    def fail(self, reason: str) -> None:
        """Note why the cell failed; the first reason stands."""
        if self.status != "failed":
            self.status, self.reason = "failed", reason
