"""The leaderboard as Markdown."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import pandas as pd

from musaic.runs.leaderboard.values import clustered, honest, number, spread, text

MOST_HONEST = 50
"""Ranked rows that are shown of each label."""
MOST_OTHERS = 20
"""Rows that are shown of those that are not ranked."""

HOW_TO_READ = """\
**How to read this.** One row is one representation, clustered one way, held against one label; numbers are means over
seeds ± standard deviation. AMI, NMI and ARI ask whether clusters and label tell the same story (1: the same, about 0:
nothing in common); the number in brackets is what the same clusters reach on shuffled labels. Purity stands beside the
majority share, which a single cluster would reach. Silhouette is taken in the clustered space and cannot be compared
between rows; the one in the common reference space can. Coverage is the share of usable tracks with a cluster,
stability the agreement (ARI) between seeds. The rank is that of the clustering. A row is not ranked where its model has
seen the label (*leaked*), where its posterior has collapsed (*collapsed*), or where fewer than half of the tracks have
a cluster (*low coverage*).
"""
_INTERVALS = """\
In square brackets: the 95 % interval of one seed's AMI, by a bootstrap over tracks and seeds.
"""


def to_markdown(rows: pd.DataFrame, verdict: str) -> str:
    """Return the leaderboard as Markdown, without anything that differs between equal runs.

    Of a long one the best rows of every label are shown, then a few that are not ranked; a sentence says how many
    more there are.
    """
    bounded = {"ami_low", "ami_high"} <= set(rows.columns)
    header = (
        f"| | model | input | clustering | label | n | AMI{' [interval]' * bounded} | NMI (chance) | ARI (chance) "
        "| purity (majority) | silhouette | in reference | coverage | stability | |"
    )
    shown = _shown(rows.reset_index(drop=True))
    lines = [verdict, "", header, "|" + "---|" * 15, *(_line(row) for row in shown.to_dict("records"))]
    more = len(rows) - len(shown)
    if more:
        lines += [
            "",
            f"The best {MOST_HONEST} rows of each label stand here, then {MOST_OTHERS} at most that are not ranked; "
            f"{more:,} more stand in leaderboard.csv.",
        ]
    return "\n".join(lines) + "\n\n" + HOW_TO_READ + _INTERVALS * bounded


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    fair = honest(rows)
    place = rows[fair].groupby("label", dropna=False).cumcount()
    kept = [*place.index[place < MOST_HONEST], *rows.index[~fair][:MOST_OTHERS]]
    return rows.loc[sorted(kept)]


def _line(row: Mapping[Hashable, Any]) -> str:
    low, high = (number(row.get(f"ami_{end}")) for end in ("low", "high"))
    cells = [
        str(row["rank"]) if pd.notna(row["rank"]) else "–",
        row["model"],
        row["input"],
        clustered(row),
        text(row["label"]) or "none",
        number(row["n_labelled"], 0),
        spread(row, "ami") + ("" if "–" in (low, high) else f" [{low}, {high}]"),
        f"{spread(row, 'nmi')} ({number(row['nmi_chance'])})",
        f"{spread(row, 'ari')} ({number(row['ari_chance'])})",
        f"{spread(row, 'purity')} ({number(row['majority'])})",
        spread(row, "silhouette"),
        number(row["silhouette_ref"]),
        number(row["coverage"]),
        number(row["stability"]),
        "; ".join(filter(None, (text(row["remarks"]), text(row.get("approximation"))))),
    ]
    return f"| {' | '.join(_cells(cells))} |"


def _cells(texts: Iterable[str]) -> list[str]:
    """Keep strangers' words from breaking the table."""
    return [" ".join(str(one).split()).replace("|", "\\|") for one in texts]
