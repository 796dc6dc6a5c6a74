"""Scores that say how far they can be believed: arrays and labels in, tidy tables out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.evaluation.associations import error_by_label
    from musaic.evaluation.chance import Chance, chance_level, majority_share
    from musaic.evaluation.contenders import Contender
    from musaic.evaluation.crosslingual import crosslingual_neighbours
    from musaic.evaluation.disentanglement import Dci, Gap, dci, mig, sap
    from musaic.evaluation.intervals import INTERVALS, seed_intervals
    from musaic.evaluation.language import language_entropy, language_report, summarise_language
    from musaic.evaluation.metrics import METRICS, Metric, external_scores, internal_scores
    from musaic.evaluation.neighbours import Retrieval, neighbour_precision
    from musaic.evaluation.noise import Settled, settle_noise
    from musaic.evaluation.probes import Probe, probe
    from musaic.evaluation.ranking import rank
    from musaic.evaluation.reference import reference_space
    from musaic.evaluation.space import Space
    from musaic.evaluation.stability import company_kept, seed_stability
    from musaic.evaluation.table import LEADERBOARD, Candidate, score, summarise
    from musaic.evaluation.tables import Counts
    from musaic.evaluation.transfer import language_transfer
from musaic.evaluation.verdict import Verdict, judge

__all__ = [
    "INTERVALS",
    "LEADERBOARD",
    "METRICS",
    "Candidate",
    "Chance",
    "Contender",
    "Counts",
    "Dci",
    "Gap",
    "Metric",
    "Probe",
    "Retrieval",
    "Settled",
    "Space",
    "Verdict",
    "chance_level",
    "company_kept",
    "crosslingual_neighbours",
    "dci",
    "error_by_label",
    "external_scores",
    "internal_scores",
    "judge",
    "language_entropy",
    "language_report",
    "language_transfer",
    "majority_share",
    "mig",
    "neighbour_precision",
    "probe",
    "rank",
    "reference_space",
    "sap",
    "score",
    "seed_intervals",
    "seed_stability",
    "settle_noise",
    "summarise",
    "summarise_language",
]

_HOMES = {
    "associations": ("error_by_label",),
    "chance": ("Chance", "chance_level", "majority_share"),
    "contenders": ("Contender",),
    "crosslingual": ("crosslingual_neighbours",),
    "disentanglement": ("Dci", "Gap", "dci", "mig", "sap"),
    "intervals": ("INTERVALS", "seed_intervals"),
    "language": ("language_entropy", "language_report", "summarise_language"),
    "metrics": ("METRICS", "Metric", "external_scores", "internal_scores"),
    "neighbours": ("Retrieval", "neighbour_precision"),
    "noise": ("Settled", "settle_noise"),
    "probes": ("Probe", "probe"),
    "ranking": ("rank",),
    "reference": ("reference_space",),
    "space": ("Space",),
    "stability": ("company_kept", "seed_stability"),
    "table": ("LEADERBOARD", "Candidate", "score", "summarise"),
    "tables": ("Counts",),
    "transfer": ("language_transfer",),
    "verdict": ("Verdict", "judge"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for."""
    import importlib

    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
