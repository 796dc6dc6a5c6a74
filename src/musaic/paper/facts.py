"""What a run says, as a paper needs it: which rows may be claimed, which cells were learned, what things are called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from musaic.errors import MusaicError
from musaic.files import read_json
from musaic.paper.values import count
from musaic.report.questions import read_table
from musaic.report.reading import Cell, Results, doubts, number, parameters

Row = dict[str, Any]

BASELINES = ("raw", "pca")
"""Models that learn nothing, or nothing but a rotation."""

MODELS = {
    "pca": "PCA",
    "autoencoder": "autoencoder",
    "basic-vae": "VAE",
    "beta-vae": "β-VAE",
    "conv1d-vae": "Conv1d-VAE",
    "conv2d-vae": "Conv2d-VAE",
    "deep-conv-vae": "residual Conv-VAE",
    "cvae": "conditional VAE",
    "vade": "VaDE",
    "multimodal-vae": "multimodal VAE",
}
"""What papers call the models."""

INPUTS = {"log_mel": "log-mel", "mfcc": "MFCC", "mfcc_moments": "MFCC moments"}
"""What papers call the inputs whose names are not words."""

ALGORITHMS = {
    "kmeans": "K-Means",
    "gmm": "Gaussian mixtures",
    "agglomerative": "agglomerative clustering",
    "spectral": "spectral clustering",
    "dbscan": "DBSCAN",
    "hdbscan": "HDBSCAN",
    "vade": "the model's own mixture",
}
"""What papers call the clusterings."""


SETTINGS = {"covariance": "{}", "selection": "{}", "min_cluster_size": "≥ {}", "eps": "ε {}", "min_samples": "min. {}"}
"""How the settings of a clustering are told beside its name."""


class Facts:
    """What a run says.

    Parameters
    ----------
    path : Path
        The run folder.

    Raises
    ------
    MusaicError
        Where the run has no leaderboard, or an empty one: there is nothing to write of.
    """

    def __init__(self, path: Path) -> None:
        self.results = Results(path)
        if not len(self.results.leaderboard):
            raise MusaicError(
                f"{path} has no leaderboard to write a paper of; let 'musaic run' finish it: the same command goes on."
            )

    # Cells

    @cached_property
    def done(self) -> list[Cell]:
        """The cells that ended well and have rows in the leaderboard, in its order."""
        scored = set(self.results.leaderboard["cell"])
        return [cell for cell in self.results.done if cell.name in scored]

    @cached_property
    def failed(self) -> list[Cell]:
        """The cells that could not be made."""
        return [cell for cell in self.results.cells if cell.data.get("status") == "failed"]

    @cached_property
    def waiting(self) -> list[Cell]:
        """The cells that were asked for and are not there yet."""
        known = [*self.failed, *self.done]
        return [cell for cell in self.results.cells if cell not in known]

    @cached_property
    def learned(self) -> list[Cell]:
        """The cells with a network that was trained: VAEs and autoencoders."""
        return [cell for cell in self.done if cell.model not in BASELINES]

    @cached_property
    def vaes(self) -> list[Cell]:
        """The learned cells whose latents are sampled."""
        return [cell for cell in self.learned if number(config(cell).get("beta", 1.0)) != 0]

    # Rows that may be claimed

    @cached_property
    def label(self) -> str | None:
        """The label that ranks; None where stability does."""
        return self.results.ranking_label

    @cached_property
    def honest(self) -> list[Row]:
        """The rows that may be claimed: of the ranking label where there is one, one a clustering, best first."""
        table = self.results.honest
        if self.label is not None:
            table = table[table["label"] == self.label]
            table = table[table["ami"].notna()]
        else:
            table = table.drop_duplicates(["cell", "clustering_id"])
        return _rows(table)

    @cached_property
    def best(self) -> Row | None:
        """The first row that may be claimed."""
        return self.honest[0] if self.honest else None

    @cached_property
    def best_cell(self) -> Cell | None:
        """The cell of that row."""
        return self.results.cell(self.best["cell"]) if self.best else None

    def best_of(self, cells: Iterable[Cell]) -> Row | None:
        """Return the first row that may be claimed of some cells."""
        names = {cell.name for cell in cells}
        return next((row for row in self.honest if row["cell"] in names), None)

    @cached_property
    def each(self) -> list[Row]:
        """The first row that may be claimed of every cell that has one."""
        firsts: dict[str, Row] = {}
        for row in self.honest:
            firsts.setdefault(str(row["cell"]), row)
        return list(firsts.values())

    @cached_property
    def doubted(self) -> dict[str, list[Cell]]:
        """Why -> the cells of whose rows on the ranking label (on any, without one) some may not be believed so."""
        table = self.results.leaderboard
        if self.label is not None:
            table = table[table["label"] == self.label]
        names: dict[str, set[str]] = {}
        for row in _rows(table):
            for why in doubts(row):
                names.setdefault(why, set()).add(str(row["cell"]))
        return {why: [cell for cell in self.done if cell.name in found] for why, found in names.items()}

    def rows_of(self, row: Row) -> dict[str, Row]:
        """Return label -> the row of the same clustering that may be claimed on it."""
        table = self.results.honest
        same = (table["cell"] == row["cell"]) & (table["clustering_id"] == row["clustering_id"])
        return {str(one["label"]): one for one in _rows(table[same]) if isinstance(one["label"], str)}

    # Other tables

    @cached_property
    def comparisons(self) -> list[Row]:
        """The verdict's comparisons of a VAE with a baseline, those whose numbers are known."""
        file = self.results.run.verdict_file
        every = read_json(file).get("comparisons") if file.is_file() else None
        keys = ("difference", "low", "high", "vae_ami", "baseline_ami")
        return [row for row in every or [] if all(number(row.get(key)) is not None for key in keys)]

    @cached_property
    def language(self) -> pd.DataFrame:
        """The questions about language, one row a cell."""
        return read_table(self.results.run.language_file)

    @cached_property
    def probes(self) -> pd.DataFrame:
        """What classifiers tell from the latents."""
        return read_table(self.results.run.probes_file)

    @cached_property
    def transfer(self) -> pd.DataFrame:
        """What carries over to values that were left out of training."""
        return read_table(self.results.run.transfer_table_file)

    def language_of(self, cell: Cell) -> Row:
        """Return what is known of a cell and language; nothing where it was not asked."""
        table = self.language
        return next(iter(_rows(table[table["cell"] == cell.name])), {}) if len(table) else {}

    def probe_of(self, cell: Cell, label: str) -> Row:
        """Return what a linear classifier tells of a label from a cell's latents; nothing where it was not asked."""
        table = self.probes
        if not len(table):
            return {}
        mine = (table["cell"] == cell.name) & (table["label"] == label) & (table["kind"] == "linear")
        return next(iter(_rows(table[mine])), {})

    @cached_property
    def cards(self) -> dict[str, Any] | None:
        """The cards of the best clustering; None where there are none."""
        if self.best is None:
            return None
        file = self.results.run.cards_file(str(self.best["cell"]), str(self.best["clustering_id"]))
        return dict(read_json(file)) if file.is_file() else None

    # The experiment

    def asked(self, part: str) -> dict[str, Any]:
        """Return a part of the experiment, such as ``features``; nothing where the file does not have it."""
        found = self.results.run.experiment.get(part)
        return found if isinstance(found, dict) else {}

    @cached_property
    def seeds(self) -> int:
        """The most seeds that a cell was run with."""
        return max((len(cell.seeds) for cell in self.done), default=0)

    @cached_property
    def clusterings(self) -> int:
        """Clusterings that are scored, over all cells."""
        table = self.results.leaderboard
        return len(table.drop_duplicates([key for key in ("cell", "clustering_id") if key in table]))

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Versions and platform; nothing where they were not kept."""
        file = self.results.run.environment_file
        return dict(read_json(file)) if file.is_file() else {}

    # Names

    def called(self, name: object) -> str:
        """Return what a cell is called in text and tables."""
        cell = self.results.cell(name)
        return title(cell) if cell else str(name)

    def clustered(self, row: Mapping[str, Any]) -> str:
        """Return how a row was clustered, without its number of clusters: ``Gaussian mixture (diag) in umap10``."""
        told = {key: value for key, value in parameters(row.get("params")).items() if key not in _K}
        algorithm = ALGORITHMS.get(str(row["clustering"]), str(row["clustering"]))
        if row["clustering"] == "agglomerative" and "linkage" in told:
            algorithm = f"{told.pop('linkage').replace('ward', 'Ward')} linkage"
        settings = [SETTINGS.get(key, f"{key.replace('_', ' ')} {{}}").format(value) for key, value in told.items()]
        space = str(row.get("space") or "latent")
        where = f" in {space_words(space)}" if space != "latent" else ""
        return algorithm + (f" ({', '.join(settings)})" if settings else "") + where


_K = ("n_clusters", "choose_by")


def config(cell: Cell) -> dict[str, Any]:
    """Return what a cell's model was told; nothing where that was not kept."""
    given = cell.data.get("config")
    model = given.get("model") if isinstance(given, dict) else None
    return model if isinstance(model, dict) else {}


