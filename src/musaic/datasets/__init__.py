"""Public datasets: fetched or read from a copy, checked, and left as a corpus; licence and size are told first.

>>> from musaic.datasets import datasets, download
>>> sorted(datasets())[:2]
['banglabeats', 'fma_full']
>>> download("gtzan_mini", to="songs/gtzan")  # doctest: +SKIP
PosixPath('songs/gtzan/corpus.csv')
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.datasets.description import Dataset
    from musaic.datasets.obtaining import Obtained, download, obtain
    from musaic.datasets.registry import dataset, datasets

__all__ = ["Dataset", "Obtained", "dataset", "datasets", "download", "obtain"]

_HOMES = {
    "Dataset": "musaic.datasets.description",
    "Obtained": "musaic.datasets.obtaining",
    "dataset": "musaic.datasets.registry",
    "datasets": "musaic.datasets.registry",
    "download": "musaic.datasets.obtaining",
    "obtain": "musaic.datasets.obtaining",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: the door of the room stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
