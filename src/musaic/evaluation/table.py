"""From one scored clustering to a record, from records to the rows of a leaderboard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from musaic.evaluation.chance import chance_level, majority_share
from musaic.evaluation.internal import SAMPLE
from musaic.evaluation.intervals import INTERVALS
from musaic.evaluation.labels import is_leaked, known_labels
from musaic.evaluation.metrics import external_scores, internal_scores, score_names
from musaic.evaluation.noise import NOISE, NoisePolicy, Settled, settle_noise
from musaic.evaluation.space import Space

_KEYS = ["cell", "clustering_id", "noise_policy", "label"]
_IDENTITY = ("model", "input", "modality", "clustering", "params", "space")
_SCORES = ("silhouette", "calinski_harabasz", "davies_bouldin", "ari", "ami", "nmi", "purity")
_LATER = ("homogeneity", "completeness", "v_measure", "accuracy")

LEADERBOARD: tuple[str, ...] = (
    *("cell", *_IDENTITY),
    *("n_clusters", "label", "n_labelled", "seeds"),
    *(column for score in _SCORES for column in (score, f"{score}_sd")),
    *("silhouette_ref", "calinski_harabasz_ref", "davies_bouldin_ref", "ari_chance", "nmi_chance", "majority"),
    *("coverage", "noise_policy", "stability", "labels_used", "leaked", "collapsed", "active_units", "seconds"),
    *("clustering_id", "ami_chance", "purity_chance", "p_value", "sizes", "silhouette_sampled", "rank", "remarks"),
    *INTERVALS,
    *(column for score in _LATER for column in (score, f"{score}_sd")),
    *("accuracy_chance", "approximation"),
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
    approximation : str
        What the clustering left uncompared because there are many tracks, in words; empty where nothing.
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
    approximation: str = ""


def score(
    candidate: Candidate,
    Z: ArrayLike | Space,
    clusters: ArrayLike,
    *,
    seed: int,
    annotations: Mapping[str, Sequence[Any]] | None = None,
    reference: ArrayLike | Space | None = None,
    noise_policy: NoisePolicy = "keep",
    n_permutations: int = 200,
    seconds: float = float("nan"),
    random_state: int = 0,
    settled: Settled | None = None,
) -> list[dict[str, Any]]:
    """Return one tidy record a label column (one with an empty label where there is none).

    Parameters
    ----------
    candidate : Candidate
        What is scored.
    Z : array_like, shape (N, D), or Space
        The space that was clustered. Where it is clustered in many ways, make it (and the reference) a `Space` once.
    clusters : array_like of int, shape (N,)
        -1 is noise.
    seed : int
        Of the model and the clustering.
    annotations : mapping of str to sequence, optional
        Label columns, N values each; None, NaN and '' are missing and leave that label's scores.
    reference : array_like, shape (N, D'), or Space, optional
        The common reference space; rows of NaN leave its scores.
    noise_policy : {'keep', 'nearest'}
        What becomes of noise (see `musaic.evaluation.noise.settle_noise`).
    n_permutations : int >= 1
        Shuffles for the chance level.
    seconds : float
        What model and clustering took.
    random_state : int
        For the shuffles, and for the sample of the silhouette above 20,000 tracks.
    settled : Settled, optional
        The clusters under the policy, where they are known.
    """
    labels, coverage, _ = settle_noise(Z, clusters, noise_policy) if settled is None else settled
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
        What `score` returned, for all seeds. Where records have the columns of
        `musaic.evaluation.intervals.seed_intervals`, which are of all seeds together, those of the first seed stand.
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
    scores = [name for kind in ("internal", "external") for name in score_names(kind)]
    further = [name for name in scores if name not in (*_SCORES, *_LATER)]
    columns = [*LEADERBOARD, *(column for name in further for column in (name, f"{name}_sd"))]
    if table.empty:
        return pd.DataFrame(columns=columns)
    table = table.sort_values("seed", kind="stable")
    rows = table.drop_duplicates(_KEYS).set_index(_KEYS).sort_index()
    groups = table.groupby(_KEYS, sort=True)
    there = [name for name in (*_IDENTITY, "labels_used", "sizes", "approximation", *INTERVALS) if name in rows]
    result = rows[there].copy()
    result["seeds"], result["n_labelled"] = groups["seed"].nunique(), groups["n_labelled"].min()
    n_clusters = groups["n_clusters"].mean().round(2)
    result["n_clusters"] = n_clusters.astype(int) if (n_clusters % 1 == 0).all() else n_clusters
    result["p_value"] = groups["p_value"].max()
    result["stability"] = [(stability or {}).get((str(cell), str(way)), np.nan) for cell, way, *_ in result.index]
    flags = ["leaked", "collapsed", "silhouette_sampled"]
    result[flags] = table[[*_KEYS, *flags]].astype(dict.fromkeys(flags, bool)).groupby(_KEYS, sort=True)[flags].any()
    numbers = _averaged(scores, table)
    finite = table[_KEYS].join(table[numbers].apply(pd.to_numeric).astype(np.float64).where(np.isfinite))
    by_seed = finite.groupby(_KEYS, sort=True)[numbers]
    result[numbers] = by_seed.mean()
    deviations = by_seed.std(ddof=1).add_suffix("_sd")
    result = result.join(deviations[[f"{name}_sd" for name in scores if name in numbers]])
    return result.reset_index().reindex(columns=columns)


def _averaged(scores: Sequence[str], table: pd.DataFrame) -> list[str]:
    """Return the columns of which there is a mean over seeds."""
    aside = [f"{name}_{what}" for name in scores for what in ("ref", "chance")]
    names = [*scores, *aside, "majority", "coverage", "active_units", "seconds"]
    return [name for name in names if name in table]
