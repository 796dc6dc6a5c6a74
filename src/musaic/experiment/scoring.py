"""One cell clustered in one space in every way that was asked for, every clustering scored, for all seeds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from musaic.clustering.base import Clustering
from musaic.clustering.choice import Choice, resolve
from musaic.clustering.config import LABELS, ClusteringConfig
from musaic.clustering.projection import SMALLEST, Space, space_from_state
from musaic.clustering.registry import build
from musaic.clustering.spaced import SpacedClusterer
from musaic.clustering.spaces import build_space
from musaic.evaluation.intervals import seed_intervals
from musaic.evaluation.noise import settle_noise
from musaic.evaluation.reference import reference_space
from musaic.evaluation.space import Space as Judged
from musaic.evaluation.stability import seed_stability
from musaic.evaluation.table import Candidate, score
from musaic.experiment.annotations import judges, label_values
from musaic.experiment.checks import labels_read
from musaic.experiment.config import CellConfig, EvaluationConfig
from musaic.experiment.crowds import crowd_of
from musaic.experiment.spaces import LATENT, RAW, read_points
from musaic.files import WriteError, read_json, read_parquet, write_json, write_parquet
from musaic.graph.crowd import Crowd, Limits
from musaic.runs import Run
from musaic.runs.state import load_state, save_state

if TYPE_CHECKING:
    from musaic.clustering.spaces import SpaceConfig
    from musaic.corpus import Corpus
    from musaic.experiment.inputs import Inputs

VADE, KNEE = "vade", "knee"


@dataclass(frozen=True)
class ScoringContext:
    """What all cells are scored with.

    Parameters
    ----------
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

    evaluation: EvaluationConfig
    labels: pd.DataFrame
    sources: pd.Series[str]
    reference: pd.DataFrame
    n_usable: int

    def columns(self, track_ids: Sequence[str]) -> dict[str, list[str | None]]:
        """Return the label columns of tracks."""
        labels = self.labels.reindex(list(track_ids))
        return {str(name): [value if isinstance(value, str) else None for value in labels[name]] for name in labels}

    def judges(
        self, track_ids: Sequence[str], *, reads_lyrics: bool
    ) -> tuple[dict[str, list[str | None]], tuple[str, ...]]:
        """Return the label columns that a cell is held against, and which of them it has seen by reading lyrics."""
        columns = self.columns(track_ids)
        return judges(columns, list(self.sources.reindex(list(track_ids)))) if reads_lyrics else (columns, ())


@dataclass(frozen=True)
class ScoringTask:
    """A trained cell to cluster in one space, and to score.

    Parameters
    ----------
    run : Run
        The run.
    cell : str
        The cell's name; ``config`` is what it is.
    seeds : tuple of int
        Its seeds.
    space : SpaceConfig
        Where it is clustered; its points stand in the run.
    clusterings : tuple of ClusteringConfig
        Every way to cluster there, with one value a parameter.
    labels_used : tuple of str
        Label columns that its inputs have seen.
    reads_lyrics : bool
        Whether lyrics are among its inputs, or behind them.
    context : ScoringContext
        What all cells are scored with.
    limits : Limits
        From how many songs on something stands in for all their distances.
    """

    run: Run
    cell: str
    config: CellConfig
    seeds: tuple[int, ...]
    space: SpaceConfig
    clusterings: tuple[ClusteringConfig, ...]
    labels_used: tuple[str, ...]
    reads_lyrics: bool
    context: ScoringContext
    limits: Limits = field(default_factory=Limits)


def scoring_context(
    evaluation: EvaluationConfig, clusterings: Sequence[ClusteringConfig], songs: Corpus, inputs: Inputs
) -> ScoringContext:
    """Gather labels and the reference space once for all cells."""
    there = [name for name in labels_read(evaluation, clusterings) if set(name.split("+")) <= set(songs.labels)]
    ids = pd.Index(songs.track_ids, name="track_id")
    labels = pd.DataFrame({name: songs.label(name) for name in there}, index=ids)
    values = inputs.values.get(evaluation.reference)
    if isinstance(values, np.ndarray):
        space = reference_space(values, inputs.present[evaluation.reference])
    else:
        space = np.full((len(inputs.track_ids), 1), np.nan)
    reference = pd.DataFrame(space, index=pd.Index(inputs.track_ids, name="track_id"))
    n_usable = int(inputs.usable.sum())
    sources = songs.tracks.set_index("track_id")["language_source"]
    return ScoringContext(evaluation, labels, sources, reference, n_usable)


