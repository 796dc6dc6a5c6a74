"""JamendoLyrics MultiLang: whole songs in four languages with their lyrics."""

from __future__ import annotations

from pathlib import Path

from musaic.corpus.paths import RealNames, stem
from musaic.corpus.table import read_table
from musaic.datasets.description import Dataset, Song, Songs
from musaic.datasets.sources.local_copy import LocalCopy
from musaic.errors import UsageError

TABLE = "JamendoLyrics.csv"
COLUMNS = ("filepath", "artist", "title", "genre", "language")
LAYOUT = f"{TABLE}, mp3/<Filepath>, lyrics/<Filepath without .mp3>.txt"


def songs(root: Path) -> Songs:
    """Read the table; a song whose audio or lyrics are not in the copy is kept with what is."""
    if not (root / TABLE).is_file():
        raise UsageError(f"{root} holds no {TABLE}; the layout of JamendoLyrics is {LAYOUT}.")
    table = read_table(root / TABLE)
    lacking = [name for name in COLUMNS if name not in (column.casefold() for column in table.columns)]
    if lacking:
        raise UsageError(f"{root / TABLE} has no column {lacking[0]!r}; its columns: {', '.join(table.columns)}.")
    names = RealNames(root)
    found = []
    for cells in table.rows:
        file = cells["filepath"]
        if not file:
            continue
        audio, lyrics = names.find(f"mp3/{file}"), names.find(f"lyrics/{stem(file)}.txt")
        more = {"licence": cells.get("licensetype"), "url": cells.get("url")}
        found.append(
            Song(
                stem(file),
                audio=audio if (root / audio).is_file() else None,
                lyrics_path=lyrics if (root / lyrics).is_file() else None,
                title=cells["title"],
                artist=cells["artist"],
                language=cells["language"],
                genre=cells["genre"],
                more={key: value for key, value in more.items() if value},
            )
        )
    return Songs(found)


DATASETS = (
    Dataset(
        name="jamendolyrics",
        about="whole songs in English, French, German and Spanish with lyrics, made to test alignment",
        tracks=79,
        size="0.8 GB",
        licence="Creative Commons, another for each song (column licence of details.csv); many exclude commercial use",
        homepage="https://huggingface.co/datasets/jamendolyrics/jamendolyrics",
        facts="the authors' dataset card: 79 songs",
        citation="""\
@inproceedings{durand2023contrastive,
  title = {Contrastive Learning-Based Audio to Lyrics Alignment for Multiple Languages},
  author = {Durand, Simon and Stoller, Daniel and Ewert, Sebastian},
  booktitle = {IEEE International Conference on Acoustics, Speech and Signal Processing (ICASSP)},
  year = {2023},
  doi = {10.1109/ICASSP49357.2023.10096725},
  eprint = {2306.07744},
  archivePrefix = {arXiv}
}
""",
        source=LocalCopy("clone https://huggingface.co/datasets/jamendolyrics/jamendolyrics with git-lfs"),
        convert=songs,
        layout=LAYOUT,
    ),
)
