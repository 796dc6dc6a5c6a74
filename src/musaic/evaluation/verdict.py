"""One sentence: whether the learned representation beats the baselines, at equal input, clustering and k.

The configuration that stands for the VAE is chosen without labels, and it is held against the best of the baselines
where everything else is equal; best of many against best of few would be no result.

Letters: N tracks, S seeds, B bootstrap samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.evaluation.metrics import table_scores
from musaic.evaluation.ranking import LEAST_COVERAGE
from musaic.evaluation.table import is_leaked, known_labels


@dataclass(frozen=True)
class Contender:
    """One clustering of one representation, over several seeds.

    Attributes
    ----------
    cell, model, input : str
        Which representation, of what.
    clustering, space : str
        Which clustering of it.
    n_clusters : int or float
        K.
    labelings : dict of int to ndarray, shape (N,)
        Clusters by seed; all contenders have the same tracks in the same order. A track that a contender has not
        seen is None in ``present``.
    baseline : bool
        Whether it is one of those to be beaten.
    present : ndarray of bool, shape (N,), optional
        Tracks that it has; all where nothing is said.
    stability, silhouette_ref, coverage : float
        What is known of it without labels.
    labels_used : tuple of str
        Label columns that it has seen.
    collapsed : bool
        Whether its posterior says nothing.
    """

    cell: str
    model: str
    input: str
    clustering: str
    space: str
    n_clusters: float
    labelings: Mapping[int, NDArray[Any]]
    baseline: bool = False
    present: NDArray[np.bool_] | None = None
    stability: float = float("nan")
    silhouette_ref: float = float("nan")
    coverage: float = 1.0
    labels_used: tuple[str, ...] = ()
    collapsed: bool = False

    @property
    def place(self) -> tuple[str, str, str, float]:
        """What must be equal for a comparison."""
        return (self.input, self.clustering, self.space, self.n_clusters)


@dataclass(frozen=True)
class Verdict:
    """What the comparison says.

    Attributes
    ----------
    sentence : str
        For a person.
    beats : bool, optional
        Whether the VAE is above the baseline beyond the bootstrap interval and the spread between seeds; None where
        it cannot be told.
    difference, low, high : float
        Mean AMI of the VAE minus that of the baseline, with the 95 % interval of a paired bootstrap over tracks and
        seeds.
    spread : float
        Standard deviation of the difference of two seeds.
    vae, baseline : str
        The cells compared.
    ahead, places : int
        In how many of the places with both the VAE has the higher mean.
    """

    sentence: str
    beats: bool | None = None
    difference: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    spread: float = float("nan")
    vae: str = ""
    baseline: str = ""
    ahead: int = 0
    places: int = 0
    details: dict[str, Any] = field(default_factory=dict)


def judge(
    contenders: Sequence[Contender],
    truth: Sequence[Any] | None,
    *,
    label: str = "genre",
    n_bootstrap: int = 500,
    random_state: int = 0,
) -> Verdict:
    """Return whether the best VAE beats the baselines.

    Parameters
    ----------
    contenders : sequence of Contender
        Everything that was clustered.
    truth : sequence, shape (N,), optional
        The label column that decides; None, NaN and '' are missing.
    label : str
        Its name.
    n_bootstrap : int >= 1
        Samples of tracks.
    random_state : int
        Same seed, same numbers.
    """
    if truth is None or len(np.unique(_known(truth))) < 2:
        return Verdict("Whether the VAE beats the baselines cannot be told: there are no labels to hold them against.")
    fair = [c for c in contenders if not (c.collapsed or is_leaked(label, c.labels_used))]
    fair = [c for c in fair if c.coverage >= LEAST_COVERAGE]
    learned = [c for c in contenders if not c.baseline]
    if learned and all(c.baseline for c in fair):
        return Verdict(
            f"No VAE can be held against the baselines: each has collapsed, has seen {label}, or left most tracks out.",
            beats=False,
        )
    pairs = []
    for place in sorted({c.place for c in fair}):
        here = [c for c in fair if c.place == place]
        models, rivals = [c for c in here if not c.baseline], [c for c in here if c.baseline]
        if models and rivals:
            pairs.append((max(models, key=_merit), max(rivals, key=lambda c: (_mean_ami(c, truth), c.cell))))
    if not pairs:
        return Verdict("Whether the VAE beats the baselines cannot be told: no two share input, clustering and k.")
    gaps = [_mean_ami(model, truth) - _mean_ami(rival, truth) for model, rival in pairs]
    vae, rival = max(pairs, key=lambda pair: _merit(pair[0]))
    difference, low, high = paired_bootstrap(vae, rival, truth, n_bootstrap=n_bootstrap, random_state=random_state)
    spread = float(np.hypot(_sd_ami(vae, truth), _sd_ami(rival, truth)))
    beats = bool(low > 0 and not difference <= spread)
    ahead = sum(gap > 0 for gap in gaps)
    return Verdict(
        _sentence(vae, rival, truth, label, (difference, low, high, spread), beats, ahead, len(pairs)),
        beats=beats,
        difference=difference,
        low=low,
        high=high,
        spread=spread,
        vae=vae.cell,
        baseline=rival.cell,
        ahead=ahead,
        places=len(pairs),
        details={"input": vae.input, "clustering": vae.clustering, "n_clusters": vae.n_clusters, "label": label},
    )


def paired_bootstrap(
    first: Contender,
    second: Contender,
    truth: Sequence[Any],
    *,
    n_bootstrap: int = 500,
    random_state: int = 0,
) -> tuple[float, float, float]:
    """Return the difference in AMI (mean over seeds) and its 95 % interval over resampled tracks and seeds.

    Both contenders are scored on the same resampled tracks each time. Seeds are drawn anew on either side, so that a
    lucky handful of them does not pass for a better model.
    """
    values, known = known_labels(truth)
    for contender in (first, second):
        if contender.present is not None:
            known = known & contender.present
    rows = np.flatnonzero(known)
    _, labels = np.unique(values[rows], return_inverse=True)
    sides = [[_codes(clusters[rows]) for clusters in c.labelings.values()] for c in (first, second)]
    rng = np.random.default_rng(random_state)

    def difference(sample: NDArray[np.intp], seeds: list[NDArray[np.intp]]) -> float:
        means = []
        for side, chosen in zip(sides, seeds, strict=True):
            scores = {seed: _ami(labels[sample], side[seed][sample]) for seed in np.unique(chosen).tolist()}
            means.append(np.mean([scores[seed] for seed in chosen.tolist()]))
        return float(means[0] - means[1])

    drawn = [
        difference(rng.integers(len(rows), size=len(rows)), [rng.integers(len(side), size=len(side)) for side in sides])
        for _ in range(n_bootstrap)
    ]
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    return difference(np.arange(len(rows)), [np.arange(len(side)) for side in sides]), float(low), float(high)


def _sentence(
    vae: Contender,
    rival: Contender,
    truth: Sequence[Any],
    label: str,
    numbers: tuple[float, float, float, float],
    beats: bool,
    ahead: int,
    places: int,
) -> str:
    difference, low, high, spread = numbers
    if beats:
        word = "beats the baselines"
    elif high < 0 and not -difference <= spread:
        word = "is below the baselines"
    else:
        word = "is not clearly different from the baselines"
    seeds = min(len(vae.labelings), len(rival.labelings))
    if not np.isfinite(spread):
        beyond = "the spread between seeds is not known from one seed"
    else:
        beyond = f"{'more' if abs(difference) > spread else 'not more'} than the spread between seeds ({spread:.3f})"
    others = f"; it is ahead in {ahead} of {places} such comparisons" if places > 1 else ""
    return (
        f"At equal input ({vae.input}), clustering ({vae.clustering}) and k ({vae.n_clusters:g}), {vae.model} {word} "
        f"on {label}: AMI {_mean_ami(vae, truth):.3f} against {_mean_ami(rival, truth):.3f} of {rival.model}, a "
        f"difference of {difference:+.3f} [{low:+.3f}, {high:+.3f}] (paired bootstrap over tracks and {seeds} "
        f"seed{'s' if seeds != 1 else ''}), {beyond}{others}."
    )


def _merit(contender: Contender) -> tuple[float, float, str]:
    """Return what a configuration is chosen by: nothing that has seen a label."""
    values = [v if np.isfinite(v) else -np.inf for v in (contender.stability, contender.silhouette_ref)]
    return values[0], values[1], contender.cell


def _amis(contender: Contender, truth: Sequence[Any]) -> list[float]:
    values, known = known_labels(truth)
    known = known if contender.present is None else known & contender.present
    _, labels = np.unique(values[known], return_inverse=True)
    return [_ami(labels, _codes(clusters[known])) for clusters in contender.labelings.values()]


def _mean_ami(contender: Contender, truth: Sequence[Any]) -> float:
    return float(np.mean(_amis(contender, truth)))


def _sd_ami(contender: Contender, truth: Sequence[Any]) -> float:
    values = _amis(contender, truth)
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def _ami(labels: NDArray[np.intp], clusters: NDArray[np.intp]) -> float:
    width = int(clusters.max()) + 1
    table = np.bincount(labels * width + clusters, minlength=(int(labels.max()) + 1) * width).reshape(-1, width)
    table = table[table.any(axis=1)][:, table.any(axis=0)]
    return table_scores(table.astype(np.int64))["ami"]


def _codes(clusters: ArrayLike) -> NDArray[np.intp]:
    return np.unique(np.asarray(clusters), return_inverse=True)[1]


def _known(truth: Sequence[Any]) -> NDArray[np.str_]:
    values, known = known_labels(truth)
    return values[known]
