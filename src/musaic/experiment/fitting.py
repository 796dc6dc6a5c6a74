"""One model, one seed: fitted, saved, and every track's place in its latent space written down."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from musaic.experiment.inputs import Inputs
from musaic.files import atomic, write_parquet
from musaic.models.base import Representation
from musaic.models.config import ModelConfig
from musaic.models.registry import build
from musaic.runs import Run
from musaic.runs.state import save_state


@dataclass(frozen=True)
class FitTask:
    """A model to fit for one cell and seed."""

    run: Run
    cell: str
    model: ModelConfig
    seed: int
    inputs: Inputs
    device: str


def fit_cell(task: FitTask) -> float:
    """Fit, save model and embedding; return the seconds it took.

    The embedding is written last: where it stands, the rest stands too.
    """
    start = time.perf_counter()
    inputs = task.inputs
    model = build(task.model, random_state=task.seed, accelerator=task.device)
    model.fit(inputs.values, present=inputs.present, condition=inputs.labels or None, groups=inputs.groups)
    folder = task.run.model_folder(task.cell, task.seed)
    save_state(folder, *model.get_state())
    for name, rows in (("pretraining", "pretraining_"), ("history", "history_")):
        history = getattr(model, rows, None)
        if history:
            with atomic(folder / f"{name}.csv") as temporary:
                pd.DataFrame(history).to_csv(temporary, index=False, lineterminator="\n")
    write_parquet(task.run.embedding_file(task.cell, task.seed), _embedding(model, inputs))
    return time.perf_counter() - start


def _embedding(model: Representation, inputs: Inputs) -> pd.DataFrame:
    """Return track_id, split, posterior means and, where the model has them, variances."""
    given: dict[str, Any] = {"present": inputs.present, "condition": inputs.labels or None}
    variances = None
    if hasattr(model, "posterior"):
        means, variances = model.posterior(inputs.values, **given)
    else:
        means = model.transform(inputs.values, **given)
    split = getattr(model, "split_", np.full(len(inputs.track_ids), "train"))
    columns: dict[str, object] = {"track_id": list(inputs.track_ids), "split": split}
    columns |= {f"z_{dim:03d}": means[:, dim] for dim in range(means.shape[1])}
    if variances is not None:
        columns |= {f"var_{dim:03d}": variances[:, dim] for dim in range(variances.shape[1])}
    return pd.DataFrame(columns)