def inputs(cell: Cell) -> str:
    """Return what a cell was given, in words."""
    return worded(cell.inputs)


def worded(told: object) -> str:
    """Return inputs as the leaderboard and the verdict name them, in words."""
    parts = re.split(r"\s*\+\s*", str(told))
    return " + ".join(" ".join(INPUTS.get(word, word) for word in part.split(" ")) for part in parts).replace(
        "label:", "label "
    )


def title(cell: Cell) -> str:
    """Return what a cell is called: its own name, or its model and inputs."""
    if not cell.title.startswith(f"{cell.model} on "):
        return cell.title
    return f"raw {inputs(cell)}" if cell.model == "raw" else f"{MODELS.get(cell.model, cell.model)} on {inputs(cell)}"


def space_words(space: str) -> str:
    """Return a space that was clustered in words, as `musaic.clustering.spaces` names it: ``umap10-of-raw``."""
    kind, _, of = space.partition("-of-")
    found = re.match(r"(pca|umap)(\d+)?", kind)
    if not found:
        return {"latent": "the representation itself", "raw": "the scaled inputs"}.get(space, space)
    words = found[1].upper() + {"raw": " of the inputs", "latent": " of the representation"}.get(of, "")
    return f"{found[2]}-D {words}" if found[2] else words


def k_of(row: Mapping[str, Any]) -> str:
    """Return the number of clusters of a row: a mean over seeds where seeds differ."""
    found = number(row.get("n_clusters"))
    return "–" if found is None else count(found) if found == int(found) else f"{found:.1f}"


def _rows(table: pd.DataFrame) -> list[Row]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
