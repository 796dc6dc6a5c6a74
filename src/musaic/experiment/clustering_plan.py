"""Which cell is clustered how: what was asked for, less what it cannot have and what another does in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from musaic.clustering.choice import count_labels
from musaic.clustering.config import LABELS, ClusteringConfig
from musaic.clustering.spaces import SpaceConfig
from musaic.experiment.cell import Cell
from musaic.experiment.checks import matches
from musaic.experiment.scoring import ScoringContext, lacking
from musaic.models.registry import MODELS


class ClusteringPlan:
    """The clusterings of every cell.

    Parameters
    ----------
    clusterings : tuple of ClusteringConfig
        Every way to cluster, one value a parameter.
    context : ScoringContext
        What all cells are scored with.
    cells : list of Cell
        All that are not skipped.
    """

    def __init__(
        self, clusterings: tuple[ClusteringConfig, ...], context: ScoringContext, cells: Sequence[Cell]
    ) -> None:
        self.clusterings, self.context, self.cells = clusterings, context, cells

    def by_space(self, cell: Cell) -> dict[SpaceConfig, tuple[ClusteringConfig, ...]]:
        """Return the clusterings that a cell gets, by space."""
        columns = self.context.columns(cell.inputs.track_ids)
        found: dict[SpaceConfig, list[ClusteringConfig]] = {}
        for config in self.clusterings:
            fit = lacking(config, cell.config, columns, len(cell.inputs.track_ids)) is None
            if fit and self._asked(config, cell) and self._stands_for(config, cell):
                found.setdefault(config.only_space, []).append(config)
        return {space: tuple(_without_twins(configs, columns)) for space, configs in found.items()}

    def _asked(self, config: ClusteringConfig, cell: Cell) -> bool:
        return matches(cell.name, cell.config.slug, config.cells)

    def _stands_for(self, config: ClusteringConfig, cell: Cell) -> bool:
        """Return whether a clustering is made of a cell's own latents, or the cell is the one that has its input.

        What is clustered in a space of the inputs is the same for all cells of one input: it is done once, for a
        baseline where there is one, so that no model is credited with what it had no part in.
        """
        if not config.only_space.needs_raw:
            return True
        alike = [other for other in self.cells if self._asked(config, other) and _given(other) == _given(cell)]
        return min(alike, key=lambda other: not MODELS[other.config.model.model].baseline) is cell


def _without_twins(
    configs: Sequence[ClusteringConfig], columns: Mapping[str, Sequence[str | None]]
) -> list[ClusteringConfig]:
    """Return clusterings without those by a number that a label has as many values as: they would be the same."""
    counted = set()
    for config in configs:
        asked = getattr(config, "n_clusters", None)
        if isinstance(asked, str) and asked.startswith(LABELS):
            counted.add(config.model_copy(update={"n_clusters": count_labels(asked, columns)}).identity)
    return [config for config in configs if config.identity not in counted]


def _given(cell: Cell) -> tuple[str, str]:
    """Return what a cell's inputs are before its model sees them."""
    plain = cell.config.model.plain()
    return cell.config.told, str([plain[key] for key in ("scaling", "without", "removal")])
