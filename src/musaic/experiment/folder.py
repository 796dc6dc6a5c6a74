"""Opening a run folder: new, or the same experiment on the same corpus again; anything else is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musaic.config import read_yaml, to_yaml
from musaic.errors import UsageError
from musaic.experiment.config import Experiment
from musaic.experiment.environment import relative
from musaic.experiment.inputs import Inputs, describe
from musaic.experiment.modalities import latents_input, portable, relocated
from musaic.files import WRITING, read_json, read_parquet, remove, write_json, write_parquet, write_text
from musaic.runs import Run
from musaic.runs.archive import archive_file

if TYPE_CHECKING:
    from musaic.corpus import Corpus
    from musaic.features import FeatureSet

OURS = (
    "environment.json",
    "cells.json",
    "timings.json",
    "tracks.parquet",
    "descriptors.parquet",
    "scores.parquet",
    "leaderboard.csv",
    "leaderboard.md",
    "leaderboard.json",
    "leaderboard.parquet",
    "leaderboard.tex",
    "language.csv",
    "assigned",
    "exports",
    "probes.csv",
    "transfer.csv",
    "reference.parquet",
    "latents.json",
    "clusterings.yaml",
    "verdict.json",
    "report.html",
    "models",
    "associations",
    "reconstructions",
    "tensorboard",
    "encoders",
    "embeddings",
    "clusters",
    "clusterers",
    "spaces",
    "graphs",
    "choices",
    "language",
    "probes",
    "transfer",
    "traversals",
    "cards",
    "maps",
    "figures",
    "experiment.yaml",
)
"""Everything a run writes; what names the experiment goes last when a run starts over."""
ELSEWHERE = "name another folder with --out, or start over with --force"


def open_folder(run: Run, experiment: Experiment, corpus: str | Path, *, force: bool) -> None:
    """Make the run folder, or see that it holds this very experiment.

    The experiment is written with its corpus seen from the run folder, so that it can be run again as it stands there.

    Raises
    ------
    UsageError
        Where the folder holds another experiment, or things that are no run.
    """
    if run.path.exists() and not run.path.is_dir():
        raise UsageError(f"{run.path} is a file; name a folder with --out.")
    if run.experiment_file.exists():
        if force:
            for name in (*OURS, archive_file(run).name):
                remove(run.path / name)
        else:
            _same(run, experiment)
            _sweep(run)
            return
    elif run.path.exists() and any(not _ours(item.name) for item in run.path.iterdir()):
        raise UsageError(f"{run.path} holds other things and is no run folder; name another with --out.")
    _sweep(run)
    write_text(run.experiment_file, to_yaml(_located(experiment, corpus, run.path).plain()))


def _sweep(run: Run) -> None:
    """Remove what a killed command left half written."""
    for unfinished in list(run.path.rglob(f"{WRITING}*")):
        remove(unfinished)


def _ours(name: str) -> bool:
    return name in OURS or name.startswith(WRITING)


def _located(experiment: Experiment, corpus: str | Path, folder: Path) -> Experiment:
    """Return the experiment with the paths of its corpus relative to a folder."""
    tables = {
        key: tuple(relative(path, folder) for path in getattr(experiment.corpus, key))
        for key in ("labels", "transcripts")
    }
    source = experiment.corpus.model_copy(update={"path": relative(corpus, folder), **tables})
    cells = tuple(
        cell.model_copy(update={"input": tuple(relocated(cell.input, lambda path: relative(path, folder)))})
        for cell in experiment.cells
    )
    compute = experiment.compute.model_copy(update={"scheduler": None})
    return experiment.model_copy(update={"corpus": source, "cells": cells, "compute": compute})


def _same(run: Run, experiment: Experiment) -> None:
    """Compare with what stands; where the corpus lies may differ, for folders are moved."""
    # read as an experiment: what it says nothing of has the default that it had before it could be said
    before = Experiment.parse(read_yaml(run.experiment_file), str(run.experiment_file))
    standing, given = portable(before.plain()), portable(experiment.plain())
    moved = ("corpus.path", "corpus.labels", "corpus.transcripts", "compute.scheduler")
    changed = [key for key in _differences(standing, given) if not key.startswith(moved)]
    if changed:
        raise UsageError(f"{run.path} holds another experiment (it differs at {changed[0]}); {ELSEWHERE}.")


def _differences(one: Any, other: Any, at: str = "") -> list[str]:
    """Return the dotted keys at which two pieces of plain data differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = list(dict.fromkeys([*one, *other]))
        return [
            found
            for key in keys
            for found in _differences(one.get(key), other.get(key), f"{at}.{key}" if at else str(key))
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for number, (a, b) in pairs for found in _differences(a, b, f"{at}.{number}")]
    return [] if one == other else [at]


def write_tracks(run: Run, songs: Corpus, features: FeatureSet) -> None:
    """Write tracks and descriptors, or see that the corpus is the one that the run was begun with.

    Descriptors come with the sentence that says them in words.

    Raises
    ------
    UsageError
        Where tracks were added, removed or changed since.
    """
    measured = features.status[["track_id", "content_id", "duration"]]
    tracks = songs.tracks.merge(measured, on="track_id", how="left", validate="one_to_one")
    if run.tracks_file.exists():
        before = read_parquet(run.tracks_file).set_index("track_id")
        after = tracks.set_index("track_id")
        added, removed = len(after.index.difference(before.index)), len(before.index.difference(after.index))
        common = after.index.intersection(before.index)
        columns = set(before.columns) ^ set(after.columns)
        compared = [name for name in after.columns if name in before and name not in ("reason", "duration")]
        old, new = (table.loc[common, compared].astype(object).fillna("") for table in (before, after))
        changed = (old != new).any(axis=1).sum()
        if columns:
            raise UsageError(
                f"the labels have changed since {run.path} was begun ({', '.join(sorted(columns))}); {ELSEWHERE}."
            )
        if added or removed or changed:
            raise UsageError(
                f"the corpus has changed since {run.path} was begun ({added} tracks added, {removed} removed, "
                f"{changed} changed); {ELSEWHERE}."
            )
        return
    descriptors = features.descriptors
    if "tempo" in descriptors:
        descriptors = descriptors.assign(description=describe(features, run).to_numpy())
    write_parquet(run.descriptors_file, descriptors)
    write_parquet(run.tracks_file, tracks)


def write_latents(run: Run, inputs: Inputs) -> None:
    """Write down which latents from elsewhere there are, or see that they are those that the run was begun with.

    Raises
    ------
    UsageError
        Where their vectors or the labels that they were made with have changed since.
    """
    given = {str(portable(name)): _content(inputs, name) for name in inputs.values if latents_input(name)}
    before = read_json(run.latents_file) if run.latents_file.exists() else given
    for name, content in given.items():
        if before.get(name) != content:
            raise UsageError(f"{name} has changed since {run.path} was begun; {ELSEWHERE}.")
    if given and not run.latents_file.exists():
        write_json(run.latents_file, given)


def _content(inputs: Inputs, name: str) -> str:
    """Return a hash of an input from elsewhere, whatever the order of tracks."""
    order = np.argsort(np.array(inputs.track_ids), kind="stable")
    vectors = np.asarray(inputs.values[name])[order] + 0.0
    found = hashlib.blake2b(np.ascontiguousarray(vectors).tobytes(), digest_size=16)
    about = [sorted(inputs.seen[name]), name in inputs.of_lyrics, np.array(inputs.track_ids)[order].tolist()]
    found.update(json.dumps(about, ensure_ascii=False).encode())
    return found.hexdigest()
