"""FMA, the dump of the Free Music Archive (Defferrard et al., arXiv:1612.01840), in its four sizes."""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator
from pathlib import Path

from musaic.corpus.table import BIGGEST_CELL, read_table
from musaic.datasets.checksums import compare, listed
from musaic.datasets.description import Checked, Dataset, Song, Songs
from musaic.datasets.sources.local_copy import NO_CHECKSUMS, LocalCopy
from musaic.errors import UsageError
from musaic.progress import Reporter

TRACKS = "fma_metadata/tracks.csv"
GENRES = "fma_metadata/genres.csv"
SUBSETS = {"small": {"small"}, "medium": {"small", "medium"}, "large": None, "full": None}
"""By size: what the column ``set.subset`` holds for its tracks; None for any (the sizes lie in one another)."""


def songs(root: Path, size: str) -> Songs:
    """Read the tracks of one size whose file is here."""
    audio = f"fma_{size}"
    for wanted in (TRACKS, audio):
        if not (root / wanted).exists():
            raise UsageError(f"{root} holds no {wanted}; the layout of {audio} is {_layout(size)}.")
    titles = _genre_titles(root / GENRES)
    subsets = SUBSETS[size]
    found, absent = [], 0
    for cells in _rows(root / TRACKS):
        if subsets is not None and cells.get("set.subset") not in subsets:
            continue
        number = cells["track_id"]
        path = f"{audio}/{number.zfill(6)[:3]}/{number.zfill(6)}.mp3"
        if not (root / path).is_file():
            absent += 1
            continue
        several = [titles.get(one.strip(), "") for one in cells.get("track.genres", "").strip("[]").split(",")]
        more = {
            "licence": cells.get("track.license", ""),
            "album": cells.get("album.title", ""),
            "genres": "; ".join(filter(None, several)),
            "fma_split": cells.get("set.split", ""),
        }
        found.append(
            Song(
                number,
                audio=path,
                title=cells.get("track.title") or None,
                artist=cells.get("artist.name") or None,
                genre=cells.get("track.genre_top") or None,
                language=cells.get("track.language_code") or None,
                more={key: value for key, value in more.items() if value},
            )
        )
    notes = [f"{absent} tracks of {audio} have no file in this copy"] if absent else []
    return Songs(found, notes)


def check(root: Path, reporter: Reporter, size: str) -> Checked:
    """Compare with the SHA-1 list that lies in every archive of audio."""
    listing = root / f"fma_{size}" / "checksums"
    if not listing.is_file():
        return Checked(NO_CHECKSUMS)
    return compare(listed(listing), listing.parent, reporter, f"checksums of {listing.name}")


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a table with two lines of names and one for the index: ``{"track.title": …}``.

    Raises
    ------
    UsageError
        Where the lines of names are not those of FMA.
    """
    previous = csv.field_size_limit(BIGGEST_CELL)  # biographies of artists are long
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            lines = csv.reader(file)
            upper, lower, index = (next(lines, []) for _ in range(3))
            names = [f"{first}.{second}" for first, second in zip(upper, lower, strict=False)]
            if index[:1] != ["track_id"] or "track.title" not in names:
                raise UsageError(
                    f"{path} is not FMA's table of tracks: two lines of column names (set, album, artist, track …) and "
                    "one that begins with track_id; unpack fma_metadata.zip again."
                )
            names[0] = "track_id"
            for line in lines:
                if line and line[0].strip().isdigit():
                    yield {name: cell.strip() for name, cell in zip(names, line, strict=False)}
    except csv.Error as error:
        raise UsageError(f"{path} cannot be read as a table ({error}); unpack fma_metadata.zip again.") from None
    finally:
        csv.field_size_limit(previous)


def _genre_titles(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    rows = read_table(path).rows
    return {cells["genre_id"]: cells["title"] or "" for cells in rows if cells.get("genre_id") and "title" in cells}  # type: ignore[misc]


def _layout(size: str) -> str:
    return f"{TRACKS} and fma_{size}/000/000002.mp3 (fma_metadata.zip and fma_{size}.zip, unpacked side by side)"


CITATION = """\
@inproceedings{defferrard2017fma,
  title = {FMA: A Dataset for Music Analysis},
  author = {Defferrard, Micha\\"el and Benzi, Kirell and Vandergheynst, Pierre and Bresson, Xavier},
  booktitle = {18th International Society for Music Information Retrieval Conference (ISMIR)},
  year = {2017},
  eprint = {1612.01840},
  archivePrefix = {arXiv}
}
"""
_SIZES = (
    ("small", "clips of 30 s, 1,000 for each of 8 genres", 8000, "8.1 GB"),
    ("medium", "clips of 30 s in 16 genres of unequal size", 25000, "24 GB"),
    ("large", "clips of 30 s in 161 genres; many have no single one", 106574, "100 GB"),
    ("full", "whole tracks in 161 genres; many have no single one", 106574, "944 GB"),
)


def _faults(size: str) -> tuple[str, ...]:
    clipped = "clips shorter than 30 s are known, some empty, since the archive's durations were wrong"
    named = "; 099134, 108925 and 133297 hold no sound"
    return (clipped + named if size != "full" else "some tracks are malformed MP3",)


DATASETS = tuple(
    Dataset(
        name=f"fma_{size}",
        about=f"Free Music Archive: {about}",
        tracks=tracks,
        size=gigabytes,
        licence="metadata CC BY 4.0; audio Creative Commons, another for each track (column licence of details.csv)",
        homepage="https://github.com/mdeff/fma",
        facts="its README; archive and metadata together",
        citation=CITATION,
        source=LocalCopy(
            f"fetch fma_metadata.zip and fma_{size}.zip from https://github.com/mdeff/fma and unpack both"
        ),
        convert=functools.partial(songs, size=size),
        check=functools.partial(check, size=size),
        layout=_layout(size),
        faults=_faults(size),
    )
    for size, about, tracks, gigabytes in _SIZES
)