def write_context(run: Run, context: ScoringContext, inputs: Inputs) -> None:
    """Write what is scored with and stands in no other table: the reference space, and who could be used."""
    columns = {f"x_{dim:03d}": context.reference[dim].to_numpy() for dim in context.reference}
    table = {"track_id": list(inputs.track_ids), "usable": inputs.usable, **columns}
    write_parquet(run.reference_file, pd.DataFrame(table))


def restored_context(run: Run, evaluation: EvaluationConfig, clusterings: Sequence[ClusteringConfig]) -> ScoringContext:
    """Return what the cells of a finished run were scored with, from its folder alone."""
    tracks = run.tracks.set_index("track_id")
    there = [name for name in labels_read(evaluation, clusterings) if set(name.split("+")) <= set(tracks)]
    labels = pd.DataFrame({name: label_values(tracks, name) for name in there}, index=tracks.index)
    reference = read_parquet(run.reference_file).set_index("track_id")
    usable = int(reference.pop("usable").sum())
    return ScoringContext(evaluation, labels, tracks["language_source"], reference, usable)


def lacking(
    config: ClusteringConfig, cell: CellConfig, columns: Mapping[str, Sequence[str | None]], n_tracks: int
) -> str | None:
    """Return what a cell lacks to be clustered so: values of a label, a mixture prior, songs; None where nothing."""
    asked = getattr(config, "n_clusters", None)
    if isinstance(asked, str) and asked.startswith(LABELS):
        label = asked.removeprefix(LABELS)
        if all(value is None for value in columns.get(label, [])):
            return f"tracks with a label {label!r}"
    if config.algorithm == VADE and getattr(getattr(cell.model, "prior", None), "kind", "") != "mixture":
        return "a mixture prior, whose components are the clusters"
    if config.only_space.kind == "umap" and n_tracks < SMALLEST:
        return f"{SMALLEST} tracks, which UMAP needs"
    return None


def score_space(task: ScoringTask) -> float:
    """Cluster and score; return the seconds it took. What is scored already stays; scores are written last.

    A clustering that fails takes no other with it: why is written in place of its scores.
    """
    start = time.perf_counter()
    missing = [
        config
        for config in task.clusterings
        if not any(
            file(task.cell, config.identity).exists()
            for file in (task.run.clustering_scores_file, task.run.clustering_failure_file)
        )
    ]
    if missing:
        tables = {seed: read_points(task.run, task.cell, seed, task.space.name) for seed in task.seeds}
        track_ids = list(tables[task.seeds[0]].index)
        points = {seed: table.loc[track_ids].to_numpy(np.float64) for seed, table in tables.items()}
        columns = task.context.columns(track_ids)
        # scored many times, in order and with distances computed once
        judged = {seed: Judged(Z) for seed, Z in points.items()}
        reference = Judged(task.context.reference.reindex(track_ids).to_numpy())
        bases = {seed: _bases(task, seed, track_ids) for seed in task.seeds}
        space = task.space.name
        crowds = {
            seed: crowd_of(task.run, task.cell, seed, space, track_ids, Z, task.limits) for seed, Z in points.items()
        }
        for config in missing:
            if lacking(config, task.config, columns, len(track_ids)) is None:
                try:
                    _cluster(task, config, track_ids, judged, crowds, bases, reference, columns)
                except WriteError:
                    raise
                except Exception as error:
                    note_failure(task.run, task.cell, config, str(error).strip() or type(error).__name__)
    return time.perf_counter() - start


