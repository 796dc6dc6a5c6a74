"""The leaderboard on disk: a tidy CSV for tools, and the same in words for people."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import pandas as pd

from musaic.files import atomic, write_text
from musaic.runs.folder import Run

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


def write_leaderboard(run: Run, rows: pd.DataFrame, verdict: str) -> None:
    """Write `leaderboard.csv` and `leaderboard.md`.

    Parameters
    ----------
    run : Run
        The run folder.
    rows : DataFrame
        One row a cell × clustering × label, best honest row first.
    verdict : str
        One sentence; it opens the text.
    """
    with atomic(run.leaderboard_file) as temporary:
        rows.to_csv(temporary, index=False, lineterminator="\n")
    write_text(run.leaderboard_text_file, to_markdown(rows, verdict))


def to_markdown(rows: pd.DataFrame, verdict: str) -> str:
    """Return the leaderboard as Markdown, without anything that differs between equal runs."""
    header = (
        "| | model | input | clustering | label | n | AMI | NMI (chance) | ARI (chance) | purity (majority) "
        "| silhouette | in reference | coverage | stability | |"
    )
    lines = [verdict, "", header, "|" + "---|" * 15]
    for row in rows.to_dict("records"):
        label = row["label"] if isinstance(row["label"], str) else "none"
        lines.append(
            "| "
            + " | ".join(
                _cells(
                    [
                        str(row["rank"]) if pd.notna(row["rank"]) else "–",
                        row["model"],
                        row["input"],
                        f"{row['clustering']} {row['params']}",
                        label,
                        f"{row['n_labelled']:.0f}",
                        _spread(row, "ami"),
                        f"{_spread(row, 'nmi')} ({_number(row['nmi_chance'])})",
                        f"{_spread(row, 'ari')} ({_number(row['ari_chance'])})",
                        f"{_spread(row, 'purity')} ({_number(row['majority'])})",
                        _spread(row, "silhouette"),
                        _number(row["silhouette_ref"]),
                        _number(row["coverage"]),
                        _number(row["stability"]),
                        row["remarks"],
                    ]
                )
            )
            + " |"
        )
    return "\n".join(lines) + "\n\n" + HOW_TO_READ


def _cells(texts: Iterable[str]) -> list[str]:
    """Keep strangers' words from breaking the table."""
    return [" ".join(str(text).split()).replace("|", "\\|") for text in texts]


def _spread(row: Mapping[Hashable, Any], score: str) -> str:
    value = _number(row[score])
    return value if value == "–" else f"{value} ± {_number(row[f'{score}_sd'])}"


def _number(value: object) -> str:
    if not isinstance(value, int | float) or math.isnan(value):
        return "–"
    return f"{round(value, 3) + 0.0:.3f}"  # no minus before a zero
