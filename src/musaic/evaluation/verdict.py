"""One sentence: whether the learned representation beats the baselines, at equal input, clustering and k.

The configuration that stands for the VAE is chosen without labels, and it is held against the best of the baselines
where everything else is equal; best of many against best of few would be no result.

Letters: N tracks, S seeds, B bootstrap samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
class Comparison:
    """A learned representation against the best baseline where all else is equal.

    Attributes
    ----------
    input, clustering, n_clusters
        What is equal on both sides.
    vae, baseline : str
        The cells compared; ``vae_model`` and ``baseline_model`` are their models.
    vae_ami, baseline_ami : float
        Mean AMI over seeds.
    difference, low, high : float
        Their difference, with its interval from a paired bootstrap over tracks and seeds.
    spread : float
        Standard deviation of the difference of two seeds; NaN with one seed.
    """

    input: str
    clustering: str
    n_clusters: float
    vae: str
    baseline: str
    vae_model: str
    baseline_model: str
    vae_ami: float
    baseline_ami: float
    difference: float
    low: float
    high: float
    spread: float

    @property
    def beats(self) -> bool:
        """Whether the learned one is above, beyond the interval and the spread between seeds."""
        return bool(self.low > 0 and not self.difference <= self.spread)

    @property
    def below(self) -> bool:
        """Whether it is below, beyond both."""
        return bool(self.high < 0 and not -self.difference <= self.spread)

    @property
    def words(self) -> str:
        """The numbers for a person."""
        if not np.isfinite(self.spread):
            beyond = "spread between seeds not known from one seed"
        else:
            more = "more" if abs(self.difference) > self.spread else "not more"
            beyond = f"{more} than the spread between seeds, {self.spread:.3f}"
        return (
            f"with {self.input} (k = {self.n_clusters:g}) {self.vae_ami:.3f} of {self.vae_model} against "
            f"{self.baseline_ami:.3f} of {self.baseline_model}, {self.difference:+.3f} "
            f"[{self.low:+.3f}, {self.high:+.3f}], {beyond}"
        )


@dataclass(frozen=True)
class Verdict:
    """What the comparisons say.

    Attributes
    ----------
    sentence : str
        For a person.
    comparisons : tuple of Comparison
        One an input, none where nothing can be compared.
    """

    sentence: str
    comparisons: tuple[Comparison, ...] = ()

    @property
    def beats(self) -> bool | None:
        """Whether a learned representation beats the baselines with any input; None where it cannot be told."""
        return any(found.beats for found in self.comparisons) if self.comparisons else None


def judge(
    contenders: Sequence[Contender],
    truth: Sequence[Any] | None,
    *,
    label: str = "genre",
    n_bootstrap: int = 500,
    random_state: int = 0,
) -> Verdict:
    """Return whether learned representations beat the baselines, for every input that both were given.

    Parameters
    ----------
    contenders : sequence of Contender
        Everything that was clustered.
    truth : sequence, shape (N,), optional
        The label column that decides; None, NaN and '' are missing.
    label : str
        Its name.
    n_bootstrap : int >= 1
        Samples of tracks and seeds.
    random_state : int
        Same seed, same numbers.

    Notes
    -----
    For each input, the clustering and the learned model that speak are chosen by stability, then by silhouette in the
    reference space, and never by a label; the rival is the best baseline in that very place. Intervals hold jointly at
    95 % over the inputs (Bonferroni).
    """
    if truth is None or len(np.unique(_known(truth))) < 2:
        return Verdict(
            f"Whether the VAE beats the baselines cannot be told: there are fewer than two classes of {label} to hold "
            "them against."
        )
    fair = [c for c in contenders if not (c.collapsed or is_leaked(label, c.labels_used))]
    fair = [c for c in fair if c.coverage >= LEAST_COVERAGE]
    if any(not c.baseline for c in contenders) and all(c.baseline for c in fair):
        return Verdict(
            f"No VAE can be held against the baselines: each has collapsed, has seen {label}, or left most tracks out."
        )
    chosen: dict[str, tuple[Contender, Contender]] = {}
    for place in sorted({c.place for c in fair}):
        here = [c for c in fair if c.place == place]
        here = [c for c in here if np.isfinite(_mean_ami(c, truth))]
        models, rivals = [c for c in here if not c.baseline], [c for c in here if c.baseline]
        if models and rivals:
            pair = max(models, key=_merit), max(rivals, key=lambda c: (_mean_ami(c, truth), c.cell))
            standing = chosen.get(pair[0].input)
            if standing is None or _merit(pair[0]) > _merit(standing[0]):
                chosen[pair[0].input] = pair
    if not chosen:
        return Verdict("Whether the VAE beats the baselines cannot be told: no two share input, clustering and k.")
    level = 1 - 0.05 / len(chosen)
    found = tuple(
        _compare(vae, rival, truth, level=level, n_bootstrap=n_bootstrap, random_state=random_state)
        for vae, rival in chosen.values()
    )
    seeds = min(len(contender.labelings) for pair in chosen.values() for contender in pair)
    jointly = "joint " if len(found) > 1 else ""
    return Verdict(
        f"On {label} the VAE {_answer(found)}, at equal input, clustering and k: "
        f"{'; '.join(comparison.words for comparison in found)} (mean AMI, {jointly}95 % intervals of a paired "
        f"bootstrap over tracks and {seeds} seed{'s' if seeds != 1 else ''}).",
        found,
    )


def _answer(found: Sequence[Comparison]) -> str:
    """Return what came out, wins first, and with which inputs."""
    outcomes = {
        "beats {}": [comparison.input for comparison in found if comparison.beats],
        "is below {}": [comparison.input for comparison in found if comparison.below],
        "is not clearly different from {}": [c.input for c in found if not (c.beats or c.below)],
    }
    parts: list[str] = []
    for words, inputs in outcomes.items():
        if inputs:
            told = words.format("them" if parts else "the baselines")
            parts.append(f"{told} with {' and '.join(inputs)}")
    return ", and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _compare(
    vae: Contender, rival: Contender, truth: Sequence[Any], *, level: float, n_bootstrap: int, random_state: int
) -> Comparison:
    difference, low, high = paired_bootstrap(
        vae, rival, truth, level=level, n_bootstrap=n_bootstrap, random_state=random_state
    )
    return Comparison(
        input=vae.input,
        clustering=vae.clustering,
        n_clusters=vae.n_clusters,
        vae=vae.cell,
        baseline=rival.cell,
        vae_model=vae.model,
        baseline_model=rival.model,
        vae_ami=_mean_ami(vae, truth),
        baseline_ami=_mean_ami(rival, truth),
        difference=difference,
        low=low,
        high=high,
        spread=float(np.hypot(_sd_ami(vae, truth), _sd_ami(rival, truth))),
    )


def paired_bootstrap(
    first: Contender,
    second: Contender,
    truth: Sequence[Any],
    *,
    level: float = 0.95,
    n_bootstrap: int = 500,
    random_state: int = 0,
) -> tuple[float, float, float]:
    """Return the difference in AMI (mean over seeds) and its interval over resampled tracks and seeds.

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
    low, high = np.nanpercentile(drawn, (50 * (1 - level), 50 * (1 + level)))
    return difference(np.arange(len(rows)), [np.arange(len(side)) for side in sides]), float(low), float(high)


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
    if not len(labels):
        return float("nan")
    width = int(clusters.max()) + 1
    table = np.bincount(labels * width + clusters, minlength=(int(labels.max()) + 1) * width).reshape(-1, width)
    table = table[table.any(axis=1)][:, table.any(axis=0)]
    return table_scores(table.astype(np.int64))["ami"]


def _codes(clusters: ArrayLike) -> NDArray[np.intp]:
    return np.unique(np.asarray(clusters), return_inverse=True)[1]


def _known(truth: Sequence[Any]) -> NDArray[np.str_]:
    values, known = known_labels(truth)
    return values[known]
