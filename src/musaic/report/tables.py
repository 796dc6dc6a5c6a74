"""The tables of the page, as plain data for the template."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pandas as pd

from musaic.report.heat import CrossTable, cross_table
from musaic.report.palette import MOST_CLASSES
from musaic.report.reading import Cell, Results, doubts, low_coverage, number
from musaic.report.words import score, share, spread

MOST_BEST, MOST_GROUPS = 12, 60
"""Clusterings shown in the leaderboard of the page: the best ones, and the best of every cell up to so many in all;
leaderboard.csv has the others."""

MOST_ROWS = 500
"""Files listed one by one; tracks.parquet has all."""


class Column(NamedTuple):
    """A column of scores: its name in the file, on the page, what stands below it in small, decimals, interval."""

    key: str
    title: str
    beside: str | None
    beside_title: str
    digits: int
    interval: bool = False


OF_LABELS = (
    Column("ami", "AMI", None, "", 3, interval=True),
    Column("nmi", "NMI", "nmi_chance", "chance", 3),
    Column("ari", "ARI", "ari_chance", "chance", 3),
    Column("purity", "purity", "majority", "majority", 3),
)
OF_SPACES = (
    Column("silhouette", "silhouette", "silhouette_ref", "ref.", 3),
    Column("calinski_harabasz", "Calinski–Harabasz", "calinski_harabasz_ref", "ref.", 1),
    Column("davies_bouldin", "Davies–Bouldin", "davies_bouldin_ref", "ref.", 2),
)


def class_counts(results: Results, label: str) -> list[dict[str, Any]]:
    """Return name, tracks, tracks with usable sound and with lyrics for each class of a label, most frequent first."""
    tracks = results.tracks
    table = pd.DataFrame(
        {"name": tracks[label], "sound": has_sound(tracks), "lyrics": has_lyrics(tracks), "tracks": True}
    )
    sums = table.groupby(table["name"].astype(object).where(table["name"].notna(), None), dropna=False)[
        ["tracks", "sound", "lyrics"]
    ].sum()
    rows: list[dict[str, Any]] = [
        {"name": key if isinstance(key, str) else None, **{str(k): int(n) for k, n in row.items()}}
        for key, row in sums.to_dict("index").items()
    ]
    return sorted(rows, key=lambda row: (row["name"] is None, -row["tracks"], row["name"] or ""))


def has_sound(tracks: pd.DataFrame) -> pd.Series:
    """Say which tracks have audio that could be used."""
    if "audio" not in tracks:
        return pd.Series(False, index=tracks.index)
    return tracks["audio"].notna() & (tracks["status"] == "ok")


def has_lyrics(tracks: pd.DataFrame) -> pd.Series:
    """Say which tracks have lyrics."""
    return tracks["lyrics"].notna() if "lyrics" in tracks else pd.Series(False, index=tracks.index)


def failures(results: Results) -> tuple[list[dict[str, Any]], int]:
    """Return file, status and reason of the tracks that are not ok, and how many there are in all."""
    bad = results.tracks[results.tracks["status"].astype(str) != "ok"].sort_values("status", kind="stable")
    rows = []
    for track_id, row in bad.head(MOST_ROWS).to_dict("index").items():
        audio, reason = row.get("audio"), row.get("reason")
        rows.append(
            {
                "path": audio if isinstance(audio, str) else track_id,
                "status": row["status"],
                "reason": reason if isinstance(reason, str) else "",
                "lyrics": isinstance(row.get("lyrics"), str),
            }
        )
    return rows, len(bad)


def lyrics_failures(results: Results) -> tuple[list[dict[str, str]], int]:
    """Return track, status and reason of lyrics that were found and cannot be used, and how many there are in all."""
    tracks = results.tracks
    if "lyrics_status" not in tracks:
        return [], 0
    bad = tracks[tracks["lyrics_status"].notna() & ~tracks["lyrics_status"].isin(("ok", "missing"))]
    rows = bad.sort_values("lyrics_status", kind="stable").head(MOST_ROWS)[["lyrics_status", "lyrics_reason"]]
    return [
        {"path": str(track_id), "status": str(status), "reason": reason if isinstance(reason, str) else ""}
        for track_id, status, reason in rows.itertuples(name=None)
    ], len(bad)


def statuses(results: Results) -> list[tuple[str, int]]:
    """Return each status that is not ok with its number of tracks, most frequent first."""
    counts = results.tracks["status"].astype(str).value_counts()
    return sorted(
        ((str(key), int(n)) for key, n in counts.items() if key != "ok"), key=lambda item: (-item[1], item[0])
    )


def leaderboard(results: Results) -> dict[str, Any]:
    """Return the leaderboard in its order: clusterings, each with a line for every label.

    Returns
    -------
    dict
        ``columns`` (those that hold something), ``groups``, ``left`` (clusterings not shown).
    """
    table = results.leaderboard
    keys = [key for key in ("cell", "clustering", "clustering_id", "params", "noise_policy") if key in table]
    groups: list[dict[str, Any]] = []
    last: tuple[str, ...] | None = None
    for row in table.to_dict("records"):
        identity = tuple(str(row[key]) for key in keys)
        if identity != last:
            groups.append({"head": _head(results, row), "lines": []})
            last = identity
        groups[-1]["lines"].append(_line(row, results.ranking_label))
    used = {key for key in table if table[key].notna().any()}
    shown = _shown(groups)
    return {
        "of_labels": [column for column in OF_LABELS if column.key in used],
        "of_spaces": [column for column in OF_SPACES if column.key in used],
        "labelled": "label" in used,
        "coverage": "coverage" in used and bool((table["coverage"] < 1).any()),
        "ranked": "rank" in used,
        "interval": {"ami_low", "ami_high"} <= used,
        "groups": shown,
        "left": len(groups) - len(shown),
    }


def _shown(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the best clusterings, and of every cell its best one and its best that is greyed, in their order."""
    kinds = [(group["head"]["cell"], group["lines"][0]["greyed"]) for group in groups]
    firsts = {kind: place for place, kind in reversed(list(enumerate(kinds)))}
    places = sorted({*range(min(len(groups), MOST_BEST)), *firsts.values()})
    return [groups[place] for place in places[:MOST_GROUPS]]


