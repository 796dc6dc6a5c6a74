"""Random streams that are named, so that no draw ever depends on the order of another."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from statistics import NormalDist
from typing import TypeVar

import numpy as np

Choice = TypeVar("Choice")

BLOCK = 10
"""Songs over which a stratified draw is spread evenly."""


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the random generator of this name: the same one for the same seed and names, on every machine."""
    text = "\x1f".join(str(part) for part in (seed, *names))
    words = np.frombuffer(hashlib.blake2b(text.encode(), digest_size=16).digest(), dtype="<u4")
    return np.random.default_rng([int(word) for word in words])


def quantile(seed: int, *names: str | int, index: int, block: int = BLOCK) -> float:
    """Return a number in (0, 1) for song ``index`` of a series: uniform, and spread evenly over every ``block`` songs.

    Notes
    -----
    This is one axis of a Latin hypercube: each tenth of the unit interval is met once by ten consecutive songs.
    Two series of the same genre have therefore nearly the same distribution, not only the same expectation.
    """
    rng = stream(seed, *names, "strata", index // block)
    order = rng.permutation(block)
    jitter = rng.random(block)
    place = index % block
    return float((order[place] + 0.02 + 0.96 * jitter[place]) / block)


def pick(weights: Mapping[Choice, float], u: float, *, focus: float = 1.0) -> Choice:
    """Return the choice at quantile ``u`` of a weighted set; ``focus`` above one favours the heavy ones."""
    total = sum(weight**focus for weight in weights.values())
    reached = 0.0
    for choice, weight in weights.items():
        reached += weight**focus / total
        if u < reached:
            return choice
    return choice


def normal(u: float, mean: float, sd: float) -> float:
    """Return the value at quantile ``u`` of a normal distribution."""
    return NormalDist(mean, sd).inv_cdf(min(max(u, 1e-4), 1 - 1e-4))
