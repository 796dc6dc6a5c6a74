"""A run as experiment trackers keep it: one record a cell and seed, and one for what belongs to all of them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from musaic.config import digest
from musaic.errors import MusaicError
from musaic.exports.of_run import Choice
from musaic.exports.parts import safe_name
from musaic.files import content_id, read_json, read_parquet
from musaic.runs import Run

OF_CLUSTERING = (
    *("n_clusters", "coverage", "stability", "silhouette", "calinski_harabasz", "davies_bouldin"),
    *("silhouette_ref", "calinski_harabasz_ref", "davies_bouldin_ref"),
)
"""Scores that need no label."""
NO_SCORES = frozenset(("seed", "active_units"))
FIRST = "first_on_leaderboard"
"""What the scores of that clustering are filed under, of all of a cell's, which stands first on the leaderboard."""
LEAKED = "leaked"
"""What scores against a label are filed under that the representation has seen."""

_ONE_DIMENSION = re.compile(r"(val_)?kl_\d+")
"""Columns of a training's history that are not followed epoch by epoch: there is one for every latent dimension."""

_TABLES = (
    *("leaderboard.csv", "leaderboard.md", "leaderboard.tex", "verdict.json", "report.html"),
    *("experiment.yaml", "environment.json", "cells.json", "scores.parquet", "language.csv", "probes.csv"),
)


@dataclass(frozen=True)
class TrackedRun:
    """What a tracker is told of one cell and seed, or of the run as a whole.

    Parameters
    ----------
    key : str
        The same for the same results, wherever the folder lies: by it a tracker knows what it has.
    name, group : str
        What people see: cell and seed; the run.
    params : dict of str to str, int, float or bool
        The configuration, flattened.
    history : tuple of (int, dict of str to float)
        By epoch: the parts of the ELBO, nats a track.
    metrics : dict of str to float
        Scores: ``<clustering>/<score>``, ``<clustering>/<label>/<score>``. Those of the clustering that stands first on
        the leaderboard again under ``first_on_leaderboard/``, unless the cell is collapsed. Those against a label that
        the representation has seen under ``leaked/`` alone.
    tags : dict of str to str
        Where it comes from, environment, and what is wrong with it: ``leaked``, ``collapsed``.
    files : tuple of (Path, str)
        Files, and the folder that they go to; empty for the top.
    """

    key: str
    name: str
    group: str
    params: Mapping[str, Any]
    history: tuple[tuple[int, dict[str, float]], ...]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    files: tuple[tuple[Path, str], ...]

    @cached_property
    def content(self) -> str:
        """A hash of everything: what a tracker has with the same one is complete and up to date."""
        files = [(folder, file.name, content_id(file)) for file, folder in self.files]
        told = [self.name, self.group, self.params, self.history, self.metrics, self.tags, files]
        return digest(told, 32)


def tracked_runs(run: Run, choice: Choice) -> list[TrackedRun]:
    """Return the record of the run as a whole, then one a cell and seed.

    Raises
    ------
    MusaicError
        Where the run is not finished.
    """
    if not (run.leaderboard_file.is_file() and run.scores_file.is_file()):
        raise MusaicError(f"{run.path} is not finished (it has no leaderboard.csv); end it with 'musaic run' first.")
    scores = read_parquet(run.scores_file)
    group = run.path.resolve().name
    shared = _environment(run)
    entries = {str(entry["cell"]): entry for entry in run.cells}
    found = [_whole(run, group, shared, entries)]
    for cell, seeds in choice.cells.items():
        for seed in seeds:
            own = scores[(scores["cell"] == cell) & (scores["seed"] == seed)]
            found.append(_cell(run, group, shared, entries[cell], seed, own, first=seed == seeds[0]))
    return found


def _whole(run: Run, group: str, shared: dict[str, str], entries: Mapping[str, dict[str, Any]]) -> TrackedRun:
    tags = {**shared, "kind": "run"}
    if run.verdict_file.is_file():
        tags["verdict"] = run.verdict
    failed = [f"{name}: {entry.get('reason')}" for name, entry in entries.items() if entry["status"] == "failed"]
    if failed:
        tags["failed_cells"] = "; ".join(failed)
    figures = _figures(run)
    of_cells = {file for name in entries for file in figures if _is_of(file, name)}
    files = [(run.path / name, "") for name in _TABLES if (run.path / name).is_file()]
    files += [(file, "figures") for file in figures if file not in of_cells]
    # a tracker never changes a parameter that it has, and brings tags up to date
    tags |= {"n_tracks": str(len(run.tracks)), "n_cells": str(len(entries))}
    key = digest(["run", content_id(run.experiment_file), _results(run, entries)], 16)
    return TrackedRun(key, group, group, {}, (), {}, tags, tuple(files))


