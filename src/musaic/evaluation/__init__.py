"""Scores that say how far they can be believed: arrays and labels in, tidy tables out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.evaluation.associations import error_by_label
    from musaic.evaluation.chance import Chance, chance_level, majority_share
    from musaic.evaluation.disentanglement import Dci, Gap, dci, mig, sap
    from musaic.evaluation.metrics import METRICS, Metric, apply_noise, external_scores, internal_scores
    from musaic.evaluation.ranking import rank
    from musaic.evaluation.reference import reference_space
    from musaic.evaluation.stability import seed_stability
    from musaic.evaluation.table import LEADERBOARD, Candidate, score, summarise
    from musaic.evaluation.verdict import Contender, Verdict, judge

__all__ = [
    "LEADERBOARD",
    "METRICS",
    "Candidate",
    "Chance",
    "Contender",
    "Dci",
    "Gap",
    "Metric",
    "Verdict",
    "apply_noise",
    "chance_level",
    "dci",
    "error_by_label",
    "external_scores",
    "internal_scores",
    "judge",
    "majority_share",
    "mig",
    "rank",
    "reference_space",
    "sap",
    "score",
    "seed_stability",
    "summarise",
]

_HOMES = {
    "associations": ("error_by_label",),
    "chance": ("Chance", "chance_level", "majority_share"),
    "disentanglement": ("Dci", "Gap", "dci", "mig", "sap"),
    "metrics": ("METRICS", "Metric", "apply_noise", "external_scores", "internal_scores"),
    "ranking": ("rank",),
    "reference": ("reference_space",),
    "stability": ("seed_stability",),
    "table": ("LEADERBOARD", "Candidate", "score", "summarise"),
    "verdict": ("Contender", "Verdict", "judge"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for."""
    import importlib

    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
