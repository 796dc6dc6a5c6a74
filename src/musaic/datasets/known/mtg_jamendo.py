"""MTG-Jamendo: full tracks with tags of genre, instrument and mood, as its repository arranges them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from musaic.datasets.checksums import compare, listed
from musaic.datasets.description import Checked, Dataset, Song, Songs
from musaic.datasets.sources.local_copy import NO_CHECKSUMS, LocalCopy
from musaic.errors import UsageError
from musaic.progress import Reporter

TABLES = ("autotagging.tsv", "raw_30s_cleantags_50artists.tsv", "autotagging_genre.tsv", "autotagging_moodtheme.tsv")
"""The first that is there is read."""
LISTINGS = "*audio*_sha256_tracks.txt"
"""The repository's lists of tracks: of whole quality and of low, of one subset and another."""
HEADER = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS"]
LAYOUT = "the repository's data/autotagging.tsv, and audio/00/1009600.mp3"


def songs(root: Path) -> Songs:
    """Read the tracks whose file is here; a genre where a track has one genre tag alone."""
    table = next((path for name in TABLES if (path := root / "data" / name).is_file()), None)
    if table is None:
        raise UsageError(f"{root} holds no data/{TABLES[0]}; the layout of MTG-Jamendo is {LAYOUT}.")
    with table.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        lines = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        header = next(lines, [])
        if header != HEADER:
            raise UsageError(f"{table} begins with {header[:6]}, not with {HEADER}; take it from the repository again.")
        rows = [line for line in lines if len(line) >= len(HEADER) - 1]
    found, absent, several = [], 0, 0
    for track, artist, album, file, _, *tags in rows:
        audio = _audio(root, file)
        if audio is None:
            absent += 1
            continue
        kinds = _kinds(tags)
        several += len(kinds["genre"]) > 1
        more = {
            "album_id": album,
            "genres": "; ".join(kinds["genre"]),
            "instruments": "; ".join(kinds["instrument"]),
            "moods": "; ".join(kinds["mood/theme"]),
        }
        found.append(
            Song(
                track,
                audio=audio,
                genre=kinds["genre"][0] if len(kinds["genre"]) == 1 else None,
                group=artist,
                more={key: value for key, value in more.items() if value},
            )
        )
    notes = [f"{absent} tracks of {table.name} have no file in this copy"] if absent else []
    if several:
        notes.append(f"{several} tracks have several genre tags and no genre in corpus.csv; details.csv has them all")
    return Songs(found, notes)


def check(root: Path, reporter: Reporter) -> Checked:
    """Compare the files that are here, a part of the dataset perhaps, with the repository's SHA-256 lists of tracks."""
    published: dict[str, str] = {}
    for listing in sorted((root / "data" / "download").glob(LISTINGS)):
        published |= listed(listing)
    if not published:
        return Checked(NO_CHECKSUMS)
    wanted: dict[str, str] = {}
    unlisted: set[str] = set()
    for home in _homes(root):
        for file in home.rglob("*.mp3"):
            path, digest = file.relative_to(root).as_posix(), published.get(file.relative_to(home).as_posix())
            if digest is None:
                unlisted.add(path)
            else:
                wanted[path] = digest
    rest = len(unlisted - set(wanted))
    told = f"; {rest} files are in none of them and were looked for alone" if rest else ""
    return compare(wanted, root, reporter, f"the repository's lists of checksums: {len(wanted)} files{told}")


def _homes(root: Path) -> list[Path]:
    return [root / "audio", root / "raw_30s" / "audio", root / "raw_30s"]


def _audio(root: Path, path: str) -> str | None:
    """Return where a track lies: in one of the folders that people unpack to, as it is or in low quality."""
    low = path.removesuffix(".mp3") + ".low.mp3"
    candidates = [home / name for home in _homes(root) for name in (path, low)]
    found = next((file for file in candidates if file.is_file()), None)
    return found.relative_to(root).as_posix() if found is not None else None


def _kinds(tags: Sequence[str]) -> Mapping[str, list[str]]:
    kinds: dict[str, list[str]] = defaultdict(list)
    for tag in tags:
        kind, _, value = tag.strip().partition("---")
        if value and value not in kinds[kind]:
            kinds[kind].append(value)
    return kinds


DATASETS = (
    Dataset(
        name="mtg_jamendo",
        about="full tracks with tags of genre, instrument and mood",
        tracks=55609,
        size="508 GB",
        licence="metadata CC BY-NC-SA 4.0; audio Creative Commons, another for each track (audio_licenses.txt)",
        homepage="https://github.com/MTG/mtg-jamendo-dataset",
        facts="its README: raw_30s/audio, autotagging.tsv",
        citation="""\
@inproceedings{bogdanov2019mtg,
  title = {The MTG-Jamendo Dataset for Automatic Music Tagging},
  author = {Bogdanov, Dmitry and Won, Minz and Tovstogan, Philip and Porter, Alastair and Serra, Xavier},
  booktitle = {Machine Learning for Music Discovery Workshop, International Conference on Machine Learning (ICML)},
  year = {2019}
}
""",
        source=LocalCopy(
            "clone https://github.com/MTG/mtg-jamendo-dataset and fetch the audio into its folder audio with its "
            "scripts/download/download.py"
        ),
        convert=songs,
        check=check,
        layout=LAYOUT,
        faults=("a track has several genre tags more often than one",),
    ),
)
