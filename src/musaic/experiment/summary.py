"""What a run comes to: its cells described, its scores in one table, the leaderboard and the verdict."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from musaic.clustering.spaces import SpaceConfig
from musaic.evaluation.contenders import Contender
from musaic.evaluation.ranking import rank
from musaic.evaluation.table import summarise
from musaic.evaluation.verdict import Verdict, judge
from musaic.experiment.annotations import known_apart, label_values
from musaic.experiment.cell import Cell
from musaic.experiment.config import Experiment
from musaic.experiment.language import summarise_questions, summarise_transfer
from musaic.experiment.scoring import read_scores
from musaic.files import read_json, read_parquet, write_json, write_parquet
from musaic.models.registry import MODELS
from musaic.runs import Run
from musaic.runs.leaderboard import write_leaderboard

NUMBER = re.compile(r"n_clusters=\S+(?: \([^)]*\))?")
"""How many clusters, where the parameters of a clustering are told."""


def describe_cell(run: Run, experiment: Experiment, cell: Cell) -> dict[str, Any]:
    """Return what `cells.json` says of a cell."""
    config = cell.config
    described: dict[str, Any] = {
        "cell": cell.name,
        "model": config.model.model,
        "input": list(config.input),
        "told": config.told,
        "modality": config.modality,
        "reads_lyrics": cell.reads_lyrics,
        "config": config.plain(),
        "phase": config.phase,
        "seeds": list(experiment.seeds_of(config)),
        "status": cell.status,
        "reason": cell.reason,
        "n_tracks": len(cell.inputs.track_ids),
    }
    if cell.status != "done":
        return {**described, "clusterings": []}
    fitted = [
        read_json(run.model_folder(cell.name, seed) / "config.json")["fitted"] for seed in experiment.seeds_of(config)
    ]
    units = [facts["active_units"] for facts in fitted if facts.get("active_units") is not None]
    scores = read_scores(run, cell.name)
    clusterings = scores.drop_duplicates("clustering_id")
    return {
        **described,
        "dims": _width(run, cell.name, experiment.seeds_of(config)[0]),
        "labels_used": sorted({name for names in scores["labels_used"] for name in names.split(";") if name}),
        "collapsed": any(facts.get("collapsed", False) for facts in fitted),
        "active_units": float(np.mean(units)) if units else None,
        "clusterings": [
            {
                "id": row["clustering_id"],
                "space": row["space"],
                "algorithm": row["clustering"],
                "params": row["params"],
                "n_clusters": int(row["n_clusters"]),
            }
            for row in clusterings.to_dict("records")
        ],
    }


def _width(run: Run, cell: str, seed: int) -> int:
    names = pq.read_schema(run.embedding_file(cell, seed)).names
    return sum(name.startswith("z_") for name in names)


def summarise_run(run: Run, experiment: Experiment) -> None:
    """Write scores.parquet, leaderboard.csv, leaderboard.md and verdict.json from what the cells left."""
    done = [cell for cell in run.cells if cell["status"] == "done"]
    tables = [read_scores(run, cell["cell"]) for cell in done]
    scores = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    write_parquet(run.scores_file, scores)
    stability = {}
    if len(scores):
        for row in scores.drop_duplicates(["cell", "clustering_id"]).to_dict("records"):
            stability[row["cell"], row["clustering_id"]] = row["stability"]
    rows = rank(summarise(scores, stability=stability), experiment.evaluation.rank_by)
    rows["seconds"] = rows["cell"].map(_seconds(run, experiment))
    summarise_questions(run)
    summarise_transfer(run)
    verdict = _judge(run, experiment, done, rows)
    write_json(run.verdict_file, {"sentence": verdict.sentence, **_numbers(verdict)})
    write_leaderboard(run, rows, verdict.sentence)


def _seconds(run: Run, experiment: Experiment) -> dict[str, float]:
    """Return the mean seconds that one seed of a cell took to train."""
    timings = read_json(run.timings_file) if run.timings_file.exists() else {}
    parts = [f"seed-{seed}" for seed in experiment.seeds]
    known = {cell: [times[part] for part in parts if part in times] for cell, times in timings.items()}
    return {cell: round(float(np.mean(values)), 3) for cell, values in known.items() if values}


def _judge(run: Run, experiment: Experiment, cells: list[dict[str, Any]], rows: pd.DataFrame) -> Verdict:
    if not cells:
        reasons = "; ".join(dict.fromkeys(cell["reason"] for cell in run.cells if cell["reason"]))
        return Verdict(f"Nothing could be learned from these songs{f': {reasons}' if reasons else ''}.")
    told = set(rows.loc[rows["ami"].notna(), "label"])
    label = next((name for name in experiment.evaluation.rank_by if name in told), None)
    tracks = run.tracks.set_index("track_id")
    contenders = [
        _contender(run, cell, clustering, rows, tracks.index)
        for cell in cells
        for clustering in cell["clusterings"]
        # where the inputs themselves are clustered, nothing that was learned is
        if not SpaceConfig.read(clustering["space"]).needs_raw
    ]
    truth = known_apart(label, label_values(tracks, label), list(tracks["language_source"]))[0] if label else None
    return judge(contenders, truth, label=label or "genre", n_bootstrap=experiment.evaluation.bootstrap)


def _contender(
    run: Run,
    cell: dict[str, Any],
    clustering: dict[str, Any],
    rows: pd.DataFrame,
    track_ids: pd.Index[str],
) -> Contender:
    mine = rows[(rows["cell"] == cell["cell"]) & (rows["clustering_id"] == clustering["id"])].iloc[0]
    labelings, present = {}, np.zeros(len(track_ids), dtype=bool)
    for seed in cell["seeds"]:
        path = run.clusters_file(cell["cell"], seed, clustering["id"])
        clusters = read_parquet(path).set_index("track_id")["cluster"].reindex(track_ids)
        present = clusters.notna().to_numpy()
        labelings[seed] = clusters.fillna(-1).to_numpy(np.int64)
    return Contender(
        cell=cell["cell"],
        model=_called(cell),
        input=cell["told"],
        clustering=clustering["algorithm"],
        space=clustering["space"],
        settings=NUMBER.sub("", clustering["params"]).strip(", "),
        n_clusters=float(clustering["n_clusters"]),
        labelings=labelings,
        # without sampling and divergence it is no VAE, whatever it is called
        baseline=MODELS[cell["model"]].baseline or cell["config"]["model"].get("beta") == 0,
        present=present,
        stability=float(mine["stability"]),
        silhouette_ref=float(mine["silhouette_ref"]),
        coverage=float(mine["coverage"]),
        labels_used=tuple(cell["labels_used"]),
        collapsed=bool(cell["collapsed"]),
    )


def _called(cell: dict[str, Any]) -> str:
    """Return what a cell is called beside its input: its own name, or its model's, and its place in a grid."""
    config = cell["config"]
    return "-".join(part for part in (config["name"] or cell["model"], config["variant"]) if part)


def _numbers(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict's numbers, JSON-ready: what is not known is null."""
    comparisons = [
        {key: None if isinstance(value, float) and not np.isfinite(value) else value for key, value in plain.items()}
        for plain in (asdict(found) | {"beats": found.beats} for found in verdict.comparisons)
    ]
    return {"beats": verdict.beats, "comparisons": comparisons}
