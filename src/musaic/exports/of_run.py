"""What a run folder holds, ready to be exported: everything in the order of its tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from musaic.errors import MusaicError, UsageError, unknown
from musaic.exports.parts import Part, in_order
from musaic.files import read_parquet
from musaic.listening.choice import choose_cell, choose_seed
from musaic.progress import SILENT, Reporter
from musaic.runs import Run
from musaic.runs.archive import without_texts

if TYPE_CHECKING:
    from musaic.exports.of_corpus import Songs
    from musaic.features.config import FeatureConfig

KINDS = ("labels", "latents", "clusters", "maps", "features", "scores")
ALL = "all"


@dataclass(frozen=True)
class Choice:
    """Cells and seeds of a run.

    Attributes
    ----------
    cells : dict of str to tuple of int
        Seeds by cell, in the order of ``cells.json``.
    named : bool
        Whether a cell or a seed was asked for.
    """

    cells: Mapping[str, tuple[int, ...]]
    named: bool


def choose(run: Run, cells: Sequence[str] = (), seeds: Sequence[int | str] = ()) -> Choice:
    """Return the cells and seeds that are meant.

    Parameters
    ----------
    run : Run
        A run.
    cells : sequence of str
        Names, beginnings of names or patterns such as ``vae*``; by default the cell of the best honest row.
    seeds : sequence of int, or of "all"
        By default a cell's first.

    Raises
    ------
    UsageError
        Where there is no such cell or seed, or a cell that was named is not done.
    """
    if not run.cells_file.is_file():
        raise UsageError(f"{run.path} is not finished (it has no cells.json); end it with 'musaic run' first.")
    entries = {str(entry["cell"]): entry for entry in run.cells}
    done = [name for name, entry in entries.items() if entry["status"] == "done"]
    if not done:
        raise UsageError(f"{run.path} has no cell that is done; end it with 'musaic run' first.")
    chosen: list[str] = []
    for given in cells or (choose_cell(run),):
        if any(sign in given for sign in "*?["):
            found = [name for name in done if fnmatchcase(name, given)]
            if not found:
                raise unknown("cell", given, done)
        else:
            found = [run.find_cell(given)]
            if found[0] not in done:
                raise UsageError(f"cell {found[0]} is {entries[found[0]]['status']}; name one that is done.")
        chosen += found
    every = any(str(seed) == ALL for seed in seeds)
    picked = {
        name: tuple(int(seed) for seed in entries[name]["seeds"])
        if every
        else tuple(dict.fromkeys(choose_seed(run, name, _number(seed)) for seed in seeds or (None,)))
        for name in entries
        if name in chosen
    }
    return Choice(picked, bool(cells or seeds))


def _number(seed: int | str | None) -> int | None:
    if seed is None or isinstance(seed, int):
        return seed
    if seed.lstrip("-").isdecimal():
        return int(seed)
    raise UsageError(f"seed is {seed!r}; give a number, or {ALL!r} for every one.")


def run_parts(
    run: Run,
    kinds: Sequence[str],
    choice: Choice,
    *,
    variance: bool = False,
    features: Sequence[str] = (),
    corpus: str | Path | None = None,
    cache: Path | None = None,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> list[Part]:
    """Return the parts of a run.

    Parameters
    ----------
    run : Run
        A finished run.
    kinds : sequence of str
        Of `KINDS`.
    choice : Choice
        Whose latents, clusters and maps; scores are of all cells where none was named.
    variance : bool
        Posterior variances beside the means, of the cells that have them.
    features : sequence of str
        Features out of the store beside those in the run folder; what the store lacks is measured.
    corpus, cache, workers, reporter
        Where the songs lie, where the store is, how it is filled.

    Raises
    ------
    UsageError
        Where there is no such feature, or the songs are not found.
    MusaicError
        When a part is read: where it is missing or damaged.
    """
    order = pd.Index(run.tracks["track_id"], name="track_id")
    parts: list[Part] = []
    if "labels" in kinds:
        parts.append(Part("labels", "labels", partial(_labels, run)))
    for cell, seeds in choice.cells.items():
        facts = _facts(run, cell)
        for seed in seeds:
            about = {**facts, "seed": seed}
            place = f"{cell}/seed-{seed}"
            if "clusters" in kinds:
                parts.append(Part("clusters", f"clusters/{place}", partial(_clusters, run, cell, seed, order), about))
            if "latents" in kinds:
                read = partial(_positions, run, cell, seed, order)
                parts.append(Part("latents", f"latents/{place}", partial(read, "z_"), about, matrix=True))
                if variance:
                    parts.append(Part("variances", f"variances/{place}", partial(read, "var_"), about, matrix=True))
        if "maps" in kinds:
            parts += [
                Part("maps", f"maps/{cell}/{method}", partial(_map, run, cell, method, order), {**facts, "map": method})
                for method in sorted(file.stem for file in run.map_file(cell, "umap").parent.glob("*.parquet"))
            ]
    if "features" in kinds:
        parts += [part for part in _features(run, order) if part.name.partition("/")[2] not in features]
    if features:
        from musaic.exports.of_corpus import feature_parts

        config = _feature_config(run, features)
        parts += feature_parts(_songs(run, corpus), config, cache, workers, reporter)
    if "scores" in kinds:
        parts += _scores(run, choice)
    return parts


def _facts(run: Run, cell: str) -> dict[str, Any]:
    """Return what must be known of a cell before its numbers are believed."""
    entry = next(entry for entry in run.cells if entry["cell"] == cell)
    told = {key: entry.get(key) for key in ("model", "input", "labels_used", "collapsed", "active_units")}
    return {"cell": cell, **told}


def _labels(run: Run) -> pd.DataFrame:
    return without_texts(run.tracks)


def _embedding(run: Run, cell: str, seed: int) -> pd.DataFrame:
    file = run.embedding_file(cell, seed)
    if not file.is_file():
        raise MusaicError(f"cell {cell} has no latents of seed {seed}; end the run with 'musaic run', or name another.")
    return read_parquet(file).set_index("track_id")


def _positions(run: Run, cell: str, seed: int, order: pd.Index, prefix: str) -> pd.DataFrame:
    table = _embedding(run, cell, seed)
    kept = table[[name for name in table if str(name).startswith(prefix)]]
    if kept.empty:
        raise UsageError(f"cell {cell} has no variances, since its model is not probabilistic; leave out --variance.")
    return in_order(kept, order, f"the latents of {cell}")


def _clusters(run: Run, cell: str, seed: int, order: pd.Index) -> pd.DataFrame:
    """Return ``split``, and a cluster, a confidence and a status by clustering, in columns that carry its id."""
    found = pd.DataFrame(index=order)
    if run.embedding_file(cell, seed).is_file():
        split = in_order(_embedding(run, cell, seed)[["split"]], order, f"the latents of {cell}")
        found["split"] = split["split"].array
    entry = next(entry for entry in run.cells if entry["cell"] == cell)
    for clustering in entry.get("clusterings") or []:
        name = str(clustering["id"])
        table = in_order(run.clusters(cell, name, seed), order, f"the clusters of {cell}")
        found[name] = table["cluster"].array
        for column in ("confidence", "status"):
            found[f"{name}:{column}"] = table[column].array
    return found.reset_index()


def _map(run: Run, cell: str, method: str, order: pd.Index) -> pd.DataFrame:
    return in_order(run.map(cell, method), order, f"the map of {cell}")


def _features(run: Run, order: pd.Index) -> list[Part]:
    """Return what a run folder itself says of how songs sound: descriptors, and the common reference space."""
    parts = []
    if run.descriptors_file.is_file():
        table = run.descriptors.set_index("track_id")
        parts.append(Part("features", "features/descriptors", lambda: in_order(table, order, "descriptors.parquet")))
    if run.reference_file.is_file():
        space = read_parquet(run.reference_file).set_index("track_id")
        read = partial(in_order, space, order, "reference.parquet")
        parts.append(Part("features", "features/reference", read, matrix=True))
    return parts


def _scores(run: Run, choice: Choice) -> list[Part]:
    """Return every score of every seed, and the leaderboard, which holds means over seeds."""
    scores, board = read_parquet(run.scores_file), run.leaderboard
    if choice.named:
        pairs = zip(scores["cell"], scores["seed"], strict=True)
        scores = scores[[int(seed) in choice.cells.get(str(cell), ()) for cell, seed in pairs]]
        board = board[board["cell"].isin(list(choice.cells))]
    about = {"leaked": "the representation has seen the label: evidence of nothing, and never ranked"}
    return [Part("scores", "scores", lambda: scores, about), Part("scores", "leaderboard", lambda: board, about)]


def _songs(run: Run, corpus: str | Path | None) -> Songs:
    """Return a run's songs as extraction takes them; only what lies in the corpus is ever opened."""
    from musaic.exports.of_corpus import Songs
    from musaic.listening.sound import audio_files, corpus_root

    root = corpus_root(run, corpus)
    if root is None or not root.is_dir():
        raise UsageError(f"the songs of {run.path} are not at {root}; name their folder with --corpus.")
    inside = audio_files(run, corpus)
    tracks = run.tracks[["track_id", "audio", "status", "reason"]].copy()
    tracks["audio"] = [
        audio if track_id in inside else None
        for track_id, audio in zip(tracks["track_id"], tracks["audio"], strict=True)
    ]
    return Songs(root, tracks)


def _feature_config(run: Run, names: Sequence[str]) -> FeatureConfig:
    """Return the configuration of features that a run was made with, of these features."""
    from musaic.features.config import FeatureConfig

    recorded = {**run.experiment.get("features", {}), "names": list(names)}
    return FeatureConfig.parse(recorded, f"features of {run.experiment_file}")
