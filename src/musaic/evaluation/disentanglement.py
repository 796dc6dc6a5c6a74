"""Whether single latent dimensions stand for single known factors: MIG, SAP and DCI.

Sources: MIG, the mutual information gap, eq. 6 of arXiv:1802.04942 (Chen et al.); SAP, the separated attribute
predictability, section 3.2 of arXiv:1711.00848 (Kumar et al.); DCI, disentanglement, completeness and
informativeness, of Eastwood and Williams (ICLR 2018).

Letters: N tracks, Z latent dimensions, K factors, C classes of a discrete factor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.evaluation.associations import read_codes
from musaic.evaluation.expected import expected_information
from musaic.evaluation.factors import Factor, Kinds, binned, read_factors
from musaic.evaluation.tables import Counts, contingency

TREES, LEAF = 50, 5
"""Trees of a forest, and the least tracks in a leaf."""

HELD_OUT = 0.25
"""Share of the tracks that a forest does not see."""

Known = Callable[[Factor], NDArray[np.float64]]


@dataclass(frozen=True)
class Gap:
    """How far the best dimension of each factor is ahead of the second best.

    Attributes
    ----------
    score : float
        Mean over factors; NaN where there are none.
    factors : dict of str to float
        The gap of each, 0 (two dimensions know as much) to 1 (one knows all, the others nothing).
    best : dict of str to int
        The dimension ahead, the first of those that tie.
    left_out : dict of str to str
        Factors without a gap, and why.
    """

    score: float
    factors: dict[str, float]
    best: dict[str, int]
    left_out: dict[str, str]


@dataclass(frozen=True)
class Dci:
    """What forests, one a factor, need of a code, and what they get out of it.

    Attributes
    ----------
    disentanglement : float
        Whether a dimension serves one factor only: mean over dimensions, weighted by how much each is used.
    completeness : float
        Whether a factor needs one dimension only: mean over factors.
    informativeness : float
        Whether tracks that the forest has not seen are told right: mean over factors.
    dimensions : tuple of float
        Disentanglement of each dimension; NaN for one that is not used.
    completeness_of, informativeness_of : dict of str to float
        By factor.
    importance : ndarray, shape (Z, K)
        Share of each dimension in each factor; a column sums to 1, or to 0 where the forest found nothing to split.
    left_out : dict of str to str
        Factors that are not among the K, and why.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    dimensions: tuple[float, ...]
    completeness_of: dict[str, float]
    informativeness_of: dict[str, float]
    importance: NDArray[np.float64]
    left_out: dict[str, str]


def mig(
    codes: ArrayLike,
    factors: Mapping[str, Sequence[Any]],
    *,
    kinds: Kinds | None = None,
    adjusted: bool = False,
) -> Gap:
    """Return the mutual information gap.

    Parameters
    ----------
    codes : array_like, shape (N, Z)
        Latents, the posterior means.
    factors : mapping of str to sequence, length N
        What is known of each track; None, NaN and '' are missing and leave the track out of that factor only.
    kinds : mapping of str to {'discrete', 'continuous'}, optional
        What a factor is. By itself one of text, of truth values or of at most 20 different whole numbers is discrete,
        any other continuous.
    adjusted : bool
        Whether the information that chance gives is taken out, as AMI takes it out of NMI; see the notes.

    Raises
    ------
    UsageError
        Where lengths differ, a value is not a finite number, or ``kinds`` names what is not there.

    Notes
    -----
    The mutual information of a factor and each dimension, in histograms of 20 bins, over the entropy of the factor
    (of its own histogram, where continuous): the highest less the second. Few tracks in many cells make the mutual
    information of what is independent too high, by about (bins - 1) × (classes - 1) / 2N nats: then even a perfect
    code stays below 1, of a continuous factor at about .78 for 300 tracks and .94 for 1,000. ``adjusted`` takes the
    expectation over shuffled tracks out of information and entropy; a perfect code is then at about 1 for any N, but
    the numbers are no longer the paper's.

    A dimension that never changes knows nothing and counts as such. A single dimension has no second: every factor is
    left out.
    """
    Z = read_codes(codes)
    bins = binned(Z)

    def known(factor: Factor) -> NDArray[np.float64]:
        values = factor.values if factor.kind == "discrete" else binned(factor.values[:, None])[:, 0]
        share = np.unique(values, return_counts=True)[1] / len(values)
        entropy = float(-(share * np.log(share)).sum())
        tables = [contingency(values, column) for column in bins[factor.rows].T]
        found = np.array([float(Counts(table).information) for table in tables])
        if not adjusted:
            return np.asarray(found / entropy)
        chance = np.array([expected_information(table.sum(axis=1), table.sum(axis=0)) for table in tables])
        room = entropy - chance  # none where chance tells everything: each bin holds one track, say
        return np.asarray(np.divide(found - chance, room, out=np.zeros(len(room)), where=room > 1e-9))

    return _gap(Z, read_factors(factors, kinds, len(Z)), known)