def _cluster(
    task: ScoringTask,
    config: ClusteringConfig,
    track_ids: list[str],
    points: dict[int, Judged],
    crowds: dict[int, Crowd],
    bases: dict[int, tuple[pd.DataFrame, pd.DataFrame | None]],
    reference: Judged,
    columns: dict[str, list[str | None]],
) -> None:
    """Cluster every seed's points one way; write clusters and scores."""
    identity = config.identity
    context, first = task.context, task.seeds[0]
    apart, seen = context.judges(track_ids, reads_lyrics=task.reads_lyrics)
    annotations = {name: apart[name] for name in context.evaluation.labels if name in apart}
    settle: dict[int, dict[str, Any]] = {
        seed: {"labels": columns, "random_state": seed, "crowd": crowds[seed]} for seed in points
    }
    choices = {first: resolve(config, points[first].given, **settle[first])}
    if choices[first].source == KNEE:  # distances have the scale of a seed's own latents, unlike a number of clusters
        choices = {seed: resolve(config, Z.given, **settle[seed]) for seed, Z in points.items()}
    told = _told(list(choices.values()))
    labelings, scored, records = [], [], []
    policy = context.evaluation.noise_policy
    for seed, Z in points.items():
        mixture = _mixture(task.run, task.cell, seed) if config.algorithm == VADE else None
        chosen = choices.get(seed, choices[first])
        clusterer = SpacedClusterer(_space(task, seed), build(config, chosen, random_state=seed, mixture=mixture))
        latents, raw = bases[seed]
        found = clusterer.fit(latents, raw, points=Z.given, crowd=crowds[seed])
        settled = settle_noise(Z, found.labels, policy, crowds[seed])
        labelings.append(found.labels)
        scored.append(settled.labels)
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
            params=told,
            space=task.space.name,
            labels_used=tuple(sorted({*fitted.get("labels_used", ()), *task.labels_used, *seen})),
            collapsed=bool(fitted.get("collapsed", False)),
            active_units=fitted.get("active_units"),
            approximation="; ".join(filter(None, (clusterer.space.note, chosen.note, found.note, settled.note))),
        )
        records += score(
            candidate,
            Z,
            found.labels,
            seed=seed,
            annotations=annotations or None,
            reference=reference,
            noise_policy=policy,
            n_permutations=context.evaluation.permutations,
            settled=settled,
        )
    stability = seed_stability(labelings)
    share = len(track_ids) / context.n_usable
    bounds = {name: seed_intervals(values, scored) for name, values in annotations.items()}
    for record in records:
        record.pop("seconds")
        record |= {"stability": stability, "coverage": record["coverage"] * share}
        record |= bounds.get(record["label"], {})
    _write_choice(task, identity, choices[first])
    write_parquet(task.run.clustering_scores_file(task.cell, identity), pd.DataFrame(records))


def _told(choices: Sequence[Choice]) -> str:
    """Return the parameters in words; of a number that every seed has its own of, from where to where it goes."""
    told, found = choices[0].told, sorted(choice.eps for choice in choices if choice.eps is not None)
    if choices[0].source == KNEE and f"{found[0]:.4g}" != f"{found[-1]:.4g}":
        told = told.replace(f"eps={choices[0].eps:.4g}", f"eps={found[0]:.4g} to {found[-1]:.4g}")
    return told


def _bases(task: ScoringTask, seed: int, track_ids: list[str]) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return the latents, and the inputs where the space is made of them: by them a new song finds its cluster."""
    raw = read_points(task.run, task.cell, seed, RAW).loc[track_ids] if task.space.needs_raw else None
    return read_points(task.run, task.cell, seed, LATENT).loc[track_ids], raw


def _space(task: ScoringTask, seed: int) -> Space:
    """Return the fitted space that the points lie in."""
    if task.space.name == LATENT:
        return build_space(task.space)
    return space_from_state(*load_state(task.run.space_folder(task.cell, seed, task.space.name), name="space"))


def _mixture(run: Run, cell: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights, means and variances of a trained model's mixture prior."""
    from musaic.models.registry import from_state
    from musaic.models.vae.vade import Vade

    model = from_state(*load_state(run.model_folder(cell, seed)))
    assert isinstance(model, Vade)
    return model.mixture_


def _write_choice(task: ScoringTask, identity: str, choice: Choice) -> None:
    """Write what a number was chosen by, where it was."""
    if choice.curve:
        curve = pd.DataFrame(choice.curve).rename(columns={"score_name": "criterion"})
        chosen = curve["score"] == choice.eps if choice.n_clusters is None else curve["value"] == choice.n_clusters
        write_parquet(task.run.choice_file(task.cell, identity), curve.assign(chosen=chosen))


def _write_clusters(run: Run, cell: str, seed: int, identity: str, track_ids: Sequence[str], found: Clustering) -> None:
    table = pd.DataFrame({"track_id": track_ids, "cluster": found.labels, "confidence": found.confidence})
    table["status"] = np.where(found.labels < 0, "noise", "clustered")
    write_parquet(run.clusters_file(cell, seed, identity), table)


def note_failure(run: Run, cell: str, config: ClusteringConfig, why: str) -> None:
    """Write why a cell could not be clustered so."""
    reason = f"no {config.algorithm} in the {config.only_space.name} space: {why}"
    write_json(run.clustering_failure_file(cell, config.identity), {"reason": reason})


def read_failures(run: Run, cell: str) -> list[str]:
    """Return which of a cell's clusterings failed, and why, in order of their names."""
    files = sorted(run.clustering_failure_file(cell, "x").parent.glob("*.json"))
    return list(dict.fromkeys(str(read_json(file)["reason"]) for file in files))


def read_scores(run: Run, cell: str) -> pd.DataFrame:
    """Return the scores of all of a cell's clusterings, in order of their names."""
    files = sorted(run.clustering_scores_file(cell, "x").parent.glob("*.parquet"))
    return pd.concat([read_parquet(file) for file in files], ignore_index=True) if files else pd.DataFrame()