def _results(run: Run, entries: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return the hashes of the embeddings of all cells and seeds that are done: one experiment, other songs."""
    done = [(name, entry["seeds"]) for name, entry in entries.items() if entry["status"] == "done"]
    found = [run.embedding_file(name, seed) for name, seeds in done for seed in seeds]
    return sorted(content_id(file) for file in found if file.is_file())


def _cell(
    run: Run, group: str, shared: dict[str, str], entry: dict[str, Any], seed: int, scores: pd.DataFrame, *, first: bool
) -> TrackedRun:
    cell = str(entry["cell"])
    names: dict[str, str] = {}
    collapsed, used = bool(entry.get("collapsed")), [str(label) for label in entry.get("labels_used") or []]
    metrics = _metrics(scores, names)
    leading = _leading(run, cell)
    if leading is not None and not collapsed:
        start = f"{leading}/"
        metrics |= {f"{FIRST}/{name[len(start) :]}": value for name, value in metrics.items() if name.startswith(start)}
    tags = {**shared, "kind": "cell", "cell": cell, "collapsed": str(collapsed).lower()}
    tags |= {LEAKED: "+".join(used)} if used else {}
    tags |= {FIRST: leading} if leading is not None and not collapsed else {}
    tags |= {"renamed": json.dumps(names, ensure_ascii=False, sort_keys=True)} if names else {}
    for name in ("active_units", "dims", "n_tracks"):
        if isinstance(entry.get(name), int | float) and math.isfinite(entry[name]):
            metrics[name] = float(entry[name])
    history = run.model_folder(cell, seed) / "history.csv"
    files = [(history, "")] if history.is_file() else []
    files += [(file, "figures") for file in _figures(run) if first and _is_of(file, cell)]
    params = {"cell": cell, "seed": seed, "model": entry["model"], "input": _told(entry), **_flat(entry["config"])}
    embedding = run.embedding_file(cell, seed)
    content = content_id(embedding) if embedding.is_file() else ""
    return TrackedRun(
        key=digest([cell, seed, content], 16),
        name=f"{cell} seed {seed}",
        group=group,
        params={safe_name(name): value for name, value in params.items()},
        history=_history(history),
        metrics=dict(sorted(metrics.items())),
        tags=tags,
        files=tuple(files),
    )


def _metrics(scores: pd.DataFrame, names: dict[str, str]) -> dict[str, float]:
    """Return the finite scores of a cell and seed; those of leaked labels apart. ``names`` takes what was renamed."""
    numbers = [str(name) for name in scores.select_dtypes("number") if name not in NO_SCORES]
    found: dict[str, float] = {}
    for row in scores.to_dict("records"):
        clustering = safe_name(str(row["clustering_id"]))
        label = row.get("label")
        for name in numbers:
            if not math.isfinite(row[name]):
                continue
            if name in OF_CLUSTERING:
                found[f"{clustering}/{name}"] = float(row[name])
            elif isinstance(label, str):
                plain = safe_name(label)
                if plain != label:
                    names[plain] = label
                place = f"{LEAKED}/{clustering}/{plain}" if row["leaked"] else f"{clustering}/{plain}"
                found[f"{place}/{name}"] = float(row[name])
    return found


def _leading(run: Run, cell: str) -> str | None:
    """Return the clustering of a cell that stands first on the leaderboard, of its rows that can be believed."""
    board = run.leaderboard
    own = board[(board["cell"] == cell) & ~_truth(board["leaked"]) & ~_truth(board["collapsed"])]
    return None if own.empty else safe_name(str(own["clustering_id"].iloc[0]))


def _truth(column: pd.Series) -> pd.Series[bool]:
    return column.astype(str).str.lower() == "true"


def _history(file: Path) -> tuple[tuple[int, dict[str, float]], ...]:
    """Return the parts of the ELBO by epoch; dimension by dimension they stand in the file."""
    if not file.is_file():
        return ()
    table = pd.read_csv(file)
    names = [str(name) for name in table if name != "epoch" and not _ONE_DIMENSION.fullmatch(str(name))]
    rows = table.to_dict("records")
    return tuple(
        (int(row["epoch"]), {safe_name(name): float(row[name]) for name in names if math.isfinite(row[name])})
        for row in rows
    )


def _environment(run: Run) -> dict[str, str]:
    told = read_json(run.environment_file) if run.environment_file.is_file() else {}
    tags = {name: str(told[name]) for name in ("musaic", "python", "platform") if name in told}
    return {"run": run.path.resolve().name, **tags} | {
        f"library.{name}": str(version) for name, version in sorted(told.get("libraries", {}).items())
    }


def _figures(run: Run) -> list[Path]:
    folder = run.path / "figures"
    return sorted(path for path in folder.glob("*") if path.suffix in (".png", ".svg", ".pdf"))


def _is_of(figure: Path, cell: str) -> bool:
    return f"-{cell}-" in f"-{figure.stem}-"


def _told(entry: Mapping[str, Any]) -> str:
    given = entry.get("told") or entry.get("input")
    return given if isinstance(given, str) else "+".join(map(str, given or []))


def _flat(data: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested settings under dotted names; a list is JSON, nothing is left out."""
    found: dict[str, Any] = {}
    for key, value in data.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping) and value:
            found |= _flat(value, f"{name}.")
        else:
            plain = isinstance(value, str | int | float | bool)
            found[name] = value if plain else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return found


def batches(values: list[Any], size: int) -> list[list[Any]]:
    """Return consecutive stretches of at most ``size``."""
    return [values[start : start + size] for start in range(0, len(values), size)]
