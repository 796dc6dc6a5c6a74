"""Playlists as they are wished for: a cluster, a song and its neighbours, a way between two songs, a selection."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from musaic.config import digest
from musaic.errors import UsageError
from musaic.listening.choice import (
    choose_cell,
    choose_cluster,
    choose_clustering,
    choose_seed,
    cluster_names,
    opened,
)
from musaic.listening.neighbours import neighbours
from musaic.listening.path import PER_ARTIST, song_path
from musaic.listening.placed import all_clusters, all_songs
from musaic.listening.playlist import Playlist, check_file, write_playlist
from musaic.listening.songs import at_most, find_song
from musaic.listening.sound import corpus_root, sound_files
from musaic.listening.space import read_space
from musaic.listening.words import file_name
from musaic.runs import Run

STEPS = 12
"""Songs on a way between two, unless told."""
NEAR = 25
"""Songs of a playlist near to one, that one first, unless told."""


def playlist(
    run: Run | str | Path,
    *,
    cluster: int | str | None = None,
    near: str | None = None,
    start: str | None = None,
    end: str | None = None,
    selection: Sequence[str] | None = None,
    cell: str | None = None,
    clustering: str | None = None,
    seed: int | None = None,
    length: int | None = None,
    per_artist: int | None = None,
    name: str | None = None,
    out: str | Path | None = None,
    corpus: str | Path | None = None,
) -> Playlist:
    """Write one playlist of a run.

    Parameters
    ----------
    run : Run, str or Path
        A run or its folder.
    cluster : int or str, optional
        The songs of a cluster, the surest first: its number (-1 is noise), or what its card calls it.
    near : str, optional
        A song and those nearest to it in latent space: a ``track_id``, a path, or a part of a title that no other has.
    start, end : str, optional
        A way from one song to another (`musaic.song_path`), named in the same way.
    selection : sequence of str, optional
        These songs, by ``track_id``.
    cell, clustering : str, optional
        Which representation and which of its clusterings; by default those of the best honest row of the leaderboard.
    seed : int, optional
        One of the cell's seeds; its first by default.
    length : int >= 1, optional
        Songs at most; exactly, on a way. By default 12 on a way, 25 near to a song, else all.
    per_artist : int >= 1, optional
        Songs of one artist at most; by default 2 between the ends of a way, else any number.
    name : str, optional
        What players show; by default what was asked for.
    out : str or Path, optional
        A file ``*.m3u8`` or ``*.csv``, or a folder that is there; by default ``playlists/`` in the run folder.
    corpus : str or Path, optional
        Where the corpus lies now, if it was moved.

    Returns
    -------
    Playlist
        The file, its songs, and which were left out.

    Raises
    ------
    UsageError
        Where not exactly one of cluster, song, way and selection is asked for; where what is named is not there or may
        be several; where no song of it has sound, or the corpus is not where it was.
    MusaicError
        Where something cannot be read or written.

    Notes
    -----
    Songs without sound are neither neighbours nor on a way; those that are asked for by name, in a cluster or a
    selection, are left out and counted.
    """
    asked = [one is not None for one in (cluster, near, selection)] + [start is not None or end is not None]
    if sum(asked) != 1:
        raise UsageError(
            f"{sum(asked) or 'none'} of cluster, near, from-to and selection were given; a playlist is of exactly one."
        )
    if length is not None and length < 1:
        raise UsageError(f"a playlist of {length} songs was asked for; ask for at least 1.")
    if out is not None and not Path(out).is_dir():
        check_file(out)
    run = opened(run)
    heard = _heard(run, corpus)
    cell = choose_cell(run, cell)
    seed = choose_seed(run, cell, seed)
    place = run.path / "playlists"
    if cluster is not None:
        clustering = choose_clustering(run, cell, clustering)
        number, called, ids = _cluster(run, cell, clustering, seed, cluster)
        place, title, stem = place / cell / clustering, called, file_name(f"{number} {called}")
        ids = at_most(run, ids, per_artist)[:length]
    elif near is not None:
        song = find_song(run, near, corpus)
        title = f"near {_title(run, song)}"
        place, stem = place / cell, file_name(title, digest(song))
        ids = _near(run, cell, seed, song, NEAR if length is None else length, per_artist, heard)
    elif selection is not None:
        ids = at_most(run, list(dict.fromkeys(selection)), per_artist)[:length]
        title, stem = "selection", file_name("selection", digest(list(selection)))
    else:
        if start is None or end is None:
            raise UsageError("a way has two ends, and only one was given; name the other song too.")
        ends = find_song(run, start, corpus), find_song(run, end, corpus)
        title = " → ".join(_title(run, song) for song in ends)
        place, stem = place / cell, file_name(title, digest(ends))
        steps, most = STEPS if length is None else length, PER_ARTIST if per_artist is None else per_artist
        ids = song_path(run, cell, *ends, steps, most, seed, among=heard)
    name = title if name is None else name
    if not heard & set(ids):
        raise UsageError(f"none of the {len(ids)} songs of {name!r} has sound; ask for others.")
    file = place / f"{stem}.m3u8"
    if out is not None:
        file = Path(out) / file.name if Path(out).is_dir() else Path(out)
    return write_playlist(run, ids, file, name=name, corpus=corpus, cell=cell, clustering=clustering, seed=seed)


def playlists(
    run: Run | str | Path,
    *,
    cell: str | None = None,
    clustering: str | None = None,
    seed: int | None = None,
    length: int | None = None,
    per_artist: int | None = None,
    out: str | Path | None = None,
    corpus: str | Path | None = None,
) -> list[Playlist]:
    """Write a playlist of every cluster of a clustering that has a song with sound, noise last.

    Parameters are those of `playlist`; ``out`` is a folder, which is made where it is not there.
    """
    if out is not None:
        if Path(out).suffix.lower() in (".m3u8", ".csv") or Path(out).is_file():
            raise UsageError(f"{out} is one file, and every cluster becomes one; name a folder, or one cluster.")
        Path(out).mkdir(parents=True, exist_ok=True)
    run = opened(run)
    heard = _heard(run, corpus)
    cell = choose_cell(run, cell)
    seed = choose_seed(run, cell, seed)
    clustering = choose_clustering(run, cell, clustering)
    clusters = all_clusters(run, cell, clustering, seed)["cluster"]
    numbers = sorted({int(number) for number in clusters[clusters.index.isin(list(heard))]}, key=lambda n: (n < 0, n))
    return [
        playlist(
            run,
            cluster=number,
            cell=cell,
            clustering=clustering,
            seed=seed,
            length=length,
            per_artist=per_artist,
            out=out,
            corpus=corpus,
        )
        for number in numbers
    ]


def _heard(run: Run, corpus: str | Path | None) -> set[str]:
    """Return the songs that have sound, where the corpus is there to be heard."""
    root = corpus_root(run, corpus)
    if root is None or not root.is_dir():
        where = f"{run.path} does not say where its songs lie" if root is None else f"the songs are not in {root}"
        raise UsageError(f"{where}; name the folder where they lie now with --corpus.")
    return set(sound_files(run, corpus))


def _cluster(run: Run, cell: str, clustering: str, seed: int, given: int | str) -> tuple[int, str, list[str]]:
    """Return a cluster's number, what it is called and its songs, the surest first."""
    table = all_clusters(run, cell, clustering, seed)
    names = cluster_names(run, cell, clustering, seed)
    number = choose_cluster(table, names, given)
    members = table[table["cluster"] == number].sort_index()
    members = members.sort_values("confidence", ascending=False, kind="stable", na_position="last")
    called = names.get(number, "noise" if number < 0 else f"cluster {number}")
    return number, called, [str(track_id) for track_id in members.index]


def _near(run: Run, cell: str, seed: int, song: str, length: int, per_artist: int | None, heard: set[str]) -> list[str]:
    """Return a song and those nearest to it that can be heard."""
    # a cap may pass over any number of neighbours
    k = max(length - 1, 1) if per_artist is None else len(read_space(run, cell, seed).Z)
    found = neighbours(run, cell, song, k, seed, among=heard)["track_id"]
    return at_most(run, [song, *map(str, found)], per_artist)[:length]


def _title(run: Run, track_id: str) -> str:
    """Return what a song is called: its title, else the end of its id."""
    title = all_songs(run, "title").at[track_id, "title"]
    return title if isinstance(title, str) and title.strip() else track_id.rsplit("/", 1)[-1]
