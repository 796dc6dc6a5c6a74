"""A table as plain data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, ready for JSON: what is missing or not finite is None."""
    columns = [[_plain(value) for value in table[name].tolist()] for name in table]
    return [dict(zip(map(str, table.columns), row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    gone = pd.isna(value) or (isinstance(value, float) and math.isinf(value))
    return None if gone else value
