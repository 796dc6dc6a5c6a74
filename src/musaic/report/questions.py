"""What a run says of language, and of what classifiers tell, as the page's tables have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from musaic.report.reading import Results, number
from musaic.report.words import score, spread


def language(results: Results) -> list[dict[str, Any]]:
    """Return one row a cell: how its clusters follow language, and what holds across languages."""
    table = read_table(results.run.language_file)
    probes = read_table(results.run.probes_file)
    rows = []
    for cell in results.done:
        own = table[table["cell"] == cell.name].to_dict("records") if len(table) else []
        row = own[0] if own else {}
        told = {
            label: _probe(probes[(probes["cell"] == cell.name) & (probes["label"] == label)]) if len(probes) else None
            for label in ("genre", "language")
        }
        if not row and not any(told.values()):
            continue
        rows.append(
            {
                "title": cell.title,
                "leaked": {label: bool(row.get(f"{label}_leaked")) for label in ("genre", "language")},
                "nmi": _both(row, "language_nmi"),
                "entropy": score(row.get("language_entropy_share"), 2),
                "genre": _both(row, "genre_ami"),
                "within": _both(row, "genre_ami_within"),
                "across": _both(row, "across_5"),
                "across_chance": score(row.get("across_5_chance")),
                "across_p": "" if number(row.get("across_5_p")) is None else f"p = {score(row['across_5_p'])}",
                "probes": told,
            }
        )
    return rows


def transfer(results: Results) -> list[dict[str, Any]]:
    """Return one row a cell and value that it was trained without."""
    table = read_table(results.run.transfer_table_file)
    rows = []
    for row in table.to_dict("records"):
        cell = results.cell(row["cell"])
        note = row.get("note")
        rows.append(
            {
                "title": cell.title if cell else str(row["cell"]),
                "label": row["label"],
                "left_out": row["left_out"],
                "target": row["target"],
                "n": row.get("n"),
                "linear": _both(row, "linear_accuracy"),
                "within": score(row.get("linear_within_accuracy")),
                "majority": score(row.get("majority")),
                "ami": _both(row, "cluster_ami"),
                "leaked": bool(row.get("leaked")),
                "note": note if isinstance(note, str) else "",
            }
        )
    return rows


def _probe(rows: pd.DataFrame) -> dict[str, Any] | None:
    """Return what the linear classifier tells of a label, beside the majority."""
    linear = rows[rows["kind"] == "linear"].to_dict("records")
    if not linear:
        return None
    return {
        "accuracy": _both(linear[0], "accuracy"),
        "majority": score(linear[0].get("majority")),
        "leaked": bool(linear[0].get("leaked")),
    }


def _both(row: dict[Any, Any], name: str) -> str:
    """Return a mean with its deviation."""
    return f"{score(row.get(name))} {spread(row.get(f'{name}_sd'))}".strip()


def read_table(file: Path) -> pd.DataFrame:
    """Return a table of a run; an empty one where it is not there."""
    return pd.read_csv(file, keep_default_na=False, na_values=[""]) if file.is_file() else pd.DataFrame()