def full_leaderboard(results: Results) -> tuple[list[str], list[list[str]]]:
    """Return every column of the leaderboard but wall time, which alone differs between equal runs."""
    table = results.leaderboard.drop(columns="seconds", errors="ignore").head(200)
    if "remarks" in table:
        rows = table.to_dict("records")
        told = [row["remarks"] if doubts(row) else _unranked(row, results.ranking_label) for row in rows]
        table = table.assign(remarks=told)
    columns = [str(column) for column in table.columns]
    return columns, [[_plain(value) for value in row] for row in table.itertuples(index=False)]


def _head(results: Results, row: dict[Any, Any]) -> dict[str, Any]:
    """Return what all lines of one clustering share."""
    cell = results.cell(row.get("cell"))
    return {
        "rank": number(row.get("rank")),
        "title": cell.title if cell else str(row.get("cell")),
        "cell": str(row.get("cell")),
        "clustering": row.get("clustering"),
        "k": number(row.get("n_clusters")),
        "params": ", ".join(part for part in (_params(row), _where(row)) if part),
        "spaces": [_cells(row, column) for column in OF_SPACES],
        "stability": score(row.get("stability"), 2),
        "coverage": share(row.get("coverage")) if (number(row.get("coverage")) or 0) < 1 else "",
        "active": "" if number(row.get("active_units")) is None else score(row.get("active_units"), 0),
    }


def _where(row: dict[Any, Any]) -> str:
    """Return the space that was clustered, where it is not the latent one."""
    space = row.get("space")
    return f"in {space}" if isinstance(space, str) and space != "latent" else ""


def _params(row: dict[Any, Any]) -> str:
    """Return the parameters of a clustering, less the number of clusters, which stands beside them."""
    params = row.get("params")
    found = number(row.get("n_clusters"))
    if not isinstance(params, str) or found is None:
        return params if isinstance(params, str) else ""
    told = re.sub(rf"\bn_clusters={found:g}(?: \(([^)]*)\))?(?=,|$)", r"\1", params)
    return ", ".join(part for part in told.split(", ") if part)


