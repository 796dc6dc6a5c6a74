"""Every feature there is. A new one is a file with a `Frames` or a `Vector` called ``FEATURE``, and a line here."""

from __future__ import annotations

import importlib

from musaic.features.kinds import Frames, Vector

MODULES = {
    "log_mel": "musaic.features.log_mel",
    "mfcc": "musaic.features.mfcc",
    "mfcc_moments": "musaic.features.mfcc_moments",
    "statistics": "musaic.features.statistics",
    "descriptors": "musaic.features.descriptors",
}
NAMES = tuple(MODULES)


def feature(name: str) -> Frames | Vector:
    """Return the feature called ``name``."""
    found: Frames | Vector = importlib.import_module(MODULES[name]).FEATURE
    return found
