"""The comparison of two runs: what it holds, and how it is made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from musaic.errors import UsageError
from musaic.experiment.compare.alignment import Alignment, align
from musaic.experiment.compare.scores import side_by_side
from musaic.experiment.compare.sides import Pair, Side, choose_sides, open_finished
from musaic.progress import SILENT, Reporter
from musaic.runs import Run


@dataclass(frozen=True)
class RunComparison:
    """Two runs, held against each other.

    Attributes
    ----------
    first, second : Side
        The clusterings compared.
    n_common, n_only_first, n_only_second : int
        Tracks of both corpora, and of one of them alone.
    n_changed : int
        Common tracks whose file is another one (its content differs), though their ``track_id`` is the same.
    n_compared : int
        Common tracks that both clusterings have.
    alignment : Alignment
        Clusters of the second in the numbers of the first; agreement.
    moved : DataFrame
        Songs whose cluster changed, the surest on both sides first: ``track_id, title, artist, from, to`` (in the
        numbers of the first), ``to_own`` (the second's own number), ``confidence_first, confidence_second``.
    scores : DataFrame
        Scores side by side (see `musaic.experiment.compare.scores.side_by_side`).
    """

    first: Side
    second: Side
    n_common: int
    n_only_first: int
    n_only_second: int
    n_changed: int
    n_compared: int
    alignment: Alignment
    moved: pd.DataFrame
    scores: pd.DataFrame

    def to_markdown(self) -> str:
        """Return it for people."""
        from musaic.experiment.compare.writing import to_markdown

        return to_markdown(self)

    def plain(self) -> dict[str, Any]:
        """Return all of it JSON-ready; what is not known is null."""
        from musaic.experiment.compare.writing import plain

        return plain(self)

    def write(self, folder: Path) -> None:
        """Write ``compare.md, scores.csv, contingency.csv, moved.csv`` into a folder, each atomically."""
        from musaic.experiment.compare.writing import write

        write(self, folder)


def compare(
    first: str | Path | Run,
    second: str | Path | Run,
    *,
    cell: Pair = None,
    clustering: Pair = None,
    seed: int | tuple[int, int] | None = None,
    n_bootstrap: int = 500,
    random_state: int = 0,
    reporter: Reporter = SILENT,
) -> RunComparison:
    """Hold two finished runs against each other; nothing in them is changed.

    Parameters
    ----------
    first, second : str, Path or Run
        Run folders; the same one twice compares two of its clusterings.
    cell, clustering : str or pair of str, optional
        Names, or their beginnings, for both sides or one for each. By default the best ranked clustering in a place
        (model, input, clustering, space, k) that both runs have, else each run's best ranked one.
    seed : int or pair of int, optional
        Whose clusters; the first seed by default.
    n_bootstrap : int >= 0
        Samples for the intervals of differences in AMI; 0 for none.
    random_state : int
        Same seed, same intervals.
    reporter : Reporter
        Where progress is told.

    Raises
    ------
    UsageError
        Where a folder is no finished run, a name fits nothing or several, or the runs have no track in common.
    MusaicError
        Where a run's files are damaged or gone.
    """
    if n_bootstrap < 0:
        raise UsageError(f"{n_bootstrap} bootstrap samples cannot be drawn; give 0 for no intervals, or more.")
    runs = open_finished(first), open_finished(second)
    tracks = tuple(run.tracks.set_index("track_id").sort_index() for run in runs)
    common = tracks[0].index.intersection(tracks[1].index).sort_values()
    if not len(common):
        raise UsageError(
            f"{runs[0].path} ({len(tracks[0])} tracks) and {runs[1].path} ({len(tracks[1])}) have no track in common; "
            "compare runs of the same corpus."
        )
    sides = choose_sides(*runs, cells=_two(cell), clusterings=_two(clustering), seeds=_two(seed))
    found = [side.clusters.reindex(side.clusters.index.intersection(common)) for side in sides]
    both = found[0].index.intersection(found[1].index)
    if not len(both):
        raise UsageError(
            f"{sides[0].cell} and {sides[1].cell} have clustered no track in common, of {len(common)} that both runs "
            "have; name other cells with --cell."
        )
    found = [table.loc[both] for table in found]
    alignment = align(found[0]["cluster"], found[1]["cluster"])
    return RunComparison(
        first=sides[0],
        second=sides[1],
        n_common=len(common),
        n_only_first=len(tracks[0]) - len(common),
        n_only_second=len(tracks[1]) - len(common),
        n_changed=_changed(*(table.loc[common, "content_id"] for table in tracks)),
        n_compared=len(both),
        alignment=alignment,
        moved=_moved(alignment, found, (tracks[0], tracks[1])),
        scores=side_by_side(
            *sides,
            (tracks[0], tracks[1]),
            common,
            n_bootstrap=n_bootstrap,
            random_state=random_state,
            reporter=reporter,
        ),
    )


def _two(given: Any) -> tuple[Any, Any]:
    return given if isinstance(given, tuple) else (given, given)


def _changed(first: pd.Series[str], second: pd.Series[str]) -> int:
    known = first.notna() & second.notna()
    return int((first[known] != second[known]).sum())


def _moved(alignment: Alignment, found: list[pd.DataFrame], tracks: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    """Return the songs whose cluster changed; a song is as sure as the less sure of its sides."""
    clusters = alignment.clusters
    moved = clusters[clusters["first"] != clusters["second"]]
    ids = moved.index
    told = {
        name: tracks[0].loc[ids, name].combine_first(tracks[1].loc[ids, name]).reindex(ids)
        for name in ("title", "artist")
    }
    confidence = [table["confidence"].reindex(ids).astype(np.float64) for table in found]
    table = pd.DataFrame(
        {
            **told,
            "from": moved["first"],
            "to": moved["second"],
            "to_own": moved["second_own"],
            "confidence_first": confidence[0],
            "confidence_second": confidence[1],
        },
        index=ids,
    )
    surest = pd.concat(confidence, axis=1).min(axis=1, skipna=False)
    order = surest.sort_values(ascending=False, kind="stable", na_position="last")  # equally sure ones by track_id
    return table.loc[order.index].rename_axis("track_id").reset_index()
