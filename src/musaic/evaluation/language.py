"""Language as a question of its own: whether clusters follow it, and whether genre holds across it.

Letters: N tracks, D dimensions, K clusters, L languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError
from musaic.evaluation.crosslingual import NEIGHBOURS, crosslingual_neighbours
from musaic.evaluation.labels import known_labels
from musaic.evaluation.metrics import external_scores
from musaic.evaluation.noise import NOISE
from musaic.evaluation.tables import contingency

WITHIN = ("ami", "nmi", "ari")


def language_report(
    Z: ArrayLike,
    *,
    language: Sequence[Any],
    genre: Sequence[Any] | None = None,
    clusters: ArrayLike | None = None,
    groups: Sequence[Any] | None = None,
    ks: Sequence[int] = NEIGHBOURS,
    n_permutations: int = 200,
    random_state: int = 0,
) -> dict[str, Any]:
    """Return what one embedding, and one clustering of it, has to do with language; one record a cell and seed.

    Parameters
    ----------
    Z : array_like, shape (N, D)
        The embedding; tracks with a value that is not finite leave the neighbours.
    language, genre : sequence, length N
        Labels; None, NaN and '' are missing and leave what needs them. Without ``genre`` only languages are scored.
    clusters : array_like of int, shape (N,), optional
        Noise (-1) is no cluster in entropies and one more cluster in scores.
    groups : sequence, length N, optional
        A track of the query's own group (its artist) is no neighbour; a track without one is alone.
    ks : sequence of int >= 1
        Numbers of neighbours.
    n_permutations : int >= 1
        Shuffles of genre within each language.
    random_state : int
        Same seed, same numbers, whatever the order of tracks.

    Returns
    -------
    record : dict
        ``n_tracks``, ``n_languages`` (of tracks whose language is known). With clusters: ``language_entropy`` (see
        `language_entropy`), ``language_entropy_share``, ``language_entropy_corpus``, ``language_nmi``,
        ``language_ami``. With clusters and genre: ``genre_ami``, ``genre_nmi``, ``genre_ari`` over all tracks of known
        language, ``genre_ami_within``, … their means over languages, weighted by tracks, and ``genre_ami:<language>``,
        … for each. With genre: the columns of `musaic.evaluation.crosslingual_neighbours`.

    Raises
    ------
    UsageError
        Where lengths differ, or a k or ``n_permutations`` is below 1.
    """
    values = np.asarray(Z, dtype=np.float64)
    columns = {"language": language, "genre": genre, "clusters": clusters, "groups": groups}
    for name, column in columns.items():
        if column is not None and len(np.atleast_1d(np.asarray(column, dtype=object))) != len(values):
            raise UsageError(f"{name!r} and the embedding of {len(values)} tracks differ in length; give one a track.")
    tongue, known = known_labels(language)
    record: dict[str, Any] = {"n_tracks": int(known.sum()), "n_languages": len(np.unique(tongue[known]))}
    if clusters is not None:
        labels = np.asarray(clusters, dtype=np.int64)
        record |= _mixture(tongue[known], labels[known])
        if genre is not None:
            record |= _genre_scores(tongue, known, genre, labels)
    if genre is not None:
        record |= crosslingual_neighbours(
            values,
            language=language,
            genre=genre,
            groups=groups,
            ks=ks,
            n_permutations=n_permutations,
            random_state=random_state,
        )
    return record


def summarise_language(records: Iterable[Mapping[str, Any]], by: Sequence[str] = ("cell",)) -> pd.DataFrame:
    """Return one row a cell: the mean of every number over seeds, and its standard deviation beside it (``_sd``).

    Parameters
    ----------
    records : iterable of dict
        What `language_report` returned, with the columns ``by`` added, and ``seed`` where there are several; columns
        of numbers of other makers (`Probe.record`, `language_transfer`) may stand beside them.
    by : sequence of str
        What tells cells apart.

    Returns
    -------
    rows : DataFrame
        In order of ``by``, with ``seeds``, how many records a row is of. A p-value is the largest over seeds, a
        count the smallest, and what holds for one holds; these have no deviation. That of one seed is NaN.
    """
    table = pd.DataFrame([dict(record) for record in records])
    if table.empty:
        return pd.DataFrame(columns=[*by, "seeds"])
    table = table.sort_values("seed", kind="stable") if "seed" in table else table
    groups = table.groupby(list(by), sort=True)
    parts: dict[str, pd.Series[Any]] = {"seeds": groups.size()}
    for name in table.columns.drop([*by, "seed"], errors="ignore"):
        if pd.api.types.is_bool_dtype(table[name]):
            parts[name] = groups[name].any()
        elif pd.api.types.is_integer_dtype(table[name]):
            parts[name] = groups[name].min()
        elif name.endswith("_p"):
            parts[name] = groups[name].max()
        else:
            parts[name], parts[f"{name}_sd"] = groups[name].mean(), groups[name].std(ddof=1)
    return pd.DataFrame(parts).reset_index()


def language_entropy(clusters: ArrayLike, language: Sequence[Any]) -> pd.DataFrame:
    """Return how mixed in language every cluster is.

    Parameters
    ----------
    clusters : array_like of int, shape (N,)
        Noise (-1) is no cluster.
    language : sequence, length N
        None, NaN and '' are missing and leave the track out.

    Returns
    -------
    table : DataFrame
        One row a cluster: ``cluster``; ``n``, tracks of known language; ``entropy`` of their languages in nats, 0 for
        one language; ``share``, that entropy over the logarithm of the number of languages there are, 1 where all are
        equally there (NaN with one language).
    """
    tongue, known = known_labels(language)
    labels = np.asarray(clusters, dtype=np.int64)
    n_languages = len(np.unique(tongue[known]))
    known = known & (labels != NOISE)
    counts = contingency(tongue[known], labels[known])
    sizes = counts.sum(axis=0)
    share = counts / np.maximum(sizes, 1)
    logs = np.log(share, out=np.zeros(share.shape), where=share > 0)
    entropy = np.maximum(-(share * logs).sum(axis=0), 0.0)
    most = np.log(n_languages) if n_languages > 1 else np.nan
    return pd.DataFrame({"cluster": np.unique(labels[known]), "n": sizes, "entropy": entropy, "share": entropy / most})


def _mixture(tongue: NDArray[np.str_], clusters: NDArray[np.int64]) -> dict[str, float]:
    table, corpus = (language_entropy(labels, tongue.tolist()) for labels in (clusters, np.zeros(len(tongue))))
    total = table["n"].sum()
    # in order of size, so that the names of clusters leave no trace in a sum
    table = table.sort_values(["n", "entropy"])
    scores = external_scores(tongue, clusters)
    return {
        "language_entropy": float((table["entropy"] * table["n"]).sum() / total) if total else np.nan,
        "language_entropy_share": float((table["share"] * table["n"]).sum(skipna=False) / total) if total else np.nan,
        "language_entropy_corpus": float(corpus["entropy"].iloc[0]) if len(corpus) else np.nan,
        "language_nmi": scores["nmi"],
        "language_ami": scores["ami"],
    }


def _genre_scores(
    tongue: NDArray[np.str_], known: NDArray[np.bool_], genre: Sequence[Any], clusters: NDArray[np.int64]
) -> dict[str, float]:
    style, labelled = known_labels(genre)
    both = known & labelled
    whole = external_scores(style[both], clusters[both])
    record = {f"genre_{score}": whole[score] for score in WITHIN}
    sizes, scores = [], []
    for one in np.unique(tongue[both]).tolist():
        here = both & (tongue == one)
        found = external_scores(style[here], clusters[here])
        record |= {f"genre_{score}:{one}": found[score] for score in WITHIN}
        sizes.append(int(here.sum()))
        scores.append([found[score] for score in WITHIN])
    table, weight = np.array(scores).reshape(-1, len(WITHIN)), np.array(sizes, dtype=np.float64)[:, None]
    there = np.isfinite(table) * weight
    means = np.divide(
        (np.nan_to_num(table) * weight).sum(axis=0), there.sum(axis=0),
        out=np.full(len(WITHIN), np.nan), where=there.sum(axis=0) > 0,
    )  # fmt: skip
    return record | {f"genre_{score}_within": float(mean) for score, mean in zip(WITHIN, means, strict=True)}
