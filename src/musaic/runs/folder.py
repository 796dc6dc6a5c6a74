"""One run on disk: every path in it, and its tables read back, always with ``track_id``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from musaic.config import digest, read_yaml
from musaic.errors import UsageError, unknown
from musaic.files import read_json, read_parquet


@dataclass(frozen=True)
class Run:
    """A run folder.

    Parameters
    ----------
    path : Path
        The folder. Nothing is read before it is asked for.
    """

    path: Path

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Open an existing run folder; `UsageError` where there is none."""
        folder = Path(path)
        if not (folder / "experiment.yaml").is_file():
            raise UsageError(
                f"{folder} is not a run folder (it has no experiment.yaml); name one that 'musaic run' made."
            )
        return cls(folder)

    # Paths

    @property
    def experiment_file(self) -> Path:
        """The resolved experiment, defaults included."""
        return self.path / "experiment.yaml"

    @property
    def environment_file(self) -> Path:
        """Versions, platform and where the corpus was."""
        return self.path / "environment.json"

    @property
    def cells_file(self) -> Path:
        """The cells, their configurations and what became of them."""
        return self.path / "cells.json"

    @property
    def timings_file(self) -> Path:
        """Wall-clock seconds; with the ``seconds`` column of the leaderboard, all that differs between equal runs."""
        return self.path / "timings.json"

    @property
    def tracks_file(self) -> Path:
        """One row a track: the corpus as it was found."""
        return self.path / "tracks.parquet"

    @property
    def descriptors_file(self) -> Path:
        """Readable descriptors of the tracks with sound."""
        return self.path / "descriptors.parquet"

    @property
    def scores_file(self) -> Path:
        """Every score of every seed."""
        return self.path / "scores.parquet"

    @property
    def leaderboard_file(self) -> Path:
        """The tidy table, best honest row first."""
        return self.path / "leaderboard.csv"

    @property
    def leaderboard_text_file(self) -> Path:
        """The same for people."""
        return self.path / "leaderboard.md"

    @property
    def language_file(self) -> Path:
        """The questions about language, one row a cell."""
        return self.path / "language.csv"

    @property
    def probes_file(self) -> Path:
        """What classifiers tell from the latents, one row a cell and label."""
        return self.path / "probes.csv"

    @property
    def transfer_table_file(self) -> Path:
        """What carries over to values of a label that were left out, one row a cell and value."""
        return self.path / "transfer.csv"

    @property
    def reference_file(self) -> Path:
        """Where the tracks lie in the common reference space."""
        return self.path / "reference.parquet"

    @property
    def latents_file(self) -> Path:
        """Hashes of the latents from elsewhere that cells are given."""
        return self.path / "latents.json"

    @property
    def added_file(self) -> Path:
        """Clusterings that were added to the experiment's own."""
        return self.path / "clusterings.yaml"

    @property
    def verdict_file(self) -> Path:
        """The verdict in one sentence and the numbers behind it."""
        return self.path / "verdict.json"

    @property
    def report_file(self) -> Path:
        """The report page."""
        return self.path / "report.html"

    def encoder_folder(self, modality: str) -> Path:
        """Return the folder of the fitted encoder of a modality, such as ``lyrics``."""
        return self.path / "encoders" / modality

    def model_folder(self, cell: str, seed: int) -> Path:
        """Return the folder of a trained model: config.json, model.safetensors, history.csv."""
        return self.path / "models" / cell / f"seed-{seed}"

    def tensorboard_folder(self, cell: str, seed: int) -> Path:
        """Return the folder of a training's events for TensorBoard, where they were asked for."""
        return self.path / "tensorboard" / cell / f"seed-{seed}"

    def embedding_file(self, cell: str, seed: int, modality: str | None = None) -> Path:
        """Return the file of posterior means (and variances) of a cell and seed; or from one modality alone."""
        alone = "." + re.sub(r"[^\w+-]+", "-", modality) if modality else ""
        return self.path / "embeddings" / cell / f"seed-{seed}{alone}.parquet"

    def clusters_file(self, cell: str, seed: int, clustering: str) -> Path:
        """Return the file of cluster labels of a cell, seed and clustering."""
        return self.path / "clusters" / cell / f"seed-{seed}" / f"{clustering}.parquet"

    def clusterer_folder(self, cell: str, seed: int, clustering: str) -> Path:
        """Return the folder of a fitted clusterer: config.json, clusterer.safetensors."""
        return self.path / "clusterers" / cell / f"seed-{seed}" / clustering

    def space_file(self, cell: str, seed: int, space: str) -> Path:
        """Return the file of where a cell's tracks lie in a space that is clustered beside the latent one."""
        return self.path / "spaces" / cell / f"seed-{seed}" / f"{space}.parquet"

    def space_folder(self, cell: str, seed: int, space: str) -> Path:
        """Return the folder of what leads from inputs or latents into such a space: config.json, space.safetensors."""
        return self.path / "spaces" / cell / f"seed-{seed}" / space

    def graph_file(self, cell: str, seed: int, space: str, width: int) -> Path:
        """Return the file of who is nearest to whom in a space, of so many neighbours, where there are many tracks."""
        return self.path / "graphs" / cell / f"seed-{seed}" / f"{space}-{width}.parquet"

    def graph_files(self, cell: str, seed: int, space: str) -> list[Path]:
        """Return the files of who is nearest to whom in a space that are there, that of most neighbours first."""
        folder, name = self.path / "graphs" / cell / f"seed-{seed}", re.compile(rf"{re.escape(space)}-(\d+)")
        there = ((name.fullmatch(file.stem), file) for file in folder.glob("*.parquet"))
        widths = {file: int(match[1]) for match, file in there if match}
        return sorted(widths, key=lambda file: -widths[file])

    def micro_file(self, cell: str, seed: int, space: str) -> Path:
        """Return the file of which micro-cluster each track is of in a space, where there are very many tracks."""
        return self.path / "graphs" / cell / f"seed-{seed}" / f"{space}-micro.parquet"

    def clustering_scores_file(self, cell: str, clustering: str) -> Path:
        """Return the file of the scores of a cell's clustering, all seeds."""
        return self.path / "clusters" / cell / "scores" / f"{clustering}.parquet"

    def clustering_failure_file(self, cell: str, clustering: str) -> Path:
        """Return the file that says why a cell could not be clustered so."""
        return self.path / "clusters" / cell / "failures" / f"{clustering}.json"

    def choice_file(self, cell: str, clustering: str) -> Path:
        """Return the file of the curve that a clustering's number was chosen by."""
        return self.path / "choices" / cell / f"{clustering}.parquet"

    def language_cell_file(self, cell: str) -> Path:
        """Return the file of what a cell's latents say of language, by seed."""
        return self.path / "language" / f"{cell}.parquet"

    def probes_cell_file(self, cell: str) -> Path:
        """Return the file of what classifiers tell from a cell's latents, by seed and label."""
        return self.path / "probes" / f"{cell}.parquet"

    def transfer_file(self, cell: str, seed: int, value: str) -> Path:
        """Return the file of what carries over to the tracks of a label's value that a cell was trained without."""
        return self.path / "transfer" / cell / f"seed-{seed}-{digest(value)}.parquet"

    def cards_file(self, cell: str, clustering: str) -> Path:
        """Return the file in which every cluster of a clustering explains itself."""
        return self.path / "cards" / cell / f"{clustering}.json"

    def associations_file(self, cell: str) -> Path:
        """Return the file of what every latent dimension of a cell goes with, by seed."""
        return self.path / "associations" / f"{cell}.parquet"

    def errors_file(self, cell: str, seed: int) -> Path:
        """Return the file of every track's reconstruction error, by modality."""
        return self.path / "reconstructions" / cell / f"seed-{seed}.parquet"

    def reconstructions_file(self, cell: str, seed: int) -> Path:
        """Return the archive of a few songs' features beside what a model makes of them."""
        return self.path / "reconstructions" / cell / f"seed-{seed}.npz"

    def traversals_file(self, cell: str, seed: int) -> Path:
        """Return the archive of what a model decodes while one latent dimension moves."""
        return self.path / "traversals" / cell / f"seed-{seed}.npz"

    def errors_by_label_file(self, cell: str) -> Path:
        """Return the file of a cell's reconstruction errors by label, by seed."""
        return self.path / "reconstructions" / cell / "labels.parquet"

    def map_file(self, cell: str, method: str) -> Path:
        """Return the file of a cell's two-dimensional map; ``method`` is ``umap`` or ``tsne``."""
        return self.path / "maps" / cell / f"{method}.parquet"

    @property
    def assigned_folder(self) -> Path:
        """Songs that were placed when the run was finished, one file each."""
        return self.path / "assigned"

    def assigned_file(self, content_id: str) -> Path:
        """Return the file of a song that was placed when the run was finished, by the hash of its bytes."""
        return self.assigned_folder / f"{content_id}.parquet"

    # Tables

    @cached_property
    def experiment(self) -> dict[str, Any]:
        """The resolved experiment as plain data."""
        return read_yaml(self.experiment_file)

    @cached_property
    def cells(self) -> list[dict[str, Any]]:
        """The cells: name, model, input, configuration, seeds, status, clusterings."""
        data: dict[str, list[dict[str, Any]]] = read_json(self.cells_file)
        return data["cells"]

    @cached_property
    def tracks(self) -> pd.DataFrame:
        """One row a track; labels, status and reason."""
        return read_parquet(self.tracks_file)

    @cached_property
    def descriptors(self) -> pd.DataFrame:
        """Readable descriptors, one row a track with sound."""
        return read_parquet(self.descriptors_file)

    @cached_property
    def assigned(self) -> pd.DataFrame:
        """Songs that were placed when the run was finished, one row a song, cell, seed and clustering, by ``track_id``.

        `musaic.experiment.assigning.keeping` says what the columns hold; empty where there are no such songs.
        """
        tables = [read_parquet(file) for file in sorted(self.assigned_folder.glob("*.parquet"))]
        if not tables:
            return pd.DataFrame({"track_id": []}, dtype=object)
        return pd.concat(tables, ignore_index=True).sort_values("track_id", kind="stable", ignore_index=True)

    @cached_property
    def leaderboard(self) -> pd.DataFrame:
        """The leaderboard, best honest row first."""
        return pd.read_csv(self.leaderboard_file, keep_default_na=False, na_values=[""])

    @cached_property
    def verdict(self) -> str:
        """The verdict in one sentence."""
        return str(read_json(self.verdict_file)["sentence"])

    def embedding(self, cell: str, seed: int = 0) -> pd.DataFrame:
        """Return the posterior means of a cell, indexed by ``track_id``, columns ``z_000…``.

        Parameters
        ----------
        cell : str
            A cell's name, or the beginning of one if only one begins so.
        seed : int
            One of the run's seeds.
        """
        table = read_parquet(self.embedding_file(self.find_cell(cell), seed)).set_index("track_id")
        return table[[name for name in table.columns if name.startswith("z_")]]

    def clusters(self, cell: str, clustering: str, seed: int = 0) -> pd.DataFrame:
        """Return cluster and confidence of a cell's tracks, indexed by ``track_id``; cluster -1 is noise."""
        return read_parquet(self.clusters_file(self.find_cell(cell), seed, clustering)).set_index("track_id")

    def cards(self, cell: str, clustering: str) -> list[dict[str, Any]]:
        """Return what every cluster says of itself: its name, its mixes of labels, what is heard and sung in it."""
        data: dict[str, list[dict[str, Any]]] = read_json(self.cards_file(self.find_cell(cell), clustering))
        return data["cards"]

    def map(self, cell: str, method: str = "umap") -> pd.DataFrame:
        """Return the two-dimensional map of a cell, indexed by ``track_id``, columns ``x``, ``y``."""
        return read_parquet(self.map_file(self.find_cell(cell), method)).set_index("track_id")

    def find_cell(self, name: str) -> str:
        """Return the full name of the cell that is called ``name``, with its digits or without, or alone begins so."""
        names = [str(cell["cell"]) for cell in self.cells]
        exact = [full for full in names if name in (full, full.rpartition("-")[0])]
        matches = exact or [full for full in names if full.startswith(name)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise UsageError(f"{name!r} names {len(matches)} cells: {', '.join(matches)}; give more of the name.")
        raise unknown("cell", name, names)
