"""One sentence: whether the learned representation beats the baselines, at equal input, clustering and k.

The configuration that stands for the VAE is chosen without labels, and it is held against the best of the baselines
where everything else is equal; best of many against best of few would be no result.

Letters: N tracks, S seeds, B bootstrap samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musaic.evaluation.contenders import Contender, ami_of, codes_of, seen_by
from musaic.evaluation.labels import is_leaked
from musaic.evaluation.paired import bootstrap
from musaic.evaluation.ranking import LEAST_COVERAGE


@dataclass(frozen=True)
class Comparison:
    """A learned representation against the best baseline where all else is equal.

    Attributes
    ----------
    input, clustering, n_clusters
        What is equal on both sides.
    vae, baseline : str
        The cells compared; ``vae_model`` and ``baseline_model`` are what they are called beside their input.
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
            f"with {self.input} ({self.clustering}, k = {self.n_clusters:g}) {self.vae_ami:.3f} of {self.vae_model} "
            f"against {self.baseline_ami:.3f} of {self.baseline_model}, {self.difference:+.3f} "
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
    codes = codes_of(truth) if truth is not None else np.zeros(0, dtype=np.int64)
    if len(np.unique(codes[codes >= 0])) < 2:
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
    chosen: dict[str, tuple[_Scored, _Scored]] = {}
    for models, rivals in _meetings(fair):
        # only who meets somebody is scored, and once
        scored = [[_Scored(c, _amis(c, codes)) for c in side] for side in (models, rivals)]
        able, rated = ([c for c in side if np.isfinite(c.mean)] for side in scored)
        speaker = max(able, key=lambda c: _merit(c.contender), default=None)
        if speaker is not None:
            rated = [c for c in rated if _comparable(speaker.contender, c.contender, codes)]
        if speaker is not None and rated:
            pair = speaker, max(rated, key=lambda c: (c.mean, c.contender.cell))
            standing = chosen.get(pair[0].contender.input)
            if standing is None or _merit(pair[0].contender) > _merit(standing[0].contender):
                chosen[pair[0].contender.input] = pair
    if not chosen:
        return Verdict("Whether the VAE beats the baselines cannot be told: no two share input, clustering and k.")
    level = 1 - 0.05 / len(chosen)
    found = tuple(
        _compare(vae, rival, codes, level=level, n_bootstrap=n_bootstrap, random_state=random_state)
        for vae, rival in chosen.values()
    )
    seeds = min(len(side.amis) for pair in chosen.values() for side in pair)
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
            parts.append(f"{told} with {_listed(inputs, ' and ')}")
    return _listed(parts, ", and ")


def _listed(words: Sequence[str], last: str) -> str:
    """Return words with commas between them, and ``last`` before the last."""
    return last.join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


@dataclass(frozen=True)
class _Scored:
    """A contender and its AMI with every seed."""

    contender: Contender
    amis: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.amis))

    @property
    def sd(self) -> float:
        return float(np.std(self.amis, ddof=1)) if len(self.amis) > 1 else float("nan")


def _meetings(contenders: Sequence[Contender]) -> list[tuple[list[Contender], list[Contender]]]:
    """Return the learned models and the baselines of every place that has both."""
    places: dict[tuple[Any, ...], tuple[list[Contender], list[Contender]]] = {}
    for contender in contenders:
        places.setdefault(contender.place, ([], []))[int(contender.baseline)].append(contender)
    return [sides for _, sides in sorted(places.items(), key=lambda item: item[0]) if all(sides)]


def _compare(
    vae: _Scored, rival: _Scored, codes: NDArray[np.int64], *, level: float, n_bootstrap: int, random_state: int
) -> Comparison:
    one, other = vae.contender, rival.contender
    difference, low, high = bootstrap(
        one, other, codes, level=level, n_bootstrap=n_bootstrap, random_state=random_state
    )
    return Comparison(
        input=one.input,
        clustering=one.clustering,
        n_clusters=one.n_clusters,
        vae=one.cell,
        baseline=other.cell,
        vae_model=one.model,
        baseline_model=other.model,
        vae_ami=vae.mean,
        baseline_ami=rival.mean,
        difference=difference,
        low=low,
        high=high,
        spread=float(np.hypot(vae.sd, rival.sd)),
    )


def _merit(contender: Contender) -> tuple[float, float, str]:
    """Return what a configuration is chosen by: nothing that has seen a label."""
    values = [v if np.isfinite(v) else -np.inf for v in (contender.stability, contender.silhouette_ref)]
    return values[0], values[1], contender.cell


def _amis(contender: Contender, codes: NDArray[np.int64]) -> tuple[float, ...]:
    known = seen_by(contender, codes)
    labelings = [np.asarray(contender.labelings[seed])[known] for seed in sorted(contender.labelings)]
    return tuple(ami_of(codes[known], labels) for labels in labelings)


def _comparable(first: Contender, second: Contender, codes: NDArray[np.int64]) -> bool:
    """Return whether the labelled tracks that both have are of two classes at least."""
    return len(np.unique(codes[seen_by(first, codes) & seen_by(second, codes)])) > 1
