"""The leaderboard's first rows, and a few that are marked."""

from __future__ import annotations

from musaic.paper.facts import Facts, Row
from musaic.paper.names import clustered, k_of
from musaic.paper.sections.scoring import internal
from musaic.paper.table import Cell as Set
from musaic.paper.table import Column, Table
from musaic.paper.values import NONE, deviated, interval, plain
from musaic.report.reading import doubts, number
from musaic.report.words import score

MOST_RANKED, MOST_DOUBTED = 12, 4
"""Rows of the paper's leaderboard; leaderboard.csv has all."""


def ranking_table(facts: Facts) -> Table:
    """Return the clusterings that rank first, and a few that are marked, on the label that ranks."""
    table = facts.results.leaderboard
    labelled = facts.label is not None
    table = table[table["label"] == facts.label] if labelled else table.drop_duplicates(["cell", "clustering_id"])
    every: list[Row] = [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
    doubted = _one_of_each([row for row in every if doubts(row)])[:MOST_DOUBTED]
    ranked = facts.honest[:MOST_RANKED]
    keys = (
        ["ami", "nmi", "ari", "purity", "silhouette_ref", "stability"] if labelled else ["stability", "silhouette_ref"]
    )
    keys = [key for key in keys if any(number(row.get(key)) is not None for row in [*ranked, *doubted])]
    titles = {"ami": "AMI", "nmi": "NMI", "ari": "ARI", "silhouette_ref": "silhouette"}
    tops = {key: max((score(row.get(key)) for row in ranked if number(row.get(key)) is not None), default="",
                     key=lambda told: float(told.replace("−", "-"))) for key in keys}  # fmt: skip
    lines: list[list[str | Set] | None] = []
    for row in [*ranked, *doubted]:
        if doubted and row is doubted[0] and ranked:
            lines.append(None)
        wrong = doubts(row)
        cells: list[str | Set] = [
            NONE if number(row.get("rank")) is None or wrong else plain(row["rank"]),
            facts.called(row["cell"]) + (f" ({', '.join(wrong)})" if wrong else ""),
            clustered(row),
            k_of(row),
        ]
        for key in keys:
            told = deviated(row, key) if key == "ami" else score(row.get(key))
            if key == "ami" and (ends := interval(row, "ami", 2)):
                told += f" [{ends.replace(' to ', ', ')}]"
            cells.append(Set(told, bold=not wrong and score(row.get(key)) == tops[key] != ""))
        lines.append(cells)
    caption = _caption(facts, ranked) if ranked else "Clusterings, none of which may be ranked."
    if doubted and ranked:
        caption += " Rows below the line are not ranked."
    columns = [Column("", "right"), Column("Representation", stretch=True), Column("Clustering"), Column("k", "right")]
    columns += [Column(titles.get(key, key), "right") for key in keys]
    return Table("ranking", caption, columns, lines, wide=True)


def _caption(facts: Facts, ranked: list[Row]) -> str:
    """Return what the ranked rows show."""
    means = "means over seeds" if facts.seeds > 1 else "one seed"
    if facts.label is None:
        return f"The clusterings that rank first by {internal(facts)}: {means}."
    beside = [" ± standard deviation"] if any(number(row.get("ami_sd")) is not None for row in ranked) else []
    beside += [" in brackets the 95% interval"] if any(interval(row, "ami") for row in ranked) else []
    ami = f", beside AMI{' and'.join(beside)}" if beside else ""
    return (
        f"The clusterings that rank first on {facts.label}: {means}{ami}; the best value that may be claimed is bold."
    )


def _one_of_each(rows: list[Row]) -> list[Row]:
    """Return the first row of every cell and doubt."""
    firsts: dict[tuple[str, ...], Row] = {}
    for row in rows:
        firsts.setdefault((str(row["cell"]), *doubts(row)), row)
    return list(firsts.values())
