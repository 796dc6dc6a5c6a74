"""How much of a label can be read off an embedding: a linear and a nearest-neighbour probe, cross-validated.

Genre classification and the test for language that is left in an embedding are the same probe of another label.

Letters: N tracks, D dimensions, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import UsageError, unknown
from musaic.evaluation.internal import SAMPLE
from musaic.evaluation.labels import group_numbers, known_labels

ProbeKind = Literal["linear", "knn"]
KINDS: tuple[ProbeKind, ...] = ("linear", "knn")


@dataclass(frozen=True)
class Probe:
    """What a probe reads, on tracks that it was not trained on.

    Attributes
    ----------
    kind : {'linear', 'knn'}
    accuracy : float
        Share of tracks whose label is told right.
    balanced_accuracy : float
        Mean over classes of the share of their tracks that are told right; 1 / C by chance.
    macro_f1 : float
        Mean over classes of F1.
    majority : float
        Share of the commonest label: the accuracy of always saying it.
    chance : float
        Accuracy of guessing labels as often as they occur, the sum of their squared shares.
    n, n_classes : int
        Tracks and classes that it rests on.
    n_rare, rare_classes : int
        Tracks and classes left out because a class is too rare to be split (see `probe`).
    n_splits : int
        Folds; 0 where nothing could be probed, and then the scores are NaN.
    grouped : bool
        Whether tracks of one group were kept in one fold.
    sampled : bool
        Whether it rests on 20,000 of more tracks.
    """

    kind: ProbeKind
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    majority: float
    chance: float
    n: int
    n_classes: int
    n_rare: int
    rare_classes: int
    n_splits: int
    grouped: bool
    sampled: bool = False

    @property
    def note(self) -> str:
        """What to know of it, in words; empty where there is nothing."""
        notes = []
        if not self.n_splits:
            notes.append("fewer than two classes that can be split")
        if self.rare_classes:
            notes.append(f"{self.n_rare} tracks of {self.rare_classes} rare classes left out")
        if self.sampled:
            notes.append(f"a sample of {SAMPLE:,} tracks")
        return "; ".join(notes)

    def record(self, prefix: str) -> dict[str, Any]:
        """Return it as columns, such as ``genre_linear_accuracy`` for the prefix ``genre``."""
        return {f"{prefix}_{self.kind}_{name}": value for name, value in asdict(self).items() if name != "kind"}


def probe(
    Z: ArrayLike,
    labels: Sequence[Any],
    *,
    kind: ProbeKind = "linear",
    groups: Sequence[Any] | None = None,
    n_splits: int = 5,
    C: float = 1.0,
    n_neighbors: int = 10,
    random_state: int = 0,
) -> Probe:
    """Return how well a label is read off an embedding, by cross-validation.

    Parameters
    ----------
    Z : array_like, shape (N, D)
        Tracks with a value that is not finite leave the probe.
    labels : sequence, length N
        None, NaN and '' are missing and leave the track out.
    kind : {'linear', 'knn'}
        Multinomial logistic regression, or a vote of the nearest tracks; both on features standardised by the
        training folds.
    groups : sequence, length N, optional
        Such as the artist: no group is in training and test at once. A track without one is alone.
    n_splits : int >= 2
        Folds; fewer where there are fewer groups.
    C : float > 0
        Inverse strength of the linear probe's penalty.
    n_neighbors : int >= 1
        How many vote.
    random_state : int
        Same seed, same numbers, whatever the order of tracks.

    Returns
    -------
    result : Probe
        Of classes with at least ``n_splits`` tracks, in at least two groups where groups are known; rarer classes
        are left out and counted. NaN where fewer than two classes are left.

    Raises
    ------
    UsageError
        Where lengths differ or a parameter is out of range.
    """
    X = np.asarray(Z, dtype=np.float64)
    if X.ndim != 2 or len(X) != len(labels) or (groups is not None and len(groups) != len(X)):
        raise UsageError(
            f"an embedding of shape {X.shape} and {len(labels)} labels do not belong together; give a label, and a "
            "group where there are any, for every row."
        )
    if n_splits < 2:
        raise UsageError(f"n_splits is {n_splits}; it must be 2 or more, to train on some tracks and test on others.")
    text, known = known_labels(labels)
    grouped = groups is not None and bool(known_labels(groups)[1].any())
    group = group_numbers(groups, len(X))
    rows = np.flatnonzero(known & np.isfinite(X).all(axis=1))
    # an order of their own for the tracks, so that folds do not depend on the given one
    rows = rows[np.lexsort([np.maximum(group[rows], -1) if grouped else text[rows], text[rows], *X[rows].T[::-1]])]
    sampled = len(rows) > SAMPLE
    if sampled:
        rows = rows[np.sort(np.random.default_rng(random_state).permutation(len(rows))[:SAMPLE])]
    names, y = np.unique(text[rows], return_inverse=True)
    often = np.bincount(y, minlength=len(names)) >= n_splits
    if grouped:
        pairs = np.unique(np.stack([y, group[rows]]), axis=1)[0]
        often &= np.bincount(pairs, minlength=len(names)) >= 2
    kept = often[y]
    n_rare, rare = int((~kept).sum()), int((~often).sum())
    rows, y = rows[kept], np.unique(y[kept], return_inverse=True)[1]
    folds = min(n_splits, len(np.unique(group[rows])))
    if len(np.unique(y)) < 2 or folds < 2:
        nothing = (float("nan"),) * 5
        return Probe(kind, *nothing, len(rows), int(often.sum()), n_rare, rare, 0, grouped, sampled)
    _, first, group = np.unique(group[rows], return_index=True, return_inverse=True)
    group = np.argsort(np.argsort(first))[group]
    told = _out_of_fold(X[rows], y, group if grouped else None, folds, model(kind, C, n_neighbors), random_state)
    scores = told_right(y, told)
    return Probe(kind, *scores, len(rows), int(often.sum()), n_rare, rare, folds, grouped, sampled)


def model(kind: ProbeKind, C: float = 1.0, n_neighbors: int = 10) -> Any:
    """Return an unfitted probe.

    Raises
    ------
    UsageError
        Where the kind is not known or a parameter is out of range.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if kind not in KINDS:
        raise unknown("probe", kind, KINDS)
    if not C > 0 or n_neighbors < 1:
        raise UsageError(f"C is {C} and n_neighbors {n_neighbors}; give C above 0 and n_neighbors from 1.")
    linear = LogisticRegression(C=C, max_iter=200, tol=1e-3)
    return make_pipeline(StandardScaler(), linear if kind == "linear" else KNeighborsClassifier(n_neighbors))