def _line(row: dict[Any, Any], ranking: str | None) -> dict[str, Any]:
    """Return the line of one label, and in words what is wrong with it; ``ranking`` is the label that ranks."""
    notes = []
    if row.get("leaked"):
        notes.append(f"leaked: has seen {row.get('label')}")
    if row.get("collapsed"):
        notes.append("collapsed posterior")
    if low_coverage(row):
        notes.append(f"covers only {share(row.get('coverage'))} of the songs")
    greyed = bool(notes)
    p_value = number(row.get("p_value"))
    if p_value is not None and p_value >= 0.05 and not greyed:
        notes.append(f"not above chance (p\u00a0=\u00a0{p_value:.2f})")
    if str(row.get("silhouette_sampled")).lower() == "true":
        notes.append("silhouette on a sample")
    if isinstance(row.get("approximation"), str) and row["approximation"]:
        notes.append(row["approximation"])
    if not greyed and (why := _unranked(row, ranking)):
        notes.append(why)
    label = row.get("label")
    return {
        "label": label if isinstance(label, str) else None,
        "n": number(row.get("n_labelled")),
        "scores": [_cells(row, column) for column in OF_LABELS],
        "notes": notes,
        "greyed": greyed,
    }


def _unranked(row: dict[Any, Any], ranking: str | None) -> str:
    """Return in words why a row has no rank, though nothing is wrong with it; nothing where it has one."""
    if "rank" not in row or number(row["rank"]) is not None:
        return ""
    return f"not ranked: no honest score on {ranking}, which ranks" if ranking else "not ranked: nothing to rank it by"


def _cells(row: dict[Any, Any], column: Column) -> dict[str, str]:
    """Return a score, its deviation, its interval, and what stands beside it."""
    beside = number(row.get(column.beside)) if column.beside else None
    ends = [row.get(f"{column.key}_{end}") for end in ("low", "high")] if column.interval else []
    known = bool(ends) and all(number(end) is not None for end in ends)
    return {
        "key": column.key,
        "mean": score(row.get(column.key), column.digits),
        "sd": spread(row.get(f"{column.key}_sd"), column.digits),
        "interval": " to ".join(score(end, column.digits) for end in ends) if known else "",
        "beside": f"{column.beside_title} {score(beside, column.digits)}" if beside is not None else "",
    }


def _plain(value: object) -> str:
    """Return a value of the leaderboard as short text."""
    found = number(value)
    if isinstance(value, bool) or found is None:
        return "" if value is None or value != value or value is pd.NA else str(value)
    return f"{found:.4g}".replace("-", "−")


def clusters(results: Results, cell: Cell, row: dict[str, Any]) -> dict[str, Any] | None:
    """Return sizes and cross tables of the clustering that a row is about, or None where its file is not there."""
    clustering = results.clustering(cell, row)
    found = results.clusters(cell, clustering)
    if found is None or clustering is None:
        return None
    sizes = found.dropna().astype(int).value_counts()
    names = sorted(sizes.index, key=lambda k: (k < 0, k))
    total = int(sizes.sum())
    crossed = [cross_table(found, results.tracks[name], name, most=MOST_CLASSES) for name in results.shown_labels]
    return {
        "cell": cell,
        "clustering": clustering,
        "seed": cell.seeds[0],
        "sizes": [
            {
                "name": _cluster(int(k)),
                "n": int(sizes[k]),
                "share": share(sizes[k] / total),
                "level": _level(sizes[k], total),
            }
            for k in names
        ],
        "tables": [_shaded(table) for table in crossed if table is not None],
    }


def _shaded(table: CrossTable) -> dict[str, Any]:
    """Return a cross table with classes as rows and clusters as columns, each number with its shade."""
    totals = table.counts.sum(axis=1)
    return {
        "label": table.label,
        "clusters": [_cluster(k) for k in table.clusters],
        "rows": [
            {
                "name": class_name,
                "n": int(table.counts[:, j].sum()),
                "cells": [{"n": int(n), "level": _level(n, totals[i])} for i, n in enumerate(table.counts[:, j])],
            }
            for j, class_name in enumerate(table.classes)
        ],
    }


def _cluster(k: int) -> str:
    """Return a cluster's name."""
    return "noise" if k < 0 else str(k)


def _level(part: float, whole: float) -> int:
    """Return the shade of a share: 0 to 10."""
    return round(10 * part / whole) if whole else 0
