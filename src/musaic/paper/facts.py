"""What a run says, as a paper needs it: which rows may be claimed, and which cells were learned."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from musaic.errors import MusaicError
from musaic.files import read_json
from musaic.models.registry import MODELS
from musaic.paper.configured import config
from musaic.paper.names import title
from musaic.report.questions import read_table
from musaic.report.reading import Cell, Results, doubts, number

Row = dict[str, Any]

Standing = Literal["labelled", "unclaimed", "unranked", "unlabelled"]
"""What scores rest on: a label that ranks; one that was scored, though no score may be claimed; labels that do not
rank; no label."""


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
        """The cells whose model learns more than a baseline, as the registry has it."""
        return [cell for cell in self.done if not self._baseline(cell)]

    def _baseline(self, cell: Cell) -> bool:
        """Say whether a model is a baseline; one that is not registered here is one where it kept no training."""
        known = MODELS.get(cell.model)
        return known.baseline if known else not self.results.histories(cell)

    @cached_property
    def vaes(self) -> list[Cell]:
        """The learned cells whose latents are sampled: those with a weight of the divergence above 0."""
        return [cell for cell in self.learned if number(config(cell).get("beta"))]

    @cached_property
    def autoencoders(self) -> list[Cell]:
        """The learned cells with such a weight of 0, which stand among the baselines."""
        return [cell for cell in self.learned if number(config(cell).get("beta")) == 0]

    @cached_property
    def challenger(self) -> str:
        """What is held against the baselines: ``VAE``, or ``learned model`` where others are among them."""
        vaes = {cell.name for cell in self.vaes}
        return "VAE" if all(row["vae"] in vaes for row in self.comparisons) else "learned model"

    # Rows that may be claimed

    @cached_property
    def label(self) -> str | None:
        """The label that ranks; None where stability does."""
        return self.results.ranking_label

    @cached_property
    def scored(self) -> list[str]:
        """The labels that have scores, whether they may be claimed or not, those that rank first."""
        table = self.results.leaderboard
        if not {"ami", "label"} <= set(table):
            return []
        found = list(dict.fromkeys(map(str, table[table["ami"].notna()]["label"].dropna())))
        return sorted(found, key=lambda label: label not in self.results.rank_by)

    @cached_property
    def standing(self) -> Standing:
        """What the scores rest on."""
        if self.label is not None:
            return "labelled"
        if not self.scored:
            return "unlabelled"
        return "unclaimed" if set(self.scored) & set(self.results.rank_by) else "unranked"

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

    @cached_property
    def leaked_labels(self) -> list[str]:
        """The labels of which some row has been given away."""
        table = self.results.leaderboard
        return list(dict.fromkeys(map(str, table[table["leaked"]]["label"].dropna())))

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

    def called(self, name: object) -> str:
        """Return what a cell is called in text and tables."""
        cell = self.results.cell(name)
        return title(cell) if cell else str(name)


def _rows(table: pd.DataFrame) -> list[Row]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
