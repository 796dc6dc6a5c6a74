"""A cell trained without one value of a label, a language say: what carries over to the tracks left out."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from musaic.clustering.kmeans import KMeans
from musaic.errors import MusaicError
from musaic.evaluation.labels import is_leaked
from musaic.evaluation.transfer import language_transfer
from musaic.experiment.config import LeaveOutConfig
from musaic.experiment.inputs import Inputs
from musaic.experiment.scoring import ScoringContext
from musaic.files import write_parquet
from musaic.models.config import ModelConfig
from musaic.models.registry import build
from musaic.models.vae.config import TrainingConfig
from musaic.runs import Run


@dataclass(frozen=True)
class LeaveOutTask:
    """A cell to train without one value of a label.

    Parameters
    ----------
    run : Run
        The run.
    cell : str
        Its name; ``model`` is what it is configured as.
    seed : int
        One of its seeds.
    inputs : Inputs
        What it is given.
    asked : LeaveOutConfig
        Which label, and what is told from the latents.
    value : str
        The value left out.
    labels_used : tuple of str
        Label columns that its inputs have seen.
    context : ScoringContext
        Labels.
    device : str
        Where it is trained.
    beside : int
        Such trainings at once on one machine.
    """

    run: Run
    cell: str
    model: ModelConfig
    seed: int
    inputs: Inputs
    asked: LeaveOutConfig
    value: str
    labels_used: tuple[str, ...]
    context: ScoringContext
    device: str
    beside: int = 1


def leave_out(task: LeaveOutTask) -> float:
    """Train without the value, place its tracks, and write what is told of them; return the seconds it took.

    Tracks without the label take part in nothing. K-Means finds as many clusters as the target has values among the
    others, and the tracks left out go to the nearest.
    """
    start = time.perf_counter()
    columns = task.context.columns(task.inputs.track_ids)
    label = np.array(columns[task.asked.label], dtype=object)
    target = np.array(columns.get(task.asked.target, [None] * len(label)), dtype=object)
    known = np.array([value is not None for value in label])
    others, left = np.flatnonzero(known & (label != task.value)), np.flatnonzero(label == task.value)
    about = {
        "cell": task.cell,
        "seed": task.seed,
        "label": task.asked.label,
        "left_out": task.value,
        "target": task.asked.target,
        "leaked": is_leaked(task.asked.target, (*task.model.labels, *task.labels_used)),
    }
    try:
        record = _transfer(task, others, left, target)
    except MusaicError as error:  # one value that cannot be left out stops no other
        record = {"note": str(error)}
    write_parquet(
        task.run.transfer_file(task.cell, task.seed, task.value), pd.DataFrame([{**about, "note": "", **record}])
    )
    return time.perf_counter() - start


def _transfer(task: LeaveOutTask, others: np.ndarray, left: np.ndarray, target: np.ndarray) -> dict[str, object]:
    # what a model is told of the value left out it has never met
    unmet = {"unseen": "marginalise"} if hasattr(task.model, "unseen") else {}
    memory = getattr(task.model, "training", TrainingConfig()).memory / task.beside
    config = task.model.model_copy(update=unmet)
    model = build(config, random_state=task.seed, accelerator=task.device, memory=memory)
    learn, place = task.inputs.take(others), task.inputs.take(left)
    model.fit(learn.values, present=learn.present, condition=learn.labels or None, groups=learn.groups)
    Z, Z_left = (
        model.transform(given.values, present=given.present, condition=given.labels or None) for given in (learn, place)
    )
    n_values = max(1, len(set(target[others]) - {None}))
    clusterer = KMeans(n_values, random_state=task.seed)
    clusterer.fit(Z)
    return language_transfer(
        Z,
        target[others].tolist(),
        Z_left,
        target[left].tolist(),
        clusters=clusterer.assign(Z_left).labels,
        groups_left_out=place.groups.tolist(),
        random_state=task.seed,
    )
