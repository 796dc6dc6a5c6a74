"""From one scored clustering to a record, from records to the rows of a leaderboard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from musaic.evaluation.chance import chance_level, majority_share
from musaic.evaluation.metrics import (
    NOISE,
    SAMPLE,
    NoisePolicy,
    apply_noise,
    external_scores,
    internal_scores,
    score_names,
)

_IDENTITY = ("cell", "model", "input", "modality", "clustering", "params", "space")
_SCORES = ("silhouette", "calinski_harabasz", "davies_bouldin", "ari", "ami", "nmi", "purity")

LEADERBOARD: tuple[str, ...] = (
    *_IDENTITY,
    *("n_clusters", "label", "n_labelled", "seeds"),
    *(column for score in _SCORES for column in (score, f"{score}_sd")),
    *("silhouette_ref", "calinski_harabasz_ref", "davies_bouldin_ref", "ari_chance", "nmi_chance", "majority"),
    *("coverage", "noise_policy", "stability", "labels_used", "leaked", "collapsed", "active_units", "seconds"),
    *("clustering_id", "ami_chance", "purity_chance", "p_value", "sizes", "silhouette_sampled", "rank", "remarks"),
)
"""Columns of a leaderboard, in order; other tools read it, so new ones go to the end."""


@dataclass(frozen=True)
class Candidate:
    """What is scored: one clustering of one representation.

    Attributes
    ----------
    cell, model, input, modality : str
        Which representation, of what.
    clustering, clustering_id, params, space : str
        Which clustering of it, in which space.
    labels_used : tuple of str
        Label columns that the representation or the clustering has seen.
    collapsed : bool
        Whether the posterior says nothing.
    active_units : int, optional
        Active latent dimensions, where the model has such.
    """

    cell: str
    model: str
    input: str
    modality: str
    clustering: str
    clustering_id: str
    params: str
    space: str
    labels_used: tuple[str, ...] = ()
    collapsed: bool = False
    active_units: int | None = None


def score(
    candidate: Candidate,
    Z: ArrayLike,
    clusters: ArrayLike,
    *,
    seed: int,
    annotations: Mapping[str, Sequence[Any]] | None = None,
    reference: ArrayLike | None = None,
    noise_policy: NoisePolicy = "keep",
    n_permutations: int = 200,
    seconds: float = float("nan"),
    random_state: int = 0,
) -> list[dict[str, Any]]:
    """Return one tidy record a label column (one with an empty label where there is none).

    Parameters
    ----------
    candidate : Candidate
        What is scored.
    Z : array_like, shape (N, D)
        The space that was clustered.
    clusters : array_like of int, shape (N,)
        -1 is noise.
    seed : int
        Of the model and the clustering.
    annotations : mapping of str to sequence, optional
        Label columns, N values each; None, NaN and '' are missing and leave that label's scores.
    reference : array_like, shape (N, D'), optional
        The common reference space; rows of NaN leave its scores.
    noise_policy : {'keep', 'nearest'}
        What becomes of noise (see `musaic.evaluation.metrics.apply_noise`).
    n_permutations : int >= 1
        Shuffles for the chance level.
    seconds : float
        What model and clustering took.
    random_state : int
        For the shuffles, and for the sample of the silhouette above 20,000 tracks.
    """
    labels, coverage = apply_noise(Z, clusters, noise_policy)
    sizes = np.sort(np.unique(labels[labels != NOISE], return_counts=True)[1])[::-1]
    common = {
        **asdict(candidate),
        "labels_used": ";".join(candidate.labels_used),
        "active_units": np.nan if candidate.active_units is None else candidate.active_units,
        "n_clusters": len(sizes),
        "sizes": " ".join(map(str, sizes.tolist())),
        "seed": seed,
        "seconds": seconds,
        "coverage": coverage,
        "noise_policy": noise_policy,
        "silhouette_sampled": int((labels != NOISE).sum()) > SAMPLE,
        **internal_scores(Z, labels, random_state=random_state),
    }
    inside = dict.fromkeys(score_names("internal"), np.nan)
    if reference is not None:
        inside = internal_scores(reference, labels, random_state=random_state)
    common |= {f"{name}_ref": value for name, value in inside.items()}
    records = []
    for label, column in (annotations or {"": [None] * len(labels)}).items():
        values, known = known_labels(column)
        record = {"label": label, "n_labelled": int(known.sum()), "leaked": is_leaked(label, candidate.labels_used)}
        record |= external_scores(values[known], labels[known])
        by_chance = chance_level(values[known], labels[known], n_permutations=n_permutations, random_state=random_state)
        record |= {f"{name}_chance": value for name, value in by_chance.mean.items()}
        record |= {"p_value": by_chance.p_value["ami"], "majority": majority_share(values[known])}
        records.append({**common, **record})
    return records


def summarise(
    records: Iterable[Mapping[str, Any]] | pd.DataFrame, *, stability: Mapping[tuple[str, str], float] | None = None
) -> pd.DataFrame:
    """Return one row a (cell × clustering × label): means over seeds, standard deviations (of the sample) beside them.

    Parameters
    ----------
    records : iterable of dict, or DataFrame
        What `score` returned, for all seeds.
    stability : mapping of (cell, clustering_id) to float, optional
        Agreement between seeds (see `musaic.evaluation.stability`).

    Returns
    -------
    rows : DataFrame
        Exactly the columns `LEADERBOARD` (``rank`` and ``remarks`` still empty), then one column and its ``_sd`` for
        every further registered score; in order of cell, clustering and label. ``p_value`` is the largest over the
        seeds, ``sizes`` those of the first seed.
    """
    table = records if isinstance(records, pd.DataFrame) else pd.DataFrame([dict(record) for record in records])
    further = [name for kind in ("internal", "external") for name in score_names(kind) if name not in _SCORES]
    columns = [*LEADERBOARD, *(column for name in further for column in (name, f"{name}_sd"))]
    if table.empty:
        return pd.DataFrame(columns=columns)
    rows = []
    for _, group in table.groupby(["cell", "clustering_id", "noise_policy", "label"], sort=True):
        group = group.sort_values("seed")
        first = group.iloc[0]
        row: dict[str, Any] = {name: first[name] for name in (*_IDENTITY, "label", "noise_policy", "clustering_id")}
        row |= {"labels_used": first["labels_used"], "sizes": first["sizes"], "seeds": group["seed"].nunique()}
        row["n_labelled"] = int(group["n_labelled"].min())
        n_clusters = float(group["n_clusters"].mean())
        row["n_clusters"] = int(n_clusters) if n_clusters.is_integer() else round(n_clusters, 2)
        row |= {name: bool(group[name].any()) for name in ("leaked", "collapsed", "silhouette_sampled")}
        row |= {name: _mean(group[name]) for name in _averaged(group)}
        row |= {f"{name}_sd": _sd(group[name]) for name in (*_SCORES, *further)}
        row["p_value"] = float(group["p_value"].max())
        row["stability"] = (stability or {}).get((str(first["cell"]), str(first["clustering_id"])), np.nan)
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=columns)


def known_labels(column: Sequence[Any]) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Return labels as text, and which of them are there."""
    gone = pd.isna(np.asarray(column, dtype=object)).tolist()
    known = np.array([not (there or value == "") for value, there in zip(column, gone, strict=True)], dtype=bool)
    return np.array([str(value) for value in column], dtype=np.str_), known


def is_leaked(label: str, labels_used: Sequence[str]) -> bool:
    """Return whether a representation has seen a label, or a part of it where it is composite (``a+b``)."""
    used = {part for name in labels_used for part in name.split("+")}
    return bool(label) and not used.isdisjoint(label.split("+"))


def _averaged(group: pd.DataFrame) -> list[str]:
    inside, outside = score_names("internal"), score_names("external")
    names = [*inside, *outside, *(f"{name}_ref" for name in inside), *(f"{name}_chance" for name in outside)]
    return [name for name in (*names, "majority", "coverage", "active_units", "seconds") if name in group]


def _mean(values: pd.Series[Any]) -> float:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return float(np.nanmean(numbers)) if np.isfinite(numbers).any() else float("nan")


def _sd(values: pd.Series[Any]) -> float:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    numbers = numbers[np.isfinite(numbers)]
    return float(numbers.std(ddof=1)) if len(numbers) > 1 else float("nan")
