"""One cell clustered in every way that was asked for, every clustering scored, for all seeds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from musaic.clustering.choice import Choice, resolve_k
from musaic.clustering.config import LABELS, ClusteringConfig, OneK
from musaic.clustering.registry import build
from musaic.config import digest
from musaic.evaluation.reference import reference_space
from musaic.evaluation.stability import seed_stability
from musaic.evaluation.table import Candidate, score
from musaic.experiment.annotations import judges
from musaic.experiment.checks import labels_for_k
from musaic.experiment.config import CellConfig, EvaluationConfig, Experiment
from musaic.experiment.modalities import LYRICS
from musaic.experiment.reading import read_cell
from musaic.files import read_json, read_parquet, write_parquet
from musaic.runs import Run
from musaic.runs.state import save_state

if TYPE_CHECKING:
    from musaic.corpus import Corpus
    from musaic.experiment.inputs import Inputs

SPACE = "latent"


@dataclass(frozen=True)
class ScoringContext:
    """What all cells are scored with.

    Parameters
    ----------
    clusterings : tuple of ClusteringConfig
        Every way to cluster.
    evaluation : EvaluationConfig
        Against which labels, and how chance is found.
    labels : DataFrame
        Label columns, indexed by ``track_id``; None where one is missing.
    sources : Series
        Where the language of each track is known from, by ``track_id``.
    reference : DataFrame
        The common reference space, indexed by ``track_id``; rows of NaN for tracks without its features.
    n_usable : int
        Tracks that any model could use: what coverage is a share of.
    """

    clusterings: tuple[ClusteringConfig, ...]
    evaluation: EvaluationConfig
    labels: pd.DataFrame
    sources: pd.Series[str]
    reference: pd.DataFrame
    n_usable: int


@dataclass(frozen=True)
class ScoringTask:
    """A trained cell to cluster and score."""

    run: Run
    cell: str
    config: CellConfig
    seeds: tuple[int, ...]
    context: ScoringContext


def scoring_context(experiment: Experiment, songs: Corpus, inputs: Inputs) -> ScoringContext:
    """Gather labels and the reference space once for all cells."""
    wanted = [*experiment.evaluation.labels, *experiment.evaluation.rank_by, *labels_for_k(experiment)]
    there = [name for name in dict.fromkeys(wanted) if set(name.split("+")) <= set(songs.labels)]
    ids = pd.Index(songs.track_ids, name="track_id")
    labels = pd.DataFrame({name: songs.label(name) for name in there}, index=ids)
    name = experiment.evaluation.reference
    values = inputs.values.get(name)
    if isinstance(values, np.ndarray):
        space = reference_space(values, inputs.present[name])
    else:
        space = np.full((len(inputs.track_ids), 1), np.nan)
    reference = pd.DataFrame(space, index=pd.Index(inputs.track_ids, name="track_id"))
    n_usable = int(inputs.usable.sum())
    sources = songs.tracks.set_index("track_id")["language_source"]
    return ScoringContext(experiment.clusterings, experiment.evaluation, labels, sources, reference, n_usable)


def score_cell(task: ScoringTask) -> float:
    """Cluster and score; return the seconds it took. The scores are written last."""
    start = time.perf_counter()
    tables = {seed: read_parquet(task.run.embedding_file(task.cell, seed)) for seed in task.seeds}
    track_ids = tables[task.seeds[0]]["track_id"]
    latents = {seed: _latents(table, track_ids) for seed, table in tables.items()}
    labels = task.context.labels.reindex(track_ids)
    columns = {str(name): [_or_none(value) for value in labels[name]] for name in labels}
    records: list[dict[str, Any]] = []
    for config in task.context.clusterings:
        for asked in config.wanted():
            if isinstance(asked, str) and asked.startswith(LABELS) and not _has_values(columns, asked):
                continue
            choice = resolve_k(asked, latents[task.seeds[0]], labels=columns, random_state=task.seeds[0])
            records += _cluster(task, config, asked, choice, track_ids, latents, columns)
    read_cell(task.run, task.cell, latents, list(track_ids), columns)
    write_parquet(task.run.cell_scores_file(task.cell), pd.DataFrame(records))
    return time.perf_counter() - start


def _cluster(
    task: ScoringTask,
    config: ClusteringConfig,
    asked: OneK,
    choice: Choice,
    track_ids: pd.Series[str],
    latents: dict[int, np.ndarray],
    columns: dict[str, list[str | None]],
) -> list[dict[str, Any]]:
    """Cluster every seed's latents one way; write the clusters; return the scores."""
    identity = f"{SPACE}-{config.algorithm}-{digest({**config.plain(), 'n_clusters': asked, 'space': SPACE})}"
    source = "" if choice.source == "given" else f" ({choice.source})"
    context = task.context
    annotations = {name: columns[name] for name in context.evaluation.labels if name in columns}
    seen: tuple[str, ...] = ()
    if LYRICS in task.config.modality.split("+"):
        annotations, seen = judges(annotations, list(context.sources.reindex(track_ids)))
    reference = context.reference.reindex(track_ids).to_numpy()
    labelings, records = [], []
    for seed, Z in latents.items():
        clusterer = build(config, choice.n_clusters, random_state=seed)
        found = clusterer.fit(Z)
        labelings.append(found.labels)
        _write_clusters(task.run, task.cell, seed, identity, track_ids, found)
        save_state(task.run.clusterer_folder(task.cell, seed, identity), *clusterer.get_state(), name="clusterer")
        fitted = read_json(task.run.model_folder(task.cell, seed) / "config.json")["fitted"]
        candidate = Candidate(
            cell=task.cell,
            model=task.config.model.model,
            input=task.config.told,
            modality=task.config.modality,
            clustering=config.algorithm,
            clustering_id=identity,
            params=f"n_clusters={choice.n_clusters}{source}",
            space=SPACE,
            labels_used=tuple(sorted({*fitted.get("labels_used", ()), *task.config.labels_given, *seen})),
            collapsed=bool(fitted.get("collapsed", False)),
            active_units=fitted.get("active_units"),
        )
        records += score(
            candidate,
            Z,
            found.labels,
            seed=seed,
            annotations=annotations or None,
            reference=reference,
            noise_policy=context.evaluation.noise_policy,
            n_permutations=context.evaluation.permutations,
        )
    stability = seed_stability(labelings)
    share = len(track_ids) / context.n_usable
    for record in records:
        record.pop("seconds")
        record |= {"stability": stability, "coverage": record["coverage"] * share}
    return records


def _write_clusters(run: Run, cell: str, seed: int, identity: str, track_ids: pd.Series[str], found: Any) -> None:
    table = pd.DataFrame({"track_id": track_ids, "cluster": found.labels, "confidence": found.confidence})
    table["status"] = np.where(found.labels < 0, "noise", "clustered")
    write_parquet(run.clusters_file(cell, seed, identity), table)


def _latents(table: pd.DataFrame, track_ids: pd.Series[str]) -> np.ndarray:
    table = table.set_index("track_id").loc[list(track_ids)]
    return table[[name for name in table.columns if name.startswith("z_")]].to_numpy(np.float64)


def _has_values(columns: dict[str, list[str | None]], asked: str) -> bool:
    return any(value is not None for value in columns.get(asked.removeprefix(LABELS), []))


def _or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None
