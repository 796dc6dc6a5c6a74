"""From what was asked for to what is done: numbers of clusters and distances, settled before a clusterer is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.clustering import registry
from musaic.clustering.asked import LABELS, ClusteringConfig, CountedConfig
from musaic.clustering.base import ClusterInputError
from musaic.clustering.counting import SAMPLE, Row, choose_k
from musaic.clustering.knee import knee
from musaic.errors import nearest
from musaic.graph.crowd import Crowd
from musaic.graph.neighbours import EXACT

POINTS = 500
"""Points of a k-distance curve that are kept, beside its knee."""

_UNTOLD = {"algorithm", "space", "cells", "choose_by", "most"}


@dataclass(frozen=True)
class Choice:
    """What was settled for one clustering.

    Attributes
    ----------
    n_clusters : int, optional
        The number of clusters asked for; None where the algorithm finds its own.
    eps : float, optional
        DBSCAN's.
    source : str
        Where they come from: 'given', 'auto', 'labels:<column>' or 'knee'.
    told : str
        The parameters in words, as a table of results has them: ``n_clusters=11 (labels:genre)``.
    label : str, optional
        The label column that the number of clusters comes from.
    curve : list of dict
        What was chosen from: ``parameter``, ``value``, ``score_name``, ``score``. For a knee the value is the rank of
        a track and the score the distance to its neighbour.
    note : str
        What was approximated, in words; empty where nothing was.
    """

    n_clusters: int | None = None
    eps: float | None = None
    source: str = "given"
    told: str = ""
    label: str | None = None
    curve: list[Row] = field(default_factory=list)
    note: str = ""


def resolve(
    config: ClusteringConfig,
    Z: ArrayLike,
    *,
    labels: Mapping[str, Sequence[Any]] | None = None,
    random_state: int = 0,
    crowd: Crowd | None = None,
) -> Choice:
    """Settle the number of clusters, or eps, of a single-valued configuration.

    Parameters
    ----------
    config : ClusteringConfig
        One of ``expand()``.
    Z : array_like, shape (N, D)
        What is clustered; read for 'auto' and 'knee'.
    labels : mapping of str to sequence, optional
        Label columns; None is a missing label.
    random_state : int
        For 'auto'.
    crowd : Crowd, optional
        What stands in for all distances where there are many tracks, for 'knee'.

    Raises
    ------
    UsageError
        Where the column is not there or holds no label, or a value of the configuration is a list.
    """
    config = config.single()
    asked = getattr(config, "n_clusters", None)
    if asked == "auto" and isinstance(config, CountedConfig):
        return _auto(config, Z, random_state)
    if isinstance(asked, str):
        n_clusters, column = count_labels(asked, labels), asked.removeprefix(LABELS)
        told = _told(config, n_clusters=f"{n_clusters} ({asked})")
        return Choice(n_clusters, source=asked, told=told, label=column)
    eps = getattr(config, "eps", None)
    if eps == "knee":
        found = knee(Z, getattr(config, "min_samples", 1), crowd)
        return Choice(
            eps=found.eps,
            source="knee",
            told=_told(config, eps=f"{found.eps:.4g} (knee)"),
            curve=_distance_curve(found.distances, found.eps),
        )
    return Choice(asked, eps, told=_told(config))


def count_labels(asked: str, labels: Mapping[str, Sequence[Any]] | None) -> int:
    """Return how many values the column of ``labels:<column>`` has.

    Raises
    ------
    ClusterInputError
        Where the column is not there or holds no label.
    """
    column = asked.removeprefix(LABELS)
    columns = {name: {value for value in column if value is not None} for name, column in (labels or {}).items()}
    if not columns.get(column):
        there = sorted(name for name, values in columns.items() if values)
        raise ClusterInputError(
            f"n_clusters asks for {asked!r}, and there is no label {column!r}{nearest(column, there) or '.'} "
            f"Give a number or 'auto'{', or one of ' + ', '.join(LABELS + name for name in there) if there else ''}."
        )
    return len(columns[column])


def _auto(config: CountedConfig, Z: ArrayLike, random_state: int) -> Choice:
    settings = dict(config)
    if "n_init" in settings:
        config = config.model_copy(update={"n_init": min(type(config).starts, settings["n_init"])})
    n_clusters, curve = choose_k(
        Z,
        lambda k: registry.build(config, Choice(k), random_state=random_state),
        choose_by=settings["choose_by"],
        most=settings["most"],
        random_state=random_state,
    )
    told = _told(config.model_copy(update=settings), n_clusters=f"{n_clusters} (auto by {settings['choose_by']})")
    most = EXACT if settings["choose_by"] == "bic" else SAMPLE
    note = f"n_clusters chosen on {most:,} songs drawn at random" if len(np.asarray(Z)) > most else ""
    return Choice(n_clusters, source="auto", told=told, curve=curve, note=note)


def _told(config: ClusteringConfig, **settled: str) -> str:
    """Return what distinguishes a configuration: what is always told, then what is not at its default."""
    usual = {name: field.default for name, field in type(config).model_fields.items()}
    values = {name: value for name, value in config if name not in _UNTOLD}
    others = [name for name, value in values.items() if name not in config.always_told and value != usual[name]]
    return ", ".join(
        f"{name}={settled.get(name) or _number(values[name])}"
        for name in (*config.always_told, *others)
        if values[name] is not None
    )


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _distance_curve(distances: NDArray[np.float64], eps: float) -> list[Row]:
    evenly = np.linspace(0, len(distances) - 1, min(POINTS, len(distances))).round().astype(int)
    knee_at = min(int(np.searchsorted(distances, eps)), len(distances) - 1)
    return [
        {"parameter": "rank", "value": int(rank), "score_name": "k_distance", "score": float(distances[rank])}
        for rank in np.union1d(evenly, knee_at)
    ]
