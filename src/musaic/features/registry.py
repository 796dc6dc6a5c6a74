"""Every feature there is. A new one is a file with a `Frames` or a `Vector` called ``FEATURE``, and a line here.

``pretrained:<model>`` is a feature too, of any model that `musaic.features.pretrained` can load.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection

from musaic.features.kinds import Frames, Vector

MODULES = {
    "log_mel": "musaic.features.log_mel",
    "mfcc": "musaic.features.mfcc",
    "mfcc_moments": "musaic.features.mfcc_moments",
    "statistics": "musaic.features.statistics",
    "descriptors": "musaic.features.descriptors",
}
NAMES = tuple(MODULES)
PRETRAINED = "pretrained:"
"""How the features begin that a pretrained network makes."""


def feature(name: str) -> Frames | Vector:
    """Return the feature called ``name``."""
    home = "musaic.features.pretrained.embedding" if is_pretrained(name) else MODULES[name]
    found: Frames | Vector = importlib.import_module(home).FEATURE
    return found


def is_pretrained(name: str) -> bool:
    """Return whether a name is that of a feature that a pretrained network makes."""
    return name.startswith(PRETRAINED) and name.removeprefix(PRETRAINED).strip() != ""


def ordered(names: Collection[str]) -> tuple[str, ...]:
    """Return names of features, each once, in the order in which they are measured."""
    return (*(name for name in NAMES if name in names), *sorted({name for name in names if is_pretrained(name)}))