def told_right(y: NDArray[Any], told: NDArray[Any]) -> tuple[float, float, float, float, float]:
    """Return accuracy, balanced accuracy, macro-F1, majority share and chance of labels and what was told."""
    from sklearn.metrics import f1_score

    classes, codes = np.unique(y, return_inverse=True)
    share = np.bincount(codes) / len(codes)
    right = told == y
    recall = np.bincount(codes, weights=right) / np.bincount(codes)
    f1 = f1_score(y, told, labels=classes, average="macro", zero_division=0.0)
    return float(right.mean()), float(recall.mean()), float(f1), float(share.max()), float((share**2).sum())


def train(fitted: Any, X: NDArray[np.float64], y: NDArray[Any]) -> Any:
    """Fit a probe; with fewer tracks than neighbours, all of them vote."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    if "kneighborsclassifier" in fitted.named_steps:
        voters = fitted.named_steps["kneighborsclassifier"].n_neighbors
        fitted.set_params(kneighborsclassifier__n_neighbors=min(voters, len(X)))
    with warnings.catch_warnings():
        # 200 steps are enough for a score to two digits, and not always for the last digit of a coefficient
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fitted.fit(X, y)


def _out_of_fold(
    X: NDArray[np.float64],
    y: NDArray[np.intp],
    group: NDArray[np.int64] | None,
    folds: int,
    unfitted: Any,
    random_state: int,
) -> NDArray[np.intp]:
    from sklearn.base import clone
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
    from threadpoolctl import threadpool_limits

    kind = StratifiedKFold if group is None else StratifiedGroupKFold
    told = np.full(len(y), -1, dtype=np.intp)
    with threadpool_limits(1):
        for learn, test in kind(folds, shuffle=True, random_state=random_state).split(X, y, group):
            if len(np.unique(y[learn])) == 1:
                told[test] = y[learn[0]]
            else:
                told[test] = train(clone(unfitted), X[learn], y[learn]).predict(X[test])
    return told
