"""Where one song belongs in a trained cell: its cluster of every clustering, its place on every map, who is near.

Letters: N songs of the run, D latent dimensions, k neighbours.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from musaic.clustering.neighbours import VOTERS
from musaic.experiment.inputs import Inputs
from musaic.experiment.restoring import RestoredCell, RestoredClustering


@dataclass(frozen=True)
class Membership:
    """A song's cluster of one clustering.

    Parameters
    ----------
    clustering : str
        The clustering's id.
    cluster : int
        -1 for noise.
    confidence : float, 0 to 1
        How clearly the song belongs there, as the clusterer means it.
    name : str or None
        What the cluster's card calls it, where it has one.
    """

    clustering: str
    cluster: int
    confidence: float
    name: str | None


@dataclass(frozen=True)
class Placement:
    """A song in a cell.

    Parameters
    ----------
    cell : str
        The cell.
    seed : int
        Its seed.
    latent : ndarray, shape (D,), float32
        Where the song lies.
    neighbours : tuple of str
        ``track_id`` of the nearest songs of the run, nearest first; the song itself is none of them.
    distances : tuple of float
        Euclidean, in latent space.
    maps : dict of str to (float, float)
        Position on each map that the cell has.
    memberships : tuple of Membership
        By clustering, in the order of ``cells.json``.
    """

    cell: str
    seed: int
    latent: np.ndarray
    neighbours: tuple[str, ...]
    distances: tuple[float, ...]
    maps: dict[str, tuple[float, float]]
    memberships: tuple[Membership, ...]


def recall(cell: RestoredCell, track_id: str, n_neighbours: int) -> Placement:
    """Return where a song of the run lies: everything as it was made."""
    latent = cell.latents.loc[track_id].to_numpy(np.float32)
    distances = _distances(cell.latents, latent).drop(track_id)
    return Placement(
        cell.name,
        cell.seed,
        latent,
        *_nearest(distances, n_neighbours),
        _stood(cell.maps, track_id),
        tuple(_membership(clustering, track_id) for clustering in cell.clusterings),
    )


def _membership(clustering: RestoredClustering, track_id: str) -> Membership:
    """Return the cluster that a song of the run was given."""
    row = clustering.clusters.loc[track_id].to_dict()
    cluster = int(row["cluster"])
    return Membership(clustering.name, cluster, float(row["confidence"]), clustering.cards.get(cluster))


def place(cell: RestoredCell, song: Inputs, n_neighbours: int, told: Collection[str] = ()) -> Placement:
    """Return where a song lies that the cell has not seen.

    Parameters
    ----------
    cell : RestoredCell
        The cell.
    song : Inputs
        One song, with what the cell is given.
    n_neighbours : int >= 0
        k.
    told : collection of str
        The labels that a person gave (see `RestoredCell.embed`).

    Notes
    -----
    A position on a map is the mean of those of the 5 nearest songs in latent space, each weighted by the inverse of
    its distance: a song lies between songs that it is like, and not where the method that drew the map would put it.
    """
    embedded, inputs = cell.embed(song, told)
    latent = embedded[0]
    wide = embedded.astype(np.float64)
    distances = _distances(cell.latents, latent)
    memberships = []
    for clustering in cell.clusterings:
        found = clustering.clusterer.assign(wide, None if inputs is None else inputs.astype(np.float64))
        cluster = int(found.labels[0])
        confidence, name = float(found.confidence[0]), clustering.cards.get(cluster)
        memberships.append(Membership(clustering.name, cluster, confidence, name))
    return Placement(
        cell.name,
        cell.seed,
        latent,
        *_nearest(distances, n_neighbours),
        _between(cell.maps, distances),
        tuple(memberships),
    )


def _distances(latents: pd.DataFrame, latent: np.ndarray) -> pd.Series[float]:
    """Return the distance of a place in latent space to every song, indexed by ``track_id``."""
    apart = latents.to_numpy(np.float64) - latent.astype(np.float64)
    # summed song by song, without a library whose sums end in an order of their own
    return pd.Series(np.sqrt(np.square(apart).sum(axis=1)), index=latents.index)


def _nearest(distances: pd.Series[float], k: int) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return the k nearest songs and their distances; of those equally far, by name."""
    values = distances.to_numpy()
    if k < 1 or not len(values):
        return (), ()
    k = min(k, len(values))
    near = np.flatnonzero(values <= np.partition(values, k - 1)[k - 1])
    names = distances.index.to_numpy(dtype=object)[near]
    order = sorted(range(len(near)), key=lambda place: (values[near[place]], str(names[place])))[:k]
    return tuple(str(names[place]) for place in order), tuple(float(values[near[place]]) for place in order)


def _between(maps: Mapping[str, pd.DataFrame], distances: pd.Series[float]) -> dict[str, tuple[float, float]]:
    """Return positions between the nearest songs, on every map."""
    found = {}
    for method, table in maps.items():
        placed = table[["x", "y"]].dropna()
        near, far = _nearest(distances[distances.index.isin(placed.index)], VOTERS)
        if not near:
            continue
        apart = np.array(far)
        # songs that lie just there decide alone: against their weight any other is nothing
        weights = np.divide(1.0, apart, out=np.zeros_like(apart), where=apart > 0) if apart[0] > 0 else apart == 0
        x, y = np.average(placed.loc[list(near)].to_numpy(np.float64), axis=0, weights=weights)
        found[method] = (float(x), float(y))
    return found


def _stood(maps: Mapping[str, pd.DataFrame], track_id: str) -> dict[str, tuple[float, float]]:
    """Return where a song of the run stands on every map that it is on."""
    rows = {method: table.loc[track_id].to_dict() for method, table in maps.items() if track_id in table.index}
    points = {method: (float(row["x"]), float(row["y"])) for method, row in rows.items()}
    return {method: point for method, point in points.items() if np.isfinite(point).all()}
