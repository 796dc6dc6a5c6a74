"""How the weight of the divergence grows over the epochs, and how the learning rate falls."""

from __future__ import annotations

import math
from dataclasses import dataclass

from musaic.models.vae.elbo import beta_at, warmed_up


@dataclass(frozen=True)
class Annealing:
    """How the divergence counts.

    Parameters
    ----------
    beta : float >= 0
        Its weight in the end; with 0 latents are the posteriors' means, and nothing is drawn.
    warmup, cycles : int
        As in `musaic.models.vae.elbo.beta_at`; shortened where they would not end before training does.
    free : float >= 0
        Nats that every latent dimension has free.
    """

    beta: float
    warmup: int = 0
    cycles: int = 1
    free: float = 0.0

    def within(self, epochs: int) -> Annealing:
        """Return the same with a warm-up that leaves at least one of so many epochs with the full beta."""
        longest = (epochs - 1) // (2 * self.cycles - 1)
        return Annealing(self.beta, min(self.warmup, longest), self.cycles, self.free)

    def at(self, epoch: int) -> float:
        """Return the weight in an epoch counted from 0."""
        return beta_at(epoch, self.beta, self.warmup, self.cycles)

    @property
    def full_from(self) -> int:
        """The epoch from which the weight stays full."""
        return warmed_up(self.warmup, self.cycles)


def cosine(epoch: int, epochs: int) -> float:
    """Return what the learning rate is multiplied by in an epoch counted from 0.

    Half a cosine, from 1 to nearly 0: eq. 5 of "SGDR" (arXiv:1608.03983), without restarts.
    """
    return 0.5 * (1 + math.cos(math.pi * epoch / epochs))
