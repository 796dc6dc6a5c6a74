"""What is learned of genre in some languages, tested in one that was left out of everything.

The representation is trained without the left-out language by whoever calls; here are its two parts of an embedding.

Letters: N tracks of the other languages, M of the left-out one, D dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from musaic.errors import UsageError
from musaic.evaluation.chance import majority_share
from musaic.evaluation.labels import known_labels
from musaic.evaluation.metrics import external_scores
from musaic.evaluation.probes import KINDS, model, probe, told_right, train


def language_transfer(
    Z: ArrayLike,
    genre: Sequence[Any],
    Z_left_out: ArrayLike,
    genre_left_out: Sequence[Any],
    *,
    clusters: ArrayLike | None = None,
    groups_left_out: Sequence[Any] | None = None,
    n_splits: int = 5,
    random_state: int = 0,
) -> dict[str, Any]:
    """Return how well genre is told in a language that neither the representation nor the probe was trained on.

    Parameters
    ----------
    Z : array_like, shape (N, D)
        Embedding of the tracks of all other languages.
    genre : sequence, length N
        None, NaN and '' are missing and leave the track out, here and there.
    Z_left_out : array_like, shape (M, D)
        Embedding of the left-out tracks, by the same model.
    genre_left_out : sequence, length M
    clusters : array_like of int, shape (M,), optional
        The clusters that the left-out tracks were assigned to; noise (-1) is one more.
    groups_left_out : sequence, length M, optional
        Such as the artist, for the probe within the left-out language (see `musaic.evaluation.probe`).
    n_splits : int >= 2
        Folds of that probe.
    random_state : int
        Same seed, same numbers, whatever the order of tracks.

    Returns
    -------
    record : dict
        ``n`` left-out tracks that are scored, of ``n_classes`` genres; ``n_unseen`` left-out tracks of a genre that
        the other languages lack, which nobody could tell and which are not scored; ``majority``, the share of the
        commonest genre among the scored; ``majority_of_others``, the accuracy of saying the genre that is commonest
        in the other languages. For ``linear`` and ``knn``: ``<kind>_accuracy``, ``<kind>_balanced_accuracy``,
        ``<kind>_macro_f1``, and ``<kind>_within_accuracy``, ``<kind>_within_balanced_accuracy``,
        ``<kind>_within_macro_f1`` of the same probe trained and cross-validated within the left-out language on the
        same genres, less those that are too rare there to be split. With clusters: ``cluster_ami``, on all labelled
        tracks of the left-out language. NaN where there is nothing to train on or to test.

    Raises
    ------
    UsageError
        Where shapes do not fit.
    """
    from threadpoolctl import threadpool_limits

    X, Y = np.asarray(Z, dtype=np.float64), np.asarray(Z_left_out, dtype=np.float64)
    if X.ndim != 2 or Y.ndim != 2 or X.shape[1] != Y.shape[1]:
        raise UsageError(f"embeddings have shapes {X.shape} and {Y.shape}; give (tracks, dimensions) of one model.")
    aside = [column for column in (clusters, groups_left_out) if column is not None]
    if len(genre) != len(X) or any(len(np.asarray(c, dtype=object)) != len(Y) for c in (genre_left_out, *aside)):
        raise UsageError(
            f"{len(X)} and {len(Y)} tracks do not have as many genres, clusters and groups; give one for every track."
        )
    text, known = known_labels(genre)
    left, labelled = known_labels(genre_left_out)
    known &= np.isfinite(X).all(axis=1)
    there = labelled & np.isfinite(Y).all(axis=1)
    scored = there & np.isin(left, text[known])
    classes, counts = np.unique(text[known], return_counts=True)
    record: dict[str, Any] = {
        "n": int(scored.sum()),
        "n_classes": len(np.unique(left[scored])),
        "n_unseen": int((there & ~scored).sum()),
        "majority": majority_share(left[scored]),
        "majority_of_others": float((left[scored] == classes[counts.argmax()]).mean()) if scored.any() else np.nan,
    }
    names = ("accuracy", "balanced_accuracy", "macro_f1")
    # sums over tracks must not depend on the order in which they come
    rows = np.flatnonzero(known)
    rows = rows[np.lexsort([text[rows], *X[rows].T[::-1]])]
    for kind in KINDS:
        values: tuple[float, ...] = (float("nan"),) * 3
        if scored.any() and len(classes) > 1:
            with threadpool_limits(1):
                told = train(model(kind), X[rows], text[rows]).predict(Y[scored])
            values = told_right(left[scored], told)[:3]
        record |= {f"{kind}_{name}": value for name, value in zip(names, values, strict=True)}
        inside = probe(
            Y[scored],
            left[scored].tolist(),
            kind=kind,
            groups=None
            if groups_left_out is None
            else [groups_left_out[row] for row in np.flatnonzero(scored).tolist()],
            n_splits=n_splits,
            random_state=random_state,
        )
        record |= {f"{kind}_within_{name}": getattr(inside, name) for name in names}
    if clusters is not None:
        record["cluster_ami"] = external_scores(left[labelled], np.asarray(clusters)[labelled])["ami"]
    return record
