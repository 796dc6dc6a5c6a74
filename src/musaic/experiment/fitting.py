"""One model, one seed: fitted, saved, and every track's place in its latent space written down."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from musaic.experiment.inputs import Inputs
from musaic.experiment.samples import write_samples
from musaic.experiment.tensorboard import events
from musaic.experiment.together import together
from musaic.files import atomic, write_parquet
from musaic.models.config import ModelConfig
from musaic.models.inputs import Frames
from musaic.models.registry import MODELS, build
from musaic.models.vae.config import TrainingConfig
from musaic.runs import Run
from musaic.runs.state import CheckpointFolder, save_state

if TYPE_CHECKING:
    from musaic.models.vae.estimator import Vae


@dataclass(frozen=True)
class FitTask:
    """A model to fit for one cell and seed, ``beside`` such at once on one machine."""

    run: Run
    cell: str
    model: ModelConfig
    seed: int
    inputs: Inputs
    device: str
    tensorboard: bool = False
    samples: bool = False
    devices: int = 1
    beside: int = 1


def fit_cell(task: FitTask) -> float:
    """Fit, save model and embedding; return the seconds it took.

    A training that was killed goes on from its last checkpoint. The embedding is written last: where it stands, the
    rest stands too, and no checkpoint is left. Several devices train one model together, baselines aside.
    """
    if task.devices > 1 and not MODELS[task.model.model].baseline:
        return together(_fit, task, task.devices)
    return _fit(task)


def _fit(task: FitTask) -> float:
    from musaic.models.vae.estimator import Vae
    from musaic.models.vae.training.devices import is_first

    start = time.perf_counter()
    training = getattr(task.model, "training", TrainingConfig())
    memory = training.memory / (task.beside * task.devices)
    inputs, folder = task.inputs.loaded(memory), task.run.model_folder(task.cell, task.seed)
    checkpoints = CheckpointFolder(folder)
    model = build(task.model, random_state=task.seed, accelerator=task.device, checkpoints=checkpoints, memory=memory)
    with contextlib.ExitStack() as stack:
        if task.tensorboard and is_first():
            model.on_epoch = stack.enter_context(events(task.run.tensorboard_folder(task.cell, task.seed), model))
        model.fit(inputs.values, present=inputs.present, condition=inputs.labels or None, groups=inputs.groups)
    if not is_first():
        return time.perf_counter() - start
    save_state(folder, *model.get_state())
    for name, rows in (("pretraining", "pretraining_"), ("history", "history_")):
        history = getattr(model, rows, None)
        if history:
            with atomic(folder / f"{name}.csv") as temporary:
                pd.DataFrame(history).to_csv(temporary, index=False, lineterminator="\n")
    given: dict[str, Any] = {"present": inputs.present, "condition": inputs.labels or None}
    write_tracks = partial(_write, inputs.track_ids)
    if isinstance(model, Vae):
        for name, means in _single(model, inputs).items():
            write_tracks(task.run.embedding_file(task.cell, task.seed, name), _columns("z", means))
        errors = model.reconstruction_error(inputs.values, **given)
        write_tracks(task.run.errors_file(task.cell, task.seed), dict(errors))
        if task.samples:
            write_samples(
                model,
                inputs,
                task.run.reconstructions_file(task.cell, task.seed),
                task.run.traversals_file(task.cell, task.seed),
            )
        columns = {"split": model.split_} | _columns("z", model.embedding_)
        columns |= _columns("var", model.posterior_variance_)
    else:
        columns = {"split": np.full(len(inputs.track_ids), "train")}
        columns |= _columns("z", model.transform(inputs.values, **given))
    checkpoints.clear()
    write_tracks(task.run.embedding_file(task.cell, task.seed), columns)
    return time.perf_counter() - start


def _single(model: Vae, inputs: Inputs) -> dict[str, np.ndarray]:
    """Return the embeddings of every modality alone, where there are several; NaN for tracks without it."""
    if len(model.modalities) < 2:
        return {}
    found = {}
    for name in model.modalities:
        here = np.flatnonzero(inputs.present[name])
        values = inputs.values[name]
        own = {name: values.take(here) if isinstance(values, Frames) else values[here]}
        labels = {label: column[here] for label, column in inputs.labels.items()}
        found[name] = np.full((len(inputs.track_ids), model.n_dims_), np.nan, np.float32)
        found[name][here] = model.transform(own, condition=labels or None)
    return found


def _columns(prefix: str, values: np.ndarray) -> dict[str, np.ndarray]:
    return {f"{prefix}_{dim:03d}": values[:, dim] for dim in range(values.shape[1])}


def _write(track_ids: Sequence[str], path: Path, columns: Mapping[str, np.ndarray]) -> None:
    write_parquet(path, pd.DataFrame({"track_id": list(track_ids), **columns}))
