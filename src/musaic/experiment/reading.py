"""What a cell's latents go with, and for which songs its reconstruction is worse: written beside its scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from musaic.evaluation.associations import associations, error_by_label
from musaic.files import read_parquet, write_parquet
from musaic.runs import Run

MOST_DIMS = 256
"""Dimensions of an embedding beyond which nobody looks at them one by one."""


def read_cell(
    run: Run,
    cell: str,
    latents: Mapping[int, np.ndarray],
    track_ids: Sequence[str],
    labels: Mapping[str, Sequence[str | None]],
) -> None:
    """Write the associations of every seed's latents, and the reconstruction errors by label where there are any.

    Parameters
    ----------
    run : Run
        The run.
    cell : str
        Its name.
    latents : mapping of int to ndarray, shape (N, Z)
        Embeddings by seed.
    track_ids : sequence of str, length N
        Their tracks.
    labels : mapping of str to sequence of str or None, length N
        Label columns.
    """
    descriptors = run.descriptors.set_index("track_id").reindex(list(track_ids))
    numbers = {str(name): descriptors[name] for name in descriptors.select_dtypes("number")}
    tables = [
        associations(Z, descriptors=numbers, labels=labels).assign(seed=seed)
        for seed, Z in latents.items()
        if Z.shape[1] <= MOST_DIMS
    ]
    if tables:
        write_parquet(run.associations_file(cell), pd.concat(tables, ignore_index=True))
    errors = [_errors(run, cell, seed, track_ids, labels) for seed in latents if run.errors_file(cell, seed).exists()]
    if errors:
        write_parquet(run.errors_by_label_file(cell), pd.concat(errors, ignore_index=True))


def _errors(
    run: Run, cell: str, seed: int, track_ids: Sequence[str], labels: Mapping[str, Sequence[str | None]]
) -> pd.DataFrame:
    """Return one row a modality and value of a label."""
    table = read_parquet(run.errors_file(cell, seed)).set_index("track_id").reindex(list(track_ids))
    found = [
        error_by_label(table[modality].to_numpy(np.float64), values).assign(
            modality=str(modality), name=name, seed=seed
        )
        for modality in table
        for name, values in labels.items()
    ]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()
