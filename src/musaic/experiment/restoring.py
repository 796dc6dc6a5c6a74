"""A trained cell taken back out of its run folder, ready for songs that it has not seen.

Letters: N songs of the run, D latent dimensions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from musaic.clustering.spaced import SpacedClusterer
from musaic.errors import UsageError
from musaic.experiment.config import CellConfig
from musaic.experiment.mapping import MAPS
from musaic.experiment.spaces import INPUTS, LATENT, read_points
from musaic.files import read_json, read_parquet
from musaic.models.registry import from_state
from musaic.runs import Run
from musaic.runs.state import load_state

if TYPE_CHECKING:
    from musaic.experiment.inputs import Inputs
    from musaic.models.base import Representation


@dataclass(frozen=True)
class RestoredClustering:
    """One clustering of a cell and seed.

    Parameters
    ----------
    name : str
        Its id, as files are called.
    clusterer : SpacedClusterer
        What places new songs.
    clusters : DataFrame
        ``cluster`` and ``confidence`` of the run's songs, indexed by ``track_id``.
    cards : mapping of int to str
        What clusters are called, where they have cards of this seed.
    """

    name: str
    clusterer: SpacedClusterer
    clusters: pd.DataFrame
    cards: Mapping[int, str]


@dataclass(frozen=True)
class RestoredCell:
    """A cell and seed of a run.

    Parameters
    ----------
    name : str
        Slug and eight digits.
    seed : int
        Which of its seeds.
    config : CellConfig
        Model and inputs.
    model : Representation
        The trained model; what it transforms has the bytes that it had.
    inputs : Representation or None
        What scales and lays out a cell's inputs, where a clustering was made of them.
    latents : DataFrame, shape (N, D), float32
        Where the run's songs lie, indexed by ``track_id``.
    maps : dict of str to DataFrame
        ``x`` and ``y`` of the run's songs, indexed by ``track_id``; none for another than the first seed, which maps
        are made of.
    clusterings : tuple of RestoredClustering
        In the order of ``cells.json``.
    """

    name: str
    seed: int
    config: CellConfig
    model: Representation
    inputs: Representation | None
    latents: pd.DataFrame
    maps: dict[str, pd.DataFrame]
    clusterings: tuple[RestoredClustering, ...]

    def embed(self, song: Inputs, told: Collection[str] = ()) -> tuple[np.ndarray, np.ndarray | None]:
        """Return where one song lies in latent space, shape (1, D), and its inputs as clusterings want them.

        Parameters
        ----------
        song : Inputs
            Of one song, which has one of the cell's inputs at least.
        told : collection of str
            The labels that a person gave. A value that no song of the run had is refused or marginalised, as the model
            is configured, where a person gave it; where the song says it of itself, the model is not told.

        Raises
        ------
        InputError
            Where a label is refused.
        """
        given: dict[str, Any] = {"present": song.present, "condition": self._condition(song, told)}
        latent = self.model.transform(song.values, **given)
        return latent, None if self.inputs is None else self.inputs.transform(song.values, **given)

    def _condition(self, song: Inputs, told: Collection[str]) -> dict[str, np.ndarray] | None:
        """Return the labels that embedding needs: those that a penalty alone had are nothing to a new song."""
        config = self.config.model
        condition = {name: song.labels[name] for name in config.labels_to_embed}
        if getattr(config, "unseen", "") == "refuse":
            for name in getattr(config, "condition", ()):
                known = getattr(self.model, "vocabulary_").values[name]  # noqa: B009 (of models that are told labels)
                if condition[name][0] not in known and not set(name.split("+")) & set(told):
                    condition[name] = np.array([None], dtype=object)
        return condition or None


def restore(run: Run, described: Mapping[str, Any], seed: int | None = None) -> RestoredCell:
    """Return a cell as it was trained and clustered.

    Parameters
    ----------
    run : Run
        The run.
    described : mapping
        The cell, as ``cells.json`` has it.
    seed : int, optional
        Its first seed where nothing is said.

    Raises
    ------
    UsageError
        Where the cell is not done, or has no such seed.
    MusaicError
        Where a file of the cell is missing or damaged.
    """
    name, seeds = str(described["cell"]), [int(number) for number in described["seeds"]]
    if described["status"] != "done":
        raise UsageError(f"it is {described['status']}{f': {why}' if (why := described.get('reason')) else ''}")
    if seed is not None and seed not in seeds:
        raise UsageError(f"it has no seed {seed}; it has {', '.join(map(str, seeds))}")
    seed = seeds[0] if seed is None else seed
    clusterings = tuple(_clustering(run, name, seed, str(entry["id"])) for entry in described["clusterings"])
    inputs = None
    if any(clustering.clusterer.space.config.needs_raw for clustering in clusterings):
        inputs = from_state(*load_state(run.space_folder(name, seed, INPUTS)))
    files = {method: run.map_file(name, method) for method in MAPS} if seed == seeds[0] else {}
    return RestoredCell(
        name=name,
        seed=seed,
        config=CellConfig.parse(dict(described["config"]), name),
        model=from_state(*load_state(run.model_folder(name, seed))),
        inputs=inputs,
        latents=read_points(run, name, seed, LATENT),
        maps={method: read_parquet(file).set_index("track_id") for method, file in files.items() if file.exists()},
        clusterings=clusterings,
    )


def _clustering(run: Run, cell: str, seed: int, clustering: str) -> RestoredClustering:
    state = load_state(run.clusterer_folder(cell, seed, clustering), name="clusterer")
    clusters = read_parquet(run.clusters_file(cell, seed, clustering)).set_index("track_id")
    return RestoredClustering(
        clustering, SpacedClusterer.from_state(*state), clusters, _cards(run, cell, seed, clustering)
    )


def _cards(run: Run, cell: str, seed: int, clustering: str) -> dict[int, str]:
    """Return the names of clusters; another seed's clusters are others."""
    file = run.cards_file(cell, clustering)
    told = read_json(file) if file.exists() else {}
    if told.get("seed") != seed:
        return {}
    return {int(card["cluster"]): str(card["name"]) for card in told["cards"]}
