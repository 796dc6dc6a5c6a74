"""What a cell's latents know of language, what classifiers tell from them, and what their dimensions go with."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from musaic.evaluation.labels import is_leaked
from musaic.evaluation.language import language_report, summarise_language
from musaic.evaluation.probes import KINDS, probe
from musaic.experiment.annotations import LANGUAGE
from musaic.experiment.reading import read_cell
from musaic.experiment.scoring import ScoringContext
from musaic.experiment.spaces import LATENT, read_points
from musaic.files import atomic, read_json, read_parquet, write_parquet
from musaic.runs import Run

GENRE = "genre"


@dataclass(frozen=True)
class LanguageTask:
    """A trained cell to be asked.

    Parameters
    ----------
    run : Run
        The run.
    cell : str
        Its name.
    seeds : tuple of int
        Its seeds.
    groups : dict of str to str
        Song or artist by ``track_id``: what must not be on both sides of a probe.
    labels_used : tuple of str
        Label columns that its inputs have seen.
    reads_lyrics : bool
        Whether lyrics are among its inputs, or behind them.
    clustering : str, optional
        The clustering whose clusters are asked about.
    context : ScoringContext
        Labels.
    """

    run: Run
    cell: str
    seeds: tuple[int, ...]
    groups: dict[str, str]
    labels_used: tuple[str, ...]
    reads_lyrics: bool
    clustering: str | None
    context: ScoringContext


def ask_cell(task: LanguageTask) -> float:
    """Ask, and write the answers, those of the probes last; return the seconds it took."""
    start = time.perf_counter()
    asked = task.context.evaluation
    spoken, probed, latents = [], [], {}
    for seed in task.seeds:
        table = read_points(task.run, task.cell, seed, LATENT)
        Z, ids = table.to_numpy(np.float64), list(table.index)
        columns, seen = task.context.judges(ids, reads_lyrics=task.reads_lyrics)
        groups = [task.groups[track] for track in ids]
        fitted = read_json(task.run.model_folder(task.cell, seed) / "config.json")["fitted"]
        used = tuple(sorted({*fitted.get("labels_used", ()), *task.labels_used, *seen}))
        about = {"cell": task.cell, "seed": seed}
        if asked.language and len(set(columns.get(LANGUAGE, [])) - {None}) > 1:
            leaks = {f"{label}_leaked": is_leaked(label, used) for label in (LANGUAGE, GENRE)}
            spoken.append(about | _language(task, seed, Z, columns, ids, groups) | leaks)
        for label in asked.probes:
            if len(set(columns.get(label, [])) - {None}) < 2:
                continue
            for kind in KINDS:
                found = probe(Z, columns[label], kind=kind, groups=groups, random_state=seed)
                leaked = is_leaked(label, used)
                probed.append(about | {"label": label, "leaked": leaked, **vars(found), "note": found.note})
        latents[seed] = Z
    read_cell(task.run, task.cell, latents, ids, columns)
    if spoken:
        write_parquet(task.run.language_cell_file(task.cell), pd.DataFrame(spoken))
    write_parquet(task.run.probes_cell_file(task.cell), pd.DataFrame(probed))
    return time.perf_counter() - start


def _language(
    task: LanguageTask,
    seed: int,
    Z: np.ndarray,
    columns: dict[str, list[str | None]],
    ids: list[str],
    groups: list[str],
) -> dict[str, Any]:
    clusters = None
    if task.clustering is not None:
        file = task.run.clusters_file(task.cell, seed, task.clustering)
        clusters = read_parquet(file).set_index("track_id")["cluster"].reindex(ids).to_numpy(np.int64)
    known = any(value is not None for value in columns.get(GENRE, []))
    return language_report(
        Z,
        language=columns[LANGUAGE],
        genre=columns[GENRE] if known else None,
        clusters=clusters,
        groups=groups,
        n_permutations=task.context.evaluation.permutations,
        random_state=seed,
    ) | {"clustering": task.clustering or ""}


def summarise_questions(run: Run) -> None:
    """Write language.csv and probes.csv, one row a cell (and label): means over seeds, deviations beside them."""
    done = [cell["cell"] for cell in run.cells if cell["status"] == "done"]
    spoken = [read_parquet(file) for cell in done if (file := run.language_cell_file(cell)).exists()]
    if spoken:
        rows: Any = pd.concat(spoken, ignore_index=True).to_dict("records")
        _write(run, "language", summarise_language(rows, by=("cell", "clustering")))
    probed = [read_parquet(file) for cell in done if (file := run.probes_cell_file(cell)).exists()]
    probed = [table for table in probed if len(table)]
    if probed:
        _write(run, "probes", _averaged(pd.concat(probed, ignore_index=True), ["cell", "label", "kind"]))


def summarise_transfer(run: Run) -> None:
    """Write transfer.csv, one row a cell and value left out: means over seeds, deviations beside them."""
    done = {cell["cell"] for cell in run.cells if cell["status"] == "done"}
    files = sorted((run.path / "transfer").glob("*/*.parquet"))
    tables = [read_parquet(file) for file in files if file.parent.name in done]
    if tables:
        _write(
            run, "transfer", _averaged(pd.concat(tables, ignore_index=True), ["cell", "label", "left_out", "target"])
        )


def _averaged(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return means over seeds with deviations beside them; counts and words as the first seed has them."""
    groups = table.groupby(by, sort=True)
    parts: dict[str, Any] = {"seeds": groups.size()}
    for name in table.columns.drop([*by, "seed"]):
        if pd.api.types.is_float_dtype(table[name]):
            # rounded: equal numbers of several seeds differ in the last bits of their mean
            parts[name], parts[f"{name}_sd"] = groups[name].mean().round(12), groups[name].std(ddof=1).round(12)
        else:
            parts[name] = groups[name].any() if pd.api.types.is_bool_dtype(table[name]) else groups[name].first()
    return pd.DataFrame(parts).reset_index()


def _write(run: Run, name: str, table: pd.DataFrame) -> None:
    files = {"language": run.language_file, "probes": run.probes_file, "transfer": run.transfer_table_file}
    with atomic(files[name]) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
