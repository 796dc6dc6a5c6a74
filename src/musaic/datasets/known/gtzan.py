"""GTZAN, the genre collection of Tzanetakis and Cook: whole, its small part, and the copy on Kaggle."""

from __future__ import annotations

import re
from pathlib import Path

from musaic.corpus.walk import walk
from musaic.datasets.description import Dataset, Song, Songs
from musaic.datasets.sources.of_kaggle import Kaggle
from musaic.datasets.sources.of_mirdata import Mirdata
from musaic.errors import UsageError

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
_NAME = re.compile(rf"^(({'|'.join(GENRES)})\.\d{{5}})\.(wav|au|mp3|flac|ogg)$")
LAYOUT = "folders named by genre, somewhere below: blues/blues.00000.wav"


def songs(root: Path) -> Songs:
    """Read the clips wherever their genre folders lie below ``root``: archives nest them differently."""
    found = []
    for path in walk(root).audio:
        folder, _, name = path.rpartition("/")
        match = _NAME.match(name)
        if match and folder.rpartition("/")[2] == match[2]:
            found.append(Song(match[1], audio=path, genre=match[2]))
    if not found:
        raise UsageError(f"no clip of GTZAN lies below {root}; its layout is {LAYOUT}.")
    return Songs(sorted(found, key=lambda song: (song.track_id, song.audio)))


CITATION = """\
@article{tzanetakis2002musical,
  title = {Musical genre classification of audio signals},
  author = {Tzanetakis, George and Cook, Perry},
  journal = {IEEE Transactions on Speech and Audio Processing},
  volume = {10},
  number = {5},
  pages = {293--302},
  year = {2002},
  doi = {10.1109/TSA.2002.800560}
}
"""
LICENCE = "none is stated; the clips are excerpts of commercial recordings, exchanged for research"
FAULTS = (
    "clips that are repeated, from one recording, mislabelled or distorted are known (B. L. Sturm, An analysis of the "
    "GTZAN music genre dataset, MIRUM 2012)",
    "artists are not given, so that clips of one artist may stand on both sides of a split",
)

DATASETS = (
    Dataset(
        name="gtzan",
        about="clips of 30 s, 100 for each of 10 genres",
        tracks=1000,
        size="1.2 GB",
        licence=LICENCE,
        homepage="http://marsyas.info/downloads/datasets.html",
        facts="the collection's own page; the size is that of genres.tar.gz",
        citation=CITATION,
        source=Mirdata("gtzan_genre", "1.0"),
        convert=songs,
        layout=LAYOUT,
        faults=(
            *FAULTS,
            "mirdata reports that its authors' server no longer hands it out; gtzan_kaggle holds the same clips",
        ),
    ),
    Dataset(
        name="gtzan_mini",
        about="a small part of GTZAN: 10 clips for each of 10 genres",
        tracks=100,
        size="0.13 GB",
        licence=LICENCE,
        homepage="https://github.com/TempoBeatDownbeat/gtzan_mini",
        facts="reckoned from 100 clips of 30 s as WAV at 22,050 Hz",
        citation=CITATION,
        source=Mirdata("gtzan_genre", "mini"),
        convert=songs,
        layout=LAYOUT,
        faults=(*FAULTS, "100 songs are few: judge over several seeds"),
    ),
    Dataset(
        name="gtzan_kaggle",
        about="GTZAN as most use it: the same clips as WAV, on Kaggle",
        tracks=1000,
        size="1.2 GB",
        licence=LICENCE,
        homepage="https://www.kaggle.com/datasets/andradaolteanu/gtzan-dataset-music-genre-classification",
        facts="its page on Kaggle; 100 files in each genre's folder",
        citation=CITATION,
        source=Kaggle("andradaolteanu/gtzan-dataset-music-genre-classification"),
        convert=songs,
        asks=True,
        layout="Data/genres_original/blues/blues.00000.wav",
        faults=("jazz.00054.wav is broken in this copy and cannot be decoded; 999 clips are left", *FAULTS),
    ),
)