def sap(codes: ArrayLike, factors: Mapping[str, Sequence[Any]], *, kinds: Kinds | None = None) -> Gap:
    """Return the separated attribute predictability.

    Parameters
    ----------
    codes, factors, kinds
        As in `mig`.

    Raises
    ------
    UsageError
        As in `mig`.

    Notes
    -----
    For a continuous factor, how well a line through one dimension gives it (R², the squared correlation). For a
    discrete one, the balanced accuracy of the best C - 1 thresholds on one dimension, found exactly: chance is about
    1 / C, so that the gap of a discrete factor is at most 1 - 1 / C where the second dimension knows nothing. Both on
    the tracks given, as in the paper. The gap is the highest less the second.
    """
    Z = read_codes(codes)

    def known(factor: Factor) -> NDArray[np.float64]:
        own = Z[factor.rows]
        if factor.kind == "discrete":
            return _threshold_accuracy(own, factor.values)
        own, values = own - own.mean(axis=0), factor.values - factor.values.mean()
        spread = (own**2).sum(axis=0) * (values**2).sum()
        return np.asarray(np.divide((values @ own) ** 2, spread, out=np.zeros(len(spread)), where=spread > 0))

    return _gap(Z, read_factors(factors, kinds, len(Z)), known)


def dci(
    codes: ArrayLike,
    factors: Mapping[str, Sequence[Any]],
    *,
    kinds: Kinds | None = None,
    random_state: int = 0,
) -> Dci:
    """Return disentanglement, completeness and informativeness.

    Parameters
    ----------
    codes, factors, kinds
        As in `mig`.
    random_state : int
        Draws the tracks held out and the trees; same seed, same numbers.

    Raises
    ------
    UsageError
        As in `mig`.

    Notes
    -----
    One random forest a factor (50 trees, at least 5 tracks a leaf, every dimension tried at every split) on three
    quarters of its tracks, of each class where it is discrete. Importances are the decrease of impurity. From them
    come 1 - entropy over the factors of each dimension, and 1 - entropy over the dimensions of each factor, to base K
    and Z; NaN where K, or Z, is 1. Informativeness is on the quarter held out: R² of a continuous factor, and of a
    discrete one the balanced accuracy so scaled that chance is 0; 1 is perfect, and below 0 is worse than a guess.

    Importances are shares of whatever was found: of a factor that no dimension knows they say nothing, so look at the
    informativeness beside. A factor with fewer than two tracks, or classes, to hold out is left out.
    """
    Z = read_codes(codes)
    columns, informativeness, left_out = {}, {}, {}
    for name, factor in read_factors(factors, kinds, len(Z)).items():
        held = np.zeros(0, bool) if factor.trouble else _held_out(factor, random_state)
        if factor.trouble:
            left_out[name] = factor.trouble
        elif len(np.unique(factor.values[held])) < 2:
            left_out[name] = "too few of its tracks can be held out"
        else:
            columns[name], informativeness[name] = _forest(Z[factor.rows], factor, held, random_state)
    if not columns:
        nothing = float("nan")
        unused = (nothing,) * Z.shape[1]
        return Dci(nothing, nothing, nothing, unused, {}, {}, np.zeros((Z.shape[1], 0)), left_out)
    importance = np.stack(list(columns.values()), axis=1)
    used = importance.sum(axis=1)
    dimensions = _concentration(importance)
    there = used > 0
    completeness = np.where(importance.any(axis=0), _concentration(importance.T), 0)
    return Dci(
        disentanglement=float(np.average(dimensions[there], weights=used[there])) if there.any() else 0.0,
        completeness=float(completeness.mean()),
        informativeness=float(np.mean(list(informativeness.values()))),
        dimensions=tuple(dimensions.tolist()),
        completeness_of=dict(zip(columns, completeness.tolist(), strict=True)),
        informativeness_of=informativeness,
        importance=importance,
        left_out=left_out,
    )


