"""New songs in a finished run: read as it read its own, placed in every cell, kept where its page finds them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from musaic.errors import MusaicError, UsageError
from musaic.experiment.assigning.arriving import FACTS, Arrivals, label_names, read_arrivals
from musaic.experiment.assigning.assigned import Assigned
from musaic.experiment.assigning.hearing import Heard, hear
from musaic.experiment.assigning.keeping import keep_songs
from musaic.experiment.assigning.placing import Placement, place, recall
from musaic.experiment.config import CellConfig
from musaic.experiment.environment import relative
from musaic.experiment.loading import load_experiment
from musaic.experiment.mapping import MAPS
from musaic.experiment.pretrained import reachable
from musaic.experiment.restoring import RestoredCell, restore
from musaic.features import FeatureSet, extract
from musaic.files import read_parquet
from musaic.models.inputs import InputError
from musaic.progress import SILENT, Reporter
from musaic.runs import Run

NEIGHBOURS = 12


def assign(
    run: Run | str | Path,
    files: Sequence[str | Path] | str | Path,
    *,
    cells: Sequence[str] | None = None,
    seed: int | None = None,
    lyrics: str | Path | None = None,
    labels: Mapping[str, str] | None = None,
    n_neighbours: int = NEIGHBOURS,
    keep: bool = True,
    cache: Path | None = None,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> Assigned:
    """Place songs in a finished run.

    Parameters
    ----------
    run : Run, str or Path
        The run. Its corpus need not be there any more.
    files : str or Path, or a sequence of such
        Audio files, and folders of them.
    cells : sequence of str, optional
        Names of cells, or their beginnings; all where nothing is said.
    seed : int, optional
        Which seed's model and clusters; the first of each cell where nothing is said. Only the first seed has maps and
        cards.
    lyrics : str or Path, optional
        A folder of lyrics, or the lyrics of the one song; by default those that lie beside the songs, found by the
        rules of the corpus room, and those in their tags.
    labels : mapping of str to str, optional
        What is known of all these songs, such as ``{"genre": "rock"}``: for models that are told a label, or that have
        it taken out. Languages are read from tags and words where nothing is said.
    n_neighbours : int >= 0
        Nearest songs that are told.
    keep : bool
        Whether songs that are not of the run are added to its folder, where its page finds them. What stands there is
        never changed: a song that is placed again is not written again.
    cache : Path, optional
        Where features are kept.
    workers : int >= 0, optional
        Processes; all cores by default. The results do not depend on it.
    reporter : Reporter
        Where progress is told.

    Returns
    -------
    Assigned

    Raises
    ------
    UsageError
        Where there is no such run, cell, seed or label, or a label's value is one that a model refuses.
    MusaicError
        Where no cell of the run has a place for new songs, or a folder cannot be written.

    Notes
    -----
    A song of the run, known by the bytes of its file, is where it was when the run was made: no model is asked. Any
    other song goes through the saved encoders, models and clusterers by itself, so that its place does not depend on
    the songs that come with it, nor on the process. What a position on a map means is said in
    `musaic.experiment.assigning.placing.place`.

    A file that cannot be used stops nothing: its row says what is wrong with it.
    """
    folder = run if isinstance(run, Run) else Run.open(run)
    if not folder.cells_file.exists():
        raise UsageError(f"{folder.path} is not finished (it has no cells.json); end it with 'musaic run' first.")
    if n_neighbours < 0:
        raise UsageError(f"n_neighbours is {n_neighbours}; give a whole number from 0.")
    chosen = _chosen(folder, cells, seed)
    experiment = load_experiment(folder.experiment_file)
    given = [files] if isinstance(files, str | Path) else list(files)
    told = dict(labels or {})
    arrivals = read_arrivals(
        given, experiment, folder.tracks, lyrics=lyrics, labels=told, workers=workers, reporter=reporter
    )
    configs = [CellConfig.parse(dict(cell["config"]), str(cell["cell"])) for cell in chosen if cell["status"] == "done"]
    wanted = {name for config in configs for name in config.input}
    measured, beyond = reachable(folder, experiment.features, wanted, cache=cache, reporter=reporter)
    device = experiment.compute.device
    features = extract(arrivals, measured, cache=cache, workers=workers, device=device, reporter=reporter)
    heard = hear(
        folder, experiment, arrivals, features, configs, beyond, cache=cache, workers=workers, reporter=reporter
    )
    songs = _songs(folder, arrivals, features)
    placements, left_out = _placements(folder, chosen, songs, heard, seed, n_neighbours, told, reporter)
    table = _table(songs, placements)
    songs["placed"] = songs["track_id"].isin(set(table["track_id"])) & songs["content_id"].notna()
    _say_why(songs)
    if not keep:
        return Assigned(folder, songs, table, left_out)
    kept, notes = keep_songs(folder, songs, table)
    return Assigned(folder, songs, table, left_out, tuple(kept), tuple(notes))


def _chosen(run: Run, cells: Sequence[str] | None, seed: int | None) -> list[dict[str, Any]]:
    """Return the cells that songs are to be placed in, as ``cells.json`` has them."""
    names = None if cells is None else {run.find_cell(name) for name in cells}
    chosen = [cell for cell in run.cells if names is None or cell["cell"] in names]
    seeds = sorted({int(number) for cell in chosen for number in cell["seeds"]})
    if seed is not None and seed not in seeds:
        raise UsageError(f"there is no seed {seed} in {run.path}; there are {', '.join(map(str, seeds))}.")
    return chosen


def _songs(run: Run, arrivals: Arrivals, features: FeatureSet) -> pd.DataFrame:
    """Return what is known of the files, with the ids that they have in the run; indexed by where they stand."""
    measured = features.status.set_index("track_id")
    songs = arrivals.tracks.set_index("track_id")
    for name in ("status", "reason", "content_id", "duration", "start", "seconds"):
        songs[name] = measured[name].reindex(songs.index)
    known = run.tracks.dropna(subset="content_id").sort_values("track_id", kind="stable")
    own = dict(zip(known["content_id"][::-1], known["track_id"][::-1], strict=True))
    songs["in_run"] = songs["content_id"].isin(own)
    songs["audio"] = [None if audio is None else relative(audio, run.path) for audio in songs["audio"]]
    first: dict[str, str] = {}
    for row, name, content in zip(songs.index, songs["name"], songs["content_id"], strict=True):
        if not isinstance(content, str):
            songs.loc[row, "track_id"] = name
            continue
        if content not in first:
            first[content] = own.get(content) or _standing(run, content) or f"{name}#{content[:8]}"
        songs.loc[row, "track_id"] = first[content]
    front = ["file", "track_id", "content_id", "in_run", "audio", "duration", "start", "seconds"]
    labels = [name for name in label_names(run.tracks) if name not in FACTS]
    return songs[[*front, *FACTS, *labels]]


def _standing(run: Run, content_id: str) -> str | None:
    """Return what a song is called that was kept before."""
    file = run.assigned_file(content_id)
    return str(read_parquet(file)["track_id"].iloc[0]) if file.exists() else None


def _placements(
    run: Run,
    chosen: Sequence[Mapping[str, Any]],
    songs: pd.DataFrame,
    heard: Heard,
    seed: int | None,
    n_neighbours: int,
    told: Mapping[str, str],
    reporter: Reporter,
) -> tuple[list[tuple[str, Placement]], dict[str, str]]:
    """Return where every song lies in every cell, and why cells are left out."""
    once = songs[songs["content_id"].notna()].drop_duplicates("content_id")
    own = once["track_id"].where(once["in_run"].astype(bool), None).to_dict()
    found: list[tuple[str, Placement]] = []
    left_out: dict[str, str] = {}
    with reporter.bar("placing", len(chosen)) as advance:
        for described in chosen:
            try:
                cell = restore(run, described, seed)
            except MusaicError as error:
                left_out[str(described["cell"])] = str(error).rstrip(".")
            else:
                why = heard.lacking(cell.config)
                if why is None:
                    found += _placed(cell, once, own, heard, n_neighbours, told)
                else:
                    left_out[cell.name] = why
            advance(1)
    if len(left_out) == len(chosen):
        name, why = next(iter(left_out.items()), ("it", "there is none"))
        raise MusaicError(f"no cell of {run.path} has a place for new songs ({name}: {why}); run a model on sound.")
    return found, left_out


def _placed(
    cell: RestoredCell,
    songs: pd.DataFrame,
    own: Mapping[Any, Any],
    heard: Heard,
    n_neighbours: int,
    told: Mapping[str, str],
) -> list[tuple[str, Placement]]:
    """Return where songs lie in a cell; those that have nothing that it takes lie nowhere."""
    has = np.any([heard.inputs.present[name] for name in cell.config.input], axis=0)
    rows = {heard.inputs.track_ids[row]: row for row in np.flatnonzero(has)}
    found = []
    for number in songs.index:
        if own[number] in cell.latents.index:
            found.append((number, recall(cell, own[number], n_neighbours)))
        elif number in rows:
            one = heard.inputs.take(np.array([rows[number]])).select(cell.config)
            try:
                found.append((number, place(cell, one, n_neighbours, told)))
            except InputError as error:
                raise UsageError(f"{songs.loc[number, 'file']} in {cell.name}: {error}") from error
    return found


def _table(songs: pd.DataFrame, placements: Sequence[tuple[str, Placement]]) -> pd.DataFrame:
    """Return one row a song, cell and clustering, in the order of the songs."""
    rows = []
    order = {number: place for place, number in enumerate(songs.index)}
    for number, found in sorted(placements, key=lambda pair: order[pair[0]]):
        song = songs.loc[number]
        shared: dict[str, Any] = {
            "track_id": song["track_id"],
            "content_id": song["content_id"],
            "cell": found.cell,
            "seed": found.seed,
        }
        where: dict[str, Any] = {}
        for method in MAPS:
            where[f"x_{method}"], where[f"y_{method}"] = found.maps.get(method, (math.nan, math.nan))
        near = {
            "neighbours": np.array(found.neighbours, dtype=object),
            "distances": np.array(found.distances),
            "latent": found.latent,
        }
        nowhere = {"clustering": None, "cluster": None, "confidence": math.nan, "name": None}
        belongs = [vars(membership) for membership in found.memberships] or [nowhere]
        rows += [{**shared, **one, **where, **near} for one in belongs]
    maps = [f"{axis}_{method}" for method in MAPS for axis in "xy"]
    names = ["track_id", "content_id", "cell", "seed", "clustering", "cluster", "confidence", "name", *maps]
    table = pd.DataFrame(rows, columns=[*names, "neighbours", "distances", "latent"])
    return table.astype({"seed": "int64", "cluster": "Int64", "confidence": "float64"})


def _say_why(songs: pd.DataFrame) -> None:
    """Give songs with nothing wrong with them that no cell takes a reason, in place."""
    nowhere = ~songs["placed"] & (songs["status"] == "ok")
    songs.loc[nowhere, "reason"] = "no cell takes what it has; its lyrics are missing, say"
