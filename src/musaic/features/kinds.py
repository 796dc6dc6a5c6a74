"""The two kinds of features: a row a frame, or one vector a track."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    from musaic.audio.spectra import Clip
    from musaic.features.config import FeatureConfig

# What a vector feature gathers from one stretch of sound. Values of the same key are joined by ``+``: a count, a sum
# over frames, a `Moments`, a tuple of pieces.
Summary: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Frames:
    """A feature with one row a frame.

    Parameters
    ----------
    needs : tuple of str
        Streams of `musaic.audio.spectra.Clip` that it is made from.
    dims : callable
        From the configuration to the names of the columns.
    measure : callable
        From a clip and the configuration to an array, shape (T, D); kept as float16.
    """

    needs: tuple[str, ...]
    dims: Callable[[FeatureConfig], tuple[str, ...]]
    measure: Callable[[Clip, FeatureConfig], np.ndarray]


@dataclass(frozen=True)
class Vector:
    """A feature with one vector a track, gathered stretch by stretch, so that sound of any length fits in memory.

    Parameters
    ----------
    needs : tuple of str
        Streams of `musaic.audio.spectra.Clip` that it is made from.
    dims : callable
        From the configuration to the names of the columns.
    measure : callable
        From a clip and the configuration to a summary.
    finish : callable
        From the joined summary and the configuration to an array, shape (D,); kept as float32.
    """

    needs: tuple[str, ...]
    dims: Callable[[FeatureConfig], tuple[str, ...]]
    measure: Callable[[Clip, FeatureConfig], Summary]
    finish: Callable[[Summary, FeatureConfig], np.ndarray]


def join(summaries: list[Summary]) -> Summary:
    """Return one summary for all stretches."""
    joined = dict(summaries[0])
    for summary in summaries[1:]:
        for key, value in summary.items():
            joined[key] = joined[key] + value
    return joined