def _gap(Z: NDArray[np.float64], factors: Mapping[str, Factor], known: Known) -> Gap:
    """Return the gaps of what ``known`` says each dimension knows of a factor, shape (Z,)."""
    gaps, best, left_out = {}, {}, {}
    for name, factor in factors.items():
        trouble = factor.trouble or ("one dimension has no second" if Z.shape[1] < 2 else "")
        if trouble:
            left_out[name] = trouble
            continue
        scores = known(factor)
        second, first = np.sort(scores)[-2:]
        gaps[name], best[name] = float(first - second), int(scores.argmax())
    return Gap(float(np.mean(list(gaps.values()))) if gaps else float("nan"), gaps, best, left_out)


def _threshold_accuracy(Z: NDArray[np.float64], classes: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the balanced accuracy of the best C - 1 thresholds on every dimension, shape (Z,).

    Tracks are walked in the order of the dimension; ``best[z, s, c]`` is the most that can be told right up to here
    with the ``s + 1``-th stretch open and said to be class ``c``. A stretch ends only where the value changes.
    """
    order = np.argsort(Z, axis=0, kind="stable")
    ordered, passing = np.take_along_axis(Z, order, axis=0), classes[order]  # both (N, Z)
    ends = np.diff(ordered, axis=0, prepend=ordered[:1]) > 0
    sizes = np.bincount(classes)
    C, every = len(sizes), np.arange(Z.shape[1])
    best = np.full((Z.shape[1], C, C), -np.inf)
    best[:, 0] = 0
    for end, seen in zip(ends, passing, strict=True):
        if end.any():
            opened = np.where(end[:, None], best[:, :-1].max(axis=2), -np.inf)
            best[:, 1:] = np.maximum(best[:, 1:], opened[:, :, None])
        best[every, :, seen] += 1 / sizes[seen][:, None]
    return np.asarray(best.max(axis=(1, 2)) / C)


def _held_out(factor: Factor, random_state: int) -> NDArray[np.bool_]:
    """Return which of a factor's tracks the forest does not see: a quarter, of every class where it is discrete."""
    rng = np.random.default_rng(random_state)
    held = np.zeros(len(factor.rows), bool)
    classes = factor.values if factor.kind == "discrete" else np.zeros(len(factor.rows), np.intp)
    for one in np.unique(classes):
        own = rng.permutation(np.flatnonzero(classes == one))
        held[own[: round(HELD_OUT * len(own))]] = True
    return held


def _forest(
    Z: NDArray[np.float64], factor: Factor, held: NDArray[np.bool_], random_state: int
) -> tuple[NDArray[np.float64], float]:
    """Return the importance of every dimension, shape (Z,), and the score on the tracks held out."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.metrics import r2_score, recall_score

    family = RandomForestClassifier if factor.kind == "discrete" else RandomForestRegressor
    forest = family(TREES, min_samples_leaf=LEAF, max_features=None, n_jobs=1, random_state=random_state)
    forest.fit(Z[~held], factor.values[~held])
    said, truth = forest.predict(Z[held]), factor.values[held]
    if factor.kind == "continuous":
        return forest.feature_importances_, float(r2_score(truth, said))
    there = np.unique(truth)
    accuracy, chance = recall_score(truth, said, labels=there, average="macro"), 1 / len(there)
    return forest.feature_importances_, float((accuracy - chance) / (1 - chance))


def _concentration(importance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 - entropy of every row, as shares, to the base of its length; NaN for a row of zeros or of one."""
    total, base = importance.sum(axis=1, keepdims=True), importance.shape[1]
    if base < 2:
        return np.full(len(importance), np.nan)
    share = importance / np.where(total > 0, total, np.nan)
    entropy = -(share * np.log(np.where(share > 0, share, 1))).sum(axis=1)
    return np.asarray(1 - entropy / np.log(base))
