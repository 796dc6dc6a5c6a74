"""A way through latent space from one song to another, song by song.

The task is that of Flexer, Schnitzer, Gasser & Widmer (ISMIR 2008), "Playlist generation using start and end songs":
a given number of songs that change gradually from the first to the last. They take songs whose *ratio* of distances to
both ends is right, which leaves it open how far apart two such songs are. Here the songs themselves are near to each
other: what is made small is

    sum of |x_i - p_i|² over the songs between  +  sum of |x_i+1 - x_i|² over all steps,

with x_i the songs' places and p_i the points that divide the straight line between the ends evenly. The second sum is
the discrete energy of a curve, least where steps are short and equal (Shao, Kumar & Fletcher, arXiv:1711.08014, §3.2);
the first keeps the songs from gathering around the ends. Given the others, the best song for a place is the one nearest
to (p_i + x_i-1 + x_i+1) / 3, so one place after the other is given its best song until none changes: the sum falls with
every change, and the way is one that no single exchange betters. A shortest path in a graph of neighbours has steps of
much the same length, but not the wanted number of them.

Letters: N songs, D latent dimensions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from musaic.errors import UsageError
from musaic.listening.choice import opened
from musaic.listening.songs import artist_numbers
from musaic.listening.space import Space, read_space
from musaic.runs import Run

PER_ARTIST = 2
"""Songs of one artist on a way, unless told."""


def song_path(
    run: Run | str | Path,
    cell: str | None,
    start: str,
    end: str,
    steps: int = 12,
    per_artist: int | None = PER_ARTIST,
    seed: int | None = None,
    *,
    among: Collection[str] | None = None,
) -> list[str]:
    """Return songs that lead gradually from one song to another in latent space.

    Parameters
    ----------
    run : Run, str or Path
        A run or its folder.
    cell : str or None
        A cell's name, or the beginning of one if only one begins so; None for that of the best honest row.
    start, end : str
        The ``track_id`` of the first and the last song.
    steps : int >= 2
        Songs on the way, both ends among them.
    per_artist : int >= 1 or None
        At most so many of one artist between the ends (of one group, where an artist is not known); None for any
        number.
    seed : int, optional
        One of the cell's seeds; its first by default.
    among : collection of str, optional
        Only these songs may lie between the ends, such as those that can be heard; by default all of the cell.

    Returns
    -------
    list of str, length ``steps``
        Each ``track_id`` once. The same way every time.

    Raises
    ------
    UsageError
        Where there is no such cell, seed or song, both ends are one song, or too few songs may lie between them.
    MusaicError
        Where the cell has no latents.
    """
    run = opened(run)
    if steps < 2:
        raise UsageError(f"a way of {steps} songs has no two ends; ask for at least 2.")
    if per_artist is not None and per_artist < 1:
        raise UsageError(f"at most {per_artist} songs of one artist were allowed; allow at least 1.")
    if start == end:
        raise UsageError(f"both ends of the way are {start!r}; name two different songs.")
    space = read_space(run, cell, seed)
    ends = space.row(start), space.row(end)
    allowed = space.among(among)
    allowed[list(ends)] = False
    artists = artist_numbers(run, space.track_ids)
    most = steps if per_artist is None else per_artist
    enough = int(np.minimum(np.bincount(artists[allowed]), most).sum())
    if enough < steps - 2:
        cap = "" if per_artist is None else f" with at most {per_artist} of one artist"
        raise UsageError(
            f"a way of {steps} songs has {steps - 2} between its ends, and there are only {enough}{cap}; "
            f"ask for at most {enough + 2} songs{' or allow more of one artist' if cap else ''}."
        )
    rows = _way(space, *ends, steps, allowed, artists, most)
    return [str(track_id) for track_id in space.track_ids[rows]]


def _way(
    space: Space,
    start: int,
    end: int,
    steps: int,
    allowed: NDArray[np.bool_],
    artists: NDArray[np.int64],
    most: int,
) -> list[int]:
    """Return the rows on the way; there are enough songs for one."""
    first, last = space.Z[[start, end]].astype(np.float64)
    line = first + (last - first) * np.linspace(0, 1, steps)[:, None]

    def best(point: NDArray[np.float64], others: list[int]) -> int:
        """Return the nearest song to a point that may stand beside the others."""
        full = [artist for artist, count in Counter(artists[others[1:-1]].tolist()).items() if count >= most]
        free = allowed & ~np.isin(artists, full)
        free[others] = False
        return int(space.nearest(point, 1, allowed=free)[0][0])

    rows = [start]
    for point in line[1:-1]:
        rows.append(best(point, [*rows, end]))
    rows.append(end)
    changed = True
    while changed:
        changed = False
        for place in range(1, steps - 1):
            before, after = space.Z[[rows[place - 1], rows[place + 1]]].astype(np.float64)
            wanted = (line[place] + before + after) / 3
            found = best(wanted, rows[:place] + rows[place + 1 :])
            if _far(space, found, wanted) < _far(space, rows[place], wanted) * (1 - 1e-9):
                rows[place], changed = found, True
    return rows


def _far(space: Space, row: int, point: NDArray[np.float64]) -> float:
    return float(((space.Z[row].astype(np.float64) - point) ** 2).sum())
