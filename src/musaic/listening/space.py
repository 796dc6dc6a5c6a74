"""Where the songs of a cell lie, and what is nearest to a point there.

What is nearest to a point is exact. What is nearest to a song is, too, up to 20,000 songs; of more it comes from the
graph that their clusterings were found on, where the run has one.

Letters: N songs, D latent dimensions, k songs wanted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from musaic.errors import MusaicError, UsageError
from musaic.graph.neighbours import EXACT, Graph
from musaic.listening.choice import choose_cell, choose_seed, opened
from musaic.listening.placed import placed_in
from musaic.runs import Run
from musaic.runs.graphs import read_graph

Metric = Literal["euclidean", "cosine"]
METRICS: tuple[Metric, ...] = get_args(Metric)

LATENT = "latent"
"""The space of a cell's own posterior means, as clusterings name it."""

HELD = 4
"""Spaces that are kept in memory; 100,000 songs of 128 dimensions are 51 MB."""


@dataclass(frozen=True, eq=False)
class Space:
    """Posterior means of one cell and seed, of the run's songs and of those that were placed in it later.

    Attributes
    ----------
    track_ids : Index, length N
        In order of themselves, so that the first of equally near songs is the first by ``track_id``.
    Z : ndarray of float32, shape (N, D)
        Finite.
    norms : ndarray of float32, shape (N,)
        Euclidean lengths.
    name : str
        The cell, for messages.
    graph : Graph, optional
        Who is nearest to whom, where the run has found that of so many songs.
    """

    track_ids: pd.Index
    Z: NDArray[np.float32]
    norms: NDArray[np.float32]
    name: str
    graph: Graph | None = None

    def row(self, track_id: str) -> int:
        """Return a song's row; `UsageError` where it has none."""
        if track_id not in self.track_ids:
            raise UsageError(f"there is no song {track_id!r} in cell {self.name}; give the track_id of one that is.")
        return int(self.track_ids.get_indexer(pd.Index([track_id]))[0])

    def among(self, track_ids: Collection[str] | None) -> NDArray[np.bool_]:
        """Return which songs are among some, shape (N,); all of them where those are None."""
        if track_ids is None:
            return np.ones(len(self.Z), bool)
        return _among(self, frozenset(track_ids)).copy()

    def nearest(
        self,
        point: NDArray[np.float64],
        k: int,
        *,
        metric: Metric = "euclidean",
        allowed: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the rows of the k songs nearest to a point, all where there are fewer, and their distances.

        Parameters
        ----------
        point : ndarray, shape (D,)
            Where to look.
        k : int >= 1
            How many.
        metric : {'euclidean', 'cosine'}
            Cosine distance is 1 - cos; that of a song at the origin, which has no direction, is 1.
        allowed : ndarray of bool, shape (N,), optional
            Which songs may be found; all by default.

        Notes
        -----
        One product of matrix and vector in float32 gives every distance with a bound on its rounding (Higham, 2002,
        "Accuracy and Stability of Numerical Algorithms", §3.1). Whatever may be among the nearest within that bound is
        then measured in float64, so that the answer is exact for the float32 positions, whatever the BLAS.
        """
        rough, bound = self._rough(point, metric)
        rows = np.arange(len(self.Z)) if allowed is None else np.flatnonzero(allowed)
        rough, bound = rough[rows], bound[rows]
        if k < len(rows):
            farthest = np.partition(rough + bound, k - 1)[k - 1]
            rows = rows[rough - bound <= farthest]
        distances = self._distances(point, rows, metric)
        order = np.lexsort((rows, distances))[:k]
        return rows[order], distances[order]

    def neighbours(
        self, row: int, k: int, *, metric: Metric = "euclidean", allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the rows of the k songs nearest to a song, all others where there are fewer, and their distances.

        Parameters
        ----------
        row : int
            The song, which is not among them.
        k, metric, allowed
            As for `nearest`.

        Notes
        -----
        What the graph has enough of is taken from it.
        """
        point = self.Z[row].astype(np.float64)
        if self.graph is not None and metric == "euclidean":
            rows = self.graph.rows[row, 1:].astype(np.intp)
            rows = rows if allowed is None else rows[allowed[rows]]
            if len(rows) >= k:
                distances = self._distances(point, rows[:k], metric)
                order = np.lexsort((rows[:k], distances))
                return rows[order], distances[order]
        others = np.ones(len(self.Z), bool) if allowed is None else allowed.copy()
        others[row] = False
        return self.nearest(point, k, metric=metric, allowed=others)

    def _rough(self, point: NDArray[np.float64], metric: Metric) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what grows with the distance of every song, and how far rounding may have moved it."""
        away = np.float32(np.linalg.norm(point))
        unit = np.float32((self.Z.shape[1] + 8) * np.finfo(np.float32).eps)
        product = self.Z @ point.astype(np.float32)
        if metric == "cosine":
            scale = self.norms * away
            cosine = np.divide(product, scale, out=np.zeros_like(product), where=scale > 0)
            return -cosine, np.full_like(cosine, unit)
        return self.norms**2 - 2 * product, unit * (self.norms + away) ** 2

    def _distances(self, point: NDArray[np.float64], rows: NDArray[np.intp], metric: Metric) -> NDArray[np.float64]:
        X = self.Z[rows].astype(np.float64)
        if metric == "euclidean":
            return np.asarray(np.sqrt(((X - point) ** 2).sum(axis=1)))
        scale = np.sqrt((X**2).sum(axis=1)) * np.sqrt((point**2).sum())
        cosine = np.divide((X * point).sum(axis=1), scale, out=np.zeros(len(X)), where=scale > 0)
        # songs in one direction are equally near, whatever rounding makes of their lengths
        return np.asarray(np.round(np.clip(1 - cosine, 0, 2), 12))


def latents(run: Run | str | Path, cell: str | None = None, seed: int | None = None) -> pd.DataFrame:
    """Return the posterior means of a cell.

    Parameters
    ----------
    run : Run, str or Path
        A run or its folder.
    cell : str, optional
        A cell's name, or the beginning of one if only one begins so; by default that of the best honest row.
    seed : int, optional
        One of the cell's seeds; its first by default.

    Returns
    -------
    DataFrame of float32, shape (N, D)
        Indexed by ``track_id`` and in its order, columns ``z_000…``; songs without a finite position are left out.

    Raises
    ------
    UsageError
        Where there is no such cell or seed.
    MusaicError
        Where the cell has no latents, or they cannot be read.
    """
    run = opened(run)
    cell = choose_cell(run, cell)
    seed = choose_seed(run, cell, seed)
    if not run.embedding_file(cell, seed).is_file():
        raise MusaicError(f"cell {cell} has no latents of seed {seed}; end the run with 'musaic run', or name another.")
    table = run.embedding(cell, seed).astype(np.float32).sort_index()
    return pd.DataFrame(table.loc[np.isfinite(table.to_numpy()).all(axis=1)])


def read_space(run: Run, cell: str | None = None, seed: int | None = None) -> Space:
    """Return the space of a cell and seed, from memory where it was read before and its files are the same.

    Songs that were placed in the run when it was finished lie in it too. Parameters and errors are those of `latents`.
    """
    cell = choose_cell(run, cell)
    seed = choose_seed(run, cell, seed)
    made = (run.embedding_file(cell, seed), run.assigned_folder, *run.graph_files(cell, seed, LATENT))
    changed = tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in made)
    return _read(run.path.resolve(), cell, seed, changed)


@lru_cache(maxsize=HELD)
def _among(space: Space, track_ids: frozenset[str]) -> NDArray[np.bool_]:
    # who asks for the neighbours of one song asks for those of the next, among the same
    return np.array([track_id in track_ids for track_id in space.track_ids.tolist()], dtype=bool)


@lru_cache(maxsize=HELD)
def _read(path: Path, cell: str, seed: int, changed: tuple[int, ...]) -> Space:
    run = Run.open(path)
    table = latents(run, cell, seed)
    placed = placed_in(run, cell, seed).drop_duplicates("track_id")
    if len(placed):
        own = pd.DataFrame(np.stack(placed["latent"].to_list()), index=placed["track_id"], columns=table.columns)
        table = pd.concat([table, own.astype(np.float32)]).sort_index()
    Z = np.ascontiguousarray(table.to_numpy(np.float32))
    norms = np.sqrt((Z.astype(np.float64) ** 2).sum(axis=1)).astype(np.float32)
    # few songs are compared with all, and so are those that were placed later, which the graph does not know
    known = len(table) > EXACT and not len(placed)
    kept = run.graph_files(cell, seed, LATENT)[:1] if known else []
    graph = read_graph(kept[0], list(table.index)) if kept else None
    return Space(table.index, Z, norms, cell, graph)


def check_metric(metric: str) -> None:
    """Raise `UsageError` where there is no such metric."""
    if metric not in METRICS:
        raise UsageError(f"metric is {metric!r}; give one of {', '.join(METRICS)}.")
