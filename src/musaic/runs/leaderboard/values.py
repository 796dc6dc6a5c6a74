"""Values of a leaderboard as people read them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def honest(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows may be ranked: those with no remark."""
    return np.array([not text(remark) for remark in rows["remarks"]], dtype=bool)


def text(value: object) -> str:
    """Return a text, empty where there is none."""
    return value if isinstance(value, str) else ""


def clustered(row: Mapping[Hashable, Any]) -> str:
    """Return how a row was clustered: algorithm, parameters, and the space where it is not the latent one."""
    where = "" if row["space"] == "latent" else f" in {row['space']}"
    return f"{row['clustering']} {text(row['params'])}".strip() + where


def number(value: object, digits: int = 3) -> str:
    """Return a number with fixed decimals, an en dash where there is none."""
    if not isinstance(value, int | float | np.number) or not math.isfinite(value):
        return "–"
    return f"{round(float(value), digits) + 0.0:.{digits}f}"  # no minus before a zero


def spread(row: Mapping[Hashable, Any], score: str) -> str:
    """Return a score with its standard deviation over seeds."""
    value = number(row[score])
    return value if value == "–" else f"{value} ± {number(row[f'{score}_sd'])}"
